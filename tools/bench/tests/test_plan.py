"""What the playbook hands over."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from inception_bench.cases import GROUPS
from inception_bench.cli import main
from inception_bench.errors import BenchError
from inception_bench.plan import read


@pytest.fixture
def plan(tmp_path: Path) -> dict[str, Any]:
    return {
        "work": str(tmp_path / "work"),
        "ours": {"en_US": "/w/ours-en_US", "ko_KR": "/w/ours-ko_KR"},
        "base_image": "debian:12-slim",
        # Ansible hands numbers over as text or as numbers.
        "nginx_uid": "33",
        "extra_ca": "/p/secrets/extra_ca.crt",
        "log": str(tmp_path / "log/bench.log"),
        "only": "",
        "quick": False,
        "minutes": 60,
        "checkout": "",
        "login": "wil",
        "commit": "unknown",
    }


def write(tmp_path: Path, plan: dict[str, Any]) -> Path:
    path = tmp_path / "plan.json"
    path.write_text(json.dumps(plan), encoding="utf-8")
    return path


def test_a_plan(tmp_path: Path, plan: dict[str, Any]) -> None:
    found = read(write(tmp_path, plan))
    assert found.groups == frozenset(GROUPS)
    assert found.nginx_uid == 33
    assert found.checkout is None
    assert found.ours["ko_KR"] == Path("/w/ours-ko_KR")


def test_a_checkout(tmp_path: Path, plan: dict[str, Any]) -> None:
    assert read(write(tmp_path, {**plan, "checkout": "/srv/inception"})).checkout == Path("/srv/inception")


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"only": "homepage"}, "ONLY knows no homepage"),
        ({"ours": {"en_US": "/w"}}, "not what the playbook writes"),
        ({"ours": None}, "not what the playbook writes"),
        ({"nginx_uid": "www-data"}, "www-data"),
    ],
)
def test_a_bad_plan_is_told(tmp_path: Path, plan: dict[str, Any], change: dict[str, Any], told: str) -> None:
    with pytest.raises(BenchError, match=told):
        read(write(tmp_path, {**plan, **change}))


def test_no_plan(tmp_path: Path) -> None:
    with pytest.raises(BenchError, match="cannot be read"):
        read(tmp_path / "nowhere.json")


def test_the_command_tells_in_one_sentence(
    tmp_path: Path, plan: dict[str, Any], capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([str(write(tmp_path, {**plan, "only": "homepage"}))]) == 2
    assert capsys.readouterr().err.startswith("ONLY knows no homepage; there are: anonymous,")
