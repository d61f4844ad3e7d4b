"""What several live rules share: the parts of the evidence, which a rule is only asked about when they are there."""

from __future__ import annotations

from typing import TypeVar

from inception_evaluate.evidence import Missing, Step
from inception_evaluate.rule import LiveOutcome, LiveRule

T = TypeVar("T")
MANDATORY = {"nginx": "NGINX", "wordpress": "WordPress", "mariadb": "MariaDB"}


def seen(part: T | Missing) -> T:
    """Return a part of the evidence that the rule needs; the engine does not call a rule without it."""
    if isinstance(part, Missing):
        raise TypeError(part.reason)
    return part


def judge_step(rule: LiveRule, step: Step | None, what: str, fix: str, *requirements: str) -> LiveOutcome:
    """Turn a step in the browser into an outcome."""
    if step is None:
        return rule.undecided(f"{what} was not tried", *requirements)
    if step.good is None:
        return rule.undecided(step.sentence, *requirements)
    if step.good:
        return rule.saw(step.sentence, *requirements, shots=step.shots)
    return rule.finding(step.sentence, fix, requirements=requirements or None)
