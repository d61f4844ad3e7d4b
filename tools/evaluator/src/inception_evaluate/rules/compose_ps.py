"""``docker compose ps`` lists the container of each mandatory service (E40, E46, E53)."""

from __future__ import annotations

from collections.abc import Iterator

from inception_evaluate.evidence import Evidence
from inception_evaluate.rule import LiveOutcome, LiveRule
from inception_evaluate.rules._common import MANDATORY, seen

_IDS = {"nginx": "E40", "wordpress": "E46", "mariadb": "E53"}


def _check(evidence: Evidence) -> Iterator[LiveOutcome]:
    stack = seen(evidence.stack)
    for role, title in MANDATORY.items():
        container = stack.role(role)
        if container is None:
            yield RULE.finding(
                f"no container of the project is {title}", f"Start the service {role}.", requirements=(_IDS[role],)
            )
        elif container.state != "running":
            yield RULE.finding(
                f"{title}'s container {container.name} is listed as {container.state}",
                f"See `docker logs {container.name}`.",
                requirements=(_IDS[role],),
            )
        elif container.service.split("#")[0] not in stack.listed:
            yield RULE.finding(
                f"`docker compose ps` does not list {container.name}",
                "Start it by the Compose file.",
                requirements=(_IDS[role],),
            )
        else:
            yield RULE.saw(
                f"`docker compose ps` lists {container.name} for the service {container.service}.", _IDS[role]
            )


RULE = LiveRule(
    "compose-ps",
    "docker compose ps lists each mandatory container",
    tuple(_IDS.values()),
    ("stack",),
    _check,
    wants_all=True,
)
