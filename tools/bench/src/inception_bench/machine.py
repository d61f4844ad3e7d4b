"""The machine that a run took place on."""

from __future__ import annotations

import json
import os
import platform
import re
from pathlib import Path
from typing import Any

from inception_bench.engine import docker, run
from inception_bench.errors import BenchError

#: What a run needs, in bytes: images and data of four stacks, and memory for their daemons.
NEEDED_DISK = 4 * 10**9
NEEDED_MEMORY = 1200 * 10**6


def os_release(text: str) -> dict[str, str]:
    """Read a file in the form of os-release(5)."""
    pairs = (line.split("=", 1) for line in text.splitlines() if "=" in line and not line.startswith("#"))
    return {name: value.strip().strip('"') for name, value in pairs}


def memory_sizes(text: str) -> dict[str, int]:
    """Read /proc/meminfo; sizes in bytes."""
    return {m[1]: int(m[2]) * 1024 for m in re.finditer(r"^(\w+):\s+(\d+) kB$", text, re.MULTILINE)}


def processor(text: str) -> str:
    """Return the model of the processor from /proc/cpuinfo; arm64 tells none."""
    found = re.search(r"^model name\s*:\s*(.+)$", text, re.MULTILINE)
    return found[1].strip() if found else platform.machine()


def obstacles(system: dict[str, str], memory: dict[str, int], disks: dict[str, int]) -> list[str]:
    """Return why no run can take place here, each as a sentence.

    Args:
        system: what os-release says.
        memory: what meminfo says, in bytes.
        disks: the free bytes of each directory that a run writes to.
    """
    found = []
    if system.get("ID") != "debian":
        name = system.get("PRETTY_NAME", "something else")
        found.append(f"The benchmark measures Debian's packages and runs on Debian only; this is {name}.")
    if memory.get("MemAvailable", NEEDED_MEMORY) < NEEDED_MEMORY:
        found.append(
            f"The benchmark needs {NEEDED_MEMORY / 1e6:.0f} MB of free memory, and there are "
            f"{memory['MemAvailable'] / 1e6:.0f}: stop something, or use a larger machine."
        )
    found.extend(
        f"The benchmark needs {NEEDED_DISK / 1e9:.0f} GB free in {directory}, and there are {free / 1e9:.1f}: make room."
        for directory, free in disks.items()
        if free < NEEDED_DISK
    )
    return found


def free_bytes(directory: str) -> int:
    """Return the free bytes of a file system."""
    status = os.statvfs(directory)
    return status.f_bavail * status.f_frsize


def engine_facts() -> dict[str, Any]:
    """Return what the engine tells of itself.

    Raises:
        BenchError: it does not answer.
    """
    facts: dict[str, Any] = json.loads(docker("info", "--format", "{{json .}}"))
    return facts


def _virtualisation() -> str:
    try:
        return run("systemd-detect-virt", check=False).stdout.strip() or "unknown"
    except BenchError:
        return "unknown"


def describe(engine: dict[str, Any]) -> dict[str, Any]:
    """Return what a reader needs to know of the machine.

    Args:
        engine: what :func:`engine_facts` returned.
    """
    memory = memory_sizes(Path("/proc/meminfo").read_text(encoding="utf-8"))
    return {
        "processor": processor(Path("/proc/cpuinfo").read_text(encoding="utf-8")),
        "cores": len(os.sched_getaffinity(0)),
        "memory_bytes": memory["MemTotal"],
        "system": os_release(Path("/etc/os-release").read_text(encoding="utf-8")).get("PRETTY_NAME", "unknown"),
        "kernel": platform.release(),
        "architecture": platform.machine(),
        "virtualisation": _virtualisation(),
        "engine": engine.get("ServerVersion", "unknown"),
        "storage_driver": engine.get("Driver", "unknown"),
        "compose": docker("compose", "version", "--short").strip(),
        "load_before": os.getloadavg()[0],
        "other_containers": engine.get("ContainersRunning", 0),
    }
