"""A Makefile at the root starts the whole (E6, R3)."""

from __future__ import annotations

import re
from collections.abc import Iterator

from inception_check.evidence.project import Project
from inception_check.model import Context, Outcome, Rule


def _check(project: Project, _: Context) -> Iterator[Outcome]:
    makefile = project.makefile
    if makefile is None:
        yield RULE.finding(
            "Makefile",
            None,
            "there is no Makefile at the root of the repository",
            "Add a Makefile whose first target builds and starts everything with Docker Compose.",
        )
        return
    for problem in makefile.problems:
        yield RULE.finding(
            problem.path,
            problem.line,
            problem.message,
            "Begin each line of a recipe with a tab.",
            requirements=("R3", "E16"),
        )
    text = project.text(makefile.path)
    if not text.strip():
        yield RULE.finding(
            makefile.path,
            None,
            "the Makefile is empty",
            "Let its first target call docker compose up --build.",
        )
    elif not re.search(r"compose", text) and not re.search(r"\$\(MAKE\)|\.sh\b|\bmake\b|ansible", text):
        yield RULE.finding(
            makefile.path,
            None,
            "no recipe of the Makefile calls Docker Compose",
            "Build and start the application with docker compose -f srcs/docker-compose.yml up --build.",
            requirements=("R3",),
        )


RULE = Rule(
    "makefile",
    "A Makefile at the root sets up the whole application",
    ("E6", "R3"),
    _check,
    refutes=("E3", "R36", "E16"),
)
