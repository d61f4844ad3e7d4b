"""The checker as a module."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
import yaml

from inception_check import subject
from support import ROOT, load_plugin, run_module, run_module_process

module = load_plugin("modules/inception_check")
CLEAN = ROOT / "tools/checker/tests/fixtures/clean"
DATE = "2026-11-23"


@pytest.fixture
def broken(tmp_path: Path) -> Path:
    root = Path(shutil.copytree(CLEAN, tmp_path / "repository"))
    (root / "USER_DOC.md").unlink()
    return root


@pytest.mark.parametrize("check", [True, False])
def test_a_clean_repository(check: bool) -> None:
    answer = run_module(module, {"path": str(CLEAN), "date": DATE}, check=check)
    assert answer["changed"] is False
    assert answer["findings"] == []
    assert answer["summary"] == {"error": 0, "warning": 0, "info": 0}


@pytest.mark.parametrize("check", [True, False])
def test_findings_make_it_fail(broken: Path, check: bool) -> None:
    answer = run_module(module, {"path": str(broken), "date": DATE}, check=check)
    assert answer["failed"]
    assert "there is no USER_DOC.md" in answer["msg"]
    assert len(answer["sentences"]) == 1


def test_findings_may_be_left_alone(broken: Path) -> None:
    for order in ({"fail_on": "never"}, {"ignore_rules": ["user-doc"]}, {"subject": "3.0"}):
        answer = run_module(module, {"path": str(broken), "date": DATE, **order})
        assert not answer.get("failed")


@pytest.mark.parametrize("order", [{"date": "tomorrow"}, {"path": "/no/such/place"}, {"ignore_rules": ["no-such"]}])
def test_wrong_orders_fail(broken: Path, order: dict[str, object]) -> None:
    assert run_module(module, {"path": str(broken), **order})["failed"]


def test_the_process(broken: Path) -> None:
    assert run_module_process("inception_check", {"path": str(broken), "date": DATE})["failed"]


def test_the_documentation_knows_every_version() -> None:
    options = yaml.safe_load(module.DOCUMENTATION)["options"]
    assert tuple(options["subject"]["choices"]) == subject.VERSIONS
    assert options["subject"]["default"] == subject.NEWEST
