"""Makefiles: variables, targets and recipes, as far as they can be known without running anything."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from inception_check.evidence.source import Problem

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
    """A parsed Makefile.

    Attributes:
        path: the file.
        variables: by their names.
        targets: the line of each target, in the order of the file.
        prerequisites: what each target needs first.
        recipes: in the order of the file.
        problems: what make itself stops at.

    """

    path: str
    variables: dict[str, MakeVariable] = field(default_factory=dict)
    targets: dict[str, int] = field(default_factory=dict)
    prerequisites: dict[str, list[str]] = field(default_factory=dict)
    recipes: list[Recipe] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)

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

    @property
    def goal(self) -> str:
        """The target of a bare ``make``."""
        named = self.variables.get(".DEFAULT_GOAL")
        if named is not None:
            return self.expand(named.value)
        return next((name for name in self.targets if not name.startswith(".") and "%" not in name), "")

    def made_by(self, target: str) -> list[str]:
        """Return the targets that making a target makes, in the order in which their recipes run."""
        order: list[str] = []
        pending: list[tuple[str, bool]] = [(target, False)]
        seen: set[str] = set()
        while pending:
            name, done = pending.pop()
            if done:
                order.append(name)
                continue
            if name in seen or name not in self.targets:
                continue
            seen.add(name)
            pending.append((name, True))
            calls = [r.text for r in self.recipes if r.target == name]
            called = re.findall(r"(?:\$[({]MAKE[)}]|(?<![\w/.-])make)(?:\s+-\S+)*\s+([\w.-]+)", "\n".join(calls))
            pending.extend((inner, False) for inner in reversed([*self.prerequisites.get(name, []), *called]))
        return order


_ASSIGNMENT = re.compile(r"^(?:(export|override)\s+)*([A-Za-z0-9_.\-]+)\s*(\?=|:{1,3}=|\+=|!=|=)\s*(.*)$", re.DOTALL)
_TARGET = re.compile(r"^([^\s:=#][^:=#]*?)\s*::?(?!=)([^=]*)$")
_DIRECTIVE = re.compile(
    r"-?(?:include|sinclude|ifeq|ifneq|ifdef|ifndef|else|endif|define|endef|export|unexport|override|vpath|undefine|private)\b"
)


#: What make expands on a line of its own, wherever that is indented.
_FUNCTION = re.compile(r"\$[({](?:call|eval|info|warning|error|foreach|if|shell)\b")


class _Parser:
    def __init__(self, text: str, path: str) -> None:
        self.made = Makefile(path)
        self.lines = text.split("\n")
        self.number = 0
        self.names: list[str] = []
        self.pending: list[tuple[str, str, int]] = []
        self.define = False

    def run(self) -> Makefile:
        while self.number < len(self.lines):
            start = self.number
            self.line(self.logical_line(), start + 1)
        for name, raw, line in self.pending:
            shown = re.sub(r"^[\s@+-]+", "", raw)
            self.made.recipes.append(Recipe(name, raw, self.made.expand(shown), line))
        return self.made

    def logical_line(self) -> str:
        line = self.lines[self.number]
        while line.endswith("\\") and not line.endswith("\\\\") and self.number + 1 < len(self.lines):
            self.number += 1
            line += "\n" + self.lines[self.number]
        self.number += 1
        return line

    def line(self, line: str, number: int) -> None:
        stripped = line.strip()
        if self.define:
            self.define = not stripped.startswith("endef")
        elif stripped.startswith("define "):
            self.define = True
        elif line.startswith("\t") and self.names:
            self.pending.append((self.names[0], line[1:], number))
        elif stripped and not stripped.startswith("#") and not self.assignment(line, number):
            self.rule(line, number)

    def assignment(self, line: str, number: int) -> bool:
        exported = re.match(r"^\s*export\b", line) is not None
        match = _ASSIGNMENT.match(re.sub(r"^\s*(?:export|override)\s+", "", line.lstrip(" ")))
        if match is None:
            return False
        name, operator = match.group(2), match.group(3)
        known = self.made.variables.get(name)
        if operator == "?=" and known is not None:
            return True
        value = re.sub(r"\\\n\s*", " ", match.group(4))
        value = re.split(r"(?<!\\)\s#|(?<!\\)^#", value)[0].strip()
        if operator == "+=" and known is not None:
            value = f"{known.value} {value}"
        elif operator == "!=":
            value = f"$(shell {value})"
        self.made.variables[name] = MakeVariable(name, value, number, exported)
        return True

    def rule(self, line: str, number: int) -> None:
        if self.spaced(line):
            message = "a line of a recipe begins with spaces instead of a tab, and make stops there"
            self.made.problems.append(Problem(self.made.path, number, message))
            self.pending.append((self.names[0], line.strip(), number))
            return
        head, semicolon, inline = line.partition(";")
        found = _TARGET.match(head)
        if found is None:
            return
        self.names = self.made.expand(found.group(1)).split() or [""]
        needed = [name for name in self.made.expand(found.group(2)).split() if name != "|"]
        for name in self.names:
            self.made.targets.setdefault(name, number)
            self.made.prerequisites.setdefault(name, []).extend(needed)
        if semicolon and inline.strip():
            self.pending.append((self.names[0], inline, number))

    def spaced(self, line: str) -> bool:
        """Tell whether a line was meant as one of a recipe: it is indented, and nothing else that make knows."""
        if not line.startswith(" ") or not self.names or ".RECIPEPREFIX" in self.made.variables:
            return False
        text = line.strip()
        return (
            not _DIRECTIVE.match(text) and not _FUNCTION.match(text) and re.match(r"[\w./%-]+\s*:(?!//)", text) is None
        )


def parse_makefile(text: str, path: str = "Makefile") -> Makefile:
    """Parse the text of a Makefile."""
    return _Parser(text, path).run()
