"""``.env`` files by compose-go's grammar: single quotes are literal, the rest expands, one bad line refuses the file."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from inception_check.evidence.interpolation import interpolate
from inception_check.evidence.source import Problem

_NAME = re.compile(r"[A-Za-z0-9_.\-\[\]]+")
_ESCAPES = {"n": "\n", "r": "\r", "t": "\t", "a": "\a", "b": "\b", "f": "\f", "v": "\v"}


@dataclass(frozen=True, slots=True)
class Assignment:
    """One ``NAME=value`` of a ``.env`` file.

    Attributes:
        name: the variable.
        value: what Compose makes of it; None for a bare ``NAME``, which is inherited from the environment.
        raw: the value as written, before expansion.
        line: where it begins.
        quote: the quote around it, or empty.

    """

    name: str
    value: str | None
    raw: str
    line: int
    quote: str


@dataclass(frozen=True, slots=True)
class DotEnv:
    """A parsed ``.env`` file; when ``problems`` is not empty, Compose refuses the whole file."""

    path: str
    assignments: tuple[Assignment, ...] = ()
    problems: tuple[Problem, ...] = ()

    @property
    def values(self) -> dict[str, str]:
        """The values by name; a later assignment wins."""
        return {a.name: a.value for a in self.assignments if a.value is not None}

    def find(self, name: str) -> Assignment | None:
        """Return the assignment that counts for a name."""
        return next((a for a in reversed(self.assignments) if a.name == name), None)


@dataclass
class _Reader:
    path: str
    text: str
    environment: Mapping[str, str]
    offset: int = 0
    assignments: list[Assignment] = field(default_factory=list)
    values: dict[str, str] = field(default_factory=dict)

    def line_at(self, offset: int) -> int:
        return self.text.count("\n", 0, offset) + 1

    def expand(self, text: str) -> str:
        known = {**self.environment, **self.values}
        return interpolate(text, known).text


class _BadLineError(Exception):
    def __init__(self, offset: int, message: str) -> None:
        super().__init__(message)
        self.offset = offset
        self.message = message


def parse_dotenv(text: str, path: str = ".env", environment: Mapping[str, str] | None = None) -> DotEnv:
    r"""Parse the text of a ``.env`` file.

    Args:
        text: the content, with ``\n`` line ends.
        path: for the positions of problems.
        environment: the variables of the shell that Compose would run in.

    """
    reader = _Reader(path, text, environment or {})
    try:
        while _statement(reader):
            pass
    except _BadLineError as error:
        problem = Problem(path, reader.line_at(error.offset), error.message)
        return DotEnv(path, tuple(reader.assignments), (problem,))
    return DotEnv(path, tuple(reader.assignments))


def _statement(reader: _Reader) -> bool:
    """Read one assignment or comment; False at the end of the file."""
    text, length = reader.text, len(reader.text)
    while reader.offset < length and text[reader.offset].isspace():
        reader.offset += 1
    if reader.offset >= length:
        return False
    if text[reader.offset] == "#":
        reader.offset = _line_end(text, reader.offset)
        return True
    start = reader.offset
    match = re.compile(r"export[ \t]+").match(text, start)
    if match:
        reader.offset = match.end()
    match = _NAME.match(text, reader.offset)
    name = match.group() if match else ""
    offset = match.end() if match else reader.offset
    end = _line_end(text, offset)
    after = offset
    while after < end and text[after] in " \t":
        after += 1
    if after >= end and name:
        # A bare name is inherited from the environment of the shell.
        value = reader.environment.get(name)
        reader.assignments.append(Assignment(name, value, "", reader.line_at(start), ""))
        if value is not None:
            reader.values[name] = value
        reader.offset = end
        return True
    if not name or text[after] not in "=:":
        shown = text[offset : offset + 1] or text[after : after + 1]
        raise _BadLineError(start, f"unexpected character {shown!r} in a variable name")
    _value(reader, name, start, after + 1)
    return True


def _line_end(text: str, offset: int) -> int:
    end = text.find("\n", offset)
    return len(text) if end < 0 else end


def _value(reader: _Reader, name: str, start: int, offset: int) -> None:
    text = reader.text
    while offset < len(text) and text[offset] in " \t":
        offset += 1
    quote = text[offset] if offset < len(text) and text[offset] in "'\"" else ""
    if quote:
        end = offset + 1
        while end < len(text) and not (text[end] == quote and text[end - 1] != "\\"):
            end += 1
        if end >= len(text):
            raise _BadLineError(start, f"the value of {name} has a quote that is never closed")
        raw = text[offset + 1 : end]
        value = raw if quote == "'" else reader.expand(_unescape(raw))
        reader.offset = end + 1
        rest = text[reader.offset : _line_end(text, reader.offset)]
        if rest.strip() and not rest.lstrip().startswith("#"):
            # compose-go reads what follows a closing quote as the next name, and refuses it.
            if not re.fullmatch(r"\s*(?:export[ \t]+)?[A-Za-z0-9_.\-\[\]]+\s*(?:[=:].*)?", rest):
                raise _BadLineError(reader.offset, f"text follows the closing quote of {name}")
        elif rest.strip():
            reader.offset = _line_end(text, reader.offset)
    else:
        end = _line_end(text, offset)
        raw = text[offset:end].partition(" #")[0].strip()
        value = reader.expand(raw)
        reader.offset = end
    reader.assignments.append(Assignment(name, value, raw, reader.line_at(start), quote))
    reader.values[name] = value


def _unescape(text: str) -> str:
    def one(match: re.Match[str]) -> str:
        char = match.group(1)
        if char == "$":
            return "$$"
        return _ESCAPES.get(char, char)

    return re.sub(r"\\(.)", one, text, flags=re.DOTALL)


def quote_problem(name: str, value: str) -> str | None:
    """Say why a plain ``NAME=value`` line would not hold a value as it is, or None when it would."""
    parsed = parse_dotenv(f"{name}={value}\n")
    if parsed.problems:
        return parsed.problems[0].message
    found = parsed.find(name)
    return None if found is not None and found.value == value else "the value would be read differently"
