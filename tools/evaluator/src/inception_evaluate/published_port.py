"""Where a project keeps the port that it is published on: in its Compose file, or in a variable of its ``.env``."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

#: A published port: in the long syntax, or before the colon of the short one.
_HOST = re.compile(
    r"""(?:published:\s*["']?|[-\[,]\s*["']?(?:\d+(?:\.\d+){3}:|\$\{?\w+\}?:(?=[^:"'\s]+:))?)
        (?P<host>\d+|\$\{(?P<name>\w+)(?::?-(?P<default>[^}]*)|:?\?[^}]*)?\}|\$(?P<bare>\w+))
        (?P<inner>:[^:\s"']+)?""",
    re.VERBOSE,
)


@dataclass(frozen=True, slots=True)
class Edit:
    """A change of one file: its whole text before and after, and what a person would say that was changed."""

    path: str
    before: str
    after: str
    what: str


def plan(compose: Mapping[str, str], env: tuple[str, str], service: str, old: int, new: int) -> Edit | None:
    """Find the one place where the published port is to be changed.

    Args:
        compose: path to text of each Compose file.
        env: path and text of the ``.env`` that Compose reads; the text is empty when there is none.
        service: the service that publishes the port.
        old: the port.
        new: the port that is wanted.

    Returns:
        the edit, or None when no file tells where the port comes from.

    """
    for path, text in compose.items():
        begin, end = _block(text, service)
        for match in _HOST.finditer(text, begin, end):
            if not match["inner"] and "published" not in match[0]:
                continue
            name = match["name"] or match["bare"]
            if match["host"] == str(old):
                after = f"{text[: match.start('host')]}{new}{text[match.end('host') :]}"
                return Edit(path, text, after, f"{old} to {new} in the ports of {service} in {path}")
            if name and (found := _variable(env, name, match["default"], old, new)):
                return found
    return None


def _variable(env: tuple[str, str], name: str, default: str | None, old: int, new: int) -> Edit | None:
    path, text = env
    line = re.compile(rf"^(\s*(?:export\s+)?{re.escape(name)}\s*=\s*[\"']?)(\d+)(?=[\"']?\s*(?:#.*)?$)", re.MULTILINE)
    # The last of several lines counts.
    matches = list(line.finditer(text))
    what = f"{name}={old} to {name}={new} in {path}"
    if matches:
        last = matches[-1]
        if last[2] != str(old):
            return None
        return Edit(path, text, f"{text[: last.start(2)]}{new}{text[last.end(2) :]}", what)
    if default is None or default.strip("\"' ") != str(old):
        return None
    joint = "" if not text or text.endswith("\n") else "\n"
    return Edit(path, text, f"{text}{joint}{name}={new}\n", f"{name}={new}, which is {old} without it, in {path}")


def _block(text: str, service: str) -> tuple[int, int]:
    """Return where the entry of a service begins and ends in a Compose file; nowhere when it is not in it."""
    services = re.search(r"^services:[^\n]*\n", text, re.MULTILINE)
    if services is None:
        return 0, 0
    head = re.compile(rf"^([ \t]+)[\"']?{re.escape(service)}[\"']?:[^\n]*$", re.MULTILINE).search(text, services.end())
    if head is None:
        return 0, 0
    following = re.compile(rf"^(?:{re.escape(head[1])}|[ \t]{{0,{len(head[1]) - 1}}})[^\s#-]", re.MULTILINE)
    end = following.search(text, head.end())
    return head.end(), end.start() if end is not None else len(text)
