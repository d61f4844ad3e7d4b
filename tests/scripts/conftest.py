"""What the tests of the scripts share."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from support import miss
from support.sandbox import Sandbox


@pytest.fixture(autouse=True)
def _root() -> None:
    if os.geteuid() != 0:
        miss("The scripts give files to other users and mount file systems: run their tests as root.")


@pytest.fixture
def sandbox(tmp_path: Path) -> Iterator[Sandbox]:
    """Return a copy of the machine's file system for this test."""
    place = tmp_path / "sandbox"
    place.mkdir()
    with Sandbox(place) as made:
        yield made
