"""What processes keep in memory, read from this very machine's kernel."""

from __future__ import annotations

import mmap
import os
import subprocess
import sys
from pathlib import Path

import pytest

from inception_bench.memory import PAGE, frames, measure, pss


def test_pss_of_this_process() -> None:
    rollup = Path("/proc/self/smaps_rollup").read_text(encoding="utf-8")
    rss = next(int(line.split()[1]) * 1024 for line in rollup.splitlines() if line.startswith("Rss:"))
    assert 0 < pss(os.getpid()) <= rss * 1.2


def test_memory_that_is_touched_counts() -> None:
    before = pss(os.getpid())
    with mmap.mmap(-1, 32 * 2**20) as block:
        for offset in range(0, len(block), PAGE):
            block[offset] = 1
        assert pss(os.getpid()) - before == pytest.approx(32 * 2**20, rel=0.2)


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
        both = measure(pids)
        assert both.processes == 2
        assert both.pss > 0
        if os.geteuid() != 0:
            # The kernel tells root alone where pages lie.
            assert both.alone is None
            return
        one, other = (len(frames(pid)) * PAGE for pid in pids)
        assert both.alone is not None
        assert max(one, other) < both.alone < one + other
        # Other processes run the same interpreter: they take their part of PSS away.
        assert both.pss <= both.alone * 1.05
    finally:
        for child in children:
            child.communicate()
