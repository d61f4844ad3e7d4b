"""No --link in the Makefile or any script (E11, R21)."""

from __future__ import annotations

from collections.abc import Iterator

from inception_check.evidence.project import Project
from inception_check.model import Context, Outcome, Rule

_PROGRAMS = frozenset({"docker", "podman", "docker-compose", "nerdctl"})


def _check(project: Project, _: Context) -> Iterator[Outcome]:
    for top in (*project.make_scripts, *project.scripts):
        for script in top.everything():
            for command in script.commands:
                names = [value.rpartition("/")[2] for value in command.values]
                start = next(
                    (i for i, name in enumerate(names[:6]) if name in _PROGRAMS or name in {"${DOCKER}", "$DOCKER"}),
                    None,
                )
                if start is None:
                    continue
                for word in command.words[start + 1 :]:
                    if word.value == "--link" or word.value.startswith("--link="):
                        yield RULE.finding(
                            script.path,
                            word.line,
                            "a container is linked with --link",
                            "Remove the option; let both containers join a network of the Compose file.",
                        )


RULE = Rule("link-option", "No --link in the Makefile or any script", ("E11", "R21"), _check)
