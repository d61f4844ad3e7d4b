"""The docker command of a play: one at a time, logged, and ended together with the play."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from inception_check.evidence.dotenv import parse_dotenv
from support import PLUGINS, load_plugin, wait_until

attended = load_plugin("module_utils/attended_docker")

COMMAND = PLUGINS / "module_utils/attended_docker.py"
#: Stands in for docker: like Compose it starts another process, which has the lock too.
FAMILY = """#!/bin/sh
sleep 300 &
echo "pids: $$ $!"
wait
"""
#: A module of the collection: it starts the command, reads what that prints, and answers at its end.
MODULE = """
import subprocess, sys
done = subprocess.run(sys.argv[1:], capture_output=True, text=True)
print(done.returncode, done.stdout, done.stderr)
"""


def put_docker(root: Path, script: str) -> dict[str, str]:
    """Put a docker command into a directory; return the environment in which it is found, and a log is kept."""
    program = root / "bin/docker"
    program.parent.mkdir()
    program.write_text(script, encoding="utf-8")
    program.chmod(0o755)
    return {
        **os.environ,
        "PATH": f"{program.parent}:{os.environ['PATH']}",
        "INCEPTION_DOCKER_LOG": str(root / "logs/compose.log"),
    }


def run(environment: dict[str, str], *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, COMMAND, *arguments], env=environment, capture_output=True, text=True, check=False
    )


def test_what_changes_something_is_in_the_log_too(tmp_path: Path) -> None:
    environment = put_docker(tmp_path, '#!/bin/sh\necho "out $*"; echo err >&2; exit 3\n')
    done = run(environment, "compose", "up", "--wait")
    assert (done.returncode, done.stdout, done.stderr) == (3, "out compose up --wait\n", "err\n")
    log = (tmp_path / "logs/compose.log").read_text(encoding="utf-8").splitlines()
    assert log[0] == "$ docker compose up --wait"
    assert sorted(log[1:]) == ["err", "out compose up --wait"]


def test_a_program_that_calls_docker_is_logged_without_what_docker_tells_it(tmp_path: Path) -> None:
    environment = put_docker(tmp_path, "#!/bin/sh\nsleep 2.5; echo secret\n")
    program = tmp_path / "program"
    program.write_text(
        f'#!/bin/sh\nsaid=$({sys.executable} {COMMAND} run it)\necho "$said" | wc -c\n', encoding="utf-8"
    )
    program.chmod(0o755)
    assert run(environment, str(program), "before").stdout == "7\n", "no line of ours is between"
    log = (tmp_path / "logs/compose.log").read_text(encoding="utf-8")
    assert log == f"$ {program} before\n7\n"


@pytest.mark.parametrize("arguments", [["compose", "ps", "--format", "json"], ["version"], ["image", "inspect", "x"]])
def test_a_question_leaves_no_trace(tmp_path: Path, arguments: list[str]) -> None:
    environment = put_docker(tmp_path, "#!/bin/sh\necho answer\n")
    assert run(environment, *arguments).stdout == "answer\n"
    assert not (tmp_path / "logs").exists()


def test_nothing_around_overrides_the_settings(tmp_path: Path) -> None:
    (tmp_path / ".env").write_text("# TITLE\nTITLE=mine\n", encoding="utf-8")
    environment = {**put_docker(tmp_path, "#!/bin/sh\nenv\n"), "TITLE": "of the shell", "COMPOSE_FILE": "/nowhere"}
    seen = run(environment, "compose", "--project-directory", str(tmp_path), "up").stdout
    assert not [line for line in seen.splitlines() if line.startswith("TITLE=")]
    assert "COMPOSE_FILE=" not in seen
    assert "DOCKER_BUILDKIT=1\n" in seen


@pytest.mark.parametrize(
    "text",
    [
        "A=1\nB='2'\n",
        "export A=1\n  B = 2\nC: 3\n",
        "# A=1\n #B=2\nC=\n",
        "INHERITED\nA=x # B=2\n",
        'A="one\ntwo"\nB=2',
        "A=$B\r\nB=2\r\n",
    ],
)
def test_it_sees_the_names_that_the_checker_sees(tmp_path: Path, text: str) -> None:
    (tmp_path / ".env").write_text(text, encoding="utf-8", newline="")
    read = parse_dotenv(text)
    assert read.problems == ()
    shell = dict.fromkeys(["A", "B", "C", "INHERITED"], "of the shell")
    kept = set(shell) & set(attended.clean_environment(shell, tmp_path / ".env"))
    assert kept == set(shell) - set(read.values)


def test_no_context_of_the_caller_leads_to_another_engine(tmp_path: Path) -> None:
    clean = attended.clean_environment({"DOCKER_CONTEXT": "production"}, tmp_path / ".env")
    assert "DOCKER_CONTEXT" not in clean
    assert clean["DOCKER_HOST"] == "unix:///var/run/docker.sock"
    mine = {"DOCKER_HOST": "unix:///run/other.sock"}
    assert attended.clean_environment(mine, tmp_path / ".env")["DOCKER_HOST"] == "unix:///run/other.sock"


def test_a_missing_docker_is_named(tmp_path: Path) -> None:
    done = run({"PATH": str(tmp_path)}, "compose", "up")
    assert (done.returncode, done.stderr) == (
        127,
        "The docker command is missing; the role docker_engine installs it.\n",
    )


class TestTheEndOfTheCaller:
    @pytest.fixture
    def module(self, tmp_path: Path) -> Iterator[subprocess.Popen[bytes]]:
        words = [sys.executable, str(COMMAND), "compose", "up"]
        environment = put_docker(tmp_path, FAMILY)
        module = subprocess.Popen([sys.executable, "-c", MODULE, *words], env=environment, stdout=subprocess.PIPE)
        yield module
        module.kill()
        module.wait()
        for pid in self.alive(tmp_path):
            os.kill(pid, signal.SIGKILL)

    def pids(self, root: Path) -> list[int]:
        """Return the processes of the command, once it has said which ones they are."""
        log = root / "logs/compose.log"
        wait_until(lambda: log.exists() and "\npids: " in log.read_text(encoding="utf-8"))
        return [int(pid) for pid in log.read_text(encoding="utf-8").rpartition("\npids: ")[2].split()[:2]]

    def alive(self, root: Path) -> list[int]:
        states = {pid: Path(f"/proc/{pid}/stat") for pid in self.pids(root)}
        return [pid for pid, stat in states.items() if stat.exists() and ") Z " not in stat.read_text(encoding="utf-8")]

    def test_nobody_reads_the_module_s_answer(self, module: subprocess.Popen[bytes], tmp_path: Path) -> None:
        # What the command itself prints is still read, by the module.
        assert len(self.alive(tmp_path)) == 2
        assert module.stdout is not None
        module.stdout.close()
        wait_until(lambda: not self.alive(tmp_path))

    def test_the_module_is_killed(self, module: subprocess.Popen[bytes], tmp_path: Path) -> None:
        self.pids(tmp_path)
        module.kill()
        wait_until(lambda: not self.alive(tmp_path))

    @pytest.mark.parametrize("number", [signal.SIGHUP, signal.SIGINT, signal.SIGTERM])
    def test_a_signal(self, tmp_path: Path, number: int) -> None:
        environment = put_docker(tmp_path, FAMILY)
        command = subprocess.Popen(
            [sys.executable, COMMAND, "compose", "up"], env=environment, stdout=subprocess.DEVNULL
        )
        self.pids(tmp_path)
        command.send_signal(number)
        assert command.wait(60) == 128 + number
        wait_until(lambda: not self.alive(tmp_path))

    def test_what_a_killed_command_has_left_is_waited_for(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        environment = put_docker(tmp_path, FAMILY)
        command = subprocess.Popen(
            [sys.executable, COMMAND, "compose", "up"], env=environment, stdout=subprocess.DEVNULL
        )
        _, left = self.pids(tmp_path)
        command.kill()
        command.wait()
        wait_until(lambda: self.alive(tmp_path) == [left])
        lock = tmp_path / "logs/compose.lock"
        monkeypatch.setattr(attended, "LOCK_TIMEOUT", 0)
        with (
            pytest.raises(attended.LockError, match=f"at work for 0 minutes .processes {left}.: end it"),
            attended.exclusive(lock, sys.stderr),
        ):
            pass
        monkeypatch.undo()
        threading.Timer(1, os.kill, [left, signal.SIGKILL]).start()
        with attended.exclusive(lock, sys.stderr):
            assert self.alive(tmp_path) == []


def test_a_command_that_does_not_listen_is_killed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(attended, "GRACE_PERIOD", 0.5)
    command = ["sh", "-c", "trap '' INT TERM; echo; sleep 300 & wait; wait"]
    child = subprocess.Popen(command, start_new_session=True, stdout=subprocess.PIPE)
    assert child.stdout is not None
    child.stdout.readline()
    attended.end(child)
    assert child.returncode == -signal.SIGKILL


def test_signals_that_were_ignored_stay_ignored() -> None:
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        with attended.exit_on_signals():
            assert signal.getsignal(signal.SIGHUP) is signal.SIG_IGN
            assert callable(signal.getsignal(signal.SIGTERM))
    finally:
        signal.signal(signal.SIGHUP, before)
