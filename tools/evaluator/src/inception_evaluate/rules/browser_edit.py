"""A page edited in the dashboard shows its change to a visitor at the next request (E50)."""

from __future__ import annotations

from collections.abc import Iterator

from inception_evaluate.evidence import Evidence
from inception_evaluate.rule import LiveOutcome, LiveRule
from inception_evaluate.rules._common import judge_step, seen


def _check(evidence: Evidence) -> Iterator[LiveOutcome]:
    fix = "See that the editor can save (its REST interface), and that a cache forgets a page that was edited."
    yield from judge_step(RULE, seen(evidence.browsing).step("edit"), "editing a page", fix)


RULE = LiveRule(
    "browser-edit", "An edited page shows its change at once", ("E50",), ("browsing",), _check, wants_all=True
)
