"""The certificate is for the site's name, in its validity, and its key is not weak (E28)."""

from __future__ import annotations

from collections.abc import Iterator

from inception_evaluate.evidence import Evidence
from inception_evaluate.rule import LiveOutcome, LiveRule
from inception_evaluate.rules._common import seen


def _check(evidence: Evidence) -> Iterator[LiveOutcome]:
    certificate = seen(evidence.tls).certificate
    site = seen(evidence.site)
    if certificate is None:
        yield RULE.undecided("no certificate was presented in a handshake")
        return
    faults = []
    if not certificate.matches:
        faults.append(
            (
                f"the certificate is for {', '.join(certificate.names) or 'no name'}, not for {site.domain}",
                f"Make it for {site.domain} (CN and subjectAltName).",
            )
        )
    if certificate.expired:
        faults.append(
            (
                f"the certificate is valid from {certificate.not_before[:10]} to {certificate.not_after[:10]}, not today",
                "Make it anew.",
            )
        )
    least = 2048 if certificate.key.startswith(("RSA", "DSA")) else 224
    if 0 < certificate.key_bits < least:
        faults.append((f"its key is weak ({certificate.key})", "Use RSA with 2048 bits or more, or P-256."))
    if certificate.signature in ("md5", "sha1"):
        faults.append((f"it is signed with {certificate.signature}", "Sign it with SHA-256."))
    for message, fix in faults:
        yield RULE.finding(message, fix)
    if not faults:
        signed = "signed by itself" if certificate.self_signed else f"signed by {certificate.issuer}"
        trust = "which the machine trusts" if certificate.trusted else "which a browser has to be told to trust"
        yield RULE.saw(
            f"The certificate is for {', '.join(certificate.names)}, {certificate.key}, valid from {certificate.not_before[:10]} "
            f"to {certificate.not_after[:10]}, {signed}, {trust}."
        )


RULE = LiveRule("certificate", "The certificate fits the site", ("E28",), ("tls", "site"), _check)
