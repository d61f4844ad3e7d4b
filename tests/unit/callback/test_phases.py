from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from support import BIN, PLUGINS, ROOT, load_plugin, own_environment, run, wait_until

phases = load_plugin("callback/phases")


def log(directory: Path, name: str, content: bytes, age: float = 0) -> None:
    path = directory / name
    path.write_bytes(content)
    then = time.time() - age
    os.utime(path, (then, then))


class TestLastLine:
    def test_the_newest_log_is_read(self, tmp_path: Path) -> None:
        log(tmp_path, "old.log", b"old\n", age=20)
        log(tmp_path, "new.log", b"first\nlast\n\n", age=10)
        log(tmp_path, "other.txt", b"no log\n")
        assert phases.last_line(tmp_path, time.time() - 60) == "last"

    def test_what_was_written_before_the_task_is_not_shown(self, tmp_path: Path) -> None:
        log(tmp_path, "old.log", b"old\n", age=60)
        assert phases.last_line(tmp_path, time.time() - 30) == ""

    def test_terminal_codes_do_not_reach_the_terminal(self, tmp_path: Path) -> None:
        log(tmp_path, "a.log", b"\x1b[1;32m#7 12.3\x1b[0m Unpacking\x07 php\r\n\x1b[2K")
        assert phases.last_line(tmp_path, 0) == "#7 12.3 Unpacking php"

    def test_only_the_end_of_a_long_log_is_read_and_a_long_line_is_cut(self, tmp_path: Path) -> None:
        log(tmp_path, "a.log", "한".encode() * 100_000 + b"\n" + b"x" * 500)
        assert phases.last_line(tmp_path, 0) == "x" * 110
        log(tmp_path, "a.log", "한".encode() * 100_000)
        assert set(phases.last_line(tmp_path, 0)) <= {"한", "\ufffd"}

    @pytest.mark.parametrize("content", [b"", b"\n\n \n"])
    def test_an_empty_log(self, tmp_path: Path, content: bytes) -> None:
        log(tmp_path, "a.log", content)
        assert phases.last_line(tmp_path, 0) == ""

    def test_no_directory(self, tmp_path: Path) -> None:
        assert phases.last_line(tmp_path / "missing", 0) == ""


PLAYBOOK = """\
- name: First phase
  hosts: localhost
  connection: local
  gather_facts: false
  tasks:
    - name: Long work
      ansible.builtin.command: sleep {{ 0 if break_it | default(false) | bool else 3 }}
      changed_when: false
- name: The second
  hosts: localhost
  connection: local
  gather_facts: false
  tasks:
    - name: Tell
      ansible.builtin.set_stats:
        per_host: true
        data: {Site: "https://wil.42.fr/", Credentials: secrets/credentials.txt}
    - name: Break
      ansible.builtin.fail:
        msg: broken
      when: break_it | default(false) | bool
"""


def playbook(directory: Path, *arguments: str) -> str:
    (directory / "play.yml").write_text(PLAYBOOK, encoding="utf-8")
    (directory / "logs").mkdir()
    log(directory / "logs", "build.log", b"#9 Setting up nginx\n", age=-60)
    done = run(
        [
            str(BIN / "ansible-playbook"),
            "-i",
            "localhost,",
            "-e",
            f"ansible_python_interpreter={sys.executable}",
            "play.yml",
            *arguments,
        ],
        cwd=directory,
        env={
            **own_environment(),
            "ANSIBLE_CALLBACK_PLUGINS": str(PLUGINS / "callback"),
            "ANSIBLE_CALLBACKS_ENABLED": "phases",
            "ANSIBLE_SHOW_CUSTOM_STATS": "false",
            "INCEPTION_PROGRESS_INTERVAL": "1",
            "INCEPTION_LOG_DIR": str(directory / "logs"),
        },
    )
    return done.stdout


def test_long_work_moves_and_the_end_tells_times_and_addresses(tmp_path: Path) -> None:
    output = playbook(tmp_path)
    assert re.search(r"^    … .+, \d s: #9 Setting up nginx$", output, re.MULTILINE), output
    summary = output[output.index("TIME") :]
    lines = [line.split() for line in summary.splitlines()]
    assert [line[:-2] for line in lines if line[-1:] == ["s"]] == [["First", "phase"], ["The", "second"], ["together"]]
    assert "Site         https://wil.42.fr/\n" in summary
    assert "Credentials  secrets/credentials.txt\n" in summary


def test_a_failed_run_promises_no_site(tmp_path: Path) -> None:
    output = playbook(tmp_path, "-e", "break_it=true")
    assert "TIME" in output
    assert "READY" not in output


def test_the_end_of_the_terminal_ends_what_runs(tmp_path: Path) -> None:
    pid = tmp_path / "pid"
    tasks = [{"ansible.builtin.command": {"argv": ["sh", "-c", f"echo $$ >{pid}; exec sleep 300"]}}]
    playbook = tmp_path / "play.yml"
    playbook.write_text(json.dumps([{"hosts": "localhost", "gather_facts": False, "tasks": tasks}]), encoding="utf-8")
    environment = {**own_environment(), "ANSIBLE_CONFIG": str(ROOT / "ansible.cfg"), "LC_ALL": "C.UTF-8"}
    command = [
        str(BIN / "ansible-playbook"),
        "-i",
        "localhost,",
        "-c",
        "local",
        "-e",
        f"ansible_python_interpreter={sys.executable}",
        str(playbook),
    ]
    run = subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL)
    wait_until(lambda: pid.exists() and pid.read_text(encoding="utf-8").endswith("\n"))
    process = Path("/proc") / pid.read_text(encoding="utf-8").strip()
    assert process.exists()
    run.send_signal(signal.SIGHUP)
    assert run.wait(60) == -signal.SIGTERM
    wait_until(lambda: not process.exists())
