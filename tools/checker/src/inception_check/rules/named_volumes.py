"""Database and site are on Docker named volumes (R14-R16)."""

from __future__ import annotations

import posixpath
from collections.abc import Iterator

from inception_check.evidence.compose import Mount, Service
from inception_check.evidence.project import Part, Project
from inception_check.model import Context, Outcome, Rule

#: Places in a container where a mount holds no data of the site or the database.
_OTHER = (
    "/etc",
    "/run",
    "/var/run",
    "/tmp",  # noqa: S108 - a place in the container, nothing is written here
    "/usr",
    "/docker-entrypoint-initdb.d",
    "/root",
    "/var/log",
    "/dev",
    "/proc",
    "/sys",
    "/var/tmp",  # noqa: S108 - the same
    "/opt/scripts",
    "/var/cache",
)
_IDS = {"mariadb": ("R14", "R16"), "wordpress": ("R15", "R16"), "nginx": ("R15", "R16")}
_WHAT = {"mariadb": "database", "wordpress": "site", "nginx": "site"}


def data_mounts(service: Service) -> list[Mount]:
    """Return the mounts that hold data: no configuration, no script, no socket."""
    found = []
    for mount in service.mounts:
        target = posixpath.normpath(mount.target or "/")
        if mount.kind in {"tmpfs", "npipe", "cluster"} or any(
            target == o or target.startswith(o + "/") for o in _OTHER
        ):
            continue
        name = posixpath.basename(target)
        if mount.kind == "bind" and ("." in name.lstrip(".") or name in {"log", "logs"}):
            continue
        found.append(mount)
    return found


def main_mounts(service: Service, role: str) -> list[Mount]:
    """Return the mounts of the database or the site themselves; where none is known as that, all that hold data."""
    mounts = data_mounts(service)
    place = {"mariadb": "/var/lib/mysql", "wordpress": "/var/www"}[role]
    return [m for m in mounts if f"{posixpath.normpath(m.target or '/')}/".startswith(f"{place}/")] or mounts


def written_source(mount: Mount) -> str:
    """Return the source of a mount as it is written: what stands before the first colon outside of ``${…}``."""
    text = mount.origin.text
    depth = 0
    for index, letter in enumerate(text):
        if letter == "{":
            depth += 1
        elif letter == "}":
            depth -= 1
        elif letter == ":" and depth <= 0:
            return text[:index]
    # In the long syntax the source stands alone, and a mapping has no text of its own.
    return text or mount.source


def _check(project: Project, _: Context) -> Iterator[Outcome]:  # noqa: C901 -- the cases of one rule, one after the other
    compose = project.compose
    if compose is None or not compose.services:
        yield RULE.undecided("there is no Compose file that could be read")
        return
    site = project.part("wordpress")
    site_targets = (
        {m.target.rstrip("/") for m in data_mounts(site.service)}
        if site is not None and site.service is not None
        else set()
    )
    for role in ("mariadb", "wordpress", "nginx"):
        part = project.part(role)
        if part is None or part.service is None:
            if role != "nginx":
                yield RULE.undecided(f"no service could be recognised as {role}", (_IDS[role][0],))
            continue
        service = part.service
        mounts = data_mounts(service)
        if role == "nginx":
            shared = [m for m in mounts if m.target.rstrip("/") in site_targets]
            # What else lies below /var/www is another site, when WordPress's own is among the mounts.
            mounts = shared or [m for m in mounts if m.target.startswith("/var/www")]
        elif not mounts:
            yield RULE.finding(
                *service.place("volumes"),
                f"{part.name} has no volume for the {_WHAT[role]}",
                f"Declare a named volume and mount it into {part.name}.",
                requirements=_IDS[role][:1],
            )
        if role == "mariadb" and mounts:
            yield from _elsewhere(project, part, service, mounts)
        for mount in mounts:
            path, line = mount.origin.path, mount.origin.line
            if mount.kind == "bind":
                yield RULE.finding(
                    path,
                    line,
                    f"{part.name} bind-mounts {written_source(mount)} for the {_WHAT[role]}",
                    "Declare a named volume whose driver_opts point at /home/<login>/data, and mount that.",
                    requirements=("R16",),
                )
            elif mount.kind == "anonymous":
                yield RULE.finding(
                    path,
                    line,
                    f"{part.name} has an anonymous volume for the {_WHAT[role]}",
                    "Give the volume a name.",
                    requirements=_IDS[role],
                )
            elif mount.source and mount.source not in compose.volumes:
                if mount.origin.unknown:
                    yield RULE.undecided(
                        f"the volume of {part.name} depends on a variable that is not known", _IDS[role]
                    )
                    continue
                yield RULE.finding(
                    path,
                    line,
                    f"{part.name} uses the volume {mount.source}, which is not declared",
                    "Declare it under the top-level volumes:.",
                    requirements=(*_IDS[role][:1], "E35"),
                )


_DATABASE = "/var/lib/mysql"


def _elsewhere(project: Project, part: Part, service: Service, mounts: list[Mount]) -> Iterator[Outcome]:
    """Find a database whose volume is mounted where it does not write."""
    for mount in mounts:
        target = posixpath.normpath(mount.target or "/")
        if "$" in mount.target or target == _DATABASE or _DATABASE.startswith(target.rstrip("/") + "/"):
            return
        if target.startswith(_DATABASE + "/"):
            return
    targets = [posixpath.normpath(m.target) for m in mounts if m.target]
    home = part.home
    texts = [] if home is None else [s.text for s in project.tree.below("" if home == "." else home) if not s.is_binary]
    texts += [" ".join(given.words) for given in (service.command, service.entrypoint) if given is not None]
    if any(target in text for target in targets for text in texts):
        # A setting of its own, for example datadir, may name the place.
        return
    yield RULE.finding(
        mounts[0].origin.path,
        mounts[0].origin.line,
        f"the volume of {part.name} is mounted at {targets[0] if targets else '?'}, and the database is in {_DATABASE}",
        f"Mount it at {_DATABASE}.",
        requirements=("R14",),
    )


RULE = Rule(
    "named-volumes",
    "Database and site lie on Docker named volumes",
    ("R14", "R15", "R16"),
    _check,
    refutes=("E35",),
)
