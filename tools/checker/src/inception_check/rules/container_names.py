"""No two containers have the same name (E35)."""

from __future__ import annotations

from collections.abc import Iterator

from inception_check.evidence.project import Project
from inception_check.model import Context, Outcome, Rule


def _check(project: Project, _: Context) -> Iterator[Outcome]:
    compose = project.compose
    owners: dict[str, str] = {}
    for service in compose.services.values() if compose is not None else ():
        value = service.key("container_name")
        if value is None or not value.scalar or compose is None:
            continue
        found = compose.interpolated(value.text)
        if found.unknown:
            continue
        if found.text in owners:
            yield RULE.finding(
                *service.place("container_name"),
                f"{service.name} and {owners[found.text]} have the same container name {found.text}",
                "Give each service a container_name of its own, or none.",
            )
        owners.setdefault(found.text, service.name)


RULE = Rule("container-names", "Every container has a name of its own", (), _check, refutes=("E35",))
