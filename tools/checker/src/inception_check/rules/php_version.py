"""The version of PHP is one that the base has (E35)."""

from __future__ import annotations

import re
from collections.abc import Iterator

from inception_check.evidence.interpolation import interpolate
from inception_check.evidence.project import Part, Project
from inception_check.evidence.shell import Script
from inception_check.model import Context, Outcome, Rule
from inception_check.rules._common import base_of, launches
from inception_check.rules.base_image import release_of

#: The one version of PHP in each release of Debian: https://packages.debian.org/php-fpm
_DEBIAN = {"10": "7.3", "11": "7.4", "12": "8.2", "13": "8.4"}
#: The releases of Alpine between which a version of PHP is packaged: https://pkgs.alpinelinux.org/packages?name=php*-fpm
_ALPINE = {
    "7": (0, 16), "8": (0, 16), "80": (0, 16), "81": (16, 19), "82": (17, 99), "83": (19, 99), "84": (21, 99), "85": (23, 99),
}  # fmt: skip
_DEBIAN_NAME = re.compile(
    r"(?<![\w.])php-?fpm-?(\d\.\d)\b|(?<![\w.])php(\d\.\d)(?:-[a-z]+)?\b|/etc/php/(\d\.\d)/|/run/php/php(\d\.\d)"
)
_ALPINE_NAME = re.compile(
    r"(?<![\w.])php-fpm(\d{1,2})\b|(?<![\w.])php(\d{1,2})(?:-[a-z_]+)?(?![\w.])|/etc/php(\d{1,2})/"
)
_ELSEWHERE = re.compile(r"sury|ondrej|backports|/edge/|edge/community|docker-php|https?://\S*php", re.IGNORECASE)


def _check(project: Project, context: Context) -> Iterator[Outcome]:
    for part, launch in launches(project):
        base = base_of(part)
        if base is None or part.dockerfile is None or _ELSEWHERE.search(project.text(part.dockerfile.path)):
            continue
        release = release_of(*base, context.today)
        if release is None:
            continue
        seen: set[str] = set()
        for path, line, text in _texts(part, launch.scripts):
            for match in (_DEBIAN_NAME if base[0] == "debian" else _ALPINE_NAME).finditer(text):
                version = next(group for group in match.groups() if group)
                if version not in seen and not _has(base[0], release, version):
                    seen.add(version)
                    yield RULE.finding(
                        path,
                        line,
                        f"{part.name} wants PHP {version} ({match.group()}), which {base[0].capitalize()} {release} does not have",
                        _fix(base[0], release),
                    )


def _has(distribution: str, release: str, version: str) -> bool:
    if distribution == "debian":
        return _DEBIAN.get(release, version) == version
    first, last = _ALPINE.get(version, (0, 99))
    return first <= int(release.partition(".")[2] or 0) <= last


def _fix(distribution: str, release: str) -> str:
    if distribution == "debian" and release in _DEBIAN:
        return f"Use PHP {_DEBIAN[release]}, or the package php-fpm, which is always the right one."
    return "Use a version that the release has: apk search 'php*-fpm'."


def _texts(part: Part, scripts: list[Script]) -> Iterator[tuple[str, int, str]]:
    """Yield the instructions and start commands of a service, with the values of ARG and ENV put in."""
    values: dict[str, str] = {}
    path = part.dockerfile.path if part.dockerfile is not None else ""
    for instruction in part.instructions:
        if instruction.name in {"ARG", "ENV"}:
            values.update({name: value for name, value, _ in instruction.pairs() if value is not None})
        elif instruction.name in {"RUN", "COPY", "CMD", "ENTRYPOINT", "VOLUME"}:
            for offset, text in enumerate(instruction.body.split("\n")):
                yield path, instruction.body_line + offset, interpolate(text, values).text
    for script in scripts:
        for number, text in enumerate(script.text.split("\n"), start=script.first_line):
            if not text.lstrip().startswith("#"):
                yield script.path, number, text
    for given in (part.service.command, part.service.entrypoint) if part.service is not None else ():
        if given is not None:
            yield given.path, given.line, " ".join(given.words)


RULE = Rule("php-version", "The version of PHP is one that the base has", (), _check, refutes=("E35",))
