"""A copy of this machine's file system for one test, in which a script may do whatever it does in its container.

The copy is an overlay in memory: nothing is copied before it is written, nothing of it reaches the machine, and all of
it is gone with its first process. Programs of an image that a test's machine does not have are stood in for by small
scripts; they themselves are tested where they run, by the image's build and by ``tests/verify``.
"""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path

#: Mounts the copy, and tells the number of its first process as the machine counts. That process only writes down the
#: signal on which daemons read their configuration again. /test is for what tests and stand-ins tell one another.
_FIRST_PROCESS = """
read -r number rest </proc/self/stat
mount -t tmpfs -o mode=0755 sandbox "$1"
mkdir "$1/upper" "$1/work" "$1/root"
mount -t overlay -o "lowerdir=/,upperdir=$1/upper,workdir=$1/work" overlay "$1/root"
mount --rbind /dev "$1/root/dev"
mount -t proc proc "$1/root/proc"
mkdir "$1/root/test"
for directory in run tmp; do mount -t tmpfs -o mode=1777 "$directory" "$1/root/$directory"; done
exec chroot "$1/root" sh -c 'trap "echo HUP >>/test/signals" HUP; echo "$1"; while :; do sleep 60 & wait; done' sh "$number"
"""


def as_nobody(script: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run a shell script as a user without rights, who may not even be able to enter the project's directory."""
    return subprocess.run(
        ["sh", "-s", "--", *arguments],
        input=script.read_text(encoding="utf-8"),
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
        cwd="/",
        user=65534,
    )


class Sandbox:
    """The copy and what runs in it; as a context manager, it ends with the block."""

    def __init__(self, place: Path) -> None:
        """Make it; ``place`` is an empty directory for its mounts."""
        # It outlives nobody: not this process, which pytest may be made to end.
        # And it hears of a hang-up although this process may not (nohup).
        command = ["env", "--default-signal=HUP", "setpriv", "--pdeathsig", "KILL"]
        command += ["unshare", "--mount", "--propagation", "private", "--pid", "--fork", "--kill-child"]
        self._first = subprocess.Popen(
            [*command, "sh", "-euc", _FIRST_PROCESS, "sh", str(place)], stdout=subprocess.PIPE, text=True
        )
        assert self._first.stdout is not None
        self._number = self._first.stdout.readline().strip()
        assert self._number, "the sandbox did not start"

    def __enter__(self) -> Sandbox:
        return self

    def __exit__(self, *_: object) -> None:
        self._first.kill()
        # Its output ends when the last process in it has ended.
        self._first.communicate()

    def path(self, inside: str) -> Path:
        """Return where a file of the copy is seen from outside."""
        return Path(f"/proc/{self._number}/root") / inside.lstrip("/")

    def write(self, inside: str, text: str | bytes, mode: int = 0o644) -> Path:
        """Write a file, with the directories on its way."""
        path = self.path(inside)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(text.encode() if isinstance(text, str) else text)
        path.chmod(mode)
        return path

    def program(self, name: str, *lines: str) -> None:
        """Put a small shell script in the place of a program."""
        self.write(f"/usr/local/bin/{name}", "\n".join(["#!/bin/sh", *lines, ""]), 0o755)

    def bring(self, directory: Path, inside: str) -> None:
        """Copy a directory of the project into it."""
        shutil.copytree(directory, self.path(inside), dirs_exist_ok=True)

    def start(self, *command: str, env: Mapping[str, str] | None = None) -> subprocess.Popen[str]:
        """Start a command in a process group of its own, without this process's environment."""
        return subprocess.Popen(
            self._inside(command),
            env=self._environment(env),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )

    @staticmethod
    def cut_off(running: subprocess.Popen[str]) -> bool:
        """Kill a command with all that it has started; return whether it had still something to do."""
        if running.poll() is not None:
            return False
        os.killpg(running.pid, signal.SIGKILL)
        running.communicate()
        return True

    def run(
        self, *command: str, env: Mapping[str, str] | None = None, data: str = ""
    ) -> subprocess.CompletedProcess[str]:
        """Run a command to its end, without this process's environment."""
        return subprocess.run(
            self._inside(command),
            env=self._environment(env),
            input=data,
            capture_output=True,
            text=True,
            check=False,
            timeout=60,
        )

    def ok(self, *command: str, env: Mapping[str, str] | None = None, data: str = "") -> str:
        """Run a command that must succeed and complain of nothing; return what it prints."""
        done = self.run(*command, env=env, data=data)
        assert (done.returncode, done.stderr) == (0, ""), f"{command}: {done.returncode}\n{done.stdout}{done.stderr}"
        return done.stdout

    def _inside(self, command: Sequence[str]) -> list[str]:
        return ["nsenter", "--target", self._number, "--mount", "--pid", "--root", "--wd", "--", *command]

    @staticmethod
    def _environment(env: Mapping[str, str] | None) -> dict[str, str]:
        path = os.pathsep.join(["/usr/local/sbin", "/usr/local/bin", "/usr/sbin", "/usr/bin", "/sbin", "/bin"])
        return {"PATH": path, "LC_ALL": "C", **(env or {})}
