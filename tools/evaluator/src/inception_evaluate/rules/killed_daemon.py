"""A container whose daemon is killed comes back, and so does the site (R19)."""

from __future__ import annotations

from collections.abc import Iterator

from inception_evaluate.evidence import Evidence
from inception_evaluate.rule import LiveOutcome, LiveRule
from inception_evaluate.rules._common import seen


def _check(evidence: Evidence) -> Iterator[LiveOutcome]:
    stack = seen(evidence.stack)
    for kill in seen(evidence.kills):
        if not kill.restarted:
            container = stack.service(kill.service)
            policy = container.restart_policy if container is not None else "unknown"
            yield RULE.finding(
                f"the container of {kill.service} did not come back after its daemon was killed (restart policy {policy})",
                "Add restart: unless-stopped (or always, or on-failure).",
            )
        elif kill.site_after is None:
            yield RULE.finding(
                f"after the daemon of {kill.service} was killed, the site did not answer again within {kill.limit:.0f} s",
                "See the logs of the services; they must find each other again.",
            )
        elif kill.counted < 1:
            yield RULE.finding(
                f"the container of {kill.service} came back, but the engine counted no restart: something else started it",
                "Let the engine restart it, by a restart policy.",
            )
        else:
            yield RULE.saw(
                f"{kill.service}: its daemon was killed, the engine restarted it (count +{kill.counted}), and the site answered "
                f"after {kill.site_after:.1f} s."
            )


RULE = LiveRule("killed-daemon", "A killed daemon comes back", ("R19",), ("stack", "kills"), _check, wants_all=True)
