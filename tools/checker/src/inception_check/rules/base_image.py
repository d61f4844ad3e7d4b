"""The base is the penultimate stable release of Alpine or Debian (E13, E33, R7)."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import date

from inception_check.evidence.dockerfile import Stage
from inception_check.evidence.project import Project
from inception_check.model import Context, Outcome, Rule
from inception_check.releases import RELEASES, penultimate

_PREFIX = re.compile(r"^(?:docker\.io/)?(?:library/)?(alpine|debian)$")
_SUFFIX = re.compile(r"-(?:slim|backports|\d{8}(?:\.\d+)?)")


def release_of(distribution: str, tag: str, on: date) -> str | None:
    """Return the release that a tag means on a day; None when it means none that is known.

    A tag may name a point release, a Debian code name, Debian's ``oldstable``, or carry ``-slim`` or a date.
    """
    text = tag
    while True:
        shorter = _SUFFIX.sub("", text)
        if shorter == text:
            break
        text = shorter
    if distribution == "debian" and text in {"stable", "oldstable"}:
        known = sorted(
            (r for r in RELEASES if r.distribution == "debian" and r.stable_since <= on),
            key=lambda r: r.stable_since,
        )
        index = -1 if text == "stable" else -2
        return known[index].version if len(known) >= -index else None
    for release in RELEASES:
        if release.distribution != distribution:
            continue
        if text == release.version or (release.codename and text == release.codename):
            return release.version
        if text.startswith(release.version + ".") and re.fullmatch(r"[\d.]+", text):
            return release.version
    return None


def _judge(stage: Stage, context: Context) -> tuple[str, str]:
    """Return what is wrong with a base, and how to mend it; two empty texts when nothing is."""
    name, colon, tag = stage.resolved.partition("@")[0].partition(":")
    match = _PREFIX.match(name)
    bases = {d: penultimate(d, context.today) for d in ("debian", "alpine")}
    wanted = f"FROM debian:{bases['debian'].version} or FROM alpine:{bases['alpine'].version}"
    if match is None:
        return (
            f"the base {stage.base} is neither Alpine nor Debian",
            f"Begin with {wanted} and install the service.",
        )
    distribution = match.group(1)
    if not colon:
        return f"the base {stage.base} has no version", f"Write {wanted}."
    release = release_of(distribution, tag, context.today)
    expected = bases[distribution]
    if release == expected.version:
        return "", ""
    if context.subject == "1" and distribution == "debian" and release == "10":
        return "", ""
    label = f"{expected.version} ({expected.codename})" if expected.codename else expected.version
    day = context.today.isoformat()
    if release is None:
        said = f"{stage.base} is not the penultimate stable release of {distribution.capitalize()}, which on {day} is {label}"
    else:
        known = next(r for r in RELEASES if r.distribution == distribution and r.version == release)
        age = "newer" if known.stable_since > expected.stable_since else "older"
        said = f"{stage.base} is {age} than the penultimate stable release of {distribution.capitalize()}, which on {day} is {label}"
    return said, f"Write FROM {distribution}:{expected.version}."


def _check(project: Project, context: Context) -> Iterator[Outcome]:
    if not project.dockerfiles:
        yield RULE.undecided("there is no Dockerfile")
        return
    try:
        penultimate("debian", context.today), penultimate("alpine", context.today)
    except ValueError as error:
        yield RULE.undecided(str(error))
        return
    for dockerfile in project.dockerfiles:
        if dockerfile.instructions and not dockerfile.stages:
            yield RULE.finding(
                dockerfile.path,
                None,
                "the Dockerfile has no FROM",
                "Begin it with FROM debian:<version> or FROM alpine:<version>.",
            )
        for stage in dockerfile.stages:
            if dockerfile.is_stage(stage.resolved, stage.index) or (
                stage.resolved == "scratch" and len(dockerfile.stages) > 1
            ):
                continue
            if stage.unknown:
                # The rule on the literal FROM speaks about it.
                yield RULE.undecided(
                    f"the base of {dockerfile.path} depends on an argument without a default", ("E33", "R7")
                )
                continue
            if project.local_dockerfile(stage.resolved) is not None:
                # Its own Dockerfile is judged like any other.
                continue
            message, fix = _judge(stage, context)
            if message:
                yield RULE.finding(dockerfile.path, stage.instruction.line, message, fix)


RULE = Rule(
    "base-image",
    "Every base is the penultimate stable release of Alpine or Debian",
    ("E13", "E33", "R7"),
    _check,
)
