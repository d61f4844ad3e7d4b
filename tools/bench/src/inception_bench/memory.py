"""What processes keep in memory."""

from __future__ import annotations

import array
import dataclasses
import re
from collections.abc import Iterable, Iterator
from pathlib import Path

#: The size of a page of memory in bytes, on amd64 and arm64 as Debian builds its kernels.
PAGE = 4096
#: In /proc/<pid>/pagemap: the page is in memory; it belongs to a file; where it lies. See the kernel's
#: admin-guide/mm/pagemap.
_PRESENT = 1 << 63
_OF_A_FILE = 1 << 61
_FRAME = (1 << 55) - 1
#: Entries of the page map that are read at once.
_CHUNK = 1 << 16
#: A line of /proc/<pid>/maps: a range of addresses that maps a file.
_MAPPING = re.compile(r"^([0-9a-f]+)-([0-9a-f]+) \S{4} \S+ \S+ [1-9]\d*\s+(/.*)$")
#: Memory that is shared without a file carries such names; the kernel counts it as Pss_Shmem.
_SHARED_MEMORY = ("/dev/zero", "/memfd:", "/SYSV", "/dev/shm", "/[aio]", "/anon_hugepage")  # noqa: S108 -- names only


@dataclasses.dataclass(frozen=True)
class Memory:
    """What a group of processes keeps in memory, in bytes.

    Attributes:
        pss: the sum of the proportional set sizes. A page of a file that others map too counts in part.
        alone: each page once and whole, whoever else maps it: the sum of PSS on a machine on which
            nothing else runs from the same files. None where the kernel does not tell.
        processes: how many there were.
    """

    pss: int
    alone: int | None
    processes: int


def rollup(pid: int, proc: Path = Path("/proc")) -> dict[str, int]:
    """Return the sums over all mappings of a process, in bytes, by the kernel's names (``Pss``, ``Pss_Anon``, …).

    Raises:
        OSError: there is no such process, or it may not be looked at.
    """
    lines = (proc / str(pid) / "smaps_rollup").read_text(encoding="utf-8").splitlines()[1:]
    return {name: int(size.split()[0]) * 1024 for name, _, size in (line.partition(":") for line in lines)}


def file_frames(pid: int, proc: Path = Path("/proc")) -> set[int]:
    """Return the page frames of files that a process has mapped, as numbers.

    Memory without a file is left out: it is shared with nobody outside, and a database reserves
    terabytes of addresses, which would take minutes to look through.

    Raises:
        OSError: there is no such process, or it may not be looked at.
    """
    found: set[int] = set()
    maps = (proc / str(pid) / "maps").read_text(encoding="utf-8").splitlines()
    with (proc / str(pid) / "pagemap").open("rb", buffering=0) as pagemap:
        for first, last in _file_ranges(maps):
            for start in range(first, last, _CHUNK):
                pagemap.seek(start * 8)
                entries = array.array("Q")
                entries.frombytes(pagemap.read(min(_CHUNK, last - start) * 8))
                found.update(e & _FRAME for e in entries if e & _PRESENT and e & _OF_A_FILE)
    return found


def _file_ranges(maps: Iterable[str]) -> Iterator[tuple[int, int]]:
    """Yield the ranges of pages that map a file, from lines of /proc/<pid>/maps."""
    for line in maps:
        found = _MAPPING.match(line)
        if found and not found[3].startswith(_SHARED_MEMORY):
            yield int(found[1], 16) // PAGE, int(found[2], 16) // PAGE


def measure(pids: Iterable[int]) -> Memory:
    """Measure the processes of a group. One that ends meanwhile, as a health check does, does not count.

    Raises:
        OSError: the processes may not be looked at.
    """
    total = processes = own = 0
    pages: set[int] = set()
    for pid in pids:
        try:
            sums = rollup(pid)
            mapped = file_frames(pid)
        except (FileNotFoundError, ProcessLookupError):
            continue
        if "Pss" not in sums:
            continue  # It has just ended, and has no memory any more.
        processes += 1
        total += sums["Pss"]
        own += sums.get("Pss_Anon", 0) + sums.get("Pss_Shmem", 0)
        pages |= mapped
    # Without the right to see where pages lie, all of them lie at 0.
    alone = own + len(pages) * PAGE if len(pages) > 1 and own else None
    return Memory(total, alone, processes)
