"""The start scripts can be run: mode, line ends, and the programs that they begin with (E35)."""

from __future__ import annotations

import fnmatch
import posixpath
import re
from collections.abc import Iterator

from inception_check.evidence.process import Launch
from inception_check.evidence.project import Part, Project
from inception_check.evidence.shell import SHELLS, Script
from inception_check.model import Context, Outcome, Rule
from inception_check.rules._common import base_of, commands_of_image, launches

#: The shells that a base brings with it.
_THERE = {"alpine": {"sh", "ash", "busybox"}, "debian": {"sh", "dash", "bash"}}
_HELPERS = frozenset({"tini", "dumb-init", "gosu", "su-exec", "catatonit"})


def _check(project: Project, _: Context) -> Iterator[Outcome]:
    for part, launch in launches(project):
        for script in launch.scripts:
            if _has_crlf(project, part, script):
                yield RULE.finding(
                    script.path,
                    1,
                    f"the start script of {part.name} has the line ends of Windows, which no shell understands",
                    "Save it with LF line ends (sed -i 's/\\r$//'), and write '*.sh text eol=lf' into .gitattributes.",
                )
        for name, script in launch.direct:
            if not _is_executable(project, part, name, script):
                yield RULE.finding(
                    script.path,
                    1 if script.path in project.tree.files else script.first_line,
                    f"the start script of {part.name} is not executable, so that the container cannot start",
                    "Set its mode in git (git update-index --chmod=+x), or write COPY --chmod=755.",
                )
        yield from _missing(project, part, launch)


def _has_crlf(project: Project, part: Part, script: Script) -> bool:
    source = project.tree.get(script.path)
    if source is None or script.first_line != 1 or b"\r\n" not in source.data or part.dockerfile is None:
        return False
    return re.search(r"dos2unix|\\r", project.text(part.dockerfile.path)) is None


def _is_executable(project: Project, part: Part, name: str, script: Script) -> bool:  # noqa: C901 -- the ways of setting a mode, one after the other
    source = project.tree.get(script.path)
    if source is not None and source.executable and script.first_line == 1:
        return True
    names = {posixpath.basename(name), posixpath.basename(script.path)}
    for instruction in part.instructions:
        mode = instruction.flag("chmod")
        if instruction.name in {"COPY", "ADD"} and mode and _sets_x(mode):
            words = instruction.words()
            # A directory that is copied as a whole does not name its files.
            if names & {posixpath.basename(word) for word in words} or not any("." in word for word in words[:-1]):
                return True
    for command in commands_of_image(project, part):
        values = command.values
        if "chmod" in values and any(_sets_x(value) for value in values[1:]):
            for value in values[values.index("chmod") + 1 :]:
                within = "-R" in values and name.startswith(value.rstrip("/") + "/")
                if within or posixpath.basename(value) in names or fnmatch.fnmatch(name, value) or "$" in value:
                    return True
                if any(fnmatch.fnmatch(one, posixpath.basename(value)) for one in names):
                    return True
        if command.name == "install" and names & {posixpath.basename(value) for value in values}:
            return True
    # What no COPY brings in has come by another way, of which nothing is known: a mount, or a stage before.
    return not any(i.name in {"COPY", "ADD"} and i.flag("from") is None for i in part.instructions)


def _sets_x(mode: str) -> bool:
    """Tell whether a mode, in digits or letters, lets the owner execute a file."""
    if re.fullmatch(r"[0-7]{3,4}", mode):
        return int(mode[-3]) % 2 == 1
    return re.fullmatch(r"[ugoa]*[+=][rwst]*[xX][rwxXst]*(?:,.*)?", mode) is not None


def _missing(project: Project, part: Part, launch: Launch) -> Iterator[Outcome]:
    """Find shells and helpers that the image does not have."""
    base = base_of(part)
    if base is None:
        return
    wanted = [(script.interpreter, script.path, script.first_line) for _, script in launch.direct]
    wanted += [(name, path, line) for name, path, line in launch.programs if name in SHELLS | _HELPERS]
    words = {
        re.split(r"[=@~]", posixpath.basename(value))[0]
        for command in commands_of_image(project, part)
        for value in command.values
    }
    words |= {posixpath.basename(word) for i in part.instructions if i.name in {"COPY", "ADD"} for word in i.words()}
    reported: set[str] = set()
    for name, path, line in wanted:
        if name in SHELLS | _HELPERS and name not in _THERE[base[0]] | words | reported:
            reported.add(name)
            yield RULE.finding(
                path,
                line,
                f"{part.name} is started with {name}, which the image of {base[0].capitalize()} does not have",
                f"Install {name}, or use sh." if name in SHELLS else f"Install {name}, or leave it out.",
            )


RULE = Rule("start-scripts", "The start scripts can be run", (), _check, refutes=("E35",))
