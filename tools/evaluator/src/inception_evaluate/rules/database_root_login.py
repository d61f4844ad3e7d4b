"""Root without a password is refused by the database (E57)."""

from __future__ import annotations

from collections.abc import Iterator

from inception_evaluate.evidence import Evidence
from inception_evaluate.rule import LiveOutcome, LiveRule
from inception_evaluate.rules._common import seen


def _check(evidence: Evidence) -> Iterator[LiveOutcome]:
    ways = seen(evidence.database).root_without
    opened = [way for way, what in ways.items() if what == "opened"]
    refused = [way for way, what in ways.items() if what == "refused"]
    if opened:
        yield RULE.finding(
            f"root gets into the database without a password, by {' and '.join(opened)}",
            "Give root@localhost a password, and no unix_socket authentication.",
        )
    elif "its socket" in refused:
        yield RULE.saw(f"root without a password is refused, by {' and '.join(refused)}.")
    else:
        told = "; ".join(f"by {way}: {what}" for way, what in ways.items())
        yield RULE.undecided(f"whether root is refused could not be seen ({told})")


RULE = LiveRule("database-root-login", "Root without a password is refused", ("E57",), ("database",), _check)
