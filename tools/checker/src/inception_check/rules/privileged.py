"""No container is privileged or holds the Docker socket."""

from __future__ import annotations

from collections.abc import Iterator

from inception_check.evidence.project import Project
from inception_check.model import Context, Outcome, Rule, Severity


def _check(project: Project, _: Context) -> Iterator[Outcome]:
    for service in (service for one in project.composes for service in one.services.values()):
        value = service.key("privileged")
        if value is not None and value.is_true:
            path, line = service.place("privileged")
            yield RULE.finding(
                path,
                line,
                f"{service.name} is privileged",
                "Remove it, and add the one capability that is needed.",
            )
        for mount in service.mounts:
            if mount.source.rstrip("/") in {"/var/run/docker.sock", "/run/docker.sock"}:
                yield RULE.finding(
                    mount.origin.path,
                    mount.origin.line,
                    f"{service.name} holds the Docker socket, and with it the machine",
                    "Leave the socket out, or put a read-only proxy before it.",
                )


RULE = Rule(
    "privileged",
    "No container is privileged or holds the Docker socket",
    (),
    _check,
    severity=Severity.WARNING,
)
