"""Nothing in the background in a Dockerfile (E12)."""

from __future__ import annotations

from collections.abc import Iterator

from inception_check.evidence.project import Project
from inception_check.evidence.shell import Script, parse_shell
from inception_check.model import Context, Outcome, Rule


def _check(project: Project, _: Context) -> Iterator[Outcome]:
    if not project.dockerfiles:
        yield RULE.undecided("there is no Dockerfile")
        return
    for dockerfile in project.dockerfiles:
        for instruction in dockerfile.instructions:
            if instruction.name not in {"CMD", "ENTRYPOINT"}:
                continue
            if instruction.arguments is not None:
                inner = instruction.arguments[2] if _is_shell_call(instruction.arguments) else ""
                scripts = [parse_shell(inner, dockerfile.path, instruction.line)] if inner else []
                exact = False
            else:
                scripts, exact = [parse_shell(instruction.body, dockerfile.path, instruction.body_line)], True
            for script in scripts:
                for line, text in _jobs(script):
                    yield RULE.finding(
                        dockerfile.path,
                        line if exact else instruction.line,
                        f"{instruction.name} puts {text!r} into the background",
                        "Start one program, in the foreground.",
                    )
        for _instruction, script in project.run_scripts(dockerfile):
            for line, text in _jobs(script):
                yield RULE.finding(
                    dockerfile.path,
                    line,
                    f"RUN puts {text!r} into the background",
                    "Do the work without a server in the background (mariadbd --bootstrap, wp-cli), or in the entrypoint.",
                )
    if project.compose is None:
        return
    for service in project.compose.services.values():
        for given in (service.command, service.entrypoint):
            if given is not None and _is_shell_call(given.words):
                for _line, text in _jobs(parse_shell(given.words[2], given.path, given.line)):
                    yield RULE.finding(
                        given.path,
                        given.line,
                        f"{service.name}'s command puts {text!r} into the background",
                        "Start one program, in the foreground.",
                    )


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
