"""Kill each daemon from outside: the engine restarts it and the site comes back (R19).

Not collected with the rest, because the site is away for a moment: ``pytest tests/verify/kills.py``.
"""

from __future__ import annotations

import time

import pytest
from stack import Stack


@pytest.mark.requirement("R19")
def test_killed_daemon_is_restarted(service: str, stack: Stack) -> None:
    before = stack.inspect(service)
    stack.execute("kill", "-KILL", str(before["State"]["Pid"]))
    end = time.monotonic() + 90
    while True:
        after = stack.inspect(service)
        state = after["State"]
        if after["RestartCount"] > before["RestartCount"] and state.get("Health", {}).get("Status") == "healthy":
            break
        assert time.monotonic() < end, f"{service} does not come back: {state}"
        time.sleep(0.5)
    assert after["RestartCount"] == before["RestartCount"] + 1
    page = None
    while page is None or page.status != 200:
        assert time.monotonic() < end, "the site does not come back"
        try:
            page = stack.browser().request("GET", "/")
        except OSError:
            time.sleep(0.5)
