from __future__ import annotations

import contextlib
import json
import os
import pty
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


@pytest.mark.parametrize(
    ("age", "become", "line"),
    [
        (60, "ansible_become=false", "#7 Unpacking php"),
        (5, "ansible_become=false", ""),
        (60, "ansible_become_exe=/bin/false", ""),
    ],
    ids=["there", "too old", "no right"],
)
def test_the_log_of_a_server(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, age: int, become: str, line: str) -> None:
    directory = tmp_path / "the logs"
    directory.mkdir()
    log(directory, "old.log", b"old\n", age=50)
    log(directory, "new.log", b"first\n\x1b[1m#7 Unpacking php\x1b[0m\n\n", age=30)
    given = ("ansible_connection=local", become, "ansible_become_user=nobody")
    monkeypatch.setattr(phases.context, "CLIARGS", {"inventory": ["web1,"], "extra_vars": given})
    monkeypatch.setattr(phases, "_ANSWER", 60)
    monkeypatch.setattr(sys, "argv", [str(BIN / "ansible-playbook")])
    assert phases.last_line_on("web1", directory, age) == line


@pytest.mark.parametrize("asks", [False, True])
def test_the_way_to_a_server_is_that_of_the_command_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, *, asks: bool
) -> None:
    program = tmp_path / "ansible"
    program.write_text(
        "#!/bin/sh\nprintf 'web1 | CHANGED | rc=0 >>\\n'; printf '%s;' \"$@\" | tr '\\n' ' '\n", encoding="utf-8"
    )
    program.chmod(0o755)
    given = {"inventory": ["servers"], "remote_user": "op", "private_key_file": "/keys/my key", "ssh_extra_args": "-v"}
    monkeypatch.setattr(phases.context, "CLIARGS", {**given, "extra_vars": (), "become_ask_pass": asks})
    monkeypatch.setattr(sys, "argv", [str(tmp_path / "ansible-playbook")])
    monkeypatch.setattr(phases, "_WIDTH", 1000)
    said = phases.last_line_on("web1", tmp_path, 5)
    assert "--user=op;--private-key=/keys/my key;" in said
    assert "--ssh-extra-args=-v -o BatchMode=yes;" in said
    assert ("--become;" in said) != asks


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
  hosts: "{{ where | default('localhost') }}"
  connection: local
  gather_facts: false
  tasks:
    - name: Long work
      ansible.builtin.command: sleep {{ seconds | default(0) }}
      changed_when: false
    - name: Hold the arguments to their specification
      ansible.builtin.validate_argument_spec: {argument_spec: {}}
    - name: Tell what is going on
      ansible.builtin.debug: {msg: "Nothing was changed.\\nBy the way."}
- name: The second
  hosts: "{{ where | default('localhost') }}"
  connection: local
  gather_facts: false
  tasks:
    - name: Tell
      ansible.builtin.set_stats:
        per_host: true
        data: {Site: "https://wil.42.fr/", Credentials: secrets/credentials.txt}
    - name: Break
      ansible.builtin.fail:
        msg: "port is 0, but must be more.\\ntitle is empty."
      when: break_it | default(false) | bool
"""


def command(directory: Path, *arguments: str, hosts: str = "localhost") -> list[str]:
    (directory / "play.yml").write_text(PLAYBOOK, encoding="utf-8")
    (directory / "logs").mkdir()
    log(directory / "logs", "build.log", b"#9 Setting up nginx\n", age=-60)
    inventory = f"{hosts},"
    python = f"ansible_python_interpreter={sys.executable}"
    return [str(BIN / "ansible-playbook"), "-i", inventory, "-e", python, "play.yml", *arguments]


def environment(directory: Path, **more: str) -> dict[str, str]:
    return {
        **own_environment(),
        "ANSIBLE_CALLBACK_PLUGINS": str(PLUGINS / "callback"),
        "ANSIBLE_STDOUT_CALLBACK": "phases",
        "ANSIBLE_DISPLAY_SKIPPED_HOSTS": "false",
        "INCEPTION_PROGRESS_INTERVAL": "1",
        "INCEPTION_LOG_DIR": str(directory / "logs"),
        **more,
    }


def playbook(directory: Path, *arguments: str, hosts: str = "localhost", **more: str) -> str:
    """Run the playbook and return what a person sees; it must not have complained of the callback."""
    done = run(command(directory, *arguments, hosts=hosts), cwd=directory, env=environment(directory, **more))
    assert done.stderr == ""
    return done.stdout


def test_long_work_moves_and_the_end_tells_times_and_addresses(tmp_path: Path) -> None:
    output = playbook(tmp_path, "-e", "seconds=3")
    assert re.search(r"^    … Long work, \d s: #9 Setting up nginx$", output, re.MULTILINE), output
    # The headline comes before the result, and once.
    assert output.index("TASK [Long work]") < output.index("… Long work, ") < output.index("ok: [localhost]")
    assert output.count("TASK [Long work]") == 1
    summary = output[output.index("TIME") :]
    lines = [line.split() for line in summary.splitlines()]
    assert [line[:-2] for line in lines if line[-1:] == ["s"]] == [["First", "phase"], ["The", "second"], ["together"]]
    assert "Site         https://wil.42.fr/\n" in summary
    assert "Credentials  secrets/credentials.txt\n" in summary


def test_what_tells_nothing_is_not_shown_and_a_message_stands_as_it_is(tmp_path: Path) -> None:
    output = playbook(tmp_path)
    assert "Hold the arguments" not in output
    assert re.search(r"TASK \[Tell what is going on\] \**\nNothing was changed.\nBy the way.\n\n", output), output


def test_a_failure_stands_once_and_promises_no_site(tmp_path: Path) -> None:
    output = playbook(tmp_path, "-e", "break_it=true")
    assert "fatal: [localhost]: FAILED!\n  port is 0, but must be more.\n  title is empty.\n\nPLAY RECAP" in output
    assert output.count("title is empty.") == 1
    assert "Origin" not in output
    assert "READY" not in output
    assert "TIME" not in output


def test_several_hosts_are_named_and_tell_the_same_once(tmp_path: Path) -> None:
    # Both are this machine, but asked as a server is.
    both = "-e", "ansible_connection=local", "-e", "ansible_become=false"
    output = playbook(tmp_path, "-e", "where=all seconds=3", *both, hosts="web1,web2")
    assert re.search(r"^    … Long work on web1, web2, \d+ s(: #9 Setting up nginx)?$", output, re.MULTILINE), output
    assert "web2: Nothing was changed.\n" in output
    assert re.search(r"READY \**\nweb1\nSite  .*\n.*\nweb2\nSite", output), output


def test_messages_alone_of_several_hosts_are_named(tmp_path: Path) -> None:
    output = playbook(tmp_path, "-e", "where=all", hosts="web1,web2", INCEPTION_OUTPUT="message")
    told = "Nothing was changed.\nBy the way.\n"
    assert sorted(output.split("web")) == ["", f"1:\n{told}", f"2:\n{told}"]


def test_one_failure_of_several_hosts(tmp_path: Path) -> None:
    output = playbook(tmp_path, "-e", "where=all break_it=true", hosts="web1,web2")
    assert output.count("port is 0") == 1
    assert len(re.findall(r"^fatal: \[web\d\]: FAILED! the same$", output, re.MULTILINE)) == 1


def test_the_quiet_form_shows_messages_failures_and_the_end(tmp_path: Path) -> None:
    output = playbook(tmp_path, INCEPTION_OUTPUT="quiet")
    assert re.sub(r" \*+", "", output).split("\n")[:4] == [
        "",
        "TASK [Tell what is going on]",
        "Nothing was changed.",
        "By the way.",
    ]
    assert "Long work" not in output
    assert "TIME" not in output
    assert "Site         https://wil.42.fr/\n" in output


@pytest.mark.parametrize(
    ("arguments", "shown"),
    [
        ([], "Nothing was changed.\nBy the way.\n"),
        (
            ["-e", "break_it=true"],
            "Nothing was changed.\nBy the way.\nport is 0, but must be more.\ntitle is empty.\n",
        ),
    ],
)
def test_messages_alone(tmp_path: Path, arguments: list[str], shown: str) -> None:
    assert playbook(tmp_path, *arguments, INCEPTION_OUTPUT="message") == shown


@pytest.mark.parametrize(("variable", "coloured"), [({}, True), ({"NO_COLOR": "1"}, False)], ids=["", "NO_COLOR"])
def test_no_color(tmp_path: Path, variable: dict[str, str], *, coloured: bool) -> None:
    terminal = {"TERM": "xterm", "INCEPTION_OUTPUT": "quiet", **variable}
    settings = {name: value for name, value in environment(tmp_path).items() if name not in {"NO_COLOR", "TERM"}}
    master, slave = pty.openpty()
    done = subprocess.run(
        command(tmp_path, "-e", "break_it=true"), cwd=tmp_path, env={**settings, **terminal}, stdout=slave, check=False
    )
    os.close(slave)
    seen = b""
    with contextlib.suppress(OSError):  # Linux tells the end of a terminal by an error.
        while piece := os.read(master, 4096):
            seen += piece
    os.close(master)
    assert done.returncode == 2
    assert b"port is 0" in seen
    assert (b"\x1b[" in seen) == coloured


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
