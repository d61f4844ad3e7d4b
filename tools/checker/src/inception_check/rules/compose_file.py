"""srcs/docker-compose.yml is there and valid (E3, R4, R36)."""

from __future__ import annotations

import posixpath
from collections.abc import Iterator

from inception_check.evidence.project import Project
from inception_check.model import Context, Outcome, Rule, Severity


def _check(project: Project, _: Context) -> Iterator[Outcome]:
    compose = project.compose
    if compose is None:
        yield RULE.finding(
            "srcs/docker-compose.yml",
            None,
            "there is no Compose file",
            "Add srcs/docker-compose.yml with a service for each container.",
            requirements=("E3", "R4", "R36", "E35"),
        )
        return
    if compose.path != "srcs/docker-compose.yml":
        directory, name = posixpath.split(compose.path)
        in_place = directory == "srcs"
        yield RULE.finding(
            compose.path,
            None,
            f"the Compose file is {compose.path}, the subject names it srcs/docker-compose.yml",
            "Move it to srcs/docker-compose.yml and adapt the Makefile.",
            severity=Severity.WARNING if in_place and name in _NEAR else Severity.ERROR,
            requirements=("E3", "R36"),
        )
    for path in project.unread_composes:
        notes: list[str] = project.memo.setdefault("notes", [])
        notes.append(f"Not read, because no target of the Makefile starts it: {path}")
    for problem in compose.problems:
        fatal = compose.root is None or problem.path == compose.path
        yield RULE.finding(
            problem.path,
            problem.line,
            f"Compose cannot read the file: {problem.message}",
            "Mend it; docker compose config names the same place.",
            severity=Severity.ERROR if fatal else Severity.WARNING,
            requirements=("R4", "E35"),
        )
    if compose.root is not None and not compose.services:
        yield RULE.finding(
            compose.path,
            None,
            "the Compose file declares no service",
            "Declare nginx, wordpress and mariadb.",
            requirements=("R4", "E35"),
        )


_NEAR = frozenset({"docker-compose.yaml", "compose.yml", "compose.yaml"})

RULE = Rule(
    "compose-file",
    "srcs/docker-compose.yml is there, and Compose can read it",
    ("E3", "R4", "R36"),
    _check,
    refutes=("E35",),
)
