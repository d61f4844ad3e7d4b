"""Environment variables are used (R31)."""

from __future__ import annotations

from collections.abc import Iterator

from inception_check.evidence.project import Project
from inception_check.model import Context, Outcome, Rule


def _check(project: Project, _: Context) -> Iterator[Outcome]:
    compose = project.compose
    if compose is None or not compose.services:
        yield RULE.undecided("there is no Compose file that could be read")
        return
    if compose.used_variables or any(s.environment or s.env_files for s in compose.services.values()):
        return
    if any(i.name in {"ENV", "ARG"} for dockerfile in project.dockerfiles for i in dockerfile.instructions):
        return
    yield RULE.finding(
        compose.path,
        None,
        "no service gets an environment variable",
        "Put the settings into srcs/.env and hand them over with environment: or env_file:.",
    )


RULE = Rule("environment-used", "Environment variables are used", ("R31",), _check)
