"""A network is declared, and the services are on it (E10, E36, R18, R22)."""

from __future__ import annotations

from collections.abc import Iterator

from inception_check.evidence.project import Project
from inception_check.model import Context, Outcome, Rule, Severity


def _check(project: Project, _: Context) -> Iterator[Outcome]:  # noqa: C901 -- the cases of one rule, one after the other
    compose = project.compose
    if compose is None or compose.root is None:
        yield RULE.undecided("there is no Compose file that could be read")
        return
    if not compose.networks:
        section = compose.root.get("networks")
        line = compose.root.key_line("networks") if section is not None else None
        yield RULE.finding(
            compose.path,
            line,
            "the Compose file declares no network",
            "Add a top-level networks: section and name the network in every service.",
            requirements=("E10", "E36", "R18", "R22"),
        )
        return
    for service in compose.services.values():
        for name in service.networks:
            if name not in compose.networks and name not in {"default", "host", "none"}:
                yield RULE.finding(
                    *service.place("networks"),
                    f"{service.name} uses the network {name}, which is not declared",
                    "Declare it under the top-level networks:.",
                    requirements=("R22", "R18", "E35"),
                )
    used = {
        name for service in compose.services.values() for name in _networks(service.networks, service.networks_declared)
    }
    if compose.services and not used.intersection(compose.networks):
        yield RULE.finding(
            compose.path,
            compose.root.key_line("networks"),
            "no service uses a network that the Compose file declares",
            "Name the network in every service.",
            requirements=("R18",),
        )
        return
    for first, second in (("nginx", "wordpress"), ("wordpress", "mariadb")):
        left, right = project.part(first), project.part(second)
        if left is None or right is None or left.service is None or right.service is None:
            continue
        if any(s.network_mode is not None for s in (left.service, right.service)):
            continue
        names = [set(_networks(s.networks, s.networks_declared)) for s in (left.service, right.service)]
        if not names[0] & names[1]:
            lonely = left.service if not left.service.networks_declared else right.service
            yield RULE.finding(
                *lonely.place("networks"),
                f"{left.name} and {right.name} have no network in common",
                "Put both on the same network of the Compose file.",
                requirements=("R18",),
            )
    for part in project.parts:
        lone = part.service
        if lone is None or part.role or lone.networks_declared or lone.network_mode is not None:
            continue
        if "default" not in compose.networks:
            yield RULE.finding(
                lone.path,
                lone.line,
                f"{lone.name} names no network, so that Compose puts it on an undeclared default network",
                "Name the network in the service.",
                severity=Severity.WARNING,
                requirements=("R18",),
            )


def _networks(names: tuple[str, ...], declared: bool) -> tuple[str, ...]:
    return names if declared else ("default",)


RULE = Rule(
    "network-declared",
    "The Compose file declares a network that joins the containers",
    ("E10", "E36", "R18", "R22"),
    _check,
    refutes=("E35",),
)
