"""A Dockerfile starts, literally, with FROM alpine: or FROM debian: (E13)."""

from __future__ import annotations

import re
from collections.abc import Iterator

from inception_check.evidence.project import Project
from inception_check.model import Context, Outcome, Rule

_FIX = "Begin the Dockerfile with FROM debian:<version> or FROM alpine:<version>, the version written out."


def _check(project: Project, _: Context) -> Iterator[Outcome]:
    if not project.dockerfiles:
        yield RULE.undecided("there is no Dockerfile")
        return
    for dockerfile in project.dockerfiles:
        first = dockerfile.instructions[0] if dockerfile.instructions else None
        if first is None or not dockerfile.stages:
            continue
        stage = dockerfile.stages[0]
        if first.name != "FROM":
            yield RULE.finding(
                dockerfile.path, first.line, f"the Dockerfile starts with {first.name} instead of FROM", _FIX
            )
        elif "$" in stage.base:
            yield RULE.finding(dockerfile.path, first.line, f"FROM {stage.base} does not spell the base out", _FIX)
        elif first.flags:
            yield RULE.finding(dockerfile.path, first.line, "an option stands between FROM and the base", _FIX)
        elif re.match(r"(?:docker\.io/|library/)", stage.base):
            yield RULE.finding(
                dockerfile.path, first.line, f"FROM {stage.base} puts a registry before the base's name", _FIX
            )


RULE = Rule(
    "literal-from",
    "Each Dockerfile starts, literally, with FROM alpine:<version> or FROM debian:<version>",
    ("E13",),
    _check,
)
