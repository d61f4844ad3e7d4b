"""The tree that the subject draws (R36)."""

from __future__ import annotations

import posixpath
from collections.abc import Iterator

from inception_check.evidence.project import Project
from inception_check.model import Context, Outcome, Rule, Severity


def _check(project: Project, _: Context) -> Iterator[Outcome]:
    for part in project.parts:
        if not part.role or part.home is None or part.dockerfile is None or part.home == ".":
            continue
        if part.dockerfile.path not in project.tree.files:
            continue
        missing = [
            name for name in ("conf", "tools") if posixpath.join(part.home, name) not in project.tree.directories
        ]
        if posixpath.join(part.home, ".dockerignore") not in project.tree.files:
            missing.insert(0, ".dockerignore")
        if missing:
            yield RULE.finding(
                part.dockerfile.path,
                None,
                f"{part.home}/ lacks {', '.join(missing)}",
                "The subject's example has .dockerignore, conf/ and tools/ next to each Dockerfile.",
            )
        if not part.home.startswith("srcs/requirements/") and part.home.startswith("srcs"):
            yield RULE.finding(
                part.dockerfile.path,
                None,
                f"{part.name} is built in {part.home}/, the subject's tree has srcs/requirements/{part.role}/",
                "Move the directory below srcs/requirements/.",
            )


RULE = Rule(
    "directory-layout",
    "The directories are as the subject draws them",
    ("R36",),
    _check,
    severity=Severity.WARNING,
)
