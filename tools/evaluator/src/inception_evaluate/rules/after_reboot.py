"""After a reboot everything works again, and what was written before is still there (E58)."""

from __future__ import annotations

from collections.abc import Iterator

from inception_evaluate.evidence import Evidence
from inception_evaluate.rule import LiveOutcome, LiveRule
from inception_evaluate.rules._common import judge_step, seen


def _check(evidence: Evidence) -> Iterator[LiveOutcome]:
    fix = "Let the engine start at boot, give every service a restart policy, and keep the data in its volumes."
    for step in seen(evidence.reboot).steps:
        yield from judge_step(RULE, step, step.id, fix)


RULE = LiveRule("after-reboot", "A reboot loses nothing", ("E58",), ("reboot",), _check, wants_all=True)
