"""Compose built and started everything, and nothing crashed (E35, R6)."""

from __future__ import annotations

from collections.abc import Iterator

from inception_rules.live.evidence import Evidence
from inception_rules.live.rule import LiveOutcome, LiveRule
from inception_rules.live.rules._common import seen


def _check(evidence: Evidence) -> Iterator[LiveOutcome]:
    stack = seen(evidence.stack)
    good = True
    for name in stack.declared:
        if stack.service(name) is None:
            good = False
            yield RULE.finding(
                f"the service {name} of the Compose file has no container", "See what `make` says of it."
            )
    for one in stack.containers:
        fault = ""
        uptime = stack.uptimes.get(one.service, 0.0)
        if one.state == "restarting" or (one.restarts >= 3 and 0 < uptime < 20):
            fault = f"crashes again and again ({one.restarts} restarts)"
        elif one.state != "running":
            code = stack.exit_codes.get(one.service)
            fault = f"does not run: {one.state}{f' with code {code}' if code is not None else ''}"
        elif one.health == "unhealthy":
            fault = "runs, but its health check fails"
        elif one.health == "starting":
            fault = "has not become healthy within the time that it was given"
        if fault:
            good = False
            yield RULE.finding(
                f"the container {one.name} {fault}", f"See `docker logs {one.name}`.", requirements=("E35",)
            )
        if "#" in one.service:
            good = False
            yield RULE.finding(
                f"the service {one.service.split('#')[0]} has more than one container",
                "Start one container per service.",
                requirements=("R6",),
            )
    if good:
        states = ", ".join(
            f"{one.name} {one.state}{f' ({one.health})' if one.health else ''}" for one in stack.containers
        )
        known = len(stack.declared) or len(stack.containers)
        yield RULE.saw(f"{len(stack.containers)} containers for {known} services: {states}.")


RULE = LiveRule("running", "Compose started everything, and nothing crashed", ("E35", "R6"), ("stack",), _check)
