"""No latest tag, written or implied (R29)."""

from __future__ import annotations

import re
from collections.abc import Iterator

from inception_check.evidence.compose import Service
from inception_check.evidence.dockerfile import Dockerfile
from inception_check.evidence.project import Project
from inception_check.model import Context, Outcome, Rule

_FIX = "Write the version, for example {example}."


def tag_of(reference: str) -> str | None:
    """Return the tag of an image reference; None when there is neither tag nor digest."""
    name, at, _ = reference.partition("@")
    tag = name.rpartition("/")[2].partition(":")[2]
    return tag or ("@" if at else None)


def _check(project: Project, _: Context) -> Iterator[Outcome]:
    for dockerfile in project.dockerfiles:
        yield from _of_stages(dockerfile)
        yield from _of_copies(dockerfile)
    for service in project.compose.services.values() if project.compose is not None else ():
        yield from _of_service(service)


def _of_stages(dockerfile: Dockerfile) -> Iterator[Outcome]:
    for stage in dockerfile.stages:
        if dockerfile.is_stage(stage.resolved, stage.index) or stage.resolved == "scratch":
            continue
        if stage.unknown:
            yield RULE.undecided(f"the base of {dockerfile.path} depends on an argument without a default")
            continue
        problem = _problem(stage.resolved)
        if problem:
            fix = _FIX.format(example=f"{stage.resolved.partition(':')[0] or 'debian'}:12")
            yield RULE.finding(dockerfile.path, stage.instruction.line, f"FROM {stage.base} {problem}", fix)


def _of_copies(dockerfile: Dockerfile) -> Iterator[Outcome]:
    for instruction in dockerfile.instructions:
        source = instruction.flag("from")
        if not source or source.isdigit() or "$" in source or dockerfile.is_stage(source, len(dockerfile.stages)):
            continue
        problem = _problem(source)
        if problem and ("/" in source or ":" in source):
            yield RULE.finding(
                dockerfile.path,
                instruction.line,
                f"--from={source} {problem}",
                _FIX.format(example=f"{source.partition(':')[0]}:1.0"),
            )


def _of_service(service: Service) -> Iterator[Outcome]:
    image = service.image
    if image is None or not image.value:
        return
    if image.unknown:
        written = re.sub(r"\$\{[^}]*\}|\$\w+", "", image.text)
        if tag_of(image.text) != "latest" and not written.endswith(":latest"):
            yield RULE.undecided(f"the tag of {service.name}'s image depends on a variable that is not known")
            return
    problem = _problem(image.value)
    if problem:
        path, line = service.place("image")
        name = image.value.partition(":")[0]
        yield RULE.finding(path, line, f"image: {image.text} {problem}", _FIX.format(example=f"{name}:1.0"))


def _problem(reference: str) -> str:
    tag = tag_of(reference)
    if tag is None:
        return "has no tag, which means latest"
    return "uses the tag latest" if tag.lower() == "latest" else ""


RULE = Rule("latest-tag", "No image uses the tag latest, written or implied", ("R29",), _check)
