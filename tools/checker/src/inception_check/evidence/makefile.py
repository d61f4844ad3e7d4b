"""Makefiles: variables, targets and recipes, as far as they can be known without running anything."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

_MAX_EXPANSION = 20_000


@dataclass(frozen=True, slots=True)
class MakeVariable:
    """A variable assignment."""

    name: str
    value: str
    line: int
    exported: bool


@dataclass(frozen=True, slots=True)
class Recipe:
    """One logical line of a recipe, with its variables expanded as far as they are known."""

    target: str
    raw: str
    text: str
    line: int


@dataclass
class Makefile:
    """A parsed Makefile."""

    path: str
    variables: dict[str, MakeVariable] = field(default_factory=dict)
    targets: dict[str, int] = field(default_factory=dict)
    recipes: list[Recipe] = field(default_factory=list)

    def expand(self, text: str, depth: int = 0) -> str:
        """Expand ``$(NAME)`` and ``${NAME}``; what is not known stays as it is, ``$$`` becomes ``$``."""
        if depth > 10 or len(text) > _MAX_EXPANSION:
            return text

        def one(match: re.Match[str]) -> str:
            if match.group() == "$$":
                return "\0"
            name = match.group(1) or match.group(2) or ""
            known = self.variables.get(name)
            if known is None:
                return f"${{{name}}}" if re.fullmatch(r"\w+", name) else match.group()
            return self.expand(known.value, depth + 1).replace("$", "\1")

        expanded = re.sub(r"\$\$|\$\(([^()$]+)\)|\$\{([^{}$]+)\}", one, text)
        return expanded.replace("\1", "$").replace("\0", "$")[:_MAX_EXPANSION]


_ASSIGNMENT = re.compile(r"^(?:(export|override)\s+)*([A-Za-z0-9_.\-]+)\s*(\?=|:{1,3}=|\+=|!=|=)\s*(.*)$", re.DOTALL)
_TARGET = re.compile(r"^([^\s:=#][^:=#]*?)\s*::?(?!=)([^=]*)$")


def parse_makefile(text: str, path: str = "Makefile") -> Makefile:
    """Parse the text of a Makefile."""
    made = Makefile(path)
    pending: list[tuple[str, str, int]] = []
    lines = text.split("\n")
    target = ""
    define = False
    number = 0
    while number < len(lines):
        start = number
        line = lines[number]
        while line.endswith("\\") and not line.endswith("\\\\") and number + 1 < len(lines):
            number += 1
            line += "\n" + lines[number]
        number += 1
        stripped = line.strip()
        if define:
            define = not stripped.startswith("endef")
            continue
        if stripped.startswith("define "):
            define = True
            continue
        if line.startswith("\t") and target:
            pending.append((target, line[1:], start + 1))
            continue
        if not stripped or stripped.startswith("#"):
            continue
        exported = re.match(r"^\s*export\b", line) is not None
        match = _ASSIGNMENT.match(re.sub(r"^\s*(?:export|override)\s+", "", line.lstrip(" ")))
        if match is not None:
            name, operator = match.group(2), match.group(3)
            value = re.sub(r"\\\n\s*", " ", match.group(4))
            value = re.split(r"(?<!\\)\s#|(?<!\\)^#", value)[0].strip()
            known = made.variables.get(name)
            if operator == "+=" and known is not None:
                value = f"{known.value} {value}"
            elif operator == "!=":
                value = f"$(shell {value})"
            elif operator == "?=" and known is not None:
                continue
            made.variables[name] = MakeVariable(name, value, start + 1, exported)
            continue
        head, semicolon, inline = line.partition(";")
        found = _TARGET.match(head)
        if found is not None:
            target = found.group(1).split()[0] if found.group(1).split() else ""
            for name in found.group(1).split():
                made.targets.setdefault(name, start + 1)
            if semicolon and inline.strip():
                pending.append((target, inline, start + 1))
    for name, raw, line_number in pending:
        shown = re.sub(r"^[\s@+-]+", "", raw)
        made.recipes.append(Recipe(name, raw, made.expand(shown), line_number))
    return made
