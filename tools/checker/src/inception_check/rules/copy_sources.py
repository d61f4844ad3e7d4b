"""What COPY and ADD name is in the build context (E35)."""

from __future__ import annotations

import fnmatch
import posixpath
import re
from collections.abc import Iterator

from inception_check.evidence.dockerfile import Copied, copies
from inception_check.evidence.project import Part, Project
from inception_check.model import Context, Outcome, Rule


def _check(project: Project, _: Context) -> Iterator[Outcome]:
    for part in project.parts:
        build = part.service.build if part.service is not None else None
        if part.dockerfile is None or part.context is None or (build is not None and build.undecided):
            continue
        ignores = _ignores(project, part)
        for copied in copies(list(part.dockerfile.instructions)):
            if copied.heredoc is not None or "$" in copied.source or ":" in copied.source:
                continue
            what = _wrong(project, part, copied, ignores)
            if what:
                yield RULE.finding(part.dockerfile.path, copied.line, f"{copied.source} {what}", _FIX)


_FIX = "Correct the path, which is counted from the build context, or take it out of .dockerignore."


def _wrong(project: Project, part: Part, copied: Copied, ignores: list[tuple[re.Pattern[str], bool]]) -> str:
    """Say why a source cannot be copied; empty when it can, or when it may be made before the build."""
    context = part.context or "."
    if copied.source.startswith(".."):
        return f"lies outside of the build context {context}/"
    wanted = posixpath.normpath(posixpath.join(context, copied.source))
    files = [
        source.path
        for source in project.tree.below("" if context == "." else context)
        if source.path == wanted or source.path.startswith(f"{wanted}/") or fnmatch.fnmatch(source.path, wanted)
    ]
    if wanted == context or wanted in project.tree.links:
        return ""
    if not files:
        made = wanted in project.tree.directories or project.git.ignored(wanted) or _is_named(project, wanted)
        return "" if made else f"is not in the build context {context}/, so that the build stops"
    inside = [path if context == "." else path[len(context) + 1 :] for path in files]
    if all(_ignored(path, ignores) for path in inside):
        return "is kept out of the build by .dockerignore, so that the build stops"
    return ""


def _is_named(project: Project, path: str) -> bool:
    """Tell whether the Makefile or a script outside of the images speaks of a file, and so may make it."""
    name = posixpath.basename(path)
    scripts = [s for s in project.scripts if not any(part.holds(s.path) for part in project.parts)]
    return any(name in script.text for script in (*project.make_scripts, *scripts))


def _ignores(project: Project, part: Part) -> list[tuple[re.Pattern[str], bool]]:
    """Read the .dockerignore of a build: patterns in their order, each with whether it excludes."""
    own = f"{part.dockerfile.path}.dockerignore" if part.dockerfile is not None else ""
    shared = posixpath.normpath(posixpath.join(part.context or ".", ".dockerignore"))
    found = []
    for line in project.text(own if own in project.tree.files else shared).split("\n"):
        text = line.strip()
        pattern = posixpath.normpath(text.removeprefix("!").strip().lstrip("/")) if text else ""
        if pattern and not text.startswith("#"):
            found.append((_expression(pattern), not text.startswith("!")))
    return found


def _expression(pattern: str) -> re.Pattern[str]:
    """Translate a pattern of .dockerignore, which is counted from the context and also covers what lies below."""
    parts = re.split(r"(\*\*/?|\*|\?)", pattern)
    known = {"**/": "(?:.*/)?", "**": ".*", "*": "[^/]*", "?": "[^/]"}
    return re.compile("".join(known.get(part, re.escape(part)) for part in parts) + r"(?:/.*)?")


def _ignored(path: str, ignores: list[tuple[re.Pattern[str], bool]]) -> bool:
    verdict = False
    for pattern, excludes in ignores:
        if pattern.fullmatch(path):
            verdict = excludes
    return verdict


RULE = Rule("copy-sources", "What a Dockerfile copies is in its build context", (), _check, refutes=("E35",))
