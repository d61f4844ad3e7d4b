#!/usr/bin/env python3
"""The speed of the checker: an ordinary repository in under 1 second of CPU, 10,000 files in under 10.

    python tools/checker/tests/benchmark.py

Ends with 1 when a limit is missed. CPU time is counted, children included, so that a busy machine does not matter.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

CLEAN = Path(__file__).parent / "fixtures" / "clean"


def seconds(repository: Path, *options: str) -> float:
    """Return the CPU time of one run of the command."""
    before = os.times()
    command = [sys.executable, "-m", "inception_check.cli", "--format", "json", *options, str(repository)]
    done = subprocess.run(command, stdout=subprocess.DEVNULL, check=False)
    if done.returncode not in {0, 1}:
        raise SystemExit(f"the checker ended with {done.returncode}")
    after = os.times()
    return (after.children_user - before.children_user) + (after.children_system - before.children_system)


def many(repository: Path) -> None:
    """Add files of every kind until there are ten thousand."""
    kinds = (
        ("html", "<!DOCTYPE html><title>page</title><p>text</p>\n" * 10),
        ("js", "export const answer = () => 42;\n" * 20),
        ("sh", '#!/bin/sh\nfor f in a b; do\n    echo "$f" > /dev/null\ndone\n'),
        ("conf", "name = value\nother = thing\n" * 10),
        ("php", "<?php\nfunction answer() { return 42; }\n" * 5),
        ("yml", "a:\n  b: [1, 2, 3]\n" * 5),
        ("env", "NAME=value\nOTHER=thing\n"),
        ("md", "# Title\n\ntext\n" * 5),
    )
    for number in range(10_000):
        suffix, text = kinds[number % len(kinds)]
        file = repository / "site" / str(number % 97) / f"{number}.{suffix}"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text.replace("a:", f"a{number}:"), encoding="utf-8")


def main() -> int:
    """Measure and print; returns the exit status."""
    missed = 0
    with tempfile.TemporaryDirectory() as directory:
        repository = Path(shutil.copytree(CLEAN, Path(directory) / "repository"))
        cases = [("ordinary", 1.0, ()), ("ordinary, without other programs", 1.0, ("--no-external",))]
        for name, limit, options in cases:
            best = min(seconds(repository, *options) for _ in range(3))
            missed += best > limit
            print(f"{name}: {best:.2f} s of CPU, the limit is {limit:.0f}")
        many(repository)
        spent = seconds(repository)
        missed += spent > 10
        print(f"10,000 files: {spent:.2f} s of CPU, the limit is 10")
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
