"""What several rules share."""

from __future__ import annotations

from collections.abc import Iterator

from inception_check.evidence.process import Launch, launch_of
from inception_check.evidence.project import Part, Project
from inception_check.evidence.shell import Script

ALL_ROLES = {"nginx": "NGINX", "wordpress": "WordPress", "mariadb": "MariaDB"}


def launches(project: Project) -> list[tuple[Part, Launch]]:
    """Return how each service starts; computed once per project."""
    known: list[tuple[Part, Launch]] | None = project.memo.get("launches")
    if known is None:
        known = []
        for part in project.parts:
            launch = launch_of(project, part)
            if launch is not None:
                known.append((part, launch))
        project.memo["launches"] = known
    return known


def entry_scripts(project: Project) -> Iterator[tuple[Part, Script]]:
    """Yield the scripts that take part in starting a container, each of them once.

    Where the chain leads to a file that is not in the repository, every script of the build context stands in.
    """
    seen: set[tuple[str, int]] = set()
    for part, launch in launches(project):
        scripts = list(launch.scripts)
        if launch.unresolved:
            scripts.extend(s for s in project.scripts if part.holds(s.path))
        for script in scripts:
            key = (script.path, script.first_line)
            if key not in seen:
                seen.add(key)
                yield part, script


def container_scripts(project: Project) -> Iterator[Script]:
    """Yield the entry scripts, and every other script that lies in a build context."""
    seen: set[tuple[str, int]] = set()
    for _, script in entry_scripts(project):
        seen.add((script.path, script.first_line))
        yield script
    for script in project.scripts:
        if (script.path, 1) not in seen and any(part.holds(script.path) for part in project.parts):
            yield script


def compose_file(project: Project) -> str:
    """Return the path of the Compose file, or where it should be."""
    return project.compose.path if project.compose is not None else "srcs/docker-compose.yml"


def role_parts(project: Project) -> Iterator[tuple[str, Part | None]]:
    """Yield each mandatory role with its service."""
    for role in ALL_ROLES:
        yield role, project.part(role)
