"""NGINX is the only way in, on port 443 only (R35)."""

from __future__ import annotations

import re
from collections.abc import Iterator

from inception_check.evidence.compose import Port
from inception_check.evidence.project import Project
from inception_check.model import Context, Outcome, Rule


def _check(project: Project, _: Context) -> Iterator[Outcome]:  # noqa: C901 -- the cases of one rule, one after the other
    compose = project.compose
    if compose is None or not compose.services:
        yield RULE.undecided("there is no Compose file that could be read")
        return
    nginx = project.part("nginx")
    open_443 = False
    for part in project.parts:
        service = part.service
        if service is None:
            continue
        if service.network_mode is not None and service.network_mode.value == "host" and part.role == "nginx":
            open_443 = True
        for port in service.ports:
            path, line = port.source.path, port.source.line
            if part.role in {"wordpress", "mariadb"}:
                yield RULE.finding(
                    path,
                    line,
                    f"{part.name} publishes port {_shown(port)}, so that NGINX is not the only way in",
                    "Remove the ports: of the service; its neighbours reach it over the network.",
                    requirements=("R35", "E27"),
                )
                continue
            host = _hosts(port)
            if host is None:
                open_443 = open_443 or part.role == "nginx"
                yield RULE.undecided(f"a port of {part.name} depends on a variable that is not known")
                continue
            if part.role == "nginx":
                if host == (443, 443):
                    open_443 = True
                else:
                    ids = ("R35", "E27", "E30", "E41") if host[0] <= 80 <= host[1] else ("R35", "E27")
                    yield RULE.finding(
                        path,
                        line,
                        f"NGINX publishes port {_shown(port)}, and only 443 is allowed"
                        if host != (0, 0)
                        else f"NGINX publishes {_shown(port)} on a port of the host that Docker chooses, not on 443",
                        'Publish "443:443" alone.',
                        requirements=ids,
                    )
            elif host[0] <= 443 <= host[1] or host[0] <= 80 <= host[1]:
                number = 443 if host[0] <= 443 <= host[1] else 80
                ids = ("R35", "E27") if number == 443 else ("R35", "E27", "E30", "E41")
                yield RULE.finding(
                    path,
                    line,
                    f"{part.name} publishes port {number}, which belongs to nobody but NGINX"
                    if number == 443
                    else f"{part.name} answers on port 80",
                    "Publish another port, or none.",
                    requirements=ids,
                )
    if nginx is None or nginx.service is None:
        yield RULE.undecided("no service could be recognised as NGINX")
    elif not open_443 and not nginx.service.ports:
        yield RULE.finding(
            nginx.service.path,
            nginx.service.line,
            "NGINX does not publish port 443",
            'Add ports: ["443:443"].',
            requirements=("R35", "E27"),
        )


def _hosts(port: Port) -> tuple[int, int] | None:
    """Return the range of ports on the host; (0, 0) for a port that Docker chooses, None when it is not known."""
    if port.undecided and (port.host is None or not re.fullmatch(r"\d+(?:-\d+)?", port.host)):
        return None
    if port.host is None:
        return (0, 0)
    match = re.fullmatch(r"(\d{1,5})(?:-(\d{1,5}))?", port.host.strip())
    if match is None:
        return (0, 0)
    return int(match.group(1)), int(match.group(2) or match.group(1))


def _shown(port: Port) -> str:
    return port.source.text if len(port.source.text) < 40 else port.source.text[:37] + "..."


RULE = Rule(
    "published-ports",
    "NGINX is the only way in, on port 443 only",
    ("R35",),
    _check,
    refutes=("E27", "E30", "E41"),
)
