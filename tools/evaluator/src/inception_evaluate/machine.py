"""Ways to reach the machine that is evaluated: this one, a container that is a machine, or a server over SSH.

Collectors say what is to be run and never where: the same evidence is gathered whether the evaluator stands on the
machine or outside of it. What runs on the machine needs no more than its shell, Docker's client and Python.
"""

from __future__ import annotations

import getpass
import json
import os
import shlex
import shutil
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any

#: The time, in seconds, that a short question may take.
PATIENCE = 60.0


class UnseenError(Exception):
    """Evidence could not be gathered; the message says in one sentence why, and what would help."""


@dataclass(frozen=True, slots=True)
class Done:
    """How a command ended."""

    code: int
    out: str
    err: str

    @property
    def complaint(self) -> str:
        """The last line that it complained with, for a sentence."""
        lines = [line.strip() for line in (self.err or self.out).splitlines() if line.strip()]
        return lines[-1][:300] if lines else f"it ended with {self.code}"


@dataclass(frozen=True, slots=True)
class Machine:
    """The machine that is evaluated.

    Attributes:
        address: where a visitor reaches it, as the evaluator sees it.
        prefix: the command that leads into it; empty for this machine.
        quote: whether the command's words go through another shell, as SSH does it.
        name: what people call it.
        become: the command that makes root of the user who is let in; empty where that is root.
        password: what that command reads first; empty where it asks for nothing.

    """

    address: str
    prefix: tuple[str, ...] = ()
    quote: bool = False
    name: str = "this machine"
    become: tuple[str, ...] = ()
    password: str = field(default="", repr=False)

    def run(self, *command: str, data: str = "", timeout: float = PATIENCE) -> Done:
        """Run a command on the machine; its standard input is ``data``.

        Args:
            command: the command's words. A secret belongs into ``data``, never here.
            data: what it reads.
            timeout: seconds after which it is ended.

        Raises:
            UnseenError: it took longer, or the way to the machine is barred.

        """
        whole = (*self.become, *command)
        words = [*self.prefix, shlex.join(whole)] if self.quote else [*self.prefix, *whole]
        data = f"{self.password}\n{data}" if self.password else data
        try:
            done = subprocess.run(words, input=data.encode(), capture_output=True, timeout=timeout)  # noqa: S603 -- the evaluator's own commands
        except subprocess.TimeoutExpired as error:
            raise UnseenError(f"`{_short(command)}` did not end within {timeout:.0f} s") from error
        except FileNotFoundError as error:
            raise UnseenError(f"there is no program {words[0]} here") from error
        except OSError as error:
            raise UnseenError(f"`{_short(command)}` cannot be started: {error.strerror}") from error
        return Done(done.returncode, done.stdout.decode(errors="replace"), done.stderr.decode(errors="replace"))

    def python(self, script: str, question: object = None, timeout: float = PATIENCE) -> Any:
        """Run a script with the machine's own Python; it gets ``question`` as JSON and prints JSON.

        The script travels through standard input, so that nothing of it stands on a command line.

        Raises:
            UnseenError: it could not be run, or failed.

        """
        whole = f"import json\nQUESTION = json.loads({json.dumps(question)!r})\n{script}"
        done = self.run("python3", "-", data=whole, timeout=timeout)
        if done.code != 0:
            raise UnseenError(f"a look at {self.name} failed: {done.complaint}")
        try:
            return json.loads(done.out)
        except ValueError as error:
            raise UnseenError(f"a look at {self.name} gave no answer: {done.complaint}") from error

    @property
    def here(self) -> bool:
        """Whether it is the machine that the evaluator runs on."""
        return not self.prefix

    def docker(self, *command: str, data: str = "", timeout: float = PATIENCE) -> Done:
        """Run Docker's client on the machine."""
        return self.run("docker", *command, data=data, timeout=timeout)

    def docker_json(self, *command: str, timeout: float = PATIENCE) -> Any:
        """Run Docker's client and read the JSON that it prints.

        Raises:
            UnseenError: the engine did not answer, or not in JSON.

        """
        done = self.docker(*command, timeout=timeout)
        if done.code != 0:
            raise UnseenError(engine_complaint(done))
        try:
            return json.loads(done.out)
        except ValueError as error:
            raise UnseenError(f"`docker {_short(command)}` printed no JSON") from error


def _short(command: Sequence[str]) -> str:
    text = " ".join(command)
    return text if len(text) <= 60 else f"{text[:59]}…"


def engine_complaint(done: Done) -> str:
    """Say in one sentence why Docker's client failed, and what to do."""
    lowered = done.err.lower()
    if "permission denied" in lowered and "sock" in lowered:
        return "the Docker engine may not be asked: run the evaluation as root, or join the group docker"
    if "cannot connect to the docker daemon" in lowered or "is the docker daemon running" in lowered:
        return "the Docker engine does not answer: start it (systemctl start docker), then run the evaluation again"
    if "not found" in lowered and "docker" in lowered and done.code in (126, 127):
        return "Docker is not installed on the machine"
    return f"the Docker engine refuses: {done.complaint}"


def this_machine() -> Machine:
    """Return the machine that the evaluator itself runs on."""
    return Machine("127.0.0.1")


def container_address(name: str) -> str:
    """Return the address of a container of this machine's engine.

    Raises:
        UnseenError: there is no such container, or it does not run.

    """
    template = "{{range .NetworkSettings.Networks}}{{.IPAddress}} {{end}}"
    done = this_machine().docker("container", "inspect", "--format", template, name)
    if done.code != 0:
        known = "no such" in done.err.lower()
        raise UnseenError(f"there is no machine {name}" if known else engine_complaint(done))
    addresses = done.out.split()
    if not addresses:
        raise UnseenError(f"the machine {name} does not run")
    return addresses[0]


def container_machine(name: str) -> Machine:
    """Return a machine that is a container of this machine's engine.

    Raises:
        UnseenError: there is no such container, or it does not run.

    """
    address = container_address(name)
    return Machine(address, ("docker", "exec", "--interactive", name), name=f"the machine {name}")


def ssh_machine(target: str, address: str = "") -> Machine:
    """Return a server that is reached over SSH, as ``user@host``; keys and options are those of ``ssh``.

    A user other than root becomes root there by sudo, whose password is asked for where there is a terminal.

    Raises:
        UnseenError: there is no client, the server cannot be reached, or the user has no way to root there.

    """
    ssh = shutil.which("ssh")
    if ssh is None:
        raise UnseenError("there is no program ssh here")
    options = shlex.split(os.environ.get("INCEPTION_SSH_OPTIONS", ""))
    # In a person's ~/.ssh/config a name may stand for an address.
    settings = this_machine().run(ssh, "-G", *options, "--", target).out.splitlines()
    host = next((line.split()[1] for line in settings if line.startswith("hostname ")), target.rpartition("@")[2])
    prefix = (ssh, "-o", "BatchMode=yes", "-o", "ConnectTimeout=15", *options, "--", target)
    machine = Machine(address or host, prefix, quote=True, name=f"the server {target}")
    done = machine.run("id", "-u")
    if done.code != 0:
        raise UnseenError(f"{target} cannot be reached over SSH: {done.complaint}")
    return machine if done.out.strip() == "0" else _become_root(machine, target)


def _become_root(machine: Machine, target: str) -> Machine:
    """Return the machine with the way to root that its user has."""
    # What sudo remembers of another command must not count: whether it reads a password must be known each time.
    if machine.run("sudo", "-k", "-n", "true").code == 0:
        return replace(machine, become=("sudo", "-n", "--"))
    if machine.run("sh", "-c", "command -v sudo").code != 0:
        raise UnseenError(f"{machine.name} has no sudo: name root there, as in root@{machine.address}, or install sudo")
    if not sys.stdin.isatty():
        raise UnseenError(
            f"sudo asks {target} for a password, and there is no terminal to ask you for it: run it in one, or name root there"
        )
    asked = replace(
        machine,
        become=("sudo", "-k", "-S", "-p", "", "--"),
        password=getpass.getpass(f"Password of {target} for sudo: "),
    )
    if (done := asked.run("true")).code != 0:
        raise UnseenError(f"sudo on {machine.name} does not take that password of this user: {done.complaint}")
    return asked
