"""php-fpm and MariaDB listen where the other containers can reach them (E29)."""

from __future__ import annotations

import re
from collections.abc import Iterator

from inception_check.evidence.compose import Command
from inception_check.evidence.project import ConfigText, Part, Project
from inception_check.model import Context, Outcome, Rule
from inception_check.rules._common import base_of

_FPM = re.compile(r"^[ \t]*listen[ \t]*=[ \t]*(\S+)", re.MULTILINE)
_BIND = re.compile(
    r"^[ \t]*(?:bind[-_]address[ \t]*=[ \t]*(\S+)|(skip[-_]networking)(?:[ \t]*(?:=[ \t]*(?:1|on|true))?[ \t]*)$)",
    re.MULTILINE | re.IGNORECASE,
)
_LOOPBACK = re.compile(r"(?:127\.[\d.]+|localhost|\[?::1\]?)(?::\d+)?", re.IGNORECASE)


def _check(project: Project, _: Context) -> Iterator[Outcome]:
    php, database = project.part("wordpress"), project.part("mariadb")
    if php is not None and _asks_over_network(project):
        yield from _judge(project, php, _FPM, r"listen\b", "php-fpm", ("www.conf", "php-fpm.conf", "zz-docker.conf"))
    if database is not None:
        wanted = r"bind[-_]address|skip[-_]networking"
        yield from _judge(
            project, database, _BIND, wanted, "MariaDB", ("50-server.cnf", "my.cnf", "mariadb-server.cnf")
        )


def _asks_over_network(project: Project) -> bool:
    """Tell whether NGINX reaches php-fpm by a host's name, and not by a socket in a shared volume."""
    passes = [
        d.arguments[0] for _, c in project.nginx_configs for d in c.walk() if d.name == "fastcgi_pass" and d.arguments
    ]
    return bool(passes) and not any(text.startswith("unix:") for text in passes)


def _judge(
    project: Project, part: Part, setting: re.Pattern[str], wanted: str, title: str, replaced: tuple[str, ...]
) -> Iterator[Outcome]:
    if part.dockerfile is None or base_of(part) is None:
        return
    spoken = [project.text(part.dockerfile.path)]
    spoken += [script.text for script in project.scripts if part.home == "." or part.holds(script.path)]
    spoken += [" ".join(given.words) for given in _commands(part)]
    if any(re.search(wanted, text) for text in spoken):
        # A command changes it, or gives it to the daemon.
        return
    found = [(text, match) for text in _files(project, part) for match in setting.finditer(text.text)]
    bad = [(text, match) for text, match in found if _unreachable(match)]
    for text, match in bad if len(bad) == len(found) else []:
        shown = next(group for group in match.groups() if group)
        yield RULE.finding(
            text.path,
            text.line + text.text.count("\n", 0, match.start(match.lastindex or 0)),
            f"{title} listens on {shown}, where no other container reaches it",
            "Let it listen on all addresses of the container: 0.0.0.0 (php-fpm: listen = 9000).",
        )
    if not found and not any(name in text for text in spoken for name in replaced):
        yield RULE.finding(
            part.dockerfile.path,
            None,
            f"nothing tells {title} where to listen, and its package lets no other container reach it",
            "Copy a configuration that lets it listen on 0.0.0.0 (php-fpm: listen = 9000).",
        )


def _commands(part: Part) -> list[Command]:
    service = part.service
    return (
        [given for given in (service.command, service.entrypoint) if given is not None] if service is not None else []
    )


def _files(project: Project, part: Part) -> list[ConfigText]:
    return [text for text in project.config_texts(part) if re.search(r"\.(?:conf|cnf|ini)\b", text.path)]


def _unreachable(match: re.Match[str]) -> bool:
    value = match.group(1) or ""
    return not value or value.startswith("/") or _LOOPBACK.fullmatch(value) is not None


RULE = Rule(
    "inner-listen", "MariaDB and php-fpm listen where their neighbours reach them", (), _check, refutes=("E29",)
)
