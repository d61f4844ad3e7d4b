"""Database and php-fpm cannot be reached from outside, and php-fpm by nobody but NGINX (R35)."""

from __future__ import annotations

from collections.abc import Iterator

from inception_check.model import Severity
from inception_evaluate.evidence import Evidence, Reach, Stack
from inception_evaluate.rule import LiveOutcome, LiveRule
from inception_evaluate.rules._common import seen


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
        elif reach.from_neighbour:
            yield RULE.finding(
                f"a neighbour of the machine, who needs no more than a route by it, reaches {reach.service} on port {reach.port}",
                "Put it on a network with `internal: true`, or let the machine forward nothing by itself "
                "(iptables --policy FORWARD DROP).",
            )
        elif not reach.from_own:
            yield RULE.undecided(f"no other container of the project reaches {reach.service} on port {reach.port}")
        elif reach.from_neighbour is None:
            yield RULE.undecided(reach.why_no_neighbour)
        else:
            yield RULE.saw(
                f"{reach.service} answers on port {reach.port} in its own network, is published nowhere, and neither a "
                "container of another network nor a neighbour of the machine reaches it."
            )
        # The database asks for a password; whoever reaches php-fpm has it run any code.
        if reach.role == "wordpress" and (others := _others(stack, reach)):
            yield RULE.finding(
                f"php-fpm on port {reach.port} asks for no password and runs what it is told, and it also answers "
                f"{' and '.join(others)}",
                "Let it listen on a network that is NGINX's and its own alone, on which the host has no address "
                "(`internal: true`, `com.docker.network.bridge.inhibit_ipv4`), or set listen.allowed_clients.",
                severity=Severity.WARNING,
            )


def _others(stack: Stack, reach: Reach) -> list[str]:
    """Return who else than NGINX gets an answer."""
    front = stack.role("nginx")
    services = [name for name in reach.from_containers if front is None or name != front.service]
    return (["every user of the machine"] if reach.from_user else []) + [f"the container {name}" for name in services]


RULE = LiveRule("inner-services", "Database and php-fpm are out of reach", ("R35",), ("stack", "reach"), _check)
