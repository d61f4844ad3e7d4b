"""PID 1 of each container is its daemon, with no shell, sleep or tail beside it (R20, R23, R24)."""

from __future__ import annotations

import re
from collections.abc import Iterator

from inception_evaluate.evidence import Evidence
from inception_evaluate.rule import LiveOutcome, LiveRule
from inception_evaluate.rules._common import MANDATORY, seen

_SHELL = re.compile(r"^-?(?:sh|bash|dash|ash|zsh|ksh|busybox|fish)$")
_IDLE = re.compile(r"^(?:sleep|tail|cat|yes|watch|inotifywait)$")
_INIT = re.compile(r"^(?:tini|dumb-init|docker-init|catatonit|s6-svscan|runit|init|tini-static)$")
_DAEMON = {
    "nginx": re.compile(r"^nginx$"),
    "wordpress": re.compile(r"^php-fpm"),
    "mariadb": re.compile(r"^(?:mariadbd|mysqld|mysqld_safe|mariadbd-safe)$"),
}


def _children(number: int) -> str:
    return f"with {number or 'no'} process{'' if number == 1 else 'es'} of its own"


def _check(evidence: Evidence) -> Iterator[LiveOutcome]:
    stack, inside = seen(evidence.stack), seen(evidence.inside)
    for container in stack.containers:
        found = inside.get(container.service)
        if found is None or not found.processes:
            if container.role in MANDATORY:
                yield RULE.undecided(f"nothing runs in {container.name}")
            continue
        first = found.processes[0]
        good = True
        if _IDLE.match(first.program) or (_SHELL.match(first.program) and len(first.command) < 2):
            good = False
            yield RULE.finding(
                f"PID 1 of {container.name} is `{container.pid_one}`, which does no work",
                "Let the entrypoint end with exec and the daemon in the foreground.",
            )
        elif _SHELL.match(first.program):
            good = False
            yield RULE.finding(
                f"PID 1 of {container.name} is a shell (`{container.pid_one}`), not the daemon",
                "Let the entrypoint end with exec and the daemon.",
                requirements=("R24",),
            )
        elif (
            container.role in MANDATORY
            and not _INIT.match(first.program)
            and not _DAEMON[container.role].match(first.program)
        ):
            good = False
            yield RULE.finding(
                f"PID 1 of {container.name} is `{container.pid_one}`, not {MANDATORY[container.role]}'s daemon",
                "Let the entrypoint end with exec and the daemon.",
                requirements=("R24",),
            )
        for process in found.processes[1:]:
            # What was gone at the second look was passing by, such as a program that php-fpm calls.
            if process.pid in found.lasting and (_SHELL.match(process.program) or _IDLE.match(process.program)):
                good = False
                yield RULE.finding(
                    f"beside the daemon of {container.name} runs `{' '.join(process.command)[:80]}`",
                    "Start nothing in the background; a container runs one daemon.",
                )
        if good:
            yield RULE.saw(
                f"{container.name}: PID 1 is `{container.pid_one}`, {_children(len(found.processes) - 1)} and nothing beside it."
            )


RULE = LiveRule(
    "process-tree",
    "PID 1 is the daemon, and nothing idles beside it",
    ("R20", "R23", "R24"),
    ("stack", "inside"),
    _check,
)
