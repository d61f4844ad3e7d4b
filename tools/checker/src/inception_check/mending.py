"""``--fix``: mends what has one right answer, line by line, and touches nothing else.

Image names and tags, restart policies, ``exec`` in start scripts, the release in FROM, the first line of README.md, ignore
lines for files with passwords, and ``links:``. What is left to do by hand is said.
"""

from __future__ import annotations

import difflib
import os
import re
import tempfile
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path

from inception_check.evidence.credentials import is_example
from inception_check.evidence.source import Tree
from inception_check.model import Finding, Severity
from inception_check.releases import RELEASES, penultimate
from inception_check.runner import Report

#: So often are the files judged and mended anew, until nothing is left: one line can hold two mistakes.
ROUNDS = 4
_UNREADABLE = frozenset({"compose-file", "unreadable"})
#: An image that is built here has no version of its own; the subject only forbids ``latest``.
_TAG = "1.0"


class FixError(Exception):
    """What was given cannot be mended in place."""


@dataclass
class Fixes:
    """What was mended.

    Attributes:
        before: the texts of the changed files as they were; None for a new one.
        after: the texts as they are now.
        done: what was done, one sentence each.
        left: what has to be done by hand, one command or sentence each.

    """

    before: dict[str, str | None] = field(default_factory=dict)
    after: dict[str, str] = field(default_factory=dict)
    done: list[str] = field(default_factory=list)
    left: list[str] = field(default_factory=list)

    def diff(self) -> str:
        """Return the changes as a unified diff."""
        parts: list[str] = []
        for path, new in sorted(self.after.items()):
            old = self.before[path]
            parts += difflib.unified_diff(
                (old or "").splitlines(keepends=True),
                new.splitlines(keepends=True),
                "/dev/null" if old is None else f"a/{path}",
                f"b/{path}",
            )
        return "".join(part if part.endswith("\n") else f"{part}\n\\ No newline at end of file\n" for part in parts)


def mend(root: Path, judge: Callable[[], Report], *, keep: bool) -> Fixes:
    """Mend the files below a folder.

    Args:
        root: the folder of the repository.
        judge: checks the folder.
        keep: whether the changes stay; without it, the files are as before when this returns.

    Raises:
        FixError: a file cannot be written, or a change made things worse; the files are as before then.

    """
    fixes = Fixes()
    try:
        worse = _rounds(root, judge, fixes)
    except OSError as error:
        _write_all(root, fixes.before)
        raise FixError(f"the files could not be changed, and are as before: {error}") from error
    if worse:
        _write_all(root, fixes.before)
        raise FixError(f"a change would have made {worse} unreadable, and the files are as before; please report it")
    if not keep:
        _write_all(root, fixes.before)
    return fixes


def _rounds(root: Path, judge: Callable[[], Report], fixes: Fixes) -> str:
    """Mend until nothing is left; returns the path of a file that a change made unreadable, or nothing."""
    known: set[tuple[str, str]] | None = None
    for _ in range(ROUNDS):
        report = judge()
        broken = {(f.rule, f.path) for f in report.active if f.rule in _UNREADABLE and f.severity is Severity.ERROR}
        known = broken if known is None else known
        if broken - known:
            return min(broken - known)[1]
        if not _round(root, report, fixes):
            break
    return ""


def _round(root: Path, report: Report, fixes: Fixes) -> bool:
    """Mend each finding once; from the end of a file to its beginning, so that the numbers of lines stay true."""
    changed = False
    for finding in sorted(report.active, key=lambda f: (f.path, -(f.line or 0))):
        mender = _MENDERS.get(finding.rule)
        if mender is None or finding.severity is Severity.INFO:
            continue
        made = mender(root, report, finding, fixes)
        changed = changed or made
    return changed


# -- files -------------------------------------------------------------------------------------------------
def _lines(root: Path, path: str) -> list[str] | None:
    """Return the lines of a regular file, their ends included; None for anything else."""
    file = root / path
    if file.is_symlink() or not file.is_file() or not file.resolve().is_relative_to(root.resolve()):
        return None
    try:
        return re.findall(r"[^\n]*\n|[^\n]+", file.read_bytes().decode())
    except UnicodeDecodeError:
        return None


def _put(root: Path, path: str, lines: list[str], fixes: Fixes, done: str) -> bool:
    file = root / path
    old = "".join(_lines(root, path) or []) if file.exists() else None
    new = "".join(lines)
    if new == old:
        return False
    fixes.before.setdefault(path, old)
    fixes.after[path] = new
    fixes.done.append(f"{path}: {done}")
    _write(file, new)
    return True


def _write(file: Path, text: str) -> None:
    """Replace a file at once, with its mode."""
    handle, name = tempfile.mkstemp(dir=file.parent, prefix=f".{file.name}.")
    try:
        with os.fdopen(handle, "w", encoding="utf-8", newline="") as opened:
            opened.write(text)
        Path(name).chmod(file.stat().st_mode & 0o7777 if file.exists() else 0o644)
        Path(name).replace(file)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise


def _write_all(root: Path, texts: dict[str, str | None]) -> None:
    for path, text in texts.items():
        if text is not None:
            _write(root / path, text)
        else:
            (root / path).unlink(missing_ok=True)


def _end_of(lines: list[str]) -> str:
    return "\r\n" if lines and lines[0].endswith("\r\n") else "\n"


# -- the Compose file --------------------------------------------------------------------------------------
def _service_at(lines: list[str], line: int) -> str:
    """Return the name of the service that a line of a Compose file belongs to."""
    for index in range(min(line, len(lines)) - 1, -1, -1):
        match = re.match(r"^( +)([\w.-]+):\s*(?:#.*)?$", lines[index])
        if match and re.match(r"^services:\s*(?:#.*)?$", _parent(lines, index, len(match.group(1)))):
            return match.group(2)
    return ""


def _parent(lines: list[str], index: int, indent: int) -> str:
    for above in range(index - 1, -1, -1):
        text = lines[above]
        if text.strip() and not text.lstrip().startswith("#") and len(text) - len(text.lstrip()) < indent:
            return text.strip()
    return ""


def _add_key(lines: list[str], line: int, text: str) -> bool:
    """Add a key to the service whose name stands on a line, in front of its first key."""
    if not re.match(r"^ +[\w.-]+:\s*(?:#.*)?$", lines[line - 1].rstrip("\r\n")):
        return False
    for index in range(line, len(lines)):
        following = lines[index]
        if following.strip() and not following.lstrip().startswith("#"):
            indent = len(following) - len(following.lstrip(" "))
            if indent <= len(lines[line - 1]) - len(lines[line - 1].lstrip(" ")):
                return False
            lines.insert(index, f"{' ' * indent}{text}{_end_of(lines)}")
            return True
    return False


def _image(root: Path, _: Report, finding: Finding, fixes: Fixes) -> bool:
    lines = _lines(root, finding.path)
    if lines is None or finding.line is None or not 0 < finding.line <= len(lines):
        return False
    service = _service_at(lines, finding.line)
    if not service or service != service.lower() or not _is_built(lines, service):
        return False
    if "has no image:" in finding.message:
        wanted = f"{service}:{_TAG}"
        return _add_key(lines, finding.line, f"image: {wanted}") and _put(
            root, finding.path, lines, fixes, f"the image of {service} is called {wanted}"
        )
    match = re.match(r"""^(\s*image:\s*)(["']?)([^\s"'#$@]+)(\2)(\s*(?:#.*)?)(\r?\n?)$""", lines[finding.line - 1])
    if match is None:
        return False
    tag = match.group(3).rpartition("/")[2].partition(":")[2]
    wanted = f"{service}:{_TAG if tag in {'', 'latest'} else tag}"
    lines[finding.line - 1] = f"{match[1]}{match[2]}{wanted}{match[4]}{match[5]}{match[6]}"
    return _put(root, finding.path, lines, fixes, f"the image of {service} is called {wanted}")


def _is_built(lines: list[str], service: str) -> bool:
    """Tell whether a service has build:, so that its image is one of this project."""
    text = "".join(lines)
    block = re.search(rf"(?m)^( +){re.escape(service)}:[^\n]*\n((?:\1 +[^\n]*\n?|\s*\n|\s*#[^\n]*\n)*)", text)
    return block is not None and re.search(r"(?m)^ +build:", block.group(2)) is not None


def _restart(root: Path, _: Report, finding: Finding, fixes: Fixes) -> bool:
    lines = _lines(root, finding.path)
    if lines is None or finding.line is None or not 0 < finding.line <= len(lines):
        return False
    service = _service_at(lines, finding.line)
    if not service:
        return False
    done = f"{service} is restarted unless it was stopped"
    if "has no restart policy" in finding.message:
        return _add_key(lines, finding.line, "restart: unless-stopped") and _put(root, finding.path, lines, fixes, done)
    match = re.match(r"""^(\s*restart:\s*)(["']?)[\w:-]+\2(\s*(?:#.*)?)(\r?\n?)$""", lines[finding.line - 1])
    if match is None:
        return False
    lines[finding.line - 1] = f"{match[1]}unless-stopped{match[3]}{match[4]}"
    return _put(root, finding.path, lines, fixes, done)


def _links(root: Path, _: Report, finding: Finding, fixes: Fixes) -> bool:
    lines = _lines(root, finding.path)
    if lines is None or finding.line is None or not 0 < finding.line <= len(lines):
        return False
    match = re.match(r"^( +)(?:external_)?links:(.*)$", lines[finding.line - 1].rstrip("\r\n"))
    if match is None:
        return False
    end = finding.line
    if not match.group(2).split("#")[0].strip():
        deeper = rf"^{match.group(1)}(?: |-)"
        while end < len(lines) and re.match(deeper, lines[end]):
            end += 1
    del lines[finding.line - 1 : end]
    return _put(root, finding.path, lines, fixes, "links are gone; the network knows the services by their names")


# -- images and scripts ------------------------------------------------------------------------------------
def _base(root: Path, report: Report, finding: Finding, fixes: Fixes) -> bool:
    lines = _lines(root, finding.path)
    if lines is None or finding.line is None or not 0 < finding.line <= len(lines):
        return False
    match = re.match(r"(?i)^(\s*FROM\s+)(debian|alpine)(?::([\w.-]+))?(\s.*|)(\r?\n?)$", lines[finding.line - 1])
    if match is None:
        return False
    tag = match.group(3) or ""
    release = penultimate(match.group(2).lower(), report.context.today)
    named = any(r.codename and tag.startswith(r.codename) for r in RELEASES)
    version = release.codename if named else release.version
    wanted = f"{match.group(2).lower()}:{version}{'-slim' if tag.endswith('-slim') else ''}"
    lines[finding.line - 1] = f"{match[1]}{wanted}{match[4]}{match[5]}"
    return _put(root, finding.path, lines, fixes, f"the base is {wanted}")


def _exec(root: Path, _: Report, finding: Finding, fixes: Fixes) -> bool:
    lines = _lines(root, finding.path)
    if (
        "without exec" not in finding.message
        or lines is None
        or finding.line is None
        or not 0 < finding.line <= len(lines)
    ):
        return False
    if finding.path.rpartition("/")[2].lower().startswith(("dockerfile", "docker-compose")):
        return False
    index = finding.line - 1
    match = re.match(r"^([ \t]*)((?:\"?/)?[\w./\"$@{}-]+(?:[ \t].*)?)(\r?\n?)$", lines[index])
    if match is None or match.group(2).startswith("exec "):
        return False
    command, last = match.group(2), index
    while lines[last].rstrip("\r\n").endswith("\\") and last + 1 < len(lines):
        last += 1
        command += lines[last]
    plain = re.sub(r"'[^']*'|\"[^\"]*\"|\d*>+ *&?\d*|&>+", "", command)
    if re.search(r"[|;&<]", plain) or any(
        line.strip() and not line.lstrip().startswith("#") for line in lines[last + 1 :]
    ):
        return False
    lines[index] = f"{match[1]}exec {match[2]}{match[3]}"
    return _put(root, finding.path, lines, fixes, f"exec in front of {match[2].split()[0]}")


# -- documents and git -------------------------------------------------------------------------------------
_LOGIN = re.compile(r"\b([a-z][a-z0-9-]{1,15})\.42\.fr\b|/home/([a-z][a-z0-9-]{1,15})/data\b")
_NOBODY = frozenset(
    {"login", "user", "username", "your-login", "yourlogin", "wil", "www", "intra", "profile", "cdn", "projects"}
)
_NAMING = re.compile(r"(?i)^(?:makefile|.*\.mk|dockerfile.*|\.env.*|.*\.(?:ya?ml|env|conf|cnf|sh))$")


def _logins(root: Path) -> list[str]:
    """Return the logins that the files name in their domains and in folders for data."""
    found = set()
    for path, source in Tree(root).files.items():
        if _NAMING.fullmatch(path.rpartition("/")[2]) and source.size < 100_000:
            found |= {one or other for one, other in _LOGIN.findall(source.text)}
    return sorted(found - _NOBODY)


def _first_line(root: Path, _: Report, finding: Finding, fixes: Fixes) -> bool:
    if finding.path != "README.md" or finding.line != 1:
        return False
    lines = _lines(root, "README.md")
    if not lines:
        return False
    end = _end_of(lines)
    if "not in italics" in finding.message:
        lines[0] = f"*{lines[0].strip().strip('*_ ')}*{end}"
        return _put(root, "README.md", lines, fixes, "the first line is in italics")
    if "42 curriculum" not in finding.message:
        return False
    logins = _logins(root)
    if len(logins) != 1:
        found = f" (the files name {', '.join(logins)})" if logins else ""
        fixes.left.append(f"write the first line of README.md: nobody's login is certain{found}")
        return False
    for index, line in enumerate(lines):
        text = line.strip()
        if re.search(r"42\W+curriculum", text) and re.fullmatch(r"[*_]{1,3}[^*_].*[*_]{1,3}", text):
            # It is there already, only not on the first line.
            del lines[index]
            lines[:0] = [f"{text}{end}", end]
            return _put(root, "README.md", lines, fixes, "the line about the curriculum comes first")
    lines[:0] = [f"*This project has been created as part of the 42 curriculum by {logins[0]}.*{end}", end]
    return _put(root, "README.md", lines, fixes, f"the first line names the curriculum and {logins[0]}")


def _ignored(root: Path, _: Report, finding: Finding, fixes: Fixes) -> bool:
    path = finding.path
    name = path.rpartition("/")[2]
    dotenv = (name == ".env" or name.startswith(".env.")) and not is_example(path)
    secret = "/secrets/" in f"/{path}" and not is_example(path)
    if not (dotenv or secret) or finding.severity is not Severity.ERROR:
        return False
    command = f"git rm --cached -- {path}"
    if command not in fixes.left:
        fixes.left.append(command)
    lines = _lines(root, ".gitignore") if os.path.lexists(root / ".gitignore") else []
    if lines is None or any(line.strip() == f"/{path}" for line in lines):
        return False
    end = _end_of(lines)
    if lines and not lines[-1].endswith("\n"):
        lines[-1] += end
    lines.append(f"/{path}{end}")
    return _put(root, ".gitignore", lines, fixes, f"{path} is kept out of git")


_MENDERS: dict[str, Callable[[Path, Report, Finding, Fixes], bool]] = {
    "image-name": _image,
    "latest-tag": _image,
    "restart-policy": _restart,
    "links": _links,
    "base-image": _base,
    "pid-one": _exec,
    "readme-first-line": _first_line,
    "credentials-in-git": _ignored,
}


def summary(fixes: Fixes, before: Report, after: Report) -> Iterable[str]:
    """Yield what a person wants to know: what was done, what is left, and what the changes brought up."""
    yield from fixes.done or ["nothing was found that has one right answer"]
    for left in fixes.left:
        yield f"left to do: {left}"
    known = {(f.rule, f.path, f.message) for f in before.active}
    for new in after.active:
        if new.severity is Severity.ERROR and (new.rule, new.path, new.message) not in known:
            yield f"look at it: {new.path}{f':{new.line}' if new.line else ''}: {new.message}"
    if after is not before:
        errors = before.count(Severity.ERROR)
        yield f"{errors} error{'' if errors == 1 else 's'} before, {after.count(Severity.ERROR)} now"
