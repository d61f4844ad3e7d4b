"""Where nothing was, ``make`` makes all of it (E7, E8, E16)."""

from __future__ import annotations

from collections.abc import Iterator

from inception_evaluate.evidence import Evidence
from inception_evaluate.rule import LiveOutcome, LiveRule
from inception_evaluate.rules._common import judge_step, seen


def _check(evidence: Evidence) -> Iterator[LiveOutcome]:
    for step in seen(evidence.fresh).steps:
        lines = ("E7",) if step.id == "bare" else ("E8", "E16")
        yield from judge_step(RULE, step, step.id, "See what make says.", *lines)


RULE = LiveRule("from-nothing", "make makes everything where nothing was", ("E7", "E8", "E16"), ("fresh",), _check)
