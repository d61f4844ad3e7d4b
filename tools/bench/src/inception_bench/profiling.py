"""Where the time of an uncached page goes, as PHP itself sees it."""

from __future__ import annotations

import json
import re
import statistics
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from inception_bench.errors import BenchError
from inception_bench.site import Site
from inception_bench.stacks import DATA

#: How many pages are looked at; the median of each figure is what is told.
PAGES = 15
#: The points in time of the plugin, in their order, and what lies before each of them.
PHASES = (
    ("core", "loading WordPress's core and options"),
    ("plugins", "plugins"),
    ("theme", "translations and theme"),
    ("init", "init: types, blocks, widgets, the user"),
    ("query", "finding the posts"),
    ("blocks", "rendering the blocks"),
    ("head", "head: styles and scripts"),
    ("body", "body and admin bar"),
    ("end", "the end of the page"),
)
_REPORT = re.compile(r"<!--BENCH (\{.*?\})-->")


def read(text: str) -> dict[str, Any]:
    """Return what the plugin wrote into a page.

    Raises:
        BenchError: the page holds no profile.
    """
    found = _REPORT.search(text)
    if found is None:
        raise BenchError("The page holds no profile.")
    profile: dict[str, Any] = json.loads(found[1])
    return profile


def combine(profiles: Iterable[dict[str, Any]]) -> dict[str, Any]:
    """Return the median of each figure: of the phases, and of what cuts across them.

    Args:
        profiles: what :func:`read` returned, at least one; all times in milliseconds.

    Returns:
        ``phases``, a list of ``title`` and ``ms``, and the plugin's further figures.
    """
    seen = list(profiles)
    spans: dict[str, list[float]] = {}
    for profile in seen:
        before = 0.0
        for name, _ in PHASES:
            if name in profile["marks"]:
                spans.setdefault(name, []).append(profile["marks"][name] - before)
                before = profile["marks"][name]
    rest = {name: statistics.median(p[name] for p in seen) for name in seen[0] if name != "marks"}
    phases = [
        {"title": title, "ms": round(statistics.median(spans[name]), 2)} for name, title in PHASES if name in spans
    ]
    return {"phases": phases, "total_ms": round(statistics.median(p["marks"]["end"] for p in seen), 2), **rest}


def measure(site: Site, cookies: dict[str, str], content: Path) -> dict[str, Any]:
    """Profile the signed-in front page of a stack.

    Args:
        site: the stack.
        cookies: of a session.
        content: the directory ``wp-content`` of its volume; the plugin is there for as long as this takes.

    Raises:
        BenchError: the page is not there, or holds no profile.
    """
    plugins = content / "mu-plugins"
    existed = plugins.is_dir()
    plugins.mkdir(mode=0o755, exist_ok=True)
    plugin = plugins / "bench-profile.php"
    plugin.write_text((DATA / "profile.php").read_text(encoding="utf-8"), encoding="utf-8")
    plugin.chmod(0o644)
    try:
        pages = [site.ask("/?bench-profile=1", cookies).text for _ in range(PAGES + 5)]
    finally:
        plugin.unlink()
        if not existed:
            plugins.rmdir()
    # The first ones compile the plugin, and bring the workers up.
    return combine(read(page) for page in pages[5:])
