#!/usr/bin/env python3
"""The docker command as it is run for a play: one at a time, logged, and ended together with the play.

The modules of community.docker start it in place of the docker command (their option ``docker_cli``), and compose_plan
waits with ``exclusive`` for what another run has not ended yet.

- A program of the project's own that calls docker itself (by its full path, as first argument) is run just so.
- Standard output and standard error go to the caller and, of commands that change something, to a log, which the
  callback plugin ``phases`` shows line by line.
- When Ansible is interrupted, nobody tells the processes that it has started: they notice it here, and end Docker.
- Compose prefers a variable of its environment to one of ``.env``; here the settings win.
"""

from __future__ import annotations

import contextlib
import ctypes
import fcntl
import os
import re
import select
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import IO

#: The variable that names the log file. The lock lies beside it.
LOG_VARIABLE = "INCEPTION_DOCKER_LOG"
#: What changes nothing needs neither the lock nor the log.
READING = frozenset({"config", "images", "info", "inspect", "ls", "ps", "version"})
#: The names that a .env file gives a value. What they are is Compose's to read: this program runs where only Python is.
ASSIGNMENT = re.compile(r"^[ \t]*(?:export[ \t]+)?([A-Za-z0-9_.\-\[\]]+)[ \t]*[=:]", re.MULTILINE)
#: Another run may build for the first time, which takes minutes. What was interrupted ends within seconds.
LOCK_TIMEOUT = 1800
#: How many seconds an interrupted command may take to end by itself.
GRACE_PERIOD = 20
PR_SET_PDEATHSIG = 1
#: The number of the system call pidfd_getfd, the same on every architecture.
PIDFD_GETFD = 438


class LockError(Exception):
    """Another run has had the lock for too long."""


def caller_is_gone(descriptor: int = 1) -> bool:
    """Tell whether nobody can read the answer any more.

    Between Ansible and a module are a worker, sudo or a session of SSH, and none of them passes a signal on.
    What all of them do is to close their end of the module's standard output. SSH notices the end of its
    caller only when it has something to say: an empty line, which Ansible skips before an answer.
    """
    with contextlib.suppress(OSError):
        os.write(descriptor, b"\n")
    poller = select.poll()
    poller.register(descriptor, 0)
    return bool(poller.poll(0))


def answer_of_caller() -> int:
    """Return a descriptor of the parent's standard output: a module's answer to Ansible.

    The modules of the collection read what this program prints, so that its own output is still read when Ansible is
    gone. Where the kernel does not hand the descriptor out, our own output has to do.
    """
    try:
        return int(ctypes.CDLL(None, use_errno=True).syscall(PIDFD_GETFD, os.pidfd_open(os.getppid()), 1, 0))
    except OSError:
        return -1


@contextlib.contextmanager
def exit_on_signals() -> Iterator[None]:
    """Leave by way of ``finally`` on the signals that end a program, so that no command stays behind."""

    def leave(number: int, _frame: object) -> None:
        for each in handled:
            signal.signal(each, signal.SIG_IGN)
        sys.exit(128 + number)

    signals = (signal.SIGHUP, signal.SIGINT, signal.SIGTERM)
    handled = {each: signal.getsignal(each) for each in signals if signal.getsignal(each) != signal.SIG_IGN}
    for each in handled:
        signal.signal(each, leave)
    try:
        yield
    finally:
        for each, handler in handled.items():
            signal.signal(each, handler)


@contextlib.contextmanager
def exclusive(lock_file: Path, notice: IO[str], answer: int = 1) -> Iterator[int]:
    """Hold a lock, which the commands inherit: it is free when the last of them has ended, not only this process.

    Args:
        lock_file: what is locked.
        notice: where to say that another run is waited for.
        answer: the descriptor that tells whether the caller is still there.

    Raises:
        LockError: another run has had the lock for too long.
    """
    descriptor = os.open(lock_file, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        deadline = None
        while True:
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError:
                pass
            if deadline is None:
                deadline = time.monotonic() + LOCK_TIMEOUT
                notice.write("Waiting for another run, or for what an interrupted one has left, to end\n")
                notice.flush()
            if time.monotonic() > deadline:
                raise LockError(
                    f"Another run, or what an interrupted one has left, has been at work for {LOCK_TIMEOUT // 60} "
                    f"minutes (processes {', '.join(map(str, holders(lock_file)))}): end it, then begin again."
                )
            if answer >= 0 and caller_is_gone(answer):
                sys.exit(1)
            time.sleep(0.5)
        yield descriptor
    finally:
        os.close(descriptor)


def holders(lock_file: Path, proc: Path = Path("/proc")) -> list[int]:
    """Return the processes that have a file open, without this one."""
    found = set()
    for link in proc.glob("[0-9]*/fd/*"):
        with contextlib.suppress(OSError):
            if link.samefile(lock_file):
                found.add(int(link.parts[-3]))
    return sorted(found - {os.getpid()})


def end(child: subprocess.Popen[bytes]) -> None:
    """End a command with the processes of its group, gently at first: Compose then cancels what it has begun."""
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGKILL):
        deadline = time.monotonic() + GRACE_PERIOD
        with contextlib.suppress(ProcessLookupError):
            os.killpg(child.pid, number)
            while time.monotonic() < deadline:
                child.poll()  # Until then an ended command is still one of its group.
                os.killpg(child.pid, 0)
                time.sleep(0.1)
            continue
        return


def clean_environment(environment: Mapping[str, str], dotenv: Path) -> dict[str, str]:
    """Return an environment in which nothing overrides the settings of a ``.env`` file.

    A caller's shell may well have a ``LOGIN`` or ``COMPOSE_FILE`` of its own.
    """
    text = dotenv.read_text(encoding="utf-8", errors="replace") if dotenv.is_file() else ""
    settings = set(ASSIGNMENT.findall(text))
    inherited = {
        name: value
        for name, value in environment.items()
        if name not in settings and name != "DOCKER_CONTEXT" and not name.startswith(("COMPOSE_", "INCEPTION_"))
    }
    # A context of the caller's, in its environment or its settings, may lead to another engine than this machine's.
    inherited.setdefault("DOCKER_HOST", "unix:///var/run/docker.sock")
    # Docker 20.10 builds with BuildKit only when asked to.
    return {**inherited, "DOCKER_BUILDKIT": "1", "BUILDKIT_PROGRESS": "plain", "COMPOSE_ANSI": "never"}


def project_directory(arguments: Iterable[str]) -> Path:
    """Return the directory whose ``.env`` Compose will read."""
    given = list(arguments)
    return Path(given[given.index("--project-directory") + 1] if "--project-directory" in given[:-1] else ".")


def copy(source: IO[bytes], targets: Iterable[IO[bytes]]) -> None:
    """Hand on what a command prints, line by line; a reader that is gone does not hold it up."""
    for line in source:
        for target in targets:
            # A full disk under the log, too, must not hold it up.
            with contextlib.suppress(OSError):
                target.write(line)
                target.flush()


def attend(command: list[str], environment: Mapping[str, str], answer: int, lock: int, log: IO[bytes]) -> int:
    """Run a command and return its exit code; when the caller is gone, end it and leave.

    Args:
        command: what to run.
        environment: its variables.
        answer: the descriptor that tells whether the caller is still there.
        lock: the lock, which the command inherits.
        log: where its output goes besides our own.
    """
    libc = ctypes.CDLL(None)
    parent = os.getppid()
    child = subprocess.Popen(
        command,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        # A group of its own, with the plugin that the docker command starts.
        start_new_session=True,
        preexec_fn=lambda: libc.prctl(PR_SET_PDEATHSIG, signal.SIGTERM),
        pass_fds=[lock],
    )
    assert child.stdout is not None  # noqa: S101 -- both are pipes, see above
    assert child.stderr is not None  # noqa: S101
    copying = [
        threading.Thread(target=copy, args=(child.stdout, [sys.stdout.buffer, log])),
        threading.Thread(target=copy, args=(child.stderr, [sys.stderr.buffer, log])),
    ]
    for thread in copying:
        thread.start()
    try:
        while True:
            with contextlib.suppress(subprocess.TimeoutExpired):
                code = child.wait(1)
                for thread in copying:
                    thread.join()
                return code
            if os.getppid() != parent or (answer >= 0 and caller_is_gone(answer)):
                sys.exit(1)
    finally:
        if child.returncode is None:
            end(child)


def main(arguments: list[str]) -> int:
    """Run the docker command, or another program by its full path, with the given arguments; returns its exit code."""
    docker = shutil.which("docker")
    if docker is None:
        sys.stderr.write("The docker command is missing; the role docker_engine installs it.\n")
        return 127
    command = arguments if arguments[:1] and arguments[0].startswith("/") else [docker, *arguments]
    environment = clean_environment(os.environ, project_directory(arguments) / ".env")
    name = os.environ.get(LOG_VARIABLE, "")
    if not name or READING.intersection(arguments):
        os.execve(command[0], command, environment)  # noqa: S606 -- no shell is meant
    answer = answer_of_caller()
    log_file = Path(name)
    log_file.parent.mkdir(parents=True, exist_ok=True)
    try:
        with (
            log_file.open("ab") as log,
            log_file.open("a", encoding="utf-8") as notice,
            exit_on_signals(),
            exclusive(log_file.with_suffix(".lock"), notice, answer) as lock,
        ):
            notice.write(f"$ {' '.join(['docker', *command[1:]] if command[0] == docker else command)}\n")
            notice.flush()
            return attend(command, environment, answer, lock, log)
    except LockError as error:
        sys.stderr.write(f"{error}\n")
        return 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
