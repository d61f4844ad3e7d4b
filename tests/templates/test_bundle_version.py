"""Which version of the bundle was on a machine last is written down, and an older one is refused."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path

import pytest
import yaml

from support import BIN, ROOT, own_environment, play, run

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="a machine is looked at as root")


def settings(tmp_path: Path, **more: object) -> str:
    """Return settings that leave the machine of the tests alone."""
    places = {f"inception_{name}_dir": str(tmp_path / name) for name in ("project", "data", "state", "cache")}
    return json.dumps({**places, "inception_remember_login": False, **more})


def test_it_is_written_down_once(tmp_path: Path) -> None:
    tasks = [
        {"ansible.builtin.import_role": {"name": "inception", "tasks_from": name}} for name in ("machine", "remember")
    ]
    book = [{"hosts": "localhost", "connection": "local", "gather_facts": False, "tasks": tasks}]
    book[0]["vars"] = {"ansible_python_interpreter": sys.executable}
    (tmp_path / "play.yml").write_text(yaml.safe_dump(book), encoding="utf-8")
    command = [str(BIN / "ansible-playbook"), "-e", settings(tmp_path, inception_supply="distribution"), "play.yml"]
    environment = {**own_environment(), "ANSIBLE_CONFIG": str(ROOT / "ansible.cfg")}
    first, second = (run(command, cwd=tmp_path, env=environment) for _ in range(2))
    record = json.loads((tmp_path / "state/bundle").read_text(encoding="utf-8"))
    assert sorted(record) == ["commit", "project_dir", "time", "version"]
    assert record["version"] in (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
    assert record["project_dir"] == str(tmp_path / "project")
    assert "changed=2 " in first.stdout, first.stdout
    assert "changed=0 " in second.stdout, second.stdout


def test_an_older_one_is_refused_unless_it_is_meant(tmp_path: Path) -> None:
    (tmp_path / "state").mkdir()
    last = {"version": "99.1.0", "commit": "", "time": 0, "project_dir": "/elsewhere/inception"}
    (tmp_path / "state/bundle").write_text(json.dumps(last), encoding="utf-8")
    done = play("plays/guard.yml", "-e", settings(tmp_path))
    assert done.returncode == 2
    assert "but version 99.1.0 was here last, in /elsewhere/inception: run make there" in done.stdout
    meant = play("plays/guard.yml", "-e", settings(tmp_path, inception_older=True)).stdout
    assert "was here last" not in meant
    assert f"was last made from /elsewhere/inception; from now on its project lies in {tmp_path}/project." in meant
