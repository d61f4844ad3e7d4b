"""No credential in git (E1, R34).

Secret files are where credentials belong, on the machine alone: one that git ignores, or that is not there, is right; one
with a value that is, or would be, part of the repository is as public as any other file.
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator

from inception_check.evidence import credentials as found
from inception_check.evidence.credentials import Credential
from inception_check.evidence.project import Project
from inception_check.evidence.shell import is_shell, parse_shell
from inception_check.evidence.source import SourceFile
from inception_check.model import Context, Outcome, Rule, Severity

_FIX = "Take it out (also of the history), change it, and hand it to the container as a Docker secret."
_SECRET_DIRECTORY = re.compile(r"(?:^|/)\.?secrets?/")
_IGNORE = (
    "Ignore the secret files in git (/secrets/), take it out (git rm --cached, and out of the history), and change it."
)
#: A secret file that holds values alone; the others are read by what their suffix says.
_VALUES = re.compile(
    r"(?!\.(?:git|docker|keep|editor|ds_))\.?(?:[^.]+|.+\.(?:txt|secrets?|pass|passwd|password|pw|pwd|key|token|cred|credentials))"
)
#: What a secret file may hold that is no secret by itself: `wp_user.txt`, `database: wordpress`.
_PUBLIC = re.compile(
    r"(?:^|[_.-])(?:user(?:name)?s?|login|name|e?mail|host(?:name)?|domain|url|port|title|prefix|database|readme)$|[_.-]db$",
    re.IGNORECASE,
)
_VENDOR = re.compile(r"(?:^|/)(?:wp-includes|wp-admin|node_modules|vendor|phpmyadmin)/", re.IGNORECASE)
_MAX = 400_000


def secret_files(project: Project) -> set[str]:
    """Return the files that are configured as secrets: what else is in them than a name is a secret."""
    known: set[str] | None = project.memo.get("secret files")
    if known is not None:
        return known
    paths = {path for path in project.tree.files if _SECRET_DIRECTORY.search(path)}
    if project.compose is not None:
        for resource in project.compose.secrets.values():
            file = resource.value.get("file")
            if file is not None and file.scalar:
                text = project.compose.interpolated(file.text).text
                paths.add(posixpath.normpath(posixpath.join(posixpath.dirname(resource.path), text)))
    project.memo["secret files"] = paths
    return paths


def _check(project: Project, _: Context) -> Iterator[Outcome]:
    secrets = secret_files(project)
    dockerfiles = {d.path for d in project.dockerfiles}
    for path, source in project.tree.files.items():
        if path in dockerfiles or source.size > _MAX or _VENDOR.search(path) or source.is_binary:
            continue
        if path in secrets and not project.git.in_git(path):
            # Where it belongs.
            continue
        items = {(c.line, c.what): c for c in search(project, source)}
        if not items:
            continue
        if not project.git.in_git(path):
            if project.git.tracked is None:
                first = min(items.values(), key=lambda c: c.line)
                yield RULE.finding(
                    path,
                    first.line,
                    f"a credential is in a file that git ignores ({first.what}); without .git nobody can tell whether it is tracked",
                    "Make sure that git ls-files does not name it.",
                    severity=Severity.WARNING,
                )
                yield RULE.undecided(
                    f"{path} holds a credential, and without .git it cannot be told whether it is tracked"
                )
            continue
        for credential in sorted(items.values(), key=lambda c: (c.line, c.what)):
            if path in secrets:
                yield RULE.finding(
                    path,
                    credential.line,
                    f"a secret file with a value is in the repository ({credential.what})",
                    _IGNORE,
                )
            elif credential.sure:
                yield RULE.finding(
                    path, credential.line, f"a credential stands in the repository ({credential.what})", _FIX
                )
            else:
                yield RULE.finding(
                    path,
                    credential.line,
                    f"a default value for a credential stands in the repository ({credential.what})",
                    "Let the start fail when the secret is missing, instead of falling back to a password that everybody knows.",
                    severity=Severity.WARNING,
                )


def search(project: Project, source: SourceFile) -> Iterator[Credential]:
    """Find the credentials of a file of the repository, as its name says how to read it."""
    yield from _by_name(project, source)
    yield from found.in_token(source.text)


def _by_name(project: Project, source: SourceFile) -> Iterator[Credential]:
    path, name, text = source.path, source.name.lower(), source.text
    example = found.is_example(path)
    suffix = name.rpartition(".")[2] if "." in name else ""
    if name == ".env" or name.startswith((".env", "env.")) or suffix == "env" or name in {"env", ".envrc"}:
        yield from found.in_dotenv(text, path, example=example)
    elif project.makefile is not None and source is project.tree.get(project.makefile.path):
        yield from found.in_makefile(project.makefile)
        for script in project.make_scripts:
            yield from found.in_shell(script)
    elif suffix in {"yml", "yaml"}:
        yield from found.in_yaml(text, path, example=example)
    elif is_shell(name, text[:200]):
        parsed = project.script(path) if source is project.tree.get(path) else parse_shell(text, path)
        if parsed is not None:
            yield from found.in_shell(parsed, example=example)
    elif suffix in {"sql", "php", "cnf", "conf", "ini", "cfg", "properties"}:
        yield from _in_configuration(source, suffix, found.without(text, _filled_in(project)))
    elif suffix == "json" and not name.startswith(("package", "composer", "tsconfig")):
        yield from found.in_json(text, example=example)
    elif name == ".htpasswd":
        for number, line in enumerate(source.lines, start=1):
            if re.match(r"[^#\s:]+:\S{8,}", line):
                yield Credential("an entry of .htpasswd", number)
    elif (path in secret_files(project) or _SECRET_DIRECTORY.search(path)) and _VALUES.fullmatch(name):
        if _PUBLIC.search(name.lstrip(".").partition(".")[0]) is None:
            yield from _values(source, 2, example=example)
            yield from found.in_php(text, example=example)
    elif suffix in {"txt", ""} and re.search(r"passw(?:or)?d|credential", name) and not example:
        yield from _values(source, 4, example=False)


def _values(source: SourceFile, least: int, *, example: bool) -> Iterator[Credential]:
    """Find the secrets of a file that holds nothing but values, each alone or behind its name."""
    for number, line in enumerate(source.lines[:50], start=1):
        text = line.strip()
        if text.startswith("-----BEGIN "):
            # A certificate is public; a private key has a rule of its own.
            return
        label, equals, value = text.partition("=")
        if equals and re.fullmatch(r"[\w .-]+", label):
            name, value = label.strip(), value.strip()
            if found.is_credential_name(name) and found.is_secret_value(value, name, example=example):
                yield Credential(name, number)
            continue
        # A value alone, or one behind a name and a single colon; the lines of /etc/passwd have more of them.
        match = re.fullmatch(rf"(?:([\w.-]+):[ ]?)?([^\s:]{{{least},100}})", text)
        if match is None or text.startswith("#") or _PUBLIC.search(match.group(1) or ""):
            continue
        value = match.group(2)
        if not re.fullmatch(r"\$\{\w+\}|\$[A-Z_]+|\$\(.*\)", value):
            # Nobody expands anything in such a file.
            value = value.replace("$", "S").replace("`", "B")
        if found.is_secret_value(value, "", example=example):
            yield Credential("a bare value", number)


def _filled_in(project: Project) -> set[str]:
    """Return the words that the project's scripts replace with a variable; worked out once."""
    known: set[str] | None = project.memo.get("filled in")
    if known is None:
        runs = (script for dockerfile in project.dockerfiles for _, script in project.run_scripts(dockerfile))
        known = project.memo["filled in"] = found.filled_in((*project.scripts, *runs))
    return known


def _in_configuration(source: SourceFile, suffix: str, text: str) -> Iterator[Credential]:
    example = found.is_example(source.path)
    name = source.name.lower()
    if suffix == "sql":
        yield from found.in_sql(text, example=example)
    elif suffix == "php":
        if "config" in name or source.size < 20_000:
            yield from found.in_php(text, example=example or "sample" in name)
    else:
        yield from found.in_settings(text, example=example)
        yield from found.in_sql(text, example=example)


RULE = Rule("credentials-in-git", "No credential is in git", ("E1", "R34"), _check)
