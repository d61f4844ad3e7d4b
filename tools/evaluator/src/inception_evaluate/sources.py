"""What the project's files say: for the spoken questions, and to find out login and domain."""

from __future__ import annotations

import re

from inception_check.evidence.project import Project
from inception_evaluate.evidence import Certificate, Database, Missing, Stack
from inception_evaluate.model import DockerfileFacts, Sources

_DOMAIN = re.compile(r"^(?:https?://)?((?:[a-z0-9](?:[a-z0-9-]*[a-z0-9])?\.)+[a-z]{2,})(?::\d+)?/?$", re.IGNORECASE)
_FAMILIAR = re.compile(r"^([a-z0-9_-]+)\.42\.fr$")
_INSTALL = re.compile(r"(?:apt-get|apt|apk)\b[^&;|]*?\b(?:install|add)\b([^&;|]*)")


def _dockerfiles(project: Project) -> tuple[DockerfileFacts, ...]:
    found = []
    for part in project.parts:
        if part.dockerfile is None:
            continue
        last = {i.name: i.value for i in part.instructions if i.name in ("USER", "ENTRYPOINT", "CMD")}
        packages: list[str] = []
        bases = []
        for instruction in part.dockerfile.instructions:
            if instruction.name == "FROM":
                bases.append(f"FROM {instruction.value}")
            if instruction.name == "RUN":
                for match in _INSTALL.finditer(re.sub(r"\\\s*\n", " ", instruction.value)):
                    words = [word for word in match.group(1).split() if re.fullmatch(r"[a-z0-9][a-z0-9.+-]+", word)]
                    packages += words
        found.append(
            DockerfileFacts(
                part.name,
                part.dockerfile.path,
                tuple(bases),
                tuple(dict.fromkeys(packages))[:40],
                last.get("USER", ""),
                last.get("ENTRYPOINT", ""),
                last.get("CMD", ""),
            )
        )
    return tuple(found)


def read(project: Project, stack: Stack | Missing, database: Database | Missing) -> Sources:
    """Gather what the files say, completed by what runs."""
    compose = project.compose
    known = isinstance(stack, Stack)
    service = stack.role("mariadb") if isinstance(stack, Stack) else None
    client = database.client if isinstance(database, Database) else "mariadb"
    secrets = sorted(compose.secrets) if compose is not None else []
    return Sources(
        compose_file=compose.path if compose is not None else "",
        compose_project=stack.project if isinstance(stack, Stack) else "",
        env_file=project.dotenv.path if project.dotenv is not None else project.env_example or "",
        secrets=tuple(secrets),
        dockerfiles=_dockerfiles(project),
        database=database.name if isinstance(database, Database) else "",
        database_user=database.user if isinstance(database, Database) else "",
        database_service=service.service if known and service is not None else "",
        database_client=f"docker exec -it {service.name} {client} --user=root --password"
        if service is not None
        else "",
    )


def base_of(project: Project, service: str) -> str:
    """Return the base image that a service's Dockerfile names, or an empty text."""
    for part in project.parts:
        if part.name == service and part.dockerfile is not None:
            stages = [i.value for i in part.dockerfile.instructions if i.name == "FROM"]
            names = {
                m.group(1).lower() for value in stages if (m := re.search(r"\s+as\s+(\S+)\s*$", value, re.IGNORECASE))
            }
            real = [value.split()[0] if not value.startswith("--") else value.split()[1] for value in stages]
            real = [name for name in real if name.lower() not in names]
            return real[-1] if real else ""
    return ""


def domains(project: Project, stack: Stack, certificate: Certificate | None = None, home: str = "") -> list[str]:
    """Return what may be the site's name, the likeliest first: what looks like ``<login>.42.fr``, then any other."""
    texts: list[tuple[str, str]] = []
    for variables in stack.environment.values():
        texts += list(variables.items())
    if project.dotenv is not None:
        texts += list(project.dotenv.values.items())
    named = [value for name, value in texts if re.search(r"DOMAIN|HOST|URL|SITE|SERVER", name.upper())]
    for container in stack.containers:
        for end in container.networks:
            named += end.aliases
    for _, configuration in project.nginx_configs:
        named += [name for one in configuration.walk() if one.name == "server_name" for name in one.arguments]
    named += [home, *(certificate.names if certificate is not None else ())]
    found = [match.group(1).lower() for value in named if (match := _DOMAIN.match(value.strip()))]
    found = [name for name in dict.fromkeys(found) if not name.endswith((".local", ".internal"))]
    return sorted(found, key=lambda name: _FAMILIAR.match(name) is None)


def login_of(domain: str, stack: Stack, project: Project) -> str:
    """Return whose project it is: the setting LOGIN, else the name before ``.42.fr``, else the data's home."""
    if project.dotenv is not None:
        given = project.dotenv.values.get("LOGIN", "")
        if re.fullmatch(r"[a-z0-9_-]+", given):
            return given
    match = _FAMILIAR.match(domain)
    if match is not None:
        return match.group(1)
    homes = {m.group(1) for volume in stack.volumes if (m := re.match(r"/home/([^/]+)/data(?:/|$)", volume.device))}
    return next(iter(homes)) if len(homes) == 1 else ""
