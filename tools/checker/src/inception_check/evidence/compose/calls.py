"""The calls of Compose in a Makefile: which files each of them is given, and whether it starts anything."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Container
from dataclasses import dataclass

from inception_check.evidence.makefile import Makefile

_PATH = r"(\"[^\"]+\"|'[^']+'|[^\s;&|]+)"
_FILE = re.compile(rf"(?:^|\s)(?:-f|--file)[ =]?\s*{_PATH}")
_FROM_VARIABLE = re.compile(rf"\bCOMPOSE_FILE={_PATH}")
_STARTS = re.compile(r"\s(?:up|start|run|create|restart)(?:\s|$)")
_NAMES = ("compose.yaml", "compose.yml", "docker-compose.yml", "docker-compose.yaml")


@dataclass(frozen=True, slots=True)
class Call:
    """One call: its files in their order, and whether it starts services."""

    files: tuple[str, ...]
    starts: bool


def compose_calls(makefile: Makefile, files: Container[str]) -> list[Call]:
    """List the calls of Compose, the likeliest start of the project first.

    What a bare ``make`` starts comes before what other targets start, and that before calls that start nothing.

    Args:
        makefile: where the calls are.
        files: the files of the repository.

    """
    first = makefile.made_by(makefile.goal)
    order = {name: index for index, name in enumerate([*first, *(n for n in makefile.targets if n not in first)])}
    found: list[tuple[bool, int, int, Call]] = []
    for recipe in makefile.recipes:
        for call in _calls(recipe.text.replace("\\\n", " "), files):
            found.append((not call.starts, order.get(recipe.target, len(order)), len(found), call))
    return [call for *_, call in sorted(found, key=lambda item: item[:3])]


def _calls(text: str, files: Container[str]) -> list[Call]:
    made = []
    directory = ""
    for command in re.split(r"&&|\|\||[;\n|]", text):
        moved = re.match(rf"[\s(@]*cd\s+{_PATH}\s*$", command)
        if moved:
            directory = posixpath.join(directory, moved.group(1).strip("\"'"))
            continue
        if not re.search(r"\bdocker(?:[ -]|\s.*\s)compose\b|\bpodman[ -]compose\b", command):
            continue
        named = [match.group(1).strip("\"'") for match in _FILE.finditer(command)]
        variable = _FROM_VARIABLE.search(command)
        if not named and variable:
            named = variable.group(1).strip("\"'").split(":")
        paths = [posixpath.normpath(posixpath.join(directory, name)) for name in named]
        paths = [path for path in paths if path.endswith((".yml", ".yaml"))]
        if not paths:
            usual = [posixpath.normpath(posixpath.join(directory, name)) for name in _NAMES]
            paths = [path for path in usual if path in files][:1]
        if paths:
            made.append(Call(tuple(paths), _STARTS.search(command) is not None))
    return made
