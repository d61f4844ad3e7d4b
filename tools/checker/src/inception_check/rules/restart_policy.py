"""Containers restart after a crash (R19)."""

from __future__ import annotations

from collections.abc import Iterator

from inception_check.evidence.project import Project
from inception_check.model import Context, Finding, Outcome, Rule, Severity

_GOOD = frozenset({"always", "unless-stopped"})
_FIX = "Add restart: unless-stopped (or always)."


def _check(project: Project, _: Context) -> Iterator[Outcome]:
    if project.compose is None or not project.compose.services:
        yield RULE.undecided("there is no Compose file that could be read")
        return
    for service in project.compose.services.values():
        value = service.key("restart")
        if value is None or value.kind == "null":
            deploy = service.key("deploy")
            policy = deploy.at("restart_policy") if deploy is not None else None
            condition = policy.at("condition") if policy is not None else None
            if policy is None or (condition is not None and condition.text not in {"any", "on-failure"}):
                yield RULE.finding(
                    service.path, service.line, f"{service.name} has no restart policy", _FIX, requirements=("R19",)
                )
            elif condition is not None and condition.text == "on-failure":
                yield _on_failure(service.name, service.place("deploy")[0], condition.line)
            continue
        found = project.compose.interpolated(value.text)
        policy_name = found.text.partition(":")[0].strip()
        if found.unknown:
            yield RULE.undecided(f"the restart policy of {service.name} depends on a variable that is not known")
        elif policy_name == "on-failure":
            yield _on_failure(service.name, *service.place("restart"))
        elif policy_name not in _GOOD:
            yield RULE.finding(
                *service.place("restart"),
                f"{service.name} is not restarted after a crash (restart: {found.text})",
                _FIX,
                requirements=("R19",),
            )


def _on_failure(name: str, path: str, line: int) -> Finding:
    return RULE.finding(
        path,
        line,
        f"{name} stays down after a reboot, because its daemon ends without an error when the machine stops (on-failure)",
        "Write restart: unless-stopped, or always.",
        severity=Severity.WARNING,
        requirements=("E58",),
    )


RULE = Rule("restart-policy", "Every container is restarted after a crash", ("R19",), _check, refutes=("E58",))
