"""The data ends up in /home/<login>/data (R17, R27, E47, E54)."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator

from inception_check.evidence.compose import Compose, Mount, Resource
from inception_check.evidence.project import Project
from inception_check.model import Context, Outcome, Rule
from inception_check.rules.named_volumes import data_mounts, main_mounts, written_source

_SHEET = {"mariadb": "E54", "wordpress": "E47"}
_GOOD = re.compile(r"/home/[^/]+/data(?:/.*)?")
_FIX = "Give the volume driver_opts: type: none, o: bind, device: /home/<login>/data/<name>."


def _check(project: Project, _: Context) -> Iterator[Outcome]:  # noqa: C901 -- the cases of one rule, one after the other
    compose = project.compose
    if compose is None or not compose.services:
        yield RULE.undecided("there is no Compose file that could be read")
        return
    seen: set[str] = set()
    for role, sheet in _SHEET.items():
        part = project.part(role)
        if part is None or part.service is None:
            yield RULE.undecided(f"no service could be recognised as {role}")
            continue
        ids = ("R17", "R27", sheet)
        for mount in main_mounts(part.service, role) or _site_of_nginx(project, role):
            if mount.kind == "bind":
                source = written_source(mount)
                verdict = _judge(compose, re.sub(r"^~(?=/|$)", "/home/login", source))
                if verdict is None:
                    yield RULE.undecided(f"the place of {part.name}'s data depends on a variable that is not known")
                elif verdict:
                    yield RULE.finding(
                        mount.origin.path,
                        mount.origin.line,
                        f"the data of {part.name} is in {verdict}, not in /home/<login>/data",
                        _FIX,
                        requirements=ids,
                    )
                continue
            resource = compose.volumes.get(mount.source)
            if resource is None or mount.source in seen:
                continue
            seen.add(mount.source)
            if resource.external:
                yield RULE.undecided(f"the volume {mount.source} is made outside the Compose file")
                continue
            device = resource.value.at("driver_opts", "device")
            if device is None or device.scalar is None:
                yield RULE.finding(
                    resource.path,
                    resource.line,
                    f"the volume {mount.source} has no device, so that its data is in /var/lib/docker",
                    _FIX,
                    requirements=ids,
                )
                continue
            verdict = _judge(compose, _expanded(resource, device.text))
            if verdict is None:
                yield RULE.undecided(f"the device of the volume {mount.source} depends on a variable that is not known")
            elif verdict:
                yield RULE.finding(
                    resource.path,
                    device.line,
                    f"the volume {mount.source} is in {verdict}, not in /home/<login>/data",
                    _FIX,
                    requirements=ids,
                )


def _site_of_nginx(project: Project, role: str) -> list[Mount]:
    """Return the site's volume as NGINX has it, for a WordPress that was given none."""
    nginx = project.part("nginx")
    if role != "wordpress" or nginx is None or nginx.service is None:
        return []
    return [m for m in data_mounts(nginx.service) if m.kind == "volume" and m.target.startswith("/var/www")]


def _expanded(resource: Resource, device: str) -> str:
    """Put the home directory in for ``~``, which Compose does for a bind of the local driver."""
    driver, options = resource.value.at("driver"), resource.value.at("driver_opts", "o")
    if driver is not None and driver.text == "local" and options is not None and options.text == "bind":
        return re.sub(r"^~(?=/|$)", "/home/login", device)
    return device


def _judge(compose: Compose, text: str) -> str | None:
    """Return the wrong path, an empty text for a right one, None when it cannot be known."""
    found = compose.interpolated(text)
    path = found.text
    if re.match(r"\$\{?PWD\b|\.{1,2}(?:/|$)", text.strip()):
        # The working directory is the repository's, wherever that lies.
        return text
    if found.unknown:
        stand_in = {**compose.values, **dict.fromkeys(found.unknown, "login")}
        from inception_check.evidence.interpolation import interpolate

        path = interpolate(text, stand_in).text
        normal = posixpath.normpath(path)
        if _GOOD.fullmatch(normal):
            return ""
        return text if normal.startswith("/home/") is False and not text.lstrip().startswith("$") else None
    normal = posixpath.normpath(path)
    return "" if _GOOD.fullmatch(normal) else path


RULE = Rule(
    "volume-path",
    "The data of both volumes is in /home/<login>/data",
    ("R17", "R27"),
    _check,
    refutes=("E47", "E54"),
)
