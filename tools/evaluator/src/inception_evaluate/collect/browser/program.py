"""The browser of this machine: finding it, and installing Debian's Chromium."""

from __future__ import annotations

import contextlib
import os
import shutil
import subprocess
from collections.abc import Callable

from inception_evaluate.machine import UnseenError

BROWSERS = ("chromium", "chromium-browser", "google-chrome-stable", "google-chrome")


def find() -> str:
    """Return the path of the browser.

    Raises:
        UnseenError: there is none.

    """
    asked = os.environ.get("INCEPTION_CHROMIUM", "")
    found = shutil.which(asked) if asked else next(filter(None, map(shutil.which, BROWSERS)), None)
    if found is None:
        raise UnseenError("there is no browser here: install one with `apt-get install chromium`, then evaluate again")
    return found


def ensure(say: Callable[[str], None]) -> None:
    """Install Debian's Chromium when there is no browser; it says so, and what cannot be installed stays away."""
    with contextlib.suppress(UnseenError):
        find()
        return
    root = [] if os.geteuid() == 0 else ["sudo", "--preserve-env=DEBIAN_FRONTEND"]
    if any(shutil.which(program) is None for program in ("apt-get", *root[:1])):
        return
    say("there is no browser here; installing chromium from Debian, about 400 MB (INSTALL=0 does without)")
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    for words in (["update", "-qq"], ["install", "-qq", "--yes", "--no-install-recommends", "chromium"]):
        done = subprocess.run([*root, "apt-get", *words], capture_output=True, text=True, env=environment)  # noqa: S603 -- Debian's own
        if done.returncode != 0:
            complaint = [line for line in done.stderr.splitlines() if line.startswith("E:")] or [
                done.stderr.strip() or "it does not say why"
            ]
            say(f"chromium could not be installed: {complaint[0]}")
            return
