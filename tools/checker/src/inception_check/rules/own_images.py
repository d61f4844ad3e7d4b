"""Nothing but the Alpine or Debian base is pulled (E32, R8-R10)."""

from __future__ import annotations

import re
from collections.abc import Iterator

from inception_check.evidence.compose import Service
from inception_check.evidence.project import Project
from inception_check.model import Context, Outcome, Rule

_BASES = frozenset({"alpine", "debian"})


def _check(project: Project, _: Context) -> Iterator[Outcome]:  # noqa: C901 -- the cases of one rule, one after the other
    if project.compose is None and not project.dockerfiles:
        yield RULE.undecided("there is neither a Compose file nor a Dockerfile")
        return
    if project.compose is not None:
        for service in project.compose.services.values():
            if service.build is None and not _is_local(project, service):
                what = (
                    f"pulls {service.image.value or service.image.text}"
                    if service.image is not None
                    else "has neither build: nor image:"
                )
                yield RULE.finding(
                    *service.place("image"),
                    f"{service.name} {what} instead of being built here",
                    f"Write a Dockerfile for it and build: requirements/{service.name}.",
                    requirements=("E32", "R9", "R10"),
                )
    for dockerfile in project.dockerfiles:
        for stage in dockerfile.stages:
            base = stage.resolved
            if stage.unknown or dockerfile.is_stage(base, stage.index) or base == "scratch" or not base:
                continue
            if not _is_base(base) and project.local_dockerfile(base) is None:
                yield RULE.finding(
                    dockerfile.path,
                    stage.instruction.line,
                    f"the ready-made image {base} is pulled",
                    "Begin with the Alpine or Debian base and install the service yourself.",
                )
        for instruction in dockerfile.instructions:
            source = instruction.flag("from")
            if not source or source.isdigit() or "$" in source or instruction.name not in {"COPY", "ADD"}:
                continue
            local = dockerfile.is_stage(source, len(dockerfile.stages)) or project.local_dockerfile(source) is not None
            if not local and not _is_base(source):
                yield RULE.finding(
                    dockerfile.path,
                    instruction.line,
                    f"{instruction.name} --from={source} takes files out of a pulled image",
                    "Install what you need in the image itself, or in a build stage of your own.",
                )


def _is_local(project: Project, service: Service) -> bool:
    """Tell whether the Makefile builds the image of a service."""
    return service.image is not None and project.local_dockerfile(service.image.value) is not None


def _is_base(reference: str) -> bool:
    name = re.sub(r"^(?:docker\.io/)?(?:library/)?", "", reference.partition("@")[0])
    return name.partition(":")[0] in _BASES


RULE = Rule(
    "own-images",
    "Every image is built here from a base of Alpine or Debian; nothing else is pulled",
    ("E32", "R9", "R10"),
    _check,
    refutes=("R8",),
)
