"""The directories behind the volumes are made before Compose needs them (E35)."""

from __future__ import annotations

import itertools
import posixpath
import re
from collections.abc import Iterator

from inception_check.evidence.project import Project, as_user
from inception_check.evidence.shell import Script
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
        if not any(_same(place.text, path) for path in made):
            yield RULE.finding(
                resource.path,
                device.line,
                f"no target of the Makefile makes the directory {place.text}, and Docker does not make it for a volume",
                f"Write mkdir -p {place.text} before docker compose up.",
            )


def _same(place: str, made: str) -> bool:
    """Tell whether a directory that is made may be the place of a volume, or one below or above it."""
    name = posixpath.basename(place.rstrip("/"))
    if place.startswith("/") and made.startswith("./") and "$" not in place + made:
        # A directory of the repository is none of the machine's.
        return False
    return not name or name in made.split("/")


def _made(project: Project) -> list[str] | None:
    """Return the directories that the Makefile and the scripts make; None when that cannot be known."""
    if project.makefile is None or _MORE.search(project.text(project.makefile.path)):
        return None
    found: list[str] = []
    recipes = _on_the_way(project)
    outside = [s for s in project.scripts if not any(part.holds(s.path) for part in project.parts)]
    # A script that only another target calls is not on the way; one that nobody calls may be run by hand.
    elsewhere = "\n".join(s.text for s in project.make_scripts if s not in recipes)
    outside = [s for s in outside if posixpath.basename(s.path) not in elsewhere or _called(s, recipes)]
    for top in (*recipes, *outside):
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


def _called(script: Script, recipes: list[Script]) -> bool:
    """Tell whether a recipe calls a script."""
    return any(posixpath.basename(script.path) in recipe.text for recipe in recipes)


def _on_the_way(project: Project) -> list[Script]:
    """Return the recipes that a bare ``make`` runs; all of them where it starts nothing."""
    makefile = project.makefile
    if makefile is None:
        return []
    recipes = list(zip(makefile.recipes, project.make_scripts, strict=True))
    order = {target: index for index, target in enumerate(makefile.made_by(makefile.goal))}
    on_the_way = [pair for pair in recipes if pair[0].target in order]
    on_the_way.sort(key=lambda pair: order[pair[0].target])
    ups = [index for index, (_, script) in enumerate(on_the_way) if re.search(r"\bup\b", script.text)]
    # What is made after the start comes too late; where nothing starts, any target may be meant.
    return [script for _, script in (on_the_way[: ups[0] + 1] if ups else recipes)]


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
