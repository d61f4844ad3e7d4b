"""Confidential values are Docker secrets (R33)."""

from __future__ import annotations

import posixpath
from collections.abc import Iterator

from inception_check.evidence.credentials import is_credential_name, is_reference
from inception_check.evidence.dotenv import parse_dotenv
from inception_check.evidence.project import Project
from inception_check.model import Context, Outcome, Rule

_FIX = "Declare it under secrets:, give it to the service, and read /run/secrets/<name> in the entrypoint."


def _check(project: Project, _: Context) -> Iterator[Outcome]:  # noqa: C901 -- the cases of one rule, one after the other
    compose = project.compose
    if compose is None or not compose.services:
        yield RULE.undecided("there is no Compose file that could be read")
        return
    users = [service for service in compose.services.values() if service.secrets]
    if not users:
        line = compose.root.key_line("secrets") if compose.root is not None and compose.root.has("secrets") else None
        yield RULE.finding(compose.path, line, "no service uses a Docker secret", _FIX)
        return
    for service in compose.services.values():
        for name in service.secrets:
            if name not in compose.secrets:
                path, line = service.place("secrets")
                yield RULE.finding(
                    path,
                    line,
                    f"{service.name} uses the secret {name}, which is not declared",
                    "Declare it under the top-level secrets:.",
                )
    reported: set[tuple[str, int]] = set()
    for service in compose.services.values():
        for variable in service.environment:
            if not is_credential_name(variable.name) or (variable.path, variable.line) in reported:
                continue
            if variable.value is not None and (
                not variable.value.text.strip() or variable.value.value.startswith("/run/secrets")
            ):
                continue
            reported.add((variable.path, variable.line))
            yield RULE.finding(
                variable.path,
                variable.line,
                f"{variable.name} of {service.name} is confidential and passed in the environment",
                _FIX,
            )
    for path in {file.value for service in compose.services.values() for file in service.env_files}:
        source = project.tree.get(path)
        if source is None:
            yield from _written(project, path)
            continue
        for assignment in parse_dotenv(source.text, path).assignments:
            if (
                is_credential_name(assignment.name)
                and assignment.raw
                and not assignment.raw.startswith("/")
                and (not is_reference(assignment.raw) or "$" in assignment.raw)
            ):
                yield RULE.finding(
                    path,
                    assignment.line,
                    f"{assignment.name} is confidential and passed in the environment",
                    _FIX,
                )


def _written(project: Project, path: str) -> Iterator[Outcome]:
    """Find the passwords that the Makefile or a script writes into a file of variables that git does not hold."""
    for line in project.written:
        if line.pair is not None and posixpath.basename(line.target) == posixpath.basename(path) != ".env":
            name, value = line.pair
            if is_credential_name(name) and value and not value.startswith("/"):
                yield RULE.finding(line.path, line.line, f"{name} is confidential and passed in the environment", _FIX)


RULE = Rule("docker-secrets", "Confidential values are Docker secrets", ("R33",), _check)
