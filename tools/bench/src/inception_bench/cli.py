"""The command ``python3 -m inception_bench``: one run, or the report of an earlier one."""

from __future__ import annotations

import argparse
import contextlib
import fcntl
import json
import os
import shutil
import signal
import sys
import threading
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from types import FrameType

from inception_bench import engine, report
from inception_bench.errors import BenchError, InterruptedRunError
from inception_bench.plan import Plan, read
from inception_bench.runner import Run

#: How the directories of all runs are called, so that what a killed run left can be found.
WORK = "inception-bench-"


def parser() -> argparse.ArgumentParser:
    """Make the parser of the command line."""
    made = argparse.ArgumentParser(prog="inception_bench", description="The load benchmark of `make bench`.")
    made.add_argument("plan", type=Path, help="what the playbook wrote: a plan, or with --report the results of a run")
    made.add_argument("--report", type=Path, metavar="DIRECTORY", help="only write table and plot of results anew")
    return made


@contextlib.contextmanager
def lock(log: Path) -> Iterator[None]:
    """Let one benchmark run at a time, and begin its log anew.

    Args:
        log: the log of all runs; whoever has it locked is running.

    Raises:
        BenchError: another one is running.
    """
    log.parent.mkdir(parents=True, exist_ok=True)
    with log.open("a", encoding="utf-8") as handle:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise BenchError("Another benchmark is running on this machine, or is just cleaning up.") from error
        handle.truncate(0)
        yield


@contextlib.contextmanager
def interruptible() -> Iterator[None]:
    """Turn the signals that end a program, and the end of the one that called it, into an exception."""
    parent = os.getppid()
    over = threading.Event()

    def interrupt(_number: int, _frame: FrameType | None) -> None:
        raise InterruptedRunError

    def watch() -> None:
        while not over.wait(1):
            if os.getppid() != parent:
                os.kill(os.getpid(), signal.SIGTERM)
                return

    signals = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
    for number in signals:
        signal.signal(number, interrupt)
    threading.Thread(target=watch, daemon=True).start()
    try:
        yield
    finally:
        over.set()
        # Nothing interrupts the cleaning up that follows.
        for number in signals:
            signal.signal(number, signal.SIG_IGN)


def remove_leftovers(work: Path) -> None:
    """Remove what an earlier run could not remove, because it was killed."""
    engine.remove_everything(None)
    for path in work.parent.glob(f"{WORK}*"):
        if path != work and path.is_dir() and not path.is_symlink():
            shutil.rmtree(path, ignore_errors=True)


def bench(plan: Plan) -> dict[str, object]:
    """Do one run and return its results; nothing of it is left afterwards but the report.

    Raises:
        BenchError: it could not take place.
        InterruptedRunError: somebody has ended it.
    """
    began = time.monotonic()
    run = Run(plan)
    kept = False
    with lock(plan.log):
        engine.answers()
        remove_leftovers(plan.work)
        try:
            with interruptible():
                description = run.refuse_or_prepare()
                run.cache_before = engine.build_cache()
                run.build()
                run.start()
                run.measure()
                result = run.result(description, began)
            kept = True
        finally:
            run.say("removing all that was made")
            complaints = engine.remove_everything(run.cache_before)
            for path in plan.work.iterdir():
                if path.is_dir() and not path.is_symlink():
                    shutil.rmtree(path, ignore_errors=True)
                else:
                    path.unlink()
            if not kept:
                plan.work.rmdir()
            for complaint in complaints:
                run.say(complaint)
    result["left_behind"] = complaints
    return result


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command; returns its exit status: 0 done, 2 with a sentence when it could not run."""
    options = parser().parse_args(arguments)
    try:
        if options.report is not None:
            report.write(json.loads(options.plan.read_text(encoding="utf-8")), options.report)
            return 0
        plan = read(options.plan)
        # Where memory runs out, this program and what it starts go first, and not the user's site.
        Path("/proc/self/oom_score_adj").write_text("1000", encoding="utf-8")
        result = bench(plan)
        report.write(result, plan.work / "report")
    except BenchError as error:
        sys.stderr.write(f"{error}\n")
        return 2
    except InterruptedRunError:
        sys.stderr.write("The benchmark was ended; all that it had made is removed.\n")
        return 2
    return 0
