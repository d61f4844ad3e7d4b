"""No script loops for ever (E15, R23)."""

from __future__ import annotations

from collections.abc import Iterator

from inception_check.evidence.dockerfile import Instruction
from inception_check.evidence.project import Project
from inception_check.evidence.shell import Loop, Script, parse_shell
from inception_check.model import Context, Outcome, Rule
from inception_check.rules._common import container_scripts

_FIX = "Let the loop end by itself: count the tries and give up, or exec the daemon instead of looping."


def all_scripts(project: Project) -> Iterator[tuple[Script, tuple[str, ...]]]:  # noqa: C901 -- every place of a shell text, one after the other
    """Yield every shell text of the repository with the requirement ids that it falls under."""
    inside: set[tuple[str, int]] = set()
    for script in container_scripts(project):
        inside.add((script.path, script.first_line))
        yield script, ("E15", "R23")
    for script in (*project.scripts, *project.make_scripts):
        if (script.path, script.first_line) not in inside:
            yield script, ("E15",)
    for dockerfile in project.dockerfiles:
        for _, script in project.run_scripts(dockerfile):
            yield script, ("E15", "R23")
        for instruction in dockerfile.instructions:
            if instruction.name in {"CMD", "ENTRYPOINT"}:
                yield from _of_start(dockerfile.path, instruction)
    for service in project.compose.services.values() if project.compose is not None else ():
        for given in (service.command, service.entrypoint):
            for word in given.words[1:] if given is not None else ():
                if " " in word and given is not None:
                    yield parse_shell(word, given.path, given.line), ("E15", "R23")


def _of_start(path: str, instruction: Instruction) -> Iterator[tuple[Script, tuple[str, ...]]]:
    """Yield the shell texts of CMD and ENTRYPOINT: the shell form, or words of the exec form that a shell may be given."""
    ids = ("E15", "R23", "E12")
    if instruction.arguments is None:
        yield parse_shell(instruction.body, path, instruction.body_line), ids
    for word in (instruction.arguments or ())[1:]:
        if " " in word:
            yield parse_shell(word, path, instruction.line), ids


def all_loops(project: Project) -> Iterator[tuple[Script, Loop, tuple[str, ...]]]:
    """Yield every loop, each of them once."""
    seen: set[tuple[str, int, str]] = set()
    for top, ids in all_scripts(project):
        for script in top.everything():
            for loop in script.loops:
                key = (script.path, loop.line, loop.condition)
                if key not in seen:
                    seen.add(key)
                    yield script, loop, ids


def _check(project: Project, _: Context) -> Iterator[Outcome]:
    for path in project.unparsed_scripts:
        yield RULE.undecided(f"{path} could not be read as a shell script")
    for script, loop, ids in all_loops(project):
        if loop.constant and not loop.leaves and "timeout" not in loop.context:
            shown = " ".join(loop.condition.split())
            yield RULE.finding(
                script.path, loop.line, f"the loop ({loop.kind} {shown}) never ends", _FIX, requirements=ids
            )


RULE = Rule(
    "endless-loop",
    "No script, command or entrypoint loops for ever",
    ("E15", "R23"),
    _check,
    refutes=("E12",),
)
