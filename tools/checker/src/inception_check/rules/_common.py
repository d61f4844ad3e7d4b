"""What several rules share."""

from __future__ import annotations

import re
from collections.abc import Iterator

from inception_check.evidence.process import Launch, launch_of
from inception_check.evidence.project import Part, Project
from inception_check.evidence.shell import Script, ShellCommand

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


def commands_of_image(project: Project, part: Part) -> Iterator[ShellCommand]:
    """Yield the commands of the RUN instructions that shape the image of a service."""
    if part.dockerfile is not None:
        lines = {instruction.line for instruction in part.instructions}
        for instruction, script in project.run_scripts(part.dockerfile):
            if instruction.line in lines:
                yield from script.commands


def base_of(part: Part) -> tuple[str, str] | None:
    """Return distribution and tag of the base of a service's image; None when it is neither Alpine nor Debian."""
    if part.dockerfile is None:
        return None
    target = part.service.build.target if part.service is not None and part.service.build is not None else None
    stage = part.dockerfile.stage(target)
    base = part.dockerfile.lineage(stage)[0].resolved if stage is not None else ""
    match = re.fullmatch(r"(?:docker\.io/)?(?:library/)?(alpine|debian):([^@]+)(?:@.*)?", base)
    return (match.group(1), match.group(2)) if match else None


def host_names(project: Project) -> set[str]:
    """Return every name by which a container of the Compose project can be reached."""
    names: set[str] = set()
    for service in project.compose.services.values() if project.compose is not None else ():
        names.add(service.name)
        for key in ("container_name", "hostname"):
            value = service.key(key)
            if value is not None and value.scalar and project.compose is not None:
                names.add(project.compose.interpolated(value.text).text)
        networks = service.key("networks")
        for _, network in networks.pairs if networks is not None else ():
            aliases = network.get("aliases") if network.kind == "mapping" else None
            names.update(item.text for item in (aliases.items if aliases is not None else ()) if item.scalar)
        for key in ("links", "external_links", "extra_hosts"):
            value = service.key(key)
            for scalar in value.scalars() if value is not None else ():
                names.update(re.split(r"[:=]", scalar.text))
    return names


def compose_file(project: Project) -> str:
    """Return the path of the Compose file, or where it should be."""
    return project.compose.path if project.compose is not None else "srcs/docker-compose.yml"


def role_parts(project: Project) -> Iterator[tuple[str, Part | None]]:
    """Yield each mandatory role with its service."""
    for role in ALL_ROLES:
        yield role, project.part(role)
