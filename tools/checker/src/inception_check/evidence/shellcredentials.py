"""Credentials in shell commands: assignments, options, programs that take a password, texts that are written to files."""

from __future__ import annotations

import posixpath
import re
import shlex
from collections.abc import Callable, Iterator

from inception_check.evidence.credentials import (
    Credential,
    default_of,
    in_php,
    in_settings,
    in_sql,
    is_secret_value,
    judge,
    line_of,
)
from inception_check.evidence.shell import Script, ShellCommand, Word, parse_shell

_PAIR = re.compile(r"""(?:^|\\n|[\s"'])(?:export\s+)?([A-Za-z_][A-Za-z0-9_]*)=(["']?)([^\s"'\\$`]+)\2(?=$|[\s"'\\;])""")
_OPTIONS = re.compile(
    r"--(?:dbpass|db-pass(?:word)?|admin[_-]pass(?:word)?|user[_-]pass|user[_-]password|password|pass|passwd|requirepass|root-password|skip-?pass)(?:=(.*))?",
    re.DOTALL,
)
_MYSQL = frozenset({"mysql", "mariadb", "mysqladmin", "mariadb-admin", "mysqldump", "mariadb-dump", "mysqlcheck"})
#: Programs that run the command that follows them, in a container or as somebody else.
_RUNNERS = frozenset(
    {
        "docker", "docker-compose", "podman", "podman-compose", "kubectl", "sudo", "exec", "gosu", "su-exec", "env", "timeout", "nice", "xargs",
        "time", "CMD",
    }
)  # fmt: skip
#: The command of sed that replaces a text.
_SED = re.compile(r"(?:^|[\s;])s([/|#@,:!])(?:(?!\1).)*\1((?:(?!\1).)*)\1\w*(?:$|[\s;])", re.DOTALL)
_PASSED = re.compile(
    r"(?:(?:n|num|nb|total|tests?|count|cnt)_?)?pass(?:ed|es)?(?:_?(?:count|cnt|total))?", re.IGNORECASE
)
_FAILED = re.compile(r"(?:\w+_)?(?:ko|fail(?:s|ed|ures?)?|errors?)(?:_?(?:count|cnt|total))?", re.IGNORECASE)
_ANSWERED = frozenset({"mysql_secure_installation", "mariadb-secure-installation", "passwd", "smbpasswd"})


def in_words(words: tuple[str, ...], path: str, line: int) -> Iterator[Credential]:
    """Find credentials in a command that is given as a list of words, all of it on one line of its file."""
    script = parse_shell(" ".join(shlex.quote(word) for word in words), path, line)
    for credential in in_shell(script):
        yield Credential(credential.what, line, credential.sure)


def in_shell(script: Script, *, example: bool = False) -> Iterator[Credential]:
    """Find credentials in a shell script, and in what it hands to other shells."""
    seen: set[tuple[int, str]] = set()
    for inner in script.everything():
        for found in _in_script(inner, example=example):
            if (found.line, found.what) not in seen:
                seen.add((found.line, found.what))
                yield found


def _in_script(script: Script, *, example: bool) -> Iterator[Credential]:
    # A script that counts or labels failures means by PASS what did not fail.
    tests = any(_FAILED.fullmatch(assigned.name) for assigned in script.assignments)
    for assigned in script.assignments:
        word = assigned.value
        if word is None or word.substituted or (tests and _PASSED.fullmatch(assigned.name)):
            continue
        yield from judge(assigned.name, word.value, assigned.line, example=example)
    for index, command in enumerate(script.commands):
        yield from _in_command(command, example=example)
        yield from _in_heredocs(command, example=example)
        if command.name in {"echo", "printf"}:
            following = script.commands[index + 1] if index + 1 < len(script.commands) else None
            yield from _in_echo(command, following, example=example)


def _in_heredocs(command: ShellCommand, *, example: bool) -> Iterator[Credential]:
    for heredoc in command.heredocs:
        if command.name in _ANSWERED:
            yield from _answers(heredoc.content, heredoc.line, command.name, example=example)
        if command.name == "chpasswd":
            yield from _logins(heredoc.content, heredoc.line, example=example)
        yield from in_sql(heredoc.content, heredoc.line, example=example)
        for number, line in enumerate(heredoc.content.split("\n"), start=heredoc.line):
            match = re.match(r"\s*(?:export\s+)?([A-Za-z_]\w*)\s*=\s*(.+)$", line)
            if match:
                yield from judge(match.group(1), match.group(2).strip().strip("'\";"), number, example=example)
                continue
            for found in (*in_php(line, example=example, filled=heredoc.expand), *in_settings(line, example=example)):
                yield Credential(found.what, number, found.sure)


def _answers(text: str, first: int, program: str, *, example: bool) -> Iterator[Credential]:
    """Find the passwords among the answers that a text gives to a program."""
    for number, line in enumerate(text.split("\n"), start=first):
        answer = line.strip()
        if re.fullmatch(r"[^\s$`]{4,}", answer) and is_secret_value(answer, "", example=example):
            yield Credential(f"an answer to {program}", number)


def _logins(text: str, first: int, *, example: bool) -> Iterator[Credential]:
    """Find the passwords in lines of ``user:password``."""
    for number, line in enumerate(text.split("\n"), start=first):
        login = re.fullmatch(r"[\w.-]+:([^:\s$`]+?)(?:\\n)?", line.strip())
        if login and is_secret_value(login.group(1), "", example=example):
            yield Credential("user:password", number)


# -- options and arguments ---------------------------------------------------------------------------------
def _in_command(command: ShellCommand, *, example: bool) -> Iterator[Credential]:
    words = command.words
    for index, word in enumerate(words):
        following = words[index + 1] if index + 1 < len(words) else None
        yield from _option(word, following, example=example)
    for word in command.arguments if command.name == "sed" else ():
        match = _SED.search(word.value)
        for found in in_settings(match.group(2), example=example) if match else ():
            yield Credential(found.what, word.line, found.sure)
    for start, word in enumerate(words):
        if start and command.name not in _RUNNERS:
            break
        taken = _PROGRAMS.get(word.value.rpartition("/")[2])
        if taken is None:
            continue
        for what, given, value in taken(words[start + 1 :]):
            if is_secret_value(value, "", example=example):
                yield Credential(what, given.line)


def _option(word: Word, following: Word | None, *, example: bool) -> Iterator[Credential]:
    """Find a password that an option gives, or that the word itself is."""
    value = word.value
    match = _OPTIONS.fullmatch(value)
    if match:
        given = match.group(1)
        if given is None and following is not None and not following.value.startswith("-"):
            given = following.value
        if given is None:
            return
        default = default_of(given)
        if is_secret_value(given, "", example=example):
            yield Credential(value.partition("=")[0], word.line)
        elif default is not None and is_secret_value(default, "", example=example):
            yield Credential(value.partition("=")[0], word.line, sure=False)
    elif re.match(r"pass:[^\s$`]+$", value) and is_secret_value(value[5:], "", example=example):
        yield Credential("a passphrase for openssl", word.line)
    elif "identified" in value.lower() or "password" in value.lower():
        yield from in_sql(value, word.line, example=example)


_Given = Iterator[tuple[str, Word, str]]


def _mysql(words: tuple[Word, ...]) -> _Given:
    for index, word in enumerate(words):
        if re.match(r"-p[^\s$`]", word.value) and word.literal:
            yield "-p", word, word.value[2:]
        elif word.value == "password" and index + 1 < len(words):
            yield "mysqladmin password", words[index + 1], words[index + 1].value


def _after(*options: str) -> Callable[[tuple[Word, ...]], _Given]:
    """Make a reader for a program whose password follows one of some options, or is joined to it by ``=``."""

    def read(words: tuple[Word, ...]) -> _Given:
        for index, word in enumerate(words):
            name, equals, value = word.value.partition("=")
            if word.value in options and index + 1 < len(words):
                yield word.value, words[index + 1], words[index + 1].value
            elif equals and name in options:
                yield name, word, value

    return read


def _curl(words: tuple[Word, ...]) -> _Given:
    for option, word, value in _after("-u", "--user")(words):
        if ":" in value and value.partition(":")[2]:
            yield option, word, value.partition(":")[2]


def _lftp(words: tuple[Word, ...]) -> _Given:
    for option, word, value in _after("-u", "--user")(words):
        if "," in value:
            yield option, word, value.partition(",")[2]


def _htpasswd(words: tuple[Word, ...]) -> _Given:
    plain = [word for word in words if not word.value.startswith("-")]
    if plain and any(re.fullmatch(r"-[a-zA-Z]*b[a-zA-Z]*", word.value) for word in words):
        yield "htpasswd -b", plain[-1], plain[-1].value


def _openssl(words: tuple[Word, ...]) -> _Given:
    if len(words) < 2 or words[0].value != "passwd" or words[-1].value.startswith("-"):
        return
    if words[-2].value not in {"-salt", "-in"}:
        yield "openssl passwd", words[-1], words[-1].value


def _mkpasswd(words: tuple[Word, ...]) -> _Given:
    plain = [word for word in words if not word.value.startswith("-")]
    if plain:
        yield "mkpasswd", plain[0], plain[0].value


#: How a program is given a password among its arguments.
_PROGRAMS: dict[str, Callable[[tuple[Word, ...]], _Given]] = {
    **dict.fromkeys(_MYSQL, _mysql),
    **dict.fromkeys(("useradd", "usermod", "adduser", "groupadd"), _after("-p", "--password")),
    "redis-cli": _after("-a", "--pass"),
    "sshpass": _after("-p"),
    "curl": _curl,
    "lftp": _lftp,
    "htpasswd": _htpasswd,
    "openssl": _openssl,
    "mkpasswd": _mkpasswd,
}


# -- texts -------------------------------------------------------------------------------------------------
def _in_echo(command: ShellCommand, following: ShellCommand | None, *, example: bool) -> Iterator[Credential]:  # noqa: C901 -- what echo can write, one kind after the other
    target = next((r.target.value for r in command.redirects if ">" in r.operator), "")
    piped = following.name if following is not None and command.inside("pipeline") else ""
    for word in command.arguments:
        for match in _PAIR.finditer(word.value):
            # The value has lost its line continuations, the text as it is written has not.
            written = max(word.raw.find(f"{match.group(1)}={match.group(2)}{match.group(3)}"), 0)
            yield from judge(match.group(1), match.group(3), line_of(word.raw, written, word.line), example=example)
        for php in in_php(word.value, example=example, filled=not word.literal) if "define" in word.value else ():
            yield Credential(php.what, word.line + php.line - 1, php.sure)
        text = word.value.replace("\\n", "\n")
        if (target or piped == "tee") and not _PAIR.search(word.value):
            for setting in in_settings(text, example=example):
                yield Credential(setting.what, word.line, setting.sure)
        if command.inside("pipeline"):
            for login in _logins(text, 0, example=example):
                yield Credential(login.what, word.line)
        if piped in _ANSWERED:
            for answer in _answers(text, 0, piped, example=example):
                yield Credential(answer.what, word.line)
    base = posixpath.basename(target)
    if base not in {"passwd", "shadow"} and re.search(r"passw(?:or)?d|_pass\b|credential", base) and command.arguments:
        last = command.arguments[-1]
        if _PAIR.search(last.value):
            # A line NAME=value is judged by its name.
            return
        if last.literal and " " not in last.value.strip() and is_secret_value(last.value.strip(), "", example=example):
            yield Credential(base, last.line)
