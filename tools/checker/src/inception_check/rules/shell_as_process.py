"""No bare shell as the process of a container (E12, R23)."""

from __future__ import annotations

from collections.abc import Iterator

from inception_check.evidence.project import Project
from inception_check.model import Context, Outcome, Rule
from inception_check.rules._common import launches

_FIX = "Let CMD name the daemon, in the exec form and in the foreground."


def _check(project: Project, _: Context) -> Iterator[Outcome]:
    if not project.dockerfiles:
        yield RULE.undecided("there is no Dockerfile")
        return
    for part, launch in launches(project):
        if launch.unresolved:
            yield RULE.undecided(f"the start script of {part.name} is not in the repository", ("R23",))
        if part.dockerfile is not None and not part.dockerfile.stages:
            # Without FROM there is no image; another rule speaks about that.
            continue
        for final in launch.finals:
            if final.kind != "shell":
                continue
            if not final.argv:
                yield RULE.finding(
                    final.path,
                    final.line,
                    f"{part.name} has neither CMD nor ENTRYPOINT, so that the base's shell is its process",
                    _FIX,
                )
            else:
                yield RULE.finding(
                    final.path,
                    final.line,
                    f"the process of {part.name} is a bare {' '.join(final.argv)}",
                    _FIX,
                )


RULE = Rule("shell-as-process", "No container's process is a bare shell", ("E12", "R23"), _check, refutes=("R24",))
