"""Plain HTTP cannot connect (E30, E41)."""

from __future__ import annotations

from collections.abc import Iterator

from inception_evaluate.evidence import Evidence
from inception_evaluate.rule import LiveOutcome, LiveRule
from inception_evaluate.rules._common import seen


def _check(evidence: Evidence) -> Iterator[LiveOutcome]:
    site = seen(evidence.site)
    if site.plain.status:
        yield RULE.finding(
            f"http://{site.domain}/ answers with {site.plain.status}; plain HTTP must not connect",
            "Publish port 443 alone; NGINX must not listen on port 80 for the outside.",
        )
    elif site.plain.error != "connection refused" and not site.plain.error.startswith("no connection"):
        yield RULE.finding(f"port 80 accepts a connection ({site.plain.error})", "Publish port 443 alone.")
    elif 200 <= site.plain_port.status < 300 or (site.plain_port.status and site.plain_port.wordpress):
        yield RULE.finding(
            f"port {site.port} speaks plain HTTP (status {site.plain_port.status})", "Let NGINX listen with ssl."
        )
    else:
        yield RULE.saw(f"http://{site.domain}/ cannot connect: {site.plain.error}.")


RULE = LiveRule("plain-http", "Plain HTTP cannot connect", ("E30", "E41"), ("site",), _check)
