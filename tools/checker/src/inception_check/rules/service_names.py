"""NGINX and WordPress look for their neighbours under names and ports that exist (E29, E35)."""

from __future__ import annotations

import re
from collections.abc import Iterator

from inception_check.evidence.nginx import Directive
from inception_check.evidence.project import Part, Project
from inception_check.model import Context, Outcome, Rule
from inception_check.rules._common import container_scripts, host_names

_PASS = frozenset({"fastcgi_pass", "proxy_pass", "uwsgi_pass", "grpc_pass"})
_HERE = re.compile(r"localhost|127\.[\d.]+|::1")
_ADDRESS = re.compile(r"[\d.]+|\[.*|[0-9a-fA-F:]*:.*")
_DATABASE = re.compile(r"\w*(?:DB|DATABASE|SQL|MARIADB)_?HOST(?:NAME)?", re.IGNORECASE)
_CHANGED = re.compile(r"listen\s*=\s*(?:[\w.]*:)?(\d+)\b")
_LISTEN = re.compile(r"^[ \t]*listen[ \t]*=[ \t]*(?:[\w.\[\]:*]*:)?(\d+)[ \t]*$", re.MULTILINE)


def _check(project: Project, _: Context) -> Iterator[Outcome]:
    if project.compose is None or not project.compose.services:
        return
    names = host_names(project)
    yield from _of_nginx(project, names)
    yield from _of_wordpress(project, names)


def _of_nginx(project: Project, names: set[str]) -> Iterator[Outcome]:
    directives = [d for _, config in project.nginx_configs for d in config.walk()]
    upstreams = {d.arguments[0] for d in directives if d.name == "upstream" and d.arguments}
    servers = [
        child for d in directives if d.name == "upstream" for child in d.children or () if child.name == "server"
    ]
    for directive in [d for d in directives if d.name in _PASS] + servers:
        text = re.sub(r"^\w+://", "", directive.arguments[0] if directive.arguments else "").partition("/")[0]
        host, _, port = text.partition(":")
        if (
            not host
            or host == "unix"
            or re.search(r"[${}]|__|%|@", text)
            or (directive.name in _PASS and host in upstreams)
        ):
            continue
        if _HERE.fullmatch(host):
            yield _finding(directive, f"{directive.name} looks for {text} in the container of NGINX itself", ("E29",))
        elif "." not in host and not _ADDRESS.fullmatch(host) and host not in names:
            yield _finding(
                directive,
                f"{directive.name} names {host}, and no service is called so: NGINX does not start",
                ("E35", "E29"),
            )
        elif directive.name != "proxy_pass" and port:
            yield from _port(project, directive, host, port)


def _finding(directive: Directive, message: str, requirements: tuple[str, ...]) -> Outcome:
    return RULE.finding(
        directive.path,
        directive.line,
        message,
        "Write the name of the service as the Compose file has it.",
        requirements=requirements,
    )


def _port(project: Project, directive: Directive, host: str, port: str) -> Iterator[Outcome]:
    part = next((p for p in project.parts if p.name == host and p.role == "wordpress"), None)
    listens = _listens(project, part) if part is not None else set()
    if len(listens) == 1 and port not in listens:
        yield RULE.finding(
            directive.path,
            directive.line,
            f"{directive.name} asks {host} on port {port}, and php-fpm listens on {next(iter(listens))}",
            "Use the same port on both sides.",
            requirements=("E29",),
        )


def _listens(project: Project, part: Part) -> set[str]:
    """Return the ports that php-fpm is told to listen on, by its configuration or by a command that changes that."""
    changes = [script.text for script in project.scripts if part.holds(script.path)]
    changes += [project.text(part.dockerfile.path)] if part.dockerfile is not None else []
    changed = {port for text in changes for port in _CHANGED.findall(text)}
    return changed or {port for text in project.config_texts(part) for port in _LISTEN.findall(text.text)}


def _of_wordpress(project: Project, names: set[str]) -> Iterator[Outcome]:
    part = project.part("wordpress")
    service = part.service if part is not None else None
    found = [
        (variable.value.value, variable.path, variable.line)
        for variable in (service.environment if service is not None else ())
        if variable.value is not None and not variable.value.unknown and _DATABASE.fullmatch(variable.name)
    ]
    if project.dotenv is not None:
        path = project.dotenv.path
        settings = [a for a in project.dotenv.assignments if _DATABASE.fullmatch(a.name) and a.value]
        found += [(assignment.value or "", path, assignment.line) for assignment in settings]
    for script in container_scripts(project):
        for command in script.commands:
            for word in command.arguments:
                match = re.fullmatch(r"--(?:dbhost|host)=(.+)", word.value)
                if match and (part is None or part.holds(script.path)):
                    found.append((match.group(1), script.path, word.line))
    for value, path, line in found:
        host = value.partition(":")[0].strip()
        if host and "$" not in value and "." not in host and host not in names:
            yield RULE.finding(
                path,
                line,
                f"the database is looked for at {host}, and no service is called so",
                "Write the name of the database's service as the Compose file has it.",
                requirements=("E29",),
            )


RULE = Rule(
    "service-names", "Services look for each other under names and ports that exist", (), _check, refutes=("E29", "E35")
)
