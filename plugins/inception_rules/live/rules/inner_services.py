"""Database and php-fpm cannot be reached from the machine's addresses or from a foreign container (R35)."""

from __future__ import annotations

from collections.abc import Iterator

from inception_rules.live.evidence import Evidence
from inception_rules.live.rule import LiveOutcome, LiveRule
from inception_rules.live.rules._common import seen


def _check(evidence: Evidence) -> Iterator[LiveOutcome]:
    stack = seen(evidence.stack)
    for reach in seen(evidence.reach):
        container = stack.service(reach.service)
        published = [port.host for port in container.ports] if container is not None else []
        if published:
            yield RULE.finding(
                f"{reach.service} publishes port {', '.join(map(str, published))} on the machine",
                "Leave ports out of its service; the containers reach each other by the network.",
            )
        elif reach.from_foreign:
            yield RULE.finding(
                f"a container of another network reaches {reach.service} on port {reach.port}",
                "Keep it on a bridge network of the project's own.",
            )
        elif not reach.from_own:
            yield RULE.undecided(
                f"the probe did not reach {reach.service} on port {reach.port} from its own network either"
            )
        else:
            yield RULE.saw(
                f"{reach.service} answers on port {reach.port} in its own network, is published nowhere, and a container of "
                "another network does not reach it."
            )


RULE = LiveRule("inner-services", "Database and php-fpm are out of reach", ("R35",), ("stack", "reach"), _check)
