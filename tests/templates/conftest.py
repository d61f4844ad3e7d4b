"""Each scenario is rendered once for all tests that look at it, whichever process they run in."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from support.scenarios import SCENARIOS, Project, rendered


@pytest.fixture(scope="session")
def rendering(tmp_path_factory: pytest.TempPathFactory, worker_id: str) -> Callable[[str], Project]:
    """Return the function that renders a scenario unless that is done already."""
    base = tmp_path_factory.getbasetemp()
    # Each process of xdist has a directory of its own below the one that they share.
    shared: Path = base if worker_id == "master" else base.parent
    return lambda name: rendered(SCENARIOS[name], shared)


@pytest.fixture(params=list(SCENARIOS))
def project(request: pytest.FixtureRequest, rendering: Callable[[str], Project]) -> Project:
    """Return the project of each scenario in turn."""
    return rendering(request.param)


@pytest.fixture
def default(rendering: Callable[[str], Project]) -> Project:
    """Return the project of the default settings."""
    return rendering("default")


@pytest.fixture
def export(rendering: Callable[[str], Project]) -> Project:
    """Return the stand-alone submission."""
    return rendering("export")
