"""The time of a ``make`` that changes nothing, against an empty local play."""

from __future__ import annotations

import dataclasses
import re
import time
from pathlib import Path
from typing import Any

from inception_bench.engine import run
from inception_bench.errors import BenchError
from inception_bench.ratios import interval, ratio

_EMPTY = "- hosts: localhost\n  connection: local\n  gather_facts: false\n"
_RECAP = re.compile(r"^\S+\s+: ok=\d+\s+changed=(\d+)", re.MULTILINE)


def changed(output: str) -> int:
    """Return how many tasks changed something, from the recap of a play.

    Raises:
        BenchError: there is no recap.
    """
    found = _RECAP.findall(output)
    if not found:
        raise BenchError(f"make did not come to its end: {output.strip()[-400:]}")
    return sum(int(count) for count in found)


def measure(checkout: Path, login: str, work: Path, times: int) -> dict[str, Any]:
    """Run both by turns.

    A `make` that would change the user's site is not run at all.

    Args:
        checkout: where the Makefile is.
        login: the login of the site.
        work: where the empty play may be written.
        times: how often each of them runs.

    Returns:
        The seconds of both, and their ratio.

    Raises:
        BenchError: `make` would change something, did, or failed.
    """
    play = work / "empty.yml"
    play.write_text(_EMPTY, encoding="utf-8")
    extra = {"INCEPTION_LOGIN": login}
    foretold = changed(run("make", "ARGS=--check", timeout=300, cwd=checkout, extra=extra).stdout)
    if foretold:
        raise BenchError(f"make would change {foretold} things at the running site, so it is not run: run make first.")
    makes: list[float] = []
    empties: list[float] = []
    for _ in range(times):
        began = time.monotonic()
        if changed(run("make", timeout=300, cwd=checkout, extra=extra).stdout):
            raise BenchError("make changed something, against what it had foretold.")
        makes.append(time.monotonic() - began)
        began = time.monotonic()
        run(str(checkout / ".venv/bin/ansible-playbook"), "-i", "localhost,", str(play), timeout=120, cwd=checkout)
        empties.append(time.monotonic() - began)
    found = ratio(makes, empties)
    if found is None:
        raise BenchError("An empty play took no time at all.")
    return {
        "make": interval(makes).median,
        "empty": interval(empties).median,
        "ratio": {**dataclasses.asdict(found), "steady": found.steady},
    }
