"""One run at a time, and what ends it."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from inception_bench.cli import interruptible, lock, remove_leftovers
from inception_bench.errors import BenchError, InterruptedRunError


def test_one_run_at_a_time(tmp_path: Path) -> None:
    log = tmp_path / "log/bench.log"
    with lock(log):
        log.write_text("a line\n", encoding="utf-8")
        with pytest.raises(BenchError, match="Another benchmark is running"), lock(log):
            pass
        assert log.read_text(encoding="utf-8") == "a line\n"
    with lock(log):
        assert log.read_text(encoding="utf-8") == ""


def wait_for(number: signal.Signals) -> None:
    with interruptible():
        os.kill(os.getpid(), number)
        time.sleep(5)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_signal_ends_the_run_and_not_the_cleaning_up(number: signal.Signals) -> None:
    before = {one: signal.getsignal(one) for one in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)}
    try:
        with pytest.raises(InterruptedRunError):
            wait_for(number)
        # What comes now is the cleaning up: nothing ends it.
        os.kill(os.getpid(), number)
    finally:
        for one, handler in before.items():
            signal.signal(one, handler)


def test_the_end_of_the_caller_ends_the_run(tmp_path: Path) -> None:
    told = tmp_path / "told"
    run = (
        "import sys, time, pathlib\n"
        "from inception_bench.cli import interruptible\n"
        "from inception_bench.errors import InterruptedRunError\n"
        "try:\n    with interruptible():\n        print('there', flush=True)\n        time.sleep(30)\n"
        f"except InterruptedRunError:\n    pathlib.Path({str(told)!r}).write_text('ended')\n"
    )
    caller = (
        "import subprocess, sys\n"
        f"child = subprocess.Popen([sys.executable, '-c', {run!r}], stdout=subprocess.PIPE)\n"
        "child.stdout.readline()\n"
    )
    subprocess.run([sys.executable, "-c", caller], check=True, capture_output=True, timeout=30)
    for _ in range(100):
        if told.exists():
            break
        time.sleep(0.1)
    assert told.read_text(encoding="utf-8") == "ended"


def test_directories_of_killed_runs_go_and_no_others(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("inception_bench.engine.remove_everything", lambda _before: [])
    for name in ("inception-bench-mine", "inception-bench-old", "inception-other", "bench"):
        (tmp_path / name / "data").mkdir(parents=True)
    (tmp_path / "inception-bench-link").symlink_to(tmp_path / "bench")
    remove_leftovers(tmp_path / "inception-bench-mine")
    assert {path.name for path in tmp_path.iterdir()} == {
        "inception-bench-mine", "inception-other", "bench", "inception-bench-link",
    }  # fmt: skip
    assert (tmp_path / "bench/data").is_dir()
