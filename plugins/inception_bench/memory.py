"""What processes keep in memory."""

from __future__ import annotations

import array
import dataclasses
from collections.abc import Iterable
from pathlib import Path

#: The size of a page of memory in bytes, on amd64 and arm64 as Debian builds its kernels.
PAGE = 4096
#: In /proc/<pid>/pagemap: the page is in memory, and where. See the kernel's admin-guide/mm/pagemap.
_PRESENT = 1 << 63
_FRAME = (1 << 55) - 1


@dataclasses.dataclass(frozen=True)
class Memory:
    """What a group of processes keeps in memory, in bytes.

    Attributes:
        pss: the sum of the proportional set sizes. A page that others map too counts in part only.
        alone: each page of theirs once and whole, whoever else maps it: the sum of PSS on a machine on
            which nothing else runs from the same files. None where the kernel does not tell.
        processes: how many there were.
    """

    pss: int
    alone: int | None
    processes: int


def pss(pid: int, proc: Path = Path("/proc")) -> int:
    """Return the proportional set size of a process in bytes.

    Raises:
        OSError: there is no such process, or it may not be looked at.
        ValueError: the kernel does not tell.
    """
    for line in (proc / str(pid) / "smaps_rollup").read_text(encoding="utf-8").splitlines():
        if line.startswith("Pss:"):
            return int(line.split()[1]) * 1024
    raise ValueError(f"smaps_rollup of the process {pid} has no line Pss")


def frames(pid: int, proc: Path = Path("/proc")) -> set[int]:
    """Return the page frames that a process has mapped, as numbers.

    Raises:
        OSError: there is no such process, or it may not be looked at.
    """
    found: set[int] = set()
    maps = (proc / str(pid) / "maps").read_text(encoding="utf-8").splitlines()
    with (proc / str(pid) / "pagemap").open("rb") as pagemap:
        for line in maps:
            if "[vsyscall]" in line or "[vvar" in line or "[vdso]" in line:
                continue
            low, high = (int(end, 16) // PAGE for end in line.split(maxsplit=1)[0].split("-"))
            pagemap.seek(low * 8)
            entries = array.array("Q")
            entries.frombytes(pagemap.read((high - low) * 8))
            found.update(entry & _FRAME for entry in entries if entry & _PRESENT)
    return found


def measure(pids: Iterable[int]) -> Memory:
    """Measure the processes of a group. One that ends meanwhile, as a health check does, does not count."""
    total = processes = 0
    pages: set[int] = set()
    for pid in pids:
        try:
            size = pss(pid)
            mapped = frames(pid)
        except (FileNotFoundError, ProcessLookupError):
            continue
        total += size
        processes += 1
        pages |= mapped
    # Without the right to see where pages lie, all of them lie at 0.
    alone = len(pages) * PAGE if len(pages) > 1 else None
    return Memory(total, alone, processes)
