"""What processes keep in memory, read from this very machine's kernel."""

from __future__ import annotations

import mmap
import os
import resource
import subprocess
import sys
import time
from pathlib import Path

import pytest

from inception_bench.memory import PAGE, _file_ranges, file_frames, measure, rollup


def test_pss_of_this_process() -> None:
    sums = rollup(os.getpid())
    assert 0 < sums["Pss"] <= sums["Rss"]
    assert sums["Pss"] == pytest.approx(sums["Pss_Anon"] + sums["Pss_File"] + sums["Pss_Shmem"], abs=10 * 1024)


def test_memory_that_is_touched_counts() -> None:
    before = measure([os.getpid()]).pss
    with mmap.mmap(-1, 32 * 2**20) as block:
        for offset in range(0, len(block), PAGE):
            block[offset] = 1
        assert measure([os.getpid()]).pss - before == pytest.approx(32 * 2**20, rel=0.2)


def test_addresses_that_are_only_reserved_cost_nothing() -> None:
    # As MariaDB does: eight terabytes of addresses for a buffer pool of 64 MB.
    code = (
        "import ctypes, sys; libc = ctypes.CDLL(None); libc.mmap.restype = ctypes.c_void_p;"
        "reserved = libc.mmap(None, ctypes.c_size_t(8 << 40), 3, 0x4022, -1, ctypes.c_long(0));"
        "ctypes.memset(reserved, 1, 4096); print('there', flush=True); sys.stdin.read()"
    )
    with subprocess.Popen([sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as child:
        assert child.stdout is not None
        assert child.stdout.readline() == b"there\n"
        status = Path(f"/proc/{child.pid}/status").read_text(encoding="utf-8")
        assert int(status.split("VmSize:")[1].split()[0]) > 8 << 30
        before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        began = time.process_time()
        assert 0 < measure([child.pid]).pss < 100 * 2**20
        assert time.process_time() - began < 2
        assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 50_000
        child.communicate()


def test_ranges_are_those_of_files_on_a_disk() -> None:
    lines = [
        "55e0c0000000-55e0c0002000 r-xp 00001000 fe:00 1234                       /usr/sbin/nginx",
        "55e0c0002000-55e0c0003000 rw-p 00003000 fe:00 1234                       /usr/sbin/nginx (deleted)",
        "7f0000000000-7f8000000000 rw-p 00000000 00:00 0 ",
        "7f9000000000-7f9000001000 rw-s 00000000 00:01 99                         /dev/zero (deleted)",
        "7fa000000000-7fa000001000 rw-s 00000000 00:01 98                         /memfd:opcache (deleted)",
        "7ffc00000000-7ffc00021000 rw-p 00000000 00:00 0                          [stack]",
        "7ffc00030000-7ffc00032000 r-xp 00000000 00:00 0                          [vdso]",
    ]
    assert list(_file_ranges(lines)) == [(0x55E0C0000, 0x55E0C0002), (0x55E0C0002, 0x55E0C0003)]


def test_a_process_that_has_ended_does_not_count() -> None:
    with subprocess.Popen([sys.executable, "-c", "pass"]) as child:
        child.wait()
        gone = child.pid
    assert measure([gone]).processes == 0
    assert measure([gone]).pss == 0


def test_what_two_processes_share_counts_once() -> None:
    code = "import sys; print('there', flush=True); sys.stdin.read()"
    children = [
        subprocess.Popen([sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE) for _ in range(2)
    ]
    try:
        for child in children:
            assert child.stdout is not None
            child.stdout.readline()
        pids = [child.pid for child in children]
        both, one, other = measure(pids), measure(pids[:1]), measure(pids[1:])
        assert both.processes == 2
        assert both.pss > 0
        if os.geteuid() != 0:
            # The kernel tells root alone where pages lie.
            assert both.alone is None
            return
        assert both.alone is not None
        assert one.alone is not None
        assert other.alone is not None
        assert max(one.alone, other.alone) < both.alone < one.alone + other.alone
        shared = len(file_frames(pids[0]) & file_frames(pids[1])) * PAGE
        assert both.alone == pytest.approx(one.alone + other.alone - shared, rel=0.05)
        # Other processes run the same interpreter: they take their part of PSS away.
        assert both.pss <= both.alone * 1.02
    finally:
        for child in children:
            child.communicate()
