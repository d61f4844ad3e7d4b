"""The corpus: its entries hold together, and its script counts right. Fetching is tried on a repository made here."""

from __future__ import annotations

import importlib.util
import re
import subprocess
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from checker_trees import copy_clean, write
from inception_check.subject import REQUIREMENTS

CORPUS = Path(__file__).parents[1] / "corpus"


def _score() -> ModuleType:
    spec = importlib.util.spec_from_file_location("corpus_score", CORPUS / "score.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


score = _score()
ENTRIES: list[dict[str, Any]] = score.entries()


def test_there_are_enough_repositories() -> None:
    assert len(ENTRIES) >= 60
    assert sum(entry["set"] == "unseen" for entry in ENTRIES) >= 30
    assert len({entry["repository"].lower() for entry in ENTRIES}) == len(ENTRIES)


@pytest.mark.parametrize("entry", ENTRIES, ids=lambda entry: entry["repository"])
def test_an_entry_holds_together(entry: dict[str, Any]) -> None:
    assert set(entry) <= {"repository", "commit", "set", "fail", "open", "first", "notes"}
    assert re.fullmatch(r"[\w.-]+/[\w.-]+", entry["repository"])
    assert re.fullmatch(r"[0-9a-f]{40}", entry["commit"])
    assert entry["set"] in {"mended", "unseen"}
    fails, left = set(entry["fail"]), set(entry.get("open", []))
    assert fails | left | set(entry.get("notes", {})) <= set(score.LINES)
    assert not fails & left
    first = entry.get("first", {})
    assert not first or entry["set"] == "unseen"
    assert set(first) <= {"missed", "wrong", "undecided"}
    assert set(first.get("missed", [])) <= fails
    assert not set(first.get("wrong", [])) & fails
    assert not left.intersection(*[set(lines) for lines in first.values()] or [set()])


def test_every_line_is_one_of_the_sheet() -> None:
    assert set(score.LINES) <= set(REQUIREMENTS)


def test_the_counting() -> None:
    made = score.Score()
    made.count({"E1", "E3", "E5"}, {"E1", "E6"}, {"E5", "E6", "E9"}, ["E1", "E3", "E5", "E6", "E9", "E10"])
    assert (made.right, made.false, made.missed, made.undecided, made.judged) == (1, 1, 1, 2, 6)
    assert made.row("x").endswith("| 50.0% | 50.0% | 33.3% |")


def test_a_repository_is_fetched_and_judged(tmp_path: Path) -> None:
    origin = copy_clean(tmp_path)
    write(origin, "srcs/.env.bak", "MYSQL_PASSWORD=Tr0ub4dor3xyz\n")
    git = ["git", "-C", str(origin), "-c", "user.name=a", "-c", "user.email=a@b"]
    for command in (["init", "-q"], ["add", "-A", "-f"], ["commit", "-q", "-m", "one"]):
        subprocess.run([*git, *command], check=True)
    commit = subprocess.run([*git, "rev-parse", "HEAD"], check=True, capture_output=True, text=True).stdout.strip()
    score.clone(f"file://{origin}", tmp_path / "copy", commit, shallow=True)
    found, undecided = score.judged(tmp_path / "copy")
    assert "E1" in found
    entry = {"repository": "a/b", "set": "unseen", "fail": ["E3"], "open": sorted(undecided & set(score.LINES))}
    assert score.differences(entry, found, undecided) == ["E1 is found and not there", "E3 is there and not found"]
