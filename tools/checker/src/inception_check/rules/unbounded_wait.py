"""Waiting for a service has a limit (E15)."""

from __future__ import annotations

import re
from collections.abc import Iterator

from inception_check.evidence.project import Project
from inception_check.model import Context, Outcome, Rule, Severity
from inception_check.rules._common import container_scripts
from inception_check.rules.endless_loop import all_loops

_PROBES = re.compile(
    r"mysql|mariadb|mysqladmin|mariadb-admin|nc|ncat|netcat|wp|wp-cli|curl|wget|redis-cli|pg_isready|ping|telnet|pgrep|pidof"
)


def _check(project: Project, _: Context) -> Iterator[Outcome]:
    inside = {script.path for script in container_scripts(project)} | {d.path for d in project.dockerfiles}
    if project.compose is not None:
        inside.update(project.compose.files)
    for script, loop, _ids in all_loops(project):
        if script.path not in inside or loop.kind in {"for", "cfor"} or "timeout" in loop.context or loop.bounded:
            continue
        if loop.constant:
            # A loop that can never end is an error of its own; one with a way out is a wait without a limit.
            if not loop.leaves or _counts(script.text, loop.line):
                continue
        elif loop.leaves or not _waits(loop.commands, loop.condition_commands):
            continue
        shown = " ".join(loop.condition.split())
        yield RULE.finding(
            script.path,
            loop.line,
            f"the script waits without a limit ({loop.kind} {shown if len(shown) < 60 else shown[:57] + '...'})",
            "Count the tries and give up after some: a container that fails is restarted, one that waits for ever is not.",
        )


def _waits(commands: tuple[str, ...], condition: tuple[str, ...]) -> bool:
    if "read" in condition or "getopts" in condition or "shift" in commands:
        return False
    return "sleep" in commands or any(_PROBES.fullmatch(name) for name in condition)


def _counts(text: str, line: int) -> bool:
    """Tell whether the lines of a loop compare a counter with a number."""
    body = "\n".join(text.split("\n")[line - 1 : line + 29]).partition("\ndone")[0]
    return re.search(r"\s-(?:lt|le|gt|ge|eq)\s|\(\([^)]*[<>=]", body) is not None


RULE = Rule(
    "unbounded-wait",
    "A script that waits for a service gives up at some time",
    ("E15",),
    _check,
    severity=Severity.WARNING,
)
