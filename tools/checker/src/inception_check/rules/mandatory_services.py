"""NGINX, WordPress and MariaDB each have a service (R6)."""

from __future__ import annotations

from collections.abc import Iterator

from inception_check.evidence.project import Project
from inception_check.model import Context, Outcome, Rule
from inception_check.rules._common import ALL_ROLES, compose_file

_SHEET = {"nginx": ("R6", "E40"), "wordpress": ("R6", "E46"), "mariadb": ("R6", "E53")}


def _check(project: Project, _: Context) -> Iterator[Outcome]:
    if project.compose is None or not project.compose.services:
        yield RULE.undecided("there is no Compose file that could be read")
        return
    for role, title in ALL_ROLES.items():
        if project.part(role) is None:
            yield RULE.finding(
                compose_file(project),
                None,
                f"no service of the Compose file is {title}",
                f"Declare a service called {role}.",
                requirements=_SHEET[role],
            )
    for part in project.parts:
        service = part.service
        if service is None:
            continue
        for key in ("scale", "deploy"):
            value = service.key(key)
            count = value if key == "scale" else value.at("replicas") if value is not None else None
            if count is not None and count.scalar and count.text.isdigit() and int(count.text[:6]) != 1:
                yield RULE.finding(
                    service.place(key)[0],
                    count.line,
                    f"{part.name} is started {count.text} times",
                    "One container per service: remove the number.",
                    requirements=("R6",),
                )


RULE = Rule(
    "mandatory-services",
    "NGINX, WordPress and MariaDB have one container each",
    ("R6",),
    _check,
    refutes=("E40", "E46", "E53"),
)
