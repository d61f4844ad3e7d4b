"""No keep-alive trick instead of a foreground daemon (E12, R20, R23)."""

from __future__ import annotations

import re
from collections.abc import Iterator

from inception_check.evidence.dockerfile import Instruction
from inception_check.evidence.project import Project
from inception_check.evidence.shell import Script, ShellCommand, parse_shell
from inception_check.model import Context, Outcome, Rule
from inception_check.rules._common import container_scripts

_FIX = "Let the daemon itself run in the foreground, as the last command and with exec."
_FOLLOW = re.compile(r"(?:--follow(?:=\w+)?|--retry|-[a-zA-Z0-9]*[fF]\w*)")


def keeps_alive(command: ShellCommand) -> str:
    """Return the trick that a command is, or an empty text."""
    values = [value.strip() for value in command.values]
    while values and values[0].rpartition("/")[2] in {"exec", "nohup", "sudo", "busybox"}:
        values = values[1:]
    if not values:
        return ""
    name = values[0].rpartition("/")[2]
    if name == "tail" and any(_FOLLOW.fullmatch(value) for value in values[1:]):
        return " ".join(values[:4])
    if name == "sleep" and len(values) > 1 and (values[1].startswith("inf") or _long(values[1])):
        return " ".join(values[:2])
    if (
        name == "cat"
        and len(values) == 1
        and not command.inside("pipeline", "substitution")
        and not command.redirects
        and not command.heredocs
    ):
        return "cat without a file"
    return ""


def _long(text: str) -> bool:
    match = re.fullmatch(r"(\d{1,12})([smhd]?)", text)
    if match is None:
        return False
    return int(match.group(1)) * {"": 1, "s": 1, "m": 60, "h": 3600, "d": 86400}[match.group(2)] >= 86400


def _search(script: Script) -> Iterator[tuple[ShellCommand, str]]:
    for part in script.everything():
        for command in part.commands:
            trick = keeps_alive(command)
            if trick:
                yield command, trick


def _check(project: Project, _: Context) -> Iterator[Outcome]:  # noqa: C901 -- the cases of one rule, one after the other
    if not project.parts:
        yield RULE.undecided("there is neither a Compose file nor a Dockerfile")
        return
    seen: set[tuple[str, int]] = set()
    for dockerfile in project.dockerfiles:
        for instruction in dockerfile.instructions:
            if instruction.name in {"CMD", "ENTRYPOINT"}:
                # Their own commands are not looked at again as a script.
                seen.update((dockerfile.path, line) for line in range(instruction.line, instruction.end_line + 1))
                yield from _in_instruction(dockerfile.path, instruction)
        for _instruction, script in project.run_scripts(dockerfile):
            for command, trick in _search(script):
                if trick.startswith("tail"):
                    yield RULE.finding(
                        dockerfile.path,
                        command.line,
                        f"the Dockerfile runs {trick}",
                        "Remove it.",
                        requirements=("E12", "R23"),
                    )
    for service in project.compose.services.values() if project.compose is not None else ():
        for given in (service.command, service.entrypoint):
            if given is None:
                continue
            for _command, trick in _search(_as_script(given.words, given.path, given.line)):
                yield RULE.finding(
                    given.path,
                    given.line,
                    f"{service.name} is kept alive with {trick}",
                    _FIX,
                    requirements=("R20", "R23", "E12"),
                )
    for script in container_scripts(project):
        for command, trick in _search(script):
            if not trick.startswith("cat") and (script.path, command.line) not in seen:
                seen.add((script.path, command.line))
                yield RULE.finding(
                    script.path,
                    command.line,
                    f"the script keeps the container alive with {trick}",
                    _FIX,
                    requirements=("R20", "R23", "E15"),
                )


def _in_instruction(path: str, instruction: Instruction) -> Iterator[Outcome]:
    if instruction.arguments is not None:
        script = _as_script(instruction.arguments, path, instruction.line)
    else:
        script = parse_shell(instruction.body, path, instruction.body_line)
    for command, trick in _search(script):
        yield RULE.finding(
            path,
            instruction.line if instruction.arguments is not None else command.line,
            f"{instruction.name} keeps the container alive with {trick}",
            _FIX,
            requirements=("E12", "R20", "R23"),
        )


def _as_script(words: tuple[str, ...], path: str, line: int) -> Script:
    """Write an exec form as a shell text, each word in quotes."""
    quoted = " ".join(w if re.fullmatch(r"[\w@%+=:,./-]+", w) else "'" + w.replace("'", "'\\''") + "'" for w in words)
    return parse_shell(quoted, path, line)


RULE = Rule(
    "keep-alive",
    "No tail -f, sleep infinity or the like keeps a container alive",
    ("R20", "R23"),
    _check,
    refutes=("E12", "E15"),
)
