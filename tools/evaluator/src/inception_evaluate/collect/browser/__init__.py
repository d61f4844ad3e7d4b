"""A walk through the site in a real browser: as a visitor, as the ordinary user, and as the administrator.

What the walk writes is removed again, unless it is to be kept. Every wait is bounded.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

from inception_evaluate.collect.browser import program, steps
from inception_evaluate.collect.browser.walk import Walk, said
from inception_evaluate.evidence import Browsing, Database, Site
from inception_evaluate.machine import UnseenError

FLAGS = (
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-dev-shm-usage",
)


@contextlib.contextmanager
def session(address: str, site: Site, database: Database | None, directory: Path, *, keep: bool) -> Iterator[Walk]:
    """Open a browser in which a walk can be taken.

    Args:
        address: where the site is reached.
        site: its name and port.
        database: who its users are; None when it could not be asked.
        directory: where ``shots/`` with the screenshots is.
        keep: whether what the walk writes stays.

    Raises:
        UnseenError: there is no browser, or it does not start.

    """
    path = program.find()
    try:
        from playwright.sync_api import Error, sync_playwright
    except ImportError as error:
        raise UnseenError("Playwright is not installed: run `make evaluate`, which installs it") from error
    shots = directory / "shots"
    shots.mkdir(parents=True, exist_ok=True)
    flags = [*FLAGS, f"--host-resolver-rules=MAP {site.domain} {address}, EXCLUDE {address}"]
    try:
        with sync_playwright() as playwright:
            browser = playwright.chromium.launch(
                executable_path=path, args=flags, chromium_sandbox=os.geteuid() != 0, timeout=60_000
            )
            try:
                yield Walk(browser, site, database, shots, keep=keep)
            finally:
                browser.close()
    except Error as error:
        raise UnseenError(f"the browser {path} does not work: {said(error)}") from error


def collect(
    address: str, site: Site, database: Database | None, directory: Path, *, keep: bool, only: frozenset[str]
) -> Browsing:
    """Walk through the site.

    Args:
        address: where the site is reached.
        site: its name and port.
        database: who its users are; None when it could not be asked.
        directory: where ``shots/`` with the screenshots goes.
        keep: whether what the walk writes stays.
        only: the steps that are wanted; empty for all.

    Raises:
        UnseenError: there is no browser, or it does not start.

    """
    for old in (directory / "shots").glob("*.png"):
        old.unlink()
    with session(address, site, database, directory, keep=keep) as walk:
        wanted: tuple[tuple[str, Callable[[Walk], str], Callable[[], Any] | None], ...] = (
            ("front", steps.front, lambda: walk.visitor),
            ("comment", steps.comment, None),
            ("dashboard", steps.dashboard, None),
            ("edit", steps.edit, lambda: walk.administrator),
            ("upload", steps.upload, lambda: walk.administrator),
            ("health", steps.health, lambda: walk.administrator),
        )
        try:
            for identifier, step, page in wanted:
                if not only or identifier in only:
                    walk.take(identifier, partial(step, walk), page=page)
        finally:
            # Also when somebody interrupts: nothing that was written may stay.
            walk.clean()
        return Browsing(f"Chromium {walk.browser.version}", tuple(walk.steps), tuple(walk.left))
