"""The site's name resolves to the machine itself (R28)."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterator

from inception_evaluate.evidence import Evidence
from inception_evaluate.rule import LiveOutcome, LiveRule
from inception_evaluate.rules._common import seen


def _own(address: str, own: tuple[str, ...]) -> bool:
    try:
        return address in own or ipaddress.ip_address(address).is_loopback
    except ValueError:
        return False


def _check(evidence: Evidence) -> Iterator[LiveOutcome]:
    site = seen(evidence.site)
    foreign = [address for address in site.resolved if not _own(address, site.own_addresses)]
    if not site.resolved:
        yield RULE.finding(
            f"{site.domain} resolves to nothing on the machine", f"Add `127.0.0.1 {site.domain}` to /etc/hosts."
        )
    elif foreign:
        yield RULE.finding(
            f"{site.domain} resolves to {', '.join(foreign)}, which is not this machine", "Correct /etc/hosts."
        )
    else:
        yield RULE.saw(f"{site.domain} resolves to {', '.join(site.resolved)}, the machine itself.")


RULE = LiveRule("domain-resolves", "The site's name is the machine", ("R28",), ("site",), _check)
