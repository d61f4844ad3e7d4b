"""What kind of machine it is."""

from __future__ import annotations

from inception_evaluate.machine import Machine
from inception_evaluate.model import Machine as About

_LOOK = r"""
import os, platform, subprocess

def said(*words):
    try:
        return subprocess.run(words, capture_output=True, text=True, timeout=20).stdout.strip()
    except (OSError, subprocess.TimeoutExpired):
        return ""

release = {}
try:
    with open("/etc/os-release") as lines:
        release = dict(line.strip().split("=", 1) for line in lines if "=" in line)
except OSError:
    pass
memory = 0
with open("/proc/meminfo") as lines:
    for line in lines:
        if line.startswith("MemTotal:"):
            memory = int(line.split()[1]) * 1024
print(json.dumps({
    "kernel": platform.release(), "distribution": release.get("PRETTY_NAME", "").strip('"'),
    "virtualisation": said("systemd-detect-virt"), "engine": said("docker", "version", "--format", "{{.Server.Version}}"),
    "compose": said("docker", "compose", "version", "--short"), "cores": len(os.sched_getaffinity(0)), "memory": memory,
}))
"""


def collect(machine: Machine) -> About:
    """Ask the machine what it is.

    Raises:
        UnseenError: it cannot be asked.

    """
    return About(**machine.python(_LOOK))
