"""TLS 1.2 or 1.3 is spoken; older versions and broken suites are refused (E28, E43, R11)."""

from __future__ import annotations

from collections.abc import Iterator

from inception_evaluate.evidence import Evidence
from inception_evaluate.rule import LiveOutcome, LiveRule
from inception_evaluate.rules._common import seen

_OLD = ("SSL 2.0", "SSL 3.0", "TLS 1.0", "TLS 1.1")
_NEW = ("TLS 1.2", "TLS 1.3")


def _check(evidence: Evidence) -> Iterator[LiveOutcome]:
    tls = seen(evidence.tls)
    good = True
    old = [version for version in _OLD if version in tls.accepted]
    if old:
        good = False
        yield RULE.finding(
            f"the server accepts {' and '.join(old)}", "Set ssl_protocols TLSv1.2 TLSv1.3 (or one of them)."
        )
    new = [version for version in _NEW if version in tls.accepted]
    if not new:
        good = False
        yield RULE.finding("the server speaks neither TLS 1.2 nor TLS 1.3", "Set ssl_protocols TLSv1.2 TLSv1.3.")
    if tls.weak:
        good = False
        yield RULE.finding(
            f"the server accepts broken cipher suites: {', '.join(tls.weak[:6])}", "Leave them out of ssl_ciphers."
        )
    if tls.failed:
        told = "; ".join(f"{version}: {reason}" for version, reason in tls.failed.items())
        yield RULE.undecided(f"not every version could be tried ({told})")
    elif good:
        spoken = ", ".join(f"{version} ({len(tls.accepted[version])} suites)" for version in new)
        yield RULE.saw(
            f"Real handshakes ({tls.scanner}): {spoken} accepted; {', '.join(tls.refused)} refused; no broken suite."
        )


RULE = LiveRule(
    "tls-handshakes", "TLS 1.2 or 1.3 is spoken, and nothing older", ("E28", "E43", "R11"), ("tls",), _check
)
