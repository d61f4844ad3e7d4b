"""Containers restart after a crash (R19)."""

from __future__ import annotations

from collections.abc import Iterator

from inception_check.evidence.project import Project
from inception_check.model import Context, Outcome, Rule

_GOOD = frozenset({"always", "unless-stopped", "on-failure"})
_FIX = "Add restart: unless-stopped (or always, or on-failure)."


def _check(project: Project, _: Context) -> Iterator[Outcome]:
    if project.compose is None or not project.compose.services:
        yield RULE.undecided("there is no Compose file that could be read")
        return
    for service in project.compose.services.values():
        value = service.key("restart")
        if value is None or value.kind == "null":
            deploy = service.key("deploy")
            condition = deploy.at("restart_policy", "condition") if deploy is not None else None
            policy = deploy.at("restart_policy") if deploy is not None else None
            if policy is not None and (condition is None or condition.text in {"any", "on-failure"}):
                continue
            yield RULE.finding(service.path, service.line, f"{service.name} has no restart policy", _FIX)
            continue
        found = project.compose.interpolated(value.text)
        if found.unknown:
            yield RULE.undecided(f"the restart policy of {service.name} depends on a variable that is not known")
            continue
        if found.text.partition(":")[0].strip() not in _GOOD:
            yield RULE.finding(
                *service.place("restart"),
                f"{service.name} is not restarted after a crash (restart: {found.text})",
                _FIX,
            )


RULE = Rule("restart-policy", "Every container is restarted after a crash", ("R19",), _check)
