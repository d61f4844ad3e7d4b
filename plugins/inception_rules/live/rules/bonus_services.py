"""The bonus services that are there work (E60 to E64)."""

from __future__ import annotations

from collections.abc import Iterator

from inception_rules.live.evidence import Evidence
from inception_rules.live.rule import LiveOutcome, LiveRule
from inception_rules.live.rules._common import seen

_IDS = ("E60", "E61", "E62", "E63", "E64")


def _check(evidence: Evidence) -> Iterator[LiveOutcome]:
    for one in seen(evidence.bonus):
        if one.good is None:
            yield RULE.undecided(one.sentence, one.requirement)
        elif one.good:
            yield RULE.saw(one.sentence, one.requirement)
        else:
            yield RULE.finding(one.sentence, f"See `docker logs {one.service}`.", requirements=(one.requirement,))


RULE = LiveRule("bonus-services", "The bonus services work", _IDS, ("bonus",), _check)
