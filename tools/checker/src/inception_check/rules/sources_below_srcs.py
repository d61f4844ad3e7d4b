"""All configuration lies under srcs/ (E5, R2)."""

from __future__ import annotations

import re
from collections.abc import Iterator

from inception_check.evidence.project import Project
from inception_check.model import Context, Outcome, Rule

_CONFIGURATION = re.compile(r"(?:^|/)(?:Dockerfile|nginx\.conf|www\.conf|wp-config\.php|50-server\.cnf|my\.cnf)$")
_ELSEWHERE = re.compile(r"^(?:\.|tests?/|docs?/|examples?/|roles/|molecule/|templates?/|node_modules/|old/|archive/)")


def _check(project: Project, _: Context) -> Iterator[Outcome]:
    if project.srcs is None:
        yield RULE.finding(
            "srcs",
            None,
            "there is no srcs directory at the root of the repository",
            "Put docker-compose.yml, .env and requirements/ into srcs/.",
            requirements=("E5", "R2", "E3", "R36"),
        )
        return
    compose = project.compose
    contexts = set()
    for part in project.parts:
        if part.service is not None and part.service.build is not None and part.dockerfile is not None:
            path = part.dockerfile.path
            if not path.startswith("srcs/"):
                contexts.add(path)
                yield RULE.finding(
                    path,
                    None,
                    f"the Dockerfile of {part.name} is outside srcs/",
                    f"Move it to srcs/requirements/{part.name}/ and adapt the build context.",
                )
    if compose is not None and any(part.dockerfile is not None for part in project.parts):
        return
    for path in project.tree.files:
        if (
            path not in contexts
            and _CONFIGURATION.search(path)
            and not path.startswith("srcs/")
            and not _ELSEWHERE.match(path)
        ):
            yield RULE.finding(path, None, f"{path} is configuration outside srcs/", "Move it below srcs/.")


RULE = Rule(
    "sources-below-srcs",
    "All configuration files live under srcs/",
    ("E5", "R2"),
    _check,
    refutes=("E3", "R36"),
)
