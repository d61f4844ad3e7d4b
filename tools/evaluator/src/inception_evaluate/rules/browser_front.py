"""A real browser shows the site and not the installation page (E29, E42)."""

from __future__ import annotations

from collections.abc import Iterator

from inception_evaluate.evidence import Evidence
from inception_evaluate.rule import LiveOutcome, LiveRule
from inception_evaluate.rules._common import judge_step, seen


def _check(evidence: Evidence) -> Iterator[LiveOutcome]:
    fix = "Open the address in a browser and see what it complains of."
    yield from judge_step(RULE, seen(evidence.browsing).step("front"), "the front page", fix)


RULE = LiveRule("browser-front", "A browser shows the site", ("E29", "E42"), ("browsing",), _check, wants_all=True)
