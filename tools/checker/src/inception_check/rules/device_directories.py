"""The directories behind the volumes are made before Compose needs them (E35)."""

from __future__ import annotations

import itertools
import posixpath
import re
from collections.abc import Iterator

from inception_check.evidence.project import Project, as_user
from inception_check.model import Context, Outcome, Rule

_MORE = re.compile(r"ansible|python|perl|\bsalt\b|terraform|vagrant")


def _check(project: Project, _: Context) -> Iterator[Outcome]:
    compose = project.compose
    made = _made(project)
    if compose is None or made is None:
        return
    for resource in compose.volumes.values():
        device = resource.value.at("driver_opts", "device")
        kind = resource.value.at("driver_opts", "o")
        if device is None or not device.scalar or kind is None or "bind" not in kind.text:
            continue
        place = compose.interpolated(device.text)
        name = posixpath.basename(place.text.rstrip("/"))
        if name and not any(name in path.split("/") for path in made):
            yield RULE.finding(
                resource.path,
                device.line,
                f"no target of the Makefile makes the directory {place.text}, and Docker does not make it for a volume",
                f"Write mkdir -p {place.text} before docker compose up.",
            )


def _made(project: Project) -> list[str] | None:
    """Return the directories that the Makefile and the scripts make; None when that cannot be known."""
    if project.makefile is None or _MORE.search(project.text(project.makefile.path)):
        return None
    found: list[str] = []
    outside = [s for s in project.scripts if not any(part.holds(s.path) for part in project.parts)]
    for top in (*project.make_scripts, *outside):
        for script in top.everything():
            for command in script.commands:
                values = command.values
                if "mkdir" not in values and not (command.name == "install" and "-d" in values):
                    continue
                for value in values[1:]:
                    path = as_user(value)
                    for one in _braces(path):
                        # A last part that is a variable may be any name.
                        if "$" in posixpath.basename(one.rstrip("/")) or "`" in one:
                            return None
                        found.append(one.rstrip("/"))
    return found


def _braces(text: str) -> list[str]:
    """Expand ``{a,b}`` like the shell."""
    parts = re.split(r"(?<!\$)\{([^{}]*,[^{}]*)\}", text)
    choices = [part.split(",") if index % 2 else [part] for index, part in enumerate(parts)]
    return ["".join(choice) for choice in itertools.islice(itertools.product(*choices), 100)]


RULE = Rule(
    "device-directories",
    "The directories behind the volumes are made before they are needed",
    (),
    _check,
    refutes=("E35",),
)
