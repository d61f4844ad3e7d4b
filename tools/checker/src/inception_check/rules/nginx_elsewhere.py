"""No NGINX in the WordPress and MariaDB images (E45, E52, R12, R13)."""

from __future__ import annotations

import re
from collections.abc import Iterator

from inception_check.evidence.interpolation import interpolate
from inception_check.evidence.project import Project
from inception_check.evidence.shell import Script, Word
from inception_check.model import Context, Outcome, Rule

_SHEET = {"wordpress": ("E45", "R12"), "mariadb": ("E52", "R13")}
_PACKAGE = re.compile(r"nginx(?:-(?:light|full|extras|core|common|mod-[\w-]+))?(?:=\S+)?")


def _check(project: Project, _: Context) -> Iterator[Outcome]:
    for role, ids in _SHEET.items():
        part = project.part(role)
        if part is None or part.dockerfile is None:
            yield RULE.undecided(f"the Dockerfile of {role} could not be found", ids)
            continue
        arguments = {
            name: value for i in part.instructions if i.name in {"ARG", "ENV"} for name, value, _ in i.pairs() if value
        }
        images = [script for _, script in project.run_scripts(part.dockerfile)]
        own = [script for script in project.scripts if part.holds(script.path)]
        seen: set[tuple[str, int]] = set()
        for script in (*images, *own):
            for word in _packages(script):
                if _PACKAGE.fullmatch(interpolate(word.value, arguments).text) and (script.path, word.line) not in seen:
                    seen.add((script.path, word.line))
                    yield RULE.finding(
                        script.path,
                        word.line,
                        f"NGINX is installed in the image of {part.name}"
                        if script in images
                        else f"NGINX is installed when {part.name} starts",
                        "Remove the package; NGINX has a container of its own.",
                        requirements=ids,
                    )
        for instruction in part.dockerfile.instructions:
            if instruction.name in {"CMD", "ENTRYPOINT"} and re.search(
                r"(?<![\w.-])nginx(?![\w.-])", instruction.value
            ):
                yield RULE.finding(
                    part.dockerfile.path,
                    instruction.line,
                    f"{instruction.name} of {part.name} starts NGINX",
                    "Remove it; NGINX has a container of its own.",
                    requirements=ids,
                )


def _packages(script: Script) -> Iterator[Word]:
    """Yield the words of the commands that install packages."""
    for command in script.commands:
        if command.name in {"apt", "apt-get", "apk", "aptitude", "apt-fast"}:
            yield from command.arguments


RULE = Rule(
    "nginx-elsewhere",
    "There is no NGINX in the WordPress and MariaDB containers",
    ("E45", "E52", "R12", "R13"),
    _check,
)
