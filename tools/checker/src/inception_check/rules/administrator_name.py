"""The administrator's name does not contain admin (R26)."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator
from dataclasses import dataclass

from inception_check.evidence.credentials import is_placeholder
from inception_check.evidence.dotenv import parse_dotenv
from inception_check.evidence.project import Part, Project
from inception_check.evidence.shell import Script, ShellCommand, Word
from inception_check.evidence.written import Written
from inception_check.model import Context, Outcome, Rule
from inception_check.names import holds_admin
from inception_check.rules._common import container_scripts

_VARIABLE = re.compile(
    r"(?:WP|WORDPRESS)_?(?:SITE_?)?(?:ADMIN|ADM|ROOT|SUPER_?USER|ADMN)_?(?:USER_?NAME|USER|USR|LOGIN|NAME|ID|U)?|ADMIN_?(?:USER_?NAME|USER|LOGIN|NAME)|WP_(?:ROOT|SUPER)_?USER",
    re.IGNORECASE,
)
_FIX = "Choose a name without admin in it."


@dataclass(frozen=True, slots=True)
class Name:
    """A name of the administrator, and where it is written."""

    text: str
    path: str
    line: int


def wp_command(command: ShellCommand, *words: str) -> bool:
    """Tell whether a command is wp-cli with some words in a row."""
    values = [value for value in command.values[:20] if not value.startswith("-")]
    if not any(re.search(r"(?:^|/)wp(?:-?cli)?(?:\.phar)?$", value) for value in values[:6]) and not any(
        re.fullmatch(r"\$\{?WP\w*\}?", value) for value in values[:2]
    ):
        return False
    joined = " ".join(values)
    return " ".join(words) in joined


def install_scripts(project: Project) -> Iterator[Script]:
    """Yield every script in which WordPress may be installed."""
    yield from container_scripts(project)
    for dockerfile in project.dockerfiles:
        for _, script in project.run_scripts(dockerfile):
            yield script


def _given(command: ShellCommand, option: str) -> Word | None:
    for index, word in enumerate(command.words):
        if word.value.startswith(f"{option}="):
            return word
        if word.value == option and index + 1 < len(command.words):
            return command.words[index + 1]
    return None


def _written(project: Project, name: str) -> Iterator[Name]:
    """Yield the values that a variable gets in the settings: .env, example, Compose file, Dockerfile, secret files."""
    for part in project.parts:
        yield from _in_service(part, name)
    for made in project.written:
        if made.pair is not None and made.pair[0] == name and _settings_file(made.target):
            yield from _made(made, made.pair[1])
    files = [p for p in project.tree.files if _settings_file(p)]
    services = project.compose.services.values() if project.compose is not None else ()
    files += [f.value for s in services for f in s.env_files if f.value in project.tree.files]
    for path in dict.fromkeys(files):
        for assignment in parse_dotenv(project.text(path), path).assignments:
            if assignment.name == name and assignment.value and "$" not in assignment.value:
                yield Name(assignment.value, path, assignment.line)


def _in_service(part: Part, name: str) -> Iterator[Name]:
    """Yield the literal values of a variable in the environment, the build arguments and the Dockerfile of a service."""
    service = part.service
    arguments = service.build.args if service is not None and service.build is not None else ()
    for variable in (*(service.environment if service is not None else ()), *arguments):
        if variable.name == name and variable.value is not None and not variable.value.used:
            yield Name(variable.value.value, variable.path, variable.value.line)
    for instruction in part.instructions if part.dockerfile is not None else ():
        for key, value, line in instruction.pairs() if instruction.name in {"ENV", "ARG"} else ():
            if key == name and value and "$" not in value and part.dockerfile is not None:
                yield Name(value, part.dockerfile.path, line)


def _made(line: Written, text: str) -> Iterator[Name]:
    """Yield a name that a script or the Makefile writes into a file; what is known of it may be enough."""
    if text and ("$" not in text or holds_admin(re.sub(r"\$\{?\w+\}?|\$\([^()]*\)", "", text))):
        yield Name(text, line.path, line.line)


def _settings_file(path: str) -> bool:
    name = path.rpartition("/")[2].lower()
    return (
        name.startswith((".env", "env."))
        or name.endswith(".env")
        or re.search(r"(?:^|/)\.?secrets?/[^/]*credential|credentials?\.(?:txt|example)", path.lower()) is not None
    )


def _resolve(project: Project, script: Script, word: Word, option: str, depth: int = 0) -> Iterator[Name]:  # noqa: C901 -- the ways in which a shell gives a variable its value
    text = word.value.removeprefix(f"{option}=").strip()
    if "$" not in text:
        if text and not word.substituted:
            yield Name(text, script.path, word.line)
        return
    match = re.fullmatch(r"\$\{?(\w+)(?::?[-=]([^{}]*))?[^{}]*\}?", text.strip("'\""))
    if match is None:
        if word.substituted:
            yield from _secret(project, text)
        return
    name, default = match.group(1), match.group(2)
    values = list(_written(project, name))
    yield from values
    if default and not values:
        yield Name(default, script.path, word.line)
    assigned = script.value_of(name)
    if assigned is None or assigned.value is None or depth > 3:
        # The variable may get another one's value in the Compose file.
        yield from _through_compose(project, name)
        return
    if assigned.value.substituted:
        yield from _secret(project, assigned.value.value)
        return
    if f"${name}" in assigned.value.value or f"${{{name}}}" in assigned.value.value:
        return
    if f"${{{name}:" in assigned.value.value:
        inner = re.search(r":?[-=]([^{}$]+)\}", assigned.value.value)
        if inner and not values:
            yield Name(inner.group(1), script.path, assigned.line)
        return
    yield from _resolve(project, script, assigned.value, option, depth + 1)


_SECRET = re.compile(r"/run/secrets/([\w.-]+)")
_SECRET_FILE = re.compile(
    r"(?:^|/)\.?secrets?/(?:wp|wordpress)?_?(?:admin|adm)_?(?:user_?name|user|usr|login|name)?(?:\.(?:txt|secret|example))*$",
    re.IGNORECASE,
)


def _secret(project: Project, text: str) -> Iterator[Name]:
    """Yield the name that a secret's file holds, when the file is in the repository."""
    match = _SECRET.search(text)
    compose = project.compose
    if match is None or compose is None:
        return
    resource = compose.secrets.get(match.group(1))
    file = resource.value.get("file") if resource is not None else None
    if resource is None or file is None or not file.scalar:
        return
    path = posixpath.normpath(posixpath.join(posixpath.dirname(resource.path), compose.interpolated(file.text).text))
    for line in project.written:
        if posixpath.basename(line.target) == posixpath.basename(path):
            yield from _made(line, line.text.strip())
    yield from _bare(project, path)


def _bare(project: Project, path: str) -> Iterator[Name]:
    """Yield the word that is all that a file holds."""
    lines = project.text(path).strip().split("\n")
    if len(lines) == 1 and re.fullmatch(r"[\w.@-]{1,60}", lines[0].strip()):
        yield Name(lines[0].strip(), path, 1)


def _through_compose(project: Project, name: str) -> Iterator[Name]:
    for part in project.parts:
        if part.service is None:
            continue
        args = part.service.build.args if part.service.build is not None else ()
        for variable in (*part.service.environment, *args):
            if variable.name == name and variable.value is not None and variable.value.used:
                for used in variable.value.used:
                    yield from _written(project, used)
                default = re.search(r":?-([^{}$]+)\}", variable.value.text)
                if default and variable.value.value == default.group(1):
                    yield Name(default.group(1), variable.path, variable.value.line)


def _by_name(project: Project) -> Iterator[Name]:  # noqa: C901 -- one branch for each kind of file
    """Yield the values of variables whose name says that they name the administrator."""
    for line in project.written:
        if line.pair is not None and _VARIABLE.fullmatch(line.pair[0]) and _settings_file(line.target):
            yield from _made(line, line.pair[1])
        elif _SECRET_FILE.search(line.target) and re.fullmatch(r"[\w.@${}()-]{1,60}", line.text.strip()):
            yield from _made(line, line.text.strip())
    for path in project.tree.files:
        if _SECRET_FILE.search(path):
            yield from _bare(project, path)
        if _settings_file(path):
            for assignment in parse_dotenv(project.text(path), path).assignments:
                value = assignment.value
                if _VARIABLE.fullmatch(assignment.name) and value and "$" not in value:
                    yield Name(value, path, assignment.line)
    for part in project.parts:
        for variable in part.service.environment if part.service is not None else ():
            given = variable.value
            if _VARIABLE.fullmatch(variable.name) and given is not None and given.value and not given.used:
                yield Name(given.value, variable.path, given.line)


def administrators(project: Project) -> tuple[list[Name], bool]:
    """Return the administrator's names that are written somewhere, and whether WordPress's installation was found."""
    names: list[Name] = []
    installed = False
    for top in install_scripts(project):
        for script in top.everything():
            for command in script.commands:
                if wp_command(command, "core", "install"):
                    installed = True
                    word = _given(command, "--admin_user") or _given(command, "--admin_name")
                    if word is not None:
                        names.extend(_resolve(project, script, word, "--admin_user"))
                elif wp_command(command, "user", "create") and any("administrator" in v for v in command.values):
                    words = [w for w in command.words if not w.value.startswith("-")]
                    for index, word in enumerate(words[:-1]):
                        if word.value == "create":
                            names.extend(_resolve(project, script, words[index + 1], ""))
    if not names:
        names = list(_by_name(project))
    return list(dict.fromkeys(names)), installed


def _check(project: Project, _: Context) -> Iterator[Outcome]:
    names, _installed = administrators(project)
    real = [name for name in names if not is_placeholder(name.text) and not name.text.startswith("/run/")]
    if not real:
        yield RULE.undecided("the administrator's name is not written in the repository")
    for name in real:
        if holds_admin(name.text):
            yield RULE.finding(name.path, name.line, f"the administrator is called {name.text!r}", _FIX)


RULE = Rule(
    "administrator-name",
    "The name of the WordPress administrator does not contain admin",
    ("R26",),
    _check,
    refutes=("E49",),
)
