"""The variables and secrets that a start script uses are handed to its container (E35, R33)."""

from __future__ import annotations

import re
from collections.abc import Iterator

from inception_check.evidence.compose import Service
from inception_check.evidence.dotenv import parse_dotenv
from inception_check.evidence.project import Part, Project
from inception_check.evidence.shell import Script, ShellCommand
from inception_check.model import Context, Outcome, Rule, Severity
from inception_check.rules._common import launches

_NAME = re.compile(r"[A-Z][A-Z0-9_]+")
#: What every shell and every container knows.
_KNOWN = re.compile(
    r"PATH|HOME|HOSTNAME|PWD|OLDPWD|SHELL|USER|LOGNAME|TERM|IFS|E?UID|PPID|RANDOM|LINENO|SECONDS|BASH\w*|OPTARG|OPTIND|REPLY|LANG|LC_\w+|TZ"
    r"|PS\d|FUNCNAME|PIPESTATUS|SHLVL|COLUMNS|LINES|EDITOR|TMPDIR|_+"
)
_USE = re.compile(r"(?<!\\)\$(?:\{([A-Z][A-Z0-9_]*)(:?[-+=?])?[^{}]*\}|([A-Z][A-Z0-9_]*))")
_SECRET = re.compile(r"/run/secrets/([A-Za-z0-9_][\w.-]*)")


def _check(project: Project, _: Context) -> Iterator[Outcome]:
    for part, launch in launches(project):
        if part.service is None or project.compose is None:
            continue
        scripts = [s for s in launch.scripts if s.path in project.tree.files]
        yield from _variables(project, part, scripts)
        yield from _secrets(part, part.service, scripts)


def _variables(project: Project, part: Part, scripts: list[Script]) -> Iterator[Outcome]:
    given = _given(project, part, scripts)
    if given is None:
        return
    seen: set[str] = set()
    for script in scripts:
        strict = any(
            c.name == "set" and re.search(r"(?:^|\s)-\w*u|nounset", " ".join(c.values)) for c in script.commands
        )
        for name, insists, line in _uses(script):
            if name in given or name in seen or _KNOWN.fullmatch(name):
                continue
            seen.add(name)
            yield RULE.finding(
                script.path,
                line,
                f"{part.name} uses the variable {name}, and nothing hands it to the container",
                "Add it to environment: or env_file: of the service.",
                severity=Severity.ERROR if strict or insists else Severity.WARNING,
                requirements=("E35",),
            )


def _uses(script: Script) -> Iterator[tuple[str, bool, int]]:
    """Yield the variables that a script expands without a default: name, whether it insists on a value, line."""
    for command in script.commands:
        for text, line in _texts(command):
            for match in _USE.finditer(text):
                operator = match.group(2) or ""
                if not operator or operator.endswith("?"):
                    yield (
                        match.group(1) or match.group(3),
                        operator.endswith("?"),
                        line + text.count("\n", 0, match.start()),
                    )
    for assigned in script.assignments:
        if assigned.value is not None and not assigned.value.literal:
            for match in _USE.finditer(_unquoted(assigned.value.raw)):
                if not match.group(2):
                    yield match.group(1) or match.group(3), False, assigned.line


def _texts(command: ShellCommand) -> Iterator[tuple[str, int]]:
    for word in command.words:
        if not word.literal:
            yield _unquoted(word.raw), word.line
    for heredoc in command.heredocs:
        if heredoc.expand:
            yield heredoc.content, heredoc.line


def _unquoted(raw: str) -> str:
    """Blank what stands between single quotes, outside of double ones: the shell expands nothing there."""
    if raw.startswith('"'):
        return raw
    return re.sub(r"'[^']*'", lambda match: re.sub(r"[^\n]", " ", match.group()), raw)


def _given(project: Project, part: Part, scripts: list[Script]) -> set[str] | None:
    """Return the variables that a container gets or its scripts set; None when that cannot be known."""
    names: set[str] = set()
    service = part.service
    for variable in service.environment if service is not None else ():
        names.add(variable.name)
    for file in service.env_files if service is not None else ():
        source = project.tree.get(file.value) or project.tree.get(project.env_example or "")
        if source is None or project.made_settings:
            return None
        names.update(assignment.name for assignment in parse_dotenv(source.text, source.path).assignments)
    for instruction in part.instructions:
        if instruction.name in {"ENV", "ARG"}:
            names.update(name for name, _, _ in instruction.pairs())
    for script in scripts:
        if any(
            c.name in {"source", ".", "eval"} or "allexport" in c.values or "-a" in c.values[1:2]
            for c in script.commands
        ):
            # What a file brings that is read while the container starts is not known.
            return None
        names.update(assigned.name for assigned in script.assignments)
        names.update(re.findall(r"\bfor\s+(\w+)\s+in\b", script.text))
        for command in script.commands:
            if command.name in {"read", "getopts", "mapfile", "readarray", "printf", "unset"}:
                names.update(word.value for word in command.arguments)
    return names


def _secrets(part: Part, service: Service, scripts: list[Script]) -> Iterator[Outcome]:
    """Find secrets that a script reads and the service is not given."""
    if any(mount.target.startswith(("/run/secrets", "/run")) for mount in service.mounts):
        return
    given = set(service.secrets)
    value = service.key("secrets")
    for item in value.items if value is not None else ():
        target = item.get("target") if item.kind == "mapping" else None
        if target is not None and target.scalar:
            given.add(target.text.rpartition("/")[2])
    seen: set[str] = set()
    for script in scripts:
        for number, line in enumerate(script.text.split("\n"), start=script.first_line):
            code = "" if line.lstrip().startswith("#") else line
            for name in _SECRET.findall(code):
                # A file that is asked for first may be missing on purpose.
                asked = re.search(rf"-[fersd]\s+[\"']?/run/secrets/{re.escape(name)}\b", script.text)
                if name not in given and name not in seen and not asked:
                    seen.add(name)
                    yield RULE.finding(
                        script.path,
                        number,
                        f"{part.name} reads the secret {name}, which its service is not given",
                        "Name it under secrets: of the service, and declare it under the top-level secrets:.",
                    )


RULE = Rule(
    "values-passed",
    "Each container is given the variables and secrets that it uses",
    (),
    _check,
    refutes=("E35", "R33"),
)
