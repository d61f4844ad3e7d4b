"""The site answers over HTTPS on port 443 (E27)."""

from __future__ import annotations

from collections.abc import Iterator

from inception_evaluate.evidence import Evidence
from inception_evaluate.report.units import quantity
from inception_evaluate.rule import LiveOutcome, LiveRule
from inception_evaluate.rules._common import seen


def _check(evidence: Evidence) -> Iterator[LiveOutcome]:
    site = seen(evidence.site)
    if site.port != 443:
        yield RULE.finding(
            f"the site is published on port {site.port}, not on 443", "Publish NGINX as 443 on the machine."
        )
    elif not site.front.status:
        yield RULE.finding(f"{site.front.url} does not answer: {site.front.error}", "See the logs of NGINX.")
    else:
        yield RULE.saw(f"{site.front.url} answers with {site.front.status} after {quantity(site.front.seconds, 's')}.")


RULE = LiveRule("way-in", "The site answers on port 443", ("E27",), ("site",), _check, wants_all=True)
