"""Compose built and started everything, and nothing crashed (E35, R6)."""

from __future__ import annotations

from collections.abc import Iterator

from inception_evaluate.evidence import Evidence, Stack
from inception_evaluate.model import Container
from inception_evaluate.rule import LiveOutcome, LiveRule
from inception_evaluate.rules._common import seen


def _fault(stack: Stack, one: Container) -> str:
    if one.state == "restarting" or (one.restarts >= 3 and 0 < stack.uptimes.get(one.service, 0.0) < 20):
        return f"crashes again and again ({one.restarts} restarts)"
    if one.state != "running":
        code = stack.exit_codes.get(one.service) if one.state != "created" else None
        return f"does not run: {one.state}{f' with code {code}' if code is not None else ''}"
    if one.health == "unhealthy":
        return "runs, but its health check fails"
    if one.health == "starting":
        return "has not become healthy within the time that it was given"
    return ""


def _check(evidence: Evidence) -> Iterator[LiveOutcome]:
    stack = seen(evidence.stack)
    missing = [name for name in stack.declared if stack.service(name) is None]
    for name in missing:
        yield RULE.finding(f"the service {name} of the Compose file has no container", "See what `make` says of it.")
    faults = {one.name: fault for one in stack.containers if (fault := _fault(stack, one))}
    for name, fault in faults.items():
        yield RULE.finding(f"the container {name} {fault}", f"See `docker logs {name}`.", requirements=("E35",))
    more = [one.service.split("#")[0] for one in stack.containers if "#" in one.service]
    for name in dict.fromkeys(more):
        yield RULE.finding(
            f"the service {name} has more than one container", "Start one container per service.", requirements=("R6",)
        )
    states = ", ".join(f"{one.name} {one.state}{f' ({one.health})' if one.health else ''}" for one in stack.containers)
    if not missing and not faults:
        yield RULE.saw(f"All of it runs: {states}.", "E35")
    if not missing and not more:
        known = len(stack.declared) or len(stack.containers)
        yield RULE.saw(f"{len(stack.containers)} containers for {known} services: {states}.", "R6")


RULE = LiveRule(
    "running", "Compose started everything, and nothing crashed", ("E35", "R6"), ("stack",), _check, wants_all=True
)
