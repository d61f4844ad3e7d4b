"""Nothing in the background in a Dockerfile (E12)."""

from __future__ import annotations

from collections.abc import Iterator

from inception_check.evidence.dockerfile import Instruction
from inception_check.evidence.project import Project
from inception_check.evidence.shell import Script, parse_shell
from inception_check.model import Context, Outcome, Rule

_FIX = "Start one program, in the foreground."


def _check(project: Project, _: Context) -> Iterator[Outcome]:  # noqa: C901 -- the cases of one rule, one after the other
    if not project.dockerfiles:
        yield RULE.undecided("there is no Dockerfile")
        return
    for dockerfile in project.dockerfiles:
        for instruction in dockerfile.instructions:
            if instruction.name in {"CMD", "ENTRYPOINT"}:
                yield from _of_start(dockerfile.path, instruction)
        for _instruction, script in project.run_scripts(dockerfile):
            for line, text in _jobs(script):
                yield RULE.finding(
                    dockerfile.path,
                    line,
                    f"RUN puts {text!r} into the background",
                    "Do the work without a server in the background (mariadbd --bootstrap, wp-cli), or in the entrypoint.",
                )
    for service in project.compose.services.values() if project.compose is not None else ():
        for given in (service.command, service.entrypoint):
            if given is None or not _is_shell_call(given.words):
                continue
            for _line, text in _jobs(parse_shell(given.words[2], given.path, given.line)):
                yield RULE.finding(
                    given.path, given.line, f"{service.name}'s command puts {text!r} into the background", _FIX
                )


def _of_start(path: str, instruction: Instruction) -> Iterator[Outcome]:
    words = instruction.arguments
    if words is None:
        jobs = list(_jobs(parse_shell(instruction.body, path, instruction.body_line)))
    elif _is_shell_call(words):
        # The text of an exec form has no lines of its own.
        jobs = [(instruction.line, text) for _line, text in _jobs(parse_shell(words[2], path, instruction.line))]
    else:
        jobs = []
    for line, text in jobs:
        yield RULE.finding(path, line, f"{instruction.name} puts {text!r} into the background", _FIX)


def _is_shell_call(words: tuple[str, ...]) -> bool:
    return (
        len(words) >= 3
        and words[0].rpartition("/")[2] in {"sh", "bash", "ash", "dash"}
        and words[1].endswith("c")
        and words[1][0] == "-"
    )


def _jobs(script: Script) -> Iterator[tuple[int, str]]:
    for part in script.everything():
        for job in part.backgrounds:
            text = " ".join(job.text.replace("\\\n", " ").split())
            yield job.line, text if len(text) <= 40 else text[:37] + "..."


RULE = Rule("dockerfile-background", "A Dockerfile puts nothing into the background", ("E12",), _check)
