"""No password in a Dockerfile (R30)."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator

from inception_check.evidence import credentials as found
from inception_check.evidence.dockerfile import Dockerfile, Heredoc, Instruction
from inception_check.evidence.interpolation import interpolate
from inception_check.evidence.project import Project
from inception_check.evidence.shell import is_shell, parse_shell
from inception_check.evidence.shellcredentials import in_shell, in_words
from inception_check.model import Context, Outcome, Rule, Severity

_FIX = "Read it from /run/secrets when the container starts."


def _check(project: Project, _: Context) -> Iterator[Outcome]:
    if not project.dockerfiles:
        yield RULE.undecided("there is no Dockerfile", ("R30",))
        return
    for dockerfile in project.dockerfiles:
        seen: set[tuple[int, str]] = set()
        for instruction in dockerfile.instructions:
            if instruction.name in {"ENV", "ARG"}:
                yield from _in_variables(dockerfile.path, instruction, seen)
        for name, credential in _in_dockerfile(project, dockerfile):
            if (credential.line, credential.what) not in seen and credential.sure:
                seen.add((credential.line, credential.what))
                yield RULE.finding(
                    dockerfile.path, credential.line, f"{name} holds a password in clear ({credential.what})", _FIX
                )
        text = project.text(dockerfile.path)
        for credential in (*found.in_token(text), *found.in_address(text)):
            yield RULE.finding(dockerfile.path, credential.line, f"the Dockerfile holds {credential.what}", _FIX)


def _in_variables(path: str, instruction: Instruction, seen: set[tuple[int, str]]) -> Iterator[Outcome]:
    for name, value, line in instruction.pairs():
        if value is None or not found.is_credential_name(name):
            continue
        if found.is_secret_value(value, name, example=False):
            seen.add((line, name))
            yield RULE.finding(path, line, f"{instruction.name} {name} holds a password in clear", _FIX)
        elif instruction.name == "ENV" and interpolate(value, {}).used:
            yield RULE.finding(
                path,
                line,
                f"ENV {name} keeps a password in the image, where docker inspect shows it",
                _FIX,
                severity=Severity.WARNING,
                requirements=("R30",),
            )


def _in_dockerfile(project: Project, dockerfile: Dockerfile) -> Iterator[tuple[str, found.Credential]]:
    """Yield the credentials in commands and in files that the Dockerfile writes, each with what holds it."""
    for instruction, script in project.run_scripts(dockerfile):
        for credential in in_shell(script):
            yield instruction.name, credential
    for instruction in dockerfile.instructions:
        if instruction.name in {"CMD", "ENTRYPOINT", "HEALTHCHECK"}:
            for credential in _in_command(dockerfile.path, instruction):
                yield instruction.name, credential
        elif instruction.name in {"COPY", "ADD"}:
            for heredoc in instruction.heredocs:
                for credential in _in_file(heredoc, instruction.words()[-1], dockerfile.path):
                    yield f"a file that {instruction.name} writes", credential


def _in_file(heredoc: Heredoc, target: str, path: str) -> Iterator[found.Credential]:
    """Find credentials in a file that stands in the Dockerfile: a script, or configuration."""
    if is_shell(target, heredoc.content):
        yield from in_shell(parse_shell(heredoc.content, path, heredoc.line))
        return
    for credential in (
        *found.in_settings(heredoc.content, example=False),
        *found.in_sql(heredoc.content),
        *found.in_php(heredoc.content, example=False),
    ):
        yield found.Credential(credential.what, heredoc.line + credential.line - 1, credential.sure)


def _in_command(path: str, instruction: Instruction) -> Iterator[found.Credential]:
    """Find credentials in the command of a container, in the shell form and in the exec form."""
    if instruction.arguments is None:
        body = instruction.body
        if instruction.name == "HEALTHCHECK":
            # The options and the word CMD stand before the command; blanks keep the lines and the rest in place.
            body = re.sub(r"^((?:\s|\\\n|--\S+)*)CMD\b", lambda match: "\n" * match.group(1).count("\n"), body, count=1)
            listed = body.strip()
            if listed.startswith("["):
                try:
                    words = json.loads(listed.replace("\\\n", " "))
                except ValueError:
                    return
                yield from in_words(tuple(str(word) for word in words), path, instruction.line)
                return
        yield from in_shell(parse_shell(body, path, instruction.body_line))
        return
    yield from in_words(instruction.arguments, path, instruction.line)


RULE = Rule("password-in-dockerfile", "No Dockerfile holds a password", ("R30", "E1", "R34"), _check)
