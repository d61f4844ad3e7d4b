"""The project lies at the root of the repository (E3, E5, E6)."""

from __future__ import annotations

from collections.abc import Iterator

from inception_check.evidence.project import Project
from inception_check.model import Context, Outcome, Rule


def _check(project: Project, _: Context) -> Iterator[Outcome]:
    places = project.subfolders
    if len(places) == 1:
        yield RULE.finding(
            places[0],
            None,
            f"the project lies in {places[0]}/, not at the root of the repository; it was checked there",
            f"Move what is in {places[0]}/ to the root.",
        )
    elif places:
        shown = ", ".join(f"{place}/" for place in places[:5])
        yield RULE.finding(
            "",
            None,
            f"there is no project at the root of the repository, but several below it: {shown}",
            "Move the one that counts to the root, or check one by giving its directory.",
        )


RULE = Rule(
    "project-root",
    "The project lies at the root of the repository",
    (),
    _check,
    refutes=("E3", "E5", "E6", "R2", "R3", "R36"),
    whole=True,
)
