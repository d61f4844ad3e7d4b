"""What several live rules share: the parts of the evidence, which a rule is only asked about when they are there."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TypeVar

from inception_check.model import Severity
from inception_evaluate.evidence import Missing, Step
from inception_evaluate.rule import LiveOutcome, LiveRule

T = TypeVar("T")
MANDATORY = {"nginx": "NGINX", "wordpress": "WordPress", "mariadb": "MariaDB"}


def seen(part: T | Missing) -> T:
    """Return a part of the evidence that the rule needs; the engine does not call a rule without it."""
    if isinstance(part, Missing):
        raise TypeError(part.reason)
    return part


def judge_step(rule: LiveRule, step: Step | None, what: str, fix: str, *requirements: str) -> Iterator[LiveOutcome]:
    """Turn a step into what speaks for the requirements, or against them."""
    if step is None:
        yield rule.undecided(f"{what} was not tried", *requirements)
    elif step.good is None:
        yield rule.undecided(step.sentence, *requirements)
    elif step.good:
        yield rule.saw(step.sentence, *requirements, shots=step.shots)
        if step.doubt:
            yield rule.finding(step.doubt, fix, requirements=requirements or None, severity=Severity.WARNING)
    else:
        yield rule.finding(step.sentence, fix, requirements=requirements or None)
