"""No host network (E9, R21)."""

from __future__ import annotations

import re
from collections.abc import Iterator

from inception_check.evidence.compose import Compose
from inception_check.evidence.project import Project
from inception_check.model import Context, Outcome, Rule

_FIX = "Remove it and attach the service to a network of the Compose file."


def _check(project: Project, _: Context) -> Iterator[Outcome]:
    compose = project.compose
    if compose is None:
        yield RULE.undecided("there is no Compose file")
        return
    if compose.root is None:
        yield RULE.undecided("the Compose file cannot be read")
        return
    for one in project.composes:
        yield from _in_compose(one)
    for script in (*project.make_scripts, *project.scripts):
        for command in script.commands:
            text = " ".join(command.values)
            if command.name in {"docker", "podman", "sudo"} and re.search(r"\s--net(?:work)?[= ]host\b", text):
                yield RULE.finding(script.path, command.line, "a container is run on the host's network", _FIX)


def _in_compose(compose: Compose) -> Iterator[Outcome]:
    for service in compose.services.values():
        mode = service.network_mode
        if mode is not None and mode.value == "host":
            yield RULE.finding(
                mode.path,
                service.value.key_line("network_mode"),
                f"{service.name} uses the host's network",
                _FIX,
            )
        build = service.key("build")
        network = build.at("network") if build is not None else None
        if network is not None and network.scalar == "host":
            yield RULE.finding(
                service.place("build")[0],
                network.line,
                f"{service.name} is built on the host's network",
                _FIX,
            )
        if "host" in service.networks and "host" not in compose.networks:
            path, line = service.place("networks")
            yield RULE.finding(path, line, f"{service.name} uses the host's network", _FIX)
    for network_ in compose.networks.values():
        driver, name, external = (network_.value.at(k) for k in ("driver", "name", "external"))
        inner = external.at("name") if external is not None and external.kind == "mapping" else None
        host = (
            (driver is not None and driver.text == "host")
            or (network_.external and any(v is not None and v.text == "host" for v in (name, inner)))
            or (network_.external and network_.name == "host" and name is None)
        )
        if host:
            yield RULE.finding(network_.path, network_.line, f"the network {network_.name} is the host's network", _FIX)


RULE = Rule("host-network", "No container uses the host's network", ("E9", "R21"), _check)
