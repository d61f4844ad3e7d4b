"""The engine's settings are merged, never lost; a real engine is killed in tests/verify/test_engine.py."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path
from typing import Any

import pytest

from support import load_plugin, run_module, run_module_process

live = load_plugin("modules/live_restore")


def arguments(root: Path) -> dict[str, Any]:
    return {"path": str(root / "docker/daemon.json"), "pid_file": str(root / "docker.pid"), "timeout": 0}


def settings(root: Path, text: str) -> Path:
    path = root / "docker/daemon.json"
    path.parent.mkdir()
    path.write_text(text, encoding="utf-8")
    return path


def test_an_engine_that_is_still_to_come_begins_with_it(tmp_path: Path) -> None:
    told = run_module_process("live_restore", arguments(tmp_path), check=True)
    assert told["changed"]
    assert not (tmp_path / "docker").exists()
    assert run_module(live, arguments(tmp_path))["changed"]
    path = tmp_path / "docker/daemon.json"
    assert json.loads(path.read_text()) == {"live-restore": True}
    assert path.stat().st_mode & 0o777 == 0o644


@pytest.mark.parametrize(
    "text", ["", " \n", "{}", '{"proxies": {"https-proxy": "http://그녀:pa%23s@192.0.2.1"}, "bip": "10.1.0.1/24"}']
)
def test_other_settings_are_kept_in_their_order(tmp_path: Path, text: str) -> None:
    path = settings(tmp_path, text)
    path.chmod(0o600)
    assert run_module(live, arguments(tmp_path))["changed"]
    before = json.loads(text) if text.strip() else {}
    assert list(json.loads(path.read_text()).items()) == [*before.items(), ("live-restore", True)]
    assert path.stat().st_mode & 0o777 == 0o600
    assert [one.name for one in path.parent.iterdir()] == [path.name]


def test_a_link_stays_one(tmp_path: Path) -> None:
    kept = tmp_path / "kept.json"
    kept.write_text('{"debug": false}')
    link = settings(tmp_path, "")
    link.unlink()
    link.symlink_to(kept)
    assert run_module(live, arguments(tmp_path))["changed"]
    assert link.is_symlink()
    assert json.loads(kept.read_text()) == {"debug": False, "live-restore": True}


def test_a_decision_against_it_stays(tmp_path: Path) -> None:
    path = settings(tmp_path, '{"live-restore":false}')
    answer = run_module(live, arguments(tmp_path))
    assert (answer["changed"], answer["reason"]) == (False, f"{path} switches it off")
    assert path.read_text() == '{"live-restore":false}'


@pytest.mark.parametrize("text", ["{", "[]", '"live-restore"'])
def test_what_is_no_settings_is_not_touched(tmp_path: Path, text: str) -> None:
    path = settings(tmp_path, text)
    answer = run_module(live, arguments(tmp_path))
    assert answer["failed"]
    assert str(path) in answer["msg"]
    assert path.read_text() == text


@pytest.mark.parametrize("text", [None, '{"debug":false}'])
def test_an_engine_that_does_not_follow_gets_its_settings_back(
    tmp_path: Path, text: str | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = settings(tmp_path, text or "")
    if text is None:
        path.unlink()
    # A process that is called like the engine and does not mind the signal; no engine answers for it.
    monkeypatch.setenv("DOCKER_HOST", f"unix://{tmp_path}/no-engine")
    process = subprocess.Popen(
        ["bash", "-c", "trap '' HUP; printf dockerd >/proc/$$/comm; echo; read"], stdin=-1, stdout=-1
    )
    assert process.stdout is not None
    process.stdout.readline()
    (tmp_path / "docker.pid").write_text(str(process.pid))
    try:
        answer = run_module(live, arguments(tmp_path))
        assert process.poll() is None
    finally:
        process.kill()
        process.communicate()
    assert (answer["changed"], answer["reason"]) == (False, f"the engine does not take it from {path}")
    assert (path.read_text() if path.exists() else None) == text


def test_no_other_process_is_signalled(tmp_path: Path) -> None:
    pid_file = tmp_path / "docker.pid"
    assert live.engine_process(pid_file) == 0
    pid_file.write_text(str(os.getpid()))
    assert live.engine_process(pid_file) == 0
    pid_file.write_text("")
    assert live.engine_process(pid_file) == 0
