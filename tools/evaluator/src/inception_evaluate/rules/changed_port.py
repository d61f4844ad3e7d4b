"""A changed port works after a rebuild (E59)."""

from __future__ import annotations

from collections.abc import Iterator

from inception_evaluate.evidence import Evidence
from inception_evaluate.rule import LiveOutcome, LiveRule
from inception_evaluate.rules._common import judge_step, seen


def _check(evidence: Evidence) -> Iterator[LiveOutcome]:
    fix = "Let one setting reach every place that needs the port: Compose file, NGINX, php-fpm, WordPress's address."
    for step in seen(evidence.rebuild).steps:
        yield from judge_step(RULE, step, step.id, fix)


RULE = LiveRule("changed-port", "A changed port works after a rebuild", ("E59",), ("rebuild",), _check, wants_all=True)
