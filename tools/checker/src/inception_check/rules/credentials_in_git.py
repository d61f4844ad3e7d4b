"""No credential in git (E1, R34).

Secret files are where credentials belong, on the machine alone: one that git ignores, or that is not there, is right; one
with a value that is, or would be, part of the repository is as public as any other file.
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Callable, Iterator

from inception_check.evidence import archives
from inception_check.evidence import credentials as found
from inception_check.evidence.credentials import Credential
from inception_check.evidence.project import Project
from inception_check.evidence.shell import is_shell, parse_shell
from inception_check.evidence.shellcredentials import in_shell, in_words
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
#: Programs whose passwords are inventions, or that nobody here wrote.
_NO_PROGRAM = re.compile(r"(?:^|/)(?:tests?|spec)/|(?:^|/)test_[^/]*$|[._](?:test|spec|min)\.\w+$")
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
    yield from _in_archives(project)
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


#: The files of an archive that are worth a look.
_WANTED = re.compile(
    r"(?:^|/)(?:\.?secrets?/.*|[^/]*\.env[^/]*|[^/]*(?:passw(?:or)?d|credential)[^/]*|[^/]*\.(?:key|pem|ya?ml|sh|php|cnf|conf|sql)|Makefile)$",
    re.IGNORECASE,
)


def _in_archives(project: Project) -> Iterator[Outcome]:
    """Find credentials in the archives of the repository: a backup is as public as what it holds."""
    for path, source in project.tree.files.items():
        if not archives.IS_ARCHIVE.search(path) or not project.git.in_git(path):
            continue
        for name, data in archives.members(source, _WANTED):
            what = in_bytes(project, name, data)
            if what is not None:
                yield RULE.finding(path, None, f"the archive holds {what[0]} in {name}", _FIX)


def in_bytes(project: Project, path: str, data: bytes) -> tuple[str, int] | None:
    """Say what a content that is not on disk holds, and in which line; None when nothing is in it."""
    if b"\0" in data[:8192]:
        return None
    source = SourceFile(path, project.tree.root / path, len(data), False, project.tree)
    # Set before it is asked for, the content is never read from the disk.
    source.__dict__["data"] = data
    for line in found.private_keys(source.text):
        return "a private key", line
    sure = [c for c in search(project, source) if c.sure]
    if not sure:
        return None
    first = min(sure, key=lambda c: c.line)
    return f"a credential ({first.what})", first.line


def search(project: Project, source: SourceFile) -> Iterator[Credential]:
    """Find the credentials of a file of the repository, as its name says how to read it."""
    yield from _by_name(project, source)
    yield from found.in_token(source.text)
    if not _NO_PROGRAM.search(source.path):
        yield from found.in_address(source.text)


def _by_name(project: Project, source: SourceFile) -> Iterator[Credential]:  # noqa: C901 -- one branch for each kind of file
    path, name, text = source.path, source.name.lower(), source.text
    example = found.is_example(path)
    suffix = name.rpartition(".")[2] if "." in name else ""
    if name == ".env" or name.startswith((".env", "env.")) or suffix == "env" or name in {"env", ".envrc"}:
        yield from found.in_dotenv(text, path, example=example)
    elif project.makefile is not None and source is project.tree.get(project.makefile.path):
        yield from found.in_makefile(project.makefile)
        for script in project.make_scripts:
            yield from in_shell(script)
    elif suffix in {"yml", "yaml"}:
        yield from found.in_yaml(text, path, example=example)
        yield from _in_services(project, path)
    elif is_shell(name, text[:200]):
        parsed = project.script(path) if source is project.tree.get(path) else parse_shell(text, path)
        if parsed is not None:
            yield from in_shell(parsed, example=example)
    elif suffix in _READERS:
        yield from _in_configuration(source, suffix, found.without(text, _filled_in(project)))
    elif name == ".htpasswd":
        for number, line in enumerate(source.lines, start=1):
            if re.match(r"[^#\s:]+:\S{8,}", line):
                yield Credential("an entry of .htpasswd", number)
    else:
        yield from _in_text(project, source, suffix, example=example)


def _in_text(project: Project, source: SourceFile, suffix: str, *, example: bool) -> Iterator[Credential]:
    """Find credentials where no suffix says how to read a file: secret files, notes, documents."""
    path, name = source.path, source.name.lower()
    if (path in secret_files(project) or _SECRET_DIRECTORY.search(path)) and _VALUES.fullmatch(name):
        if _PUBLIC.search(name.lstrip(".").partition(".")[0]) is None:
            yield from _values(source, 2, example=example)
            yield from found.in_php(source.text, example=example)
    elif suffix in {"txt", ""} and re.search(r"passw(?:or)?d|credential", name) and not example:
        yield from _values(source, 4, example=False)
    elif suffix in {"md", "txt", "rst", "adoc"} or name.startswith("readme"):
        yield from found.in_document(source.text)


def _in_services(project: Project, path: str) -> Iterator[Credential]:
    """Find credentials in the commands and health checks of the services that a Compose file declares."""
    compose = project.compose
    for service in compose.services.values() if compose is not None else ():
        test = service.value.at("healthcheck", "test")
        if test is not None and service.place("healthcheck")[0] == path:
            words = [item.text for item in test.items]
            if test.scalar is not None or words[:1] == ["CMD-SHELL"]:
                yield from in_shell(parse_shell(test.scalar or " ".join(words[1:]), path, test.line))
            else:
                yield from in_words(tuple(words), path, test.line)
        for given in (service.command, service.entrypoint):
            if given is not None and given.path == path:
                yield from in_words(given.words, path, given.line)


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
    yield from _READERS[suffix](source, text, example)


def _php(source: SourceFile, text: str, example: bool) -> Iterator[Credential]:
    name = source.name.lower()
    if "config" in name or source.size < 20_000:
        yield from found.in_php(text, example=example or "sample" in name)


def _sql(_: SourceFile, text: str, example: bool) -> Iterator[Credential]:
    yield from found.in_sql(text, example=example)


def _settings(_: SourceFile, text: str, example: bool) -> Iterator[Credential]:
    yield from found.in_settings(text, example=example)
    yield from found.in_sql(text, example=example)


def _json(source: SourceFile, text: str, example: bool) -> Iterator[Credential]:
    if not source.name.lower().startswith(("package", "composer", "tsconfig")):
        yield from found.in_json(text, example=example)


def _code(source: SourceFile, text: str, example: bool) -> Iterator[Credential]:
    if source.size < 100_000 and not _NO_PROGRAM.search(source.path):
        yield from found.in_code(text, example=example)


#: How a file is read, by its suffix.
_READERS: dict[str, Callable[[SourceFile, str, bool], Iterator[Credential]]] = {
    "sql": _sql,
    "php": _php,
    "json": _json,
    **dict.fromkeys(("cnf", "conf", "ini", "cfg", "properties"), _settings),
    **dict.fromkeys(("py", "js", "ts", "mjs", "rb", "go", "pl"), _code),
}


RULE = Rule("credentials-in-git", "No credential is in git", ("E1", "R34"), _check, whole=True)
