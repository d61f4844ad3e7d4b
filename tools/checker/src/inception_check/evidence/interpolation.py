"""Variable substitution as Compose does it: ``$X``, ``${X}``, the ``:-`` family, nesting, and ``$$``."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

_NAME = re.compile(r"[_a-zA-Z][_a-zA-Z0-9]*")
_MAX_DEPTH = 20


@dataclass(frozen=True, slots=True)
class Interpolated:
    """The outcome of a substitution.

    Attributes:
        text: the resulting text; an unknown variable became empty.
        unknown: the variables that had neither value nor default.
        used: every variable that was looked at.
        required: variables that ``:?`` or ``?`` insists on and that are missing.
        invalid: what is wrong with the syntax, or empty.

    """

    text: str
    unknown: tuple[str, ...] = ()
    used: tuple[str, ...] = ()
    required: tuple[str, ...] = ()
    invalid: str = ""


class _State:
    def __init__(self, values: Mapping[str, str]) -> None:
        self.values = values
        self.unknown: list[str] = []
        self.used: list[str] = []
        self.required: list[str] = []
        self.invalid = ""


def interpolate(text: str, values: Mapping[str, str]) -> Interpolated:
    """Substitute the variables in a text."""
    if "$" not in text:
        return Interpolated(text)
    state = _State(values)
    result = _expand(text, state, 0)
    return Interpolated(result, tuple(state.unknown), tuple(state.used), tuple(state.required), state.invalid)


def _closing(text: str, start: int) -> int:
    """Find the brace that closes the one before ``start``; -1 when there is none."""
    depth, position = 1, start
    while position < len(text):
        if text.startswith("${", position):
            depth += 1
            position += 2
            continue
        if text[position] == "}":
            depth -= 1
            if depth == 0:
                return position
        position += 1
    return -1


def _expand(text: str, state: _State, depth: int) -> str:
    if depth > _MAX_DEPTH:
        state.invalid = state.invalid or "variables are nested too deeply"
        return text
    parts: list[str] = []
    position = 0
    while True:
        dollar = text.find("$", position)
        if dollar < 0:
            parts.append(text[position:])
            return "".join(parts)
        parts.append(text[position:dollar])
        following = text[dollar + 1 : dollar + 2]
        if following == "$":
            parts.append("$")
            position = dollar + 2
        elif following == "{":
            end = _closing(text, dollar + 2)
            if end < 0:
                state.invalid = state.invalid or f"a brace is never closed in {text[dollar:]!r}"
                parts.append(text[dollar:])
                return "".join(parts)
            parts.append(_braced(text[dollar + 2 : end], state, depth))
            position = end + 1
        else:
            match = _NAME.match(text, dollar + 1)
            if match is None:
                state.invalid = state.invalid or f"a lone dollar sign in {text!r} has to be written twice"
                parts.append("$")
                position = dollar + 1
            else:
                parts.append(_lookup(match.group(), state))
                position = match.end()


def _lookup(name: str, state: _State) -> str:
    state.used.append(name)
    if name not in state.values:
        state.unknown.append(name)
        return ""
    return state.values[name]


def _braced(inner: str, state: _State, depth: int) -> str:
    match = _NAME.match(inner)
    if match is None:
        state.invalid = state.invalid or f"${{{inner}}} names no variable"
        return ""
    name, rest = match.group(), inner[match.end() :]
    if not rest:
        return _lookup(name, state)
    value = state.values.get(name)
    state.used.append(name)
    colon = rest.startswith(":")
    operator, word = (rest[1:2], rest[2:]) if colon else (rest[:1], rest[1:])
    present = value is not None and (value != "" or not colon)
    if operator == "-":
        return value if present and value is not None else _expand(word, state, depth + 1)
    if operator == "+":
        return _expand(word, state, depth + 1) if present else ""
    if operator == "?":
        if not present:
            state.required.append(name)
            state.unknown.append(name)
        return value or ""
    state.invalid = state.invalid or f"${{{inner}}} is no substitution that Compose knows"
    return ""
