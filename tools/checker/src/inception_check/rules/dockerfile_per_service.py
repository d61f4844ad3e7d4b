"""One Dockerfile per service, none of them empty (E31, E39, E44, E51)."""

from __future__ import annotations

from collections.abc import Iterator

from inception_check.evidence.compose import Build
from inception_check.evidence.dockerfile import Dockerfile
from inception_check.evidence.project import Part, Project
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
        yield from _judge(project, part, owners)
    used = {part.dockerfile.path for part in project.parts if part.dockerfile is not None}
    for dockerfile in project.dockerfiles:
        if dockerfile.path not in used and not dockerfile.instructions:
            yield RULE.finding(
                dockerfile.path,
                None,
                "the Dockerfile is empty, and no service is built from it",
                "Write it, or remove it.",
                requirements=("E31",),
            )
    for role, title in ALL_ROLES.items():
        if project.parts and project.part(role) is None:
            yield RULE.undecided(f"no service could be recognised as {title}", (_SHEET[role],))


def _judge(project: Project, part: Part, owners: dict[tuple[str, str | None], str]) -> Iterator[Outcome]:
    ids = ("E31", "R8") + ((_SHEET[part.role],) if part.role else ())
    service = part.service
    build = service.build if service is not None else None
    if service is not None and build is None and part.dockerfile is None:
        if part.role:
            yield RULE.finding(
                *service.place("image"),
                f"the service {part.name} is not built from a Dockerfile of its own",
                "Write a Dockerfile and name its directory under build:.",
                requirements=ids,
            )
        return
    if build is not None and build.undecided:
        yield RULE.undecided(f"the build context of {part.name} depends on a variable that is not known", ids)
    elif build is not None and build.inline is not None:
        yield RULE.finding(
            build.path,
            build.line,
            f"the Dockerfile of {part.name} is written into the Compose file",
            "Move dockerfile_inline into a file of its own, next to the service's configuration.",
            requirements=ids,
        )
    elif part.dockerfile is None:
        yield RULE.finding(
            build.path if build is not None else compose_file(project),
            build.line if build is not None else None,
            f"{build.dockerfile if build is not None else 'the Dockerfile'}, the Dockerfile of {part.name}, is not in the repository",
            "Add it, or correct the path under build:, which is counted from the Compose file.",
            requirements=(*ids, "E35"),
        )
    else:
        yield from _judge_file(part, part.dockerfile, build, owners, ids)


def _judge_file(
    part: Part,
    dockerfile: Dockerfile,
    build: Build | None,
    owners: dict[tuple[str, str | None], str],
    ids: tuple[str, ...],
) -> Iterator[Outcome]:
    if not dockerfile.instructions:
        yield RULE.finding(
            dockerfile.path,
            None,
            f"the Dockerfile of {part.name} is empty",
            "Write it: FROM, the packages, the configuration, the command.",
            requirements=ids,
        )
    if build is None:
        return
    key = (build.dockerfile, build.target)
    if key in owners:
        yield RULE.finding(
            build.path,
            build.line,
            f"{part.name} and {owners[key]} are built from the same Dockerfile",
            "Give each service a Dockerfile of its own.",
            requirements=ids,
        )
    owners.setdefault(key, part.name)


RULE = Rule(
    "dockerfile-per-service",
    "Each service has a Dockerfile of its own, and it is not empty",
    ("E31", "E39", "E44", "E51", "R8"),
    _check,
    refutes=("E35",),
)
