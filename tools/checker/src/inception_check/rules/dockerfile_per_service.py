"""One Dockerfile per service, none of them empty (E31, E39, E44, E51)."""

from __future__ import annotations

from collections.abc import Iterator

from inception_check.evidence.project import Project
from inception_check.model import Context, Outcome, Rule
from inception_check.rules._common import ALL_ROLES, compose_file

_SHEET = {"nginx": "E39", "wordpress": "E44", "mariadb": "E51"}


def _check(project: Project, _: Context) -> Iterator[Outcome]:
    if project.compose is None and not project.parts:
        yield RULE.finding(
            "srcs/requirements",
            None,
            "there is no Dockerfile",
            "Write one Dockerfile per service below srcs/requirements/.",
        )
        return
    owners: dict[tuple[str, str | None], str] = {}
    for part in project.parts:
        ids = ("E31", "R8") + ((_SHEET[part.role],) if part.role else ())
        build = part.service.build if part.service is not None else None
        place = (
            (build.path, build.line)
            if build is not None
            else (compose_file(project), part.service.line if part.service else None)
        )
        if part.service is not None and build is None:
            if part.role:
                yield RULE.finding(
                    *part.service.place("image"),
                    f"the service {part.name} is not built from a Dockerfile of its own",
                    "Write a Dockerfile and name its directory under build:.",
                    requirements=ids,
                )
            continue
        if build is not None and build.undecided:
            yield RULE.undecided(f"the build context of {part.name} depends on a variable that is not known", ids)
            continue
        if part.dockerfile is None:
            missing = build.dockerfile if build is not None else "its Dockerfile"
            yield RULE.finding(
                *place,
                f"{missing}, the Dockerfile of {part.name}, is not in the repository",
                "Add it.",
                requirements=ids,
            )
            continue
        if not part.dockerfile.instructions:
            yield RULE.finding(
                part.dockerfile.path,
                None,
                f"the Dockerfile of {part.name} is empty",
                "Write it: FROM, the packages, the configuration, the command.",
                requirements=ids,
            )
        if build is not None and build.inline is None:
            key = (build.dockerfile, build.target)
            if key in owners:
                yield RULE.finding(
                    *place,
                    f"{part.name} and {owners[key]} are built from the same Dockerfile",
                    "Give each service a Dockerfile of its own.",
                    requirements=ids,
                )
            owners.setdefault(key, part.name)
    for role, title in ALL_ROLES.items():
        if project.parts and project.part(role) is None:
            yield RULE.undecided(f"no service could be recognised as {title}", (_SHEET[role],))


RULE = Rule(
    "dockerfile-per-service",
    "Each service has a Dockerfile of its own, and it is not empty",
    ("E31", "E39", "E44", "E51", "R8"),
    _check,
)
