"""What the reports are rendered from."""

from __future__ import annotations

from pathlib import Path

import pytest

from evaluation_sample import png, sample
from inception_evaluate.model import Evaluation


@pytest.fixture
def good() -> Evaluation:
    """An evaluation in which all is well."""
    return sample()


@pytest.fixture
def broken() -> Evaluation:
    """An evaluation with failures, bonus services, notes and a suppressed finding."""
    return sample(broken=True)


@pytest.fixture
def shots(tmp_path: Path) -> Path:
    """A directory with every screenshot that the sample names."""
    for check in sample().checks:
        for shot in check.shots:
            (tmp_path / shot.file).write_bytes(png())
    return tmp_path
