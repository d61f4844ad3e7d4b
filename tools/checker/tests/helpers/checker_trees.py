"""Makes changed copies of the clean tree."""

from __future__ import annotations

import shutil
from datetime import date
from pathlib import Path

from inception_check.runner import Report, check

FIXTURES = Path(__file__).parents[1] / "fixtures"
CLEAN = FIXTURES / "clean"
TODAY = date(2026, 11, 23)


def copy_clean(target: Path) -> Path:
    """Copy the clean tree."""
    return Path(shutil.copytree(CLEAN, target / "repository"))


def run(root: Path, **options: object) -> Report:
    """Check a tree without the external programs, on the day that the fixtures are made for."""
    arguments: dict[str, object] = {"today": TODAY, "run_external": False, **options}
    return check(root, **arguments)  # type: ignore[arg-type]


def write(root: Path, path: str, text: str) -> None:
    """Write a file of a tree."""
    file = root / path
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text, encoding="utf-8")
