"""No links between containers (E9, R21)."""

from __future__ import annotations

from collections.abc import Iterator

from inception_check.evidence.project import Project
from inception_check.model import Context, Outcome, Rule


def _check(project: Project, _: Context) -> Iterator[Outcome]:
    compose = project.compose
    if compose is None or compose.root is None:
        yield RULE.undecided("there is no Compose file that could be read")
        return
    for service in (service for one in project.composes for service in one.services.values()):
        for key in ("links", "external_links"):
            value = service.key(key)
            if value is not None:
                path, line = service.place(key)
                yield RULE.finding(
                    path,
                    line,
                    f"{service.name} has {key}:",
                    "Remove it; on a common network a service reaches another one by its name.",
                )


RULE = Rule("links", "No service has links:", ("E9", "R21"), _check)
