"""The bonus services that are there work (E60 to E64); those that are not there are told, too."""

from __future__ import annotations

from collections.abc import Iterator

from inception_evaluate.evidence import Evidence
from inception_evaluate.rule import LiveOutcome, LiveRule
from inception_evaluate.rules._common import MANDATORY, seen

_WHAT = {
    "E60": "Redis",
    "E61": "an FTP server",
    "E62": "a static site",
    "E63": "Adminer",
    "E64": "a service of the author's choice",
}


def _check(evidence: Evidence) -> Iterator[LiveOutcome]:
    stack = seen(evidence.stack)
    there = {one.requirement for one in seen(evidence.bonus)}
    names = ", ".join(one.name for one in stack.containers)
    # A service that never came up may be any of them, unless its name is that of a mandatory one. Where the Compose
    # file could not be read, nobody knows what should be there.
    lost = [name for name in stack.declared if stack.service(name) is None and name not in MANDATORY]
    for requirement, what in _WHAT.items():
        if requirement in there:
            continue
        if not stack.declared:
            yield RULE.undecided(f"the Compose file does not tell whether {what} should be there", requirement)
        elif lost:
            yield RULE.undecided(
                f"{what} may be among the services without a container: {', '.join(lost)}; start them", requirement
            )
        else:
            yield RULE.absent(f"None of the containers is {what}: {names}.", requirement)
    for one in seen(evidence.bonus):
        if one.good is None:
            yield RULE.undecided(one.sentence, one.requirement)
        elif one.good:
            yield RULE.saw(one.sentence, one.requirement)
        else:
            yield RULE.finding(one.sentence, f"See `docker logs {one.service}`.", requirements=(one.requirement,))


RULE = LiveRule("bonus-services", "The bonus services work", tuple(_WHAT), ("stack", "bonus"), _check, wants_all=True)
