"""No NGINX in the WordPress and MariaDB images (E45, E52, R12, R13)."""

from __future__ import annotations

import re
from collections.abc import Iterator

from inception_check.evidence.project import Project
from inception_check.model import Context, Outcome, Rule

_SHEET = {"wordpress": ("E45", "R12"), "mariadb": ("E52", "R13")}
_PACKAGE = re.compile(r"nginx(?:-(?:light|full|extras|core|common|mod-[\w-]+))?(?:=\S+)?")


def _check(project: Project, _: Context) -> Iterator[Outcome]:
    for role, ids in _SHEET.items():
        part = project.part(role)
        if part is None or part.dockerfile is None:
            yield RULE.undecided(f"the Dockerfile of {role} could not be found", ids)
            continue
        lines: set[int] = set()
        for instruction, script in project.run_scripts(part.dockerfile):
            for command in script.commands:
                if command.name not in {"apt", "apt-get", "apk", "aptitude", "apt-fast"}:
                    continue
                for word in command.arguments:
                    if _PACKAGE.fullmatch(word.value) and word.line not in lines:
                        lines.add(word.line)
                        yield RULE.finding(
                            part.dockerfile.path,
                            word.line,
                            f"NGINX is installed in the image of {part.name}",
                            "Remove the package; NGINX has a container of its own.",
                            requirements=ids,
                        )
            del instruction
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


RULE = Rule(
    "nginx-elsewhere",
    "There is no NGINX in the WordPress and MariaDB containers",
    ("E45", "E52", "R12", "R13"),
    _check,
)
