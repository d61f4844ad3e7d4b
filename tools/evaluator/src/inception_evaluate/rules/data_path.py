"""The data of both volumes lies under /home/<login>/data, and neither is a bind mount (E47, E54, R16, R17, R27)."""

from __future__ import annotations

import re
from collections.abc import Iterator

from inception_evaluate.evidence import Evidence
from inception_evaluate.rule import LiveOutcome, LiveRule
from inception_evaluate.rules._common import MANDATORY, seen

_IDS = {"wordpress": "E47", "mariadb": "E54"}
#: Where the data is in the containers: the database's directory, and the web server's root.
_TARGETS = {
    "wordpress": re.compile(r"^/(?:var/www|srv|usr/share/(?:nginx|wordpress)|app|www|wordpress|home)"),
    "mariadb": re.compile(r"^/(?:var/lib/mysql|var/lib/mariadb|data|bitnami|mnt)"),
}


def _check(evidence: Evidence) -> Iterator[LiveOutcome]:
    stack = seen(evidence.stack)
    login = evidence.login
    volumes = {volume.name: volume for volume in stack.volumes}
    wanted = re.compile(rf"^/home/{re.escape(login) if login else '[^/]+'}/data(?:/|$)")
    said = f"/home/{login or '<login>'}/data"
    for role, requirement in _IDS.items():
        container = stack.role(role)
        if container is None:
            yield RULE.undecided(f"no container is {MANDATORY[role]}", requirement, "R16", "R17", "R27")
            continue
        mounts = [
            m
            for m in container.mounts
            if m.kind in ("volume", "bind") and not m.secret and _TARGETS[role].match(m.target)
        ]
        if not mounts:
            yield RULE.finding(
                f"{container.name} keeps its data in no volume",
                f"Mount a named volume with its data in {said}.",
                requirements=(requirement, "R16", "R17"),
            )
            continue
        for mount in mounts:
            volume = volumes.get(mount.source)
            if mount.kind == "bind" or volume is None:
                yield RULE.finding(
                    f"{container.name} mounts the path {mount.source} at {mount.target}; that is a bind mount, no named volume",
                    f"Use a named volume with driver_opts type none, o bind, device {said}/{role}.",
                    requirements=(requirement, "R16"),
                )
            elif not wanted.match(volume.device):
                yield RULE.finding(
                    f"`docker volume inspect {volume.name}` shows {volume.device}, not a path under {said}/",
                    f"Give the volume driver_opts with device {said}/{role}.",
                    requirements=(requirement, "R17", "R27"),
                )
            else:
                yield RULE.saw(
                    f"`docker volume inspect {volume.name}` shows {volume.device}; it is mounted at {mount.target} of {container.name}.",
                    requirement,
                    "R16",
                    "R17",
                    "R27",
                )


RULE = LiveRule(
    "data-path",
    "The volumes' data lies under /home/<login>/data",
    (*_IDS.values(), "R16", "R17", "R27"),
    ("stack",),
    _check,
)
