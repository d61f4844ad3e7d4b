"""The outer Docker engine, and what rights it can give to a machine."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path

PREFIX = "inception-test-"
LABEL = "inception.test.machine"
HOST_AUTHORITIES = Path("/usr/local/share/ca-certificates")
CACHE = Path(os.environ.get("XDG_CACHE_HOME", str(Path.home() / ".cache"))) / "inception-tests"

# In the kernel's order, so that bit n of a capability mask is the n-th name.
# fmt: off
CAPABILITIES = (
    "CHOWN", "DAC_OVERRIDE", "DAC_READ_SEARCH", "FOWNER", "FSETID", "KILL", "SETGID", "SETUID", "SETPCAP",
    "LINUX_IMMUTABLE", "NET_BIND_SERVICE", "NET_BROADCAST", "NET_ADMIN", "NET_RAW", "IPC_LOCK", "IPC_OWNER",
    "SYS_MODULE", "SYS_RAWIO", "SYS_CHROOT", "SYS_PTRACE", "SYS_PACCT", "SYS_ADMIN", "SYS_BOOT", "SYS_NICE",
    "SYS_RESOURCE", "SYS_TIME", "SYS_TTY_CONFIG", "MKNOD", "LEASE", "AUDIT_WRITE", "AUDIT_CONTROL",
    "SETFCAP", "MAC_OVERRIDE", "MAC_ADMIN", "SYSLOG", "WAKE_ALARM", "BLOCK_SUSPEND", "AUDIT_READ",
    "PERFMON", "BPF", "CHECKPOINT_RESTORE",
)
# fmt: on
# Engines before 23 refuse these names.
YOUNG_CAPABILITIES = {"PERFMON", "BPF", "CHECKPOINT_RESTORE"}


class MachineError(Exception):
    """Something that the person who called must know, in one sentence."""


def say(text: str) -> None:
    """Tell what is going on, away from standard output, which belongs to results."""
    print(f"machine: {text}", file=sys.stderr, flush=True)


def run(command: Sequence[str], *, check: bool = True, data: bytes | None = None) -> str:
    """Run a command and return what it printed; a failure carries what it complained of."""
    done = subprocess.run(list(command), check=False, capture_output=True, input=data)
    if check and done.returncode != 0:
        complaint = (done.stderr or done.stdout).decode(errors="replace").strip()
        raise MachineError(f"{' '.join(command[:4])} … failed ({done.returncode}): {complaint}")
    return done.stdout.decode(errors="replace").strip()


def succeeds(command: Sequence[str]) -> bool:
    """Tell whether a command succeeds."""
    return subprocess.run(list(command), check=False, capture_output=True).returncode == 0


def install(programs: dict[str, str]) -> None:
    """Install the Debian packages of the programs (program: package) that are missing."""
    missing = sorted({package for program, package in programs.items() if shutil.which(program) is None})
    if not missing:
        return
    if os.geteuid() != 0 or shutil.which("apt-get") is None:
        raise MachineError(f"please install {', '.join(missing)}: that needs root rights on Debian")
    say(f"installing {', '.join(missing)}")
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    for command in (
        ["apt-get", "update", "-qq"],
        ["apt-get", "install", "-qq", "--yes", "--no-install-recommends", *missing],
    ):
        done = subprocess.run(command, check=False, env=environment, stdout=sys.stderr.fileno())
        if done.returncode != 0:
            raise MachineError(f"{' '.join(command)} failed ({done.returncode})")


def ensure_engine() -> None:
    """Make sure that a Docker engine answers; one that runs already is left alone."""
    if shutil.which("docker") and succeeds(["docker", "version"]):
        return
    programs = {"dockerd": "docker.io", "iptables": "iptables"}
    if shutil.which("docker") is None:
        # Debian 13 packages the client by itself; in Debian 12 it is a part of docker.io.
        split = succeeds(["apt-cache", "show", "docker-cli"])
        programs["docker"] = "docker-cli" if split else "docker.io"
    install(programs)
    # Where an init system runs, installing the package has started the engine.
    if wait_for(lambda: succeeds(["docker", "version"]), 5):
        return
    if os.geteuid() != 0:
        raise MachineError("no Docker engine answers, and only root can start one")
    if not any(" cgroup" in line for line in Path("/proc/mounts").read_text().splitlines()):
        say("mounting the control groups, which nobody has done yet")
        run(["mount", "-t", "cgroup2", "cgroup2", "/sys/fs/cgroup"])
    log = CACHE / "dockerd.log"
    log.parent.mkdir(parents=True, exist_ok=True)
    say(f"starting dockerd, its log is {log}")
    with log.open("ab") as output:
        subprocess.Popen(["dockerd"], stdin=subprocess.DEVNULL, stdout=output, stderr=output, start_new_session=True)
    if not wait_for(lambda: succeeds(["docker", "version"]), 60):
        tail = "\n".join(log.read_text(errors="replace").splitlines()[-10:])
        raise MachineError(f"dockerd does not answer; the end of its log:\n{tail}")


def wait_for(condition: Callable[[], bool], seconds: float, pause: float = 0.25) -> bool:
    """Call the condition until it holds or the time is over, and tell which of both happened."""
    end = time.monotonic() + seconds
    while True:
        if condition():
            return True
        if time.monotonic() >= end:
            return False
        time.sleep(pause)


def bounding_set() -> list[str]:
    """Return the names of the capabilities that this process could hand on."""
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith("CapBnd:"):
            mask = int(line.split()[1], 16)
            return [name for bit, name in enumerate(CAPABILITIES) if mask >> bit & 1]
    raise MachineError("/proc/self/status names no bounding set")


def privileges(image: str) -> list[str]:
    """Return the options of ``docker run`` that give a machine all the rights that this host can give.

    ``--privileged`` asks for every capability there is and fails where the host itself lacks one. Then
    each one of the bounding set is named instead, the youngest only where the engine knows them.
    """
    unconfined = ["seccomp=unconfined", "apparmor=unconfined", "systempaths=unconfined"]
    by_name = [part for option in unconfined for part in ("--security-opt", option)]
    by_name += ["--device-cgroup-rule", "a *:* rwm"]
    names = bounding_set()
    older = [name for name in names if name not in YOUNG_CAPABILITIES]
    candidates = [["--privileged"]]
    candidates += [[*by_name, *(f"--cap-add={name}" for name in group)] for group in (names, older)]
    complaint = ""
    for options in candidates:
        probe = ["docker", "run", "--rm", "--network=none", "--entrypoint=/bin/true", *options, image]
        done = subprocess.run(probe, check=False, capture_output=True, text=True)
        if done.returncode == 0:
            return options
        complaint = done.stderr.strip()
    raise MachineError(f"this engine can start no machine: {complaint}")
