"""The address shows the configured site, not WordPress's installation page (E29, E42)."""

from __future__ import annotations

from collections.abc import Iterator

from inception_check.model import Severity
from inception_evaluate.evidence import Evidence
from inception_evaluate.rule import LiveOutcome, LiveRule
from inception_evaluate.rules._common import seen

#: Seconds after which a front page counts as slow.
_SLOW = 10.0


def _check(evidence: Evidence) -> Iterator[LiveOutcome]:
    site = seen(evidence.site)
    page = site.front
    if not page.status:
        yield RULE.finding(f"{page.url} does not show the site: {page.error}", "See the logs of NGINX and WordPress.")
    elif page.installer:
        yield RULE.finding(
            f"{page.url} shows WordPress's installation page", "Install WordPress when its container first starts."
        )
    elif page.status in (301, 302, 303, 307, 308):
        yield RULE.finding(
            f"{page.url} redirects to {page.location or 'nowhere'} instead of showing the site",
            "Set WordPress's home and siteurl to the address that it is visited at.",
        )
    elif page.status != 200:
        yield RULE.finding(f"{page.url} answers with {page.status}", "See the logs of NGINX and WordPress.")
    elif not page.wordpress:
        yield RULE.finding(
            f"{page.url} shows a page that WordPress did not make (“{page.title}”)", "Hand requests on to WordPress."
        )
    else:
        yield RULE.saw(f"{page.url} answers with 200 and shows “{page.title}”, made by WordPress, {page.size:,} bytes.")
        if page.seconds > _SLOW:
            yield RULE.finding(
                f"{page.url} took {page.seconds:.0f} s to answer",
                "Evaluate again while the machine has nothing else to do; see what WordPress waits for.",
                severity=Severity.WARNING,
            )


RULE = LiveRule(
    "configured-site", "The address shows the configured site", ("E29", "E42"), ("site",), _check, wants_all=True
)
