"""The static site of the bonus is not written in PHP (R53)."""

from __future__ import annotations

import re
from collections.abc import Iterator

from inception_check.evidence.project import Part, Project
from inception_check.model import Context, Outcome, Rule
from inception_check.rules._common import commands_of_image

_NAME = re.compile(
    r"static|(?:^|[-_])(?:web)?site|portfolio|showcase|resume|(?:^|[-_])cv(?:$|[-_])|landing", re.IGNORECASE
)
_PHP = re.compile(r"php\d*(?:[.-].*)?")


def _check(project: Project, _: Context) -> Iterator[Outcome]:
    for part in project.parts:
        if part.role or not _NAME.search(part.name) or part.dockerfile is None:
            continue
        path, line = _php(project, part)
        if path:
            yield RULE.finding(
                path,
                line,
                f"{part.name} is the static site, and it uses PHP",
                "Write the site in HTML, CSS and JavaScript, or in any language but PHP.",
            )


def _php(project: Project, part: Part) -> tuple[str, int | None]:
    """Return the place where a site shows that it is PHP; an empty path when it does not."""
    if part.dockerfile is None:
        return "", None
    for command in commands_of_image(project, part):
        if command.name in {"apt", "apt-get", "apk"}:
            for word in command.arguments:
                if _PHP.fullmatch(word.value):
                    return part.dockerfile.path, word.line
    for source in project.tree.below(part.home or part.context or "."):
        if source.name.endswith(".php"):
            return source.path, None
    return "", None


RULE = Rule("static-site", "The static site of the bonus is not in PHP", (), _check, refutes=("R53", "E62"))
