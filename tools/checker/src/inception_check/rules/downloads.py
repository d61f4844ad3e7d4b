"""Downloads name a version and are verified (E32)."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from inception_check.evidence.project import Project
from inception_check.evidence.shell import Script, ShellCommand
from inception_check.model import Context, Outcome, Rule, Severity
from inception_check.rules._common import container_scripts

_URL = re.compile(r"(?:https?|ftp)://[^\s\"']+")
_LOCAL = re.compile(r"^(?:https?|ftp)://(?:localhost|127\.|0\.0\.0\.0|\[|[\w-]+(?::\d+)?(?:/|$)|\$)")
_NOT_SOFTWARE = re.compile(r"api\.wordpress\.org/secret-key|/health|ifconfig|icanhazip|ipinfo")
_VERIFIES = re.compile(
    r"sha(?:1|224|256|384|512)sum|md5sum|shasum|(?<![\w./-])gpg\s|gpgv|openssl\s+dgst|cosign|minisign|signify"
)


@dataclass(frozen=True, slots=True)
class Download:
    """Something that a build or a start fetches from the network."""

    url: str
    path: str
    line: int
    pinned: bool
    verified: bool


def downloads(project: Project) -> list[Download]:  # noqa: C901 -- the ways of downloading, one after the other
    """List what the images and their scripts download."""
    found: dict[tuple[str, int, str], Download] = {}
    scripts: list[tuple[Script, str]] = []
    for dockerfile in project.dockerfiles:
        whole = project.text(dockerfile.path)
        for _, script in project.run_scripts(dockerfile):
            scripts.append((script, whole))
        for instruction in dockerfile.instructions:
            if instruction.name == "ADD":
                for word in instruction.words()[:-1]:
                    if _URL.match(word):
                        made = Download(
                            word,
                            dockerfile.path,
                            instruction.line,
                            is_pinned(word),
                            instruction.flag("checksum") is not None,
                        )
                        found[made.path, made.line, made.url] = made
    scripts.extend((script, script.text) for script in container_scripts(project))
    for top, whole in scripts:
        for script in top.everything():
            for command in script.commands:
                for url, pinned in _of(command):
                    verified = _VERIFIES.search(whole) is not None or url.startswith("wp ")
                    made = Download(url, script.path, command.line, pinned, verified)
                    found[made.path, made.line, made.url] = made
    return list(found.values())


def is_pinned(url: str) -> bool:
    """Tell whether a URL names a version: a number or a commit, and not the word latest."""
    if re.search(r"latest|nightly|/(?:master|main|gh-pages|trunk|HEAD)/", url):
        return False
    path = re.sub(r"^\w+://[^/]+", "", url)
    return re.search(
        r"\d+\.\d+|[-_/v]\d+(?:[-_./]|$)|\$\{?\w*(?:VERSION|VER|TAG|RELEASE|URL)\w*|[0-9a-f]{12,}",
        path,
        re.IGNORECASE,
    ) is not None or ("$" in url and "VERSION" in url.upper())


def _of(command: ShellCommand) -> Iterator[tuple[str, bool]]:
    if command.name in {"curl", "wget", "aria2c", "fetch"}:
        for word in command.arguments:
            match = _URL.search(word.value)
            if match and not _LOCAL.match(match.group()) and not _NOT_SOFTWARE.search(match.group()):
                # A user and password in front of the host are nobody's business.
                yield re.sub(r"://[^/@\s]+@", "://", match.group()), is_pinned(match.group())
    elif command.name == "git" and "clone" in command.values:
        url = next((v for v in command.values if _URL.match(v)), None)
        if url is not None:
            yield url, any(v in {"-b", "--branch"} or v.startswith("--branch=") for v in command.values)
    elif re.fullmatch(r"wp(?:-?cli)?(?:\.phar)?", command.name) or (
        command.name.startswith("php") and "wp" in " ".join(command.values[1:2])
    ):
        values = [v for v in command.values if not v.startswith("-")]
        if "core download" in " ".join(values):
            yield (
                "wp core download",
                any(v.startswith("--version") and "latest" not in v for v in command.values),
            )


def _check(project: Project, _: Context) -> Iterator[Outcome]:
    found = downloads(project)
    # All of them are listed, also those with which nothing is wrong.
    details: list[str] = project.memo.setdefault("details", [])
    details.extend(f"Downloaded by {d.path}:{d.line}: {d.url}" for d in found)
    for download in found:
        problems = []
        if not download.pinned:
            problems.append("names no version")
        if not download.verified:
            problems.append("is not verified by a checksum")
        if problems:
            yield RULE.finding(
                download.path,
                download.line,
                f"the download {download.url} {' and '.join(problems)}",
                "Write the version into the URL, and compare the file with its SHA-256 before it is used.",
            )


RULE = Rule(
    "downloads",
    "What is downloaded names a version and is verified",
    ("E32",),
    _check,
    severity=Severity.WARNING,
)
