"""Real handshakes with each version of TLS, and the certificate, by the scanner sslyze."""

from __future__ import annotations

import importlib.metadata
import re
import warnings
from datetime import UTC, datetime
from typing import Any

from inception_evaluate.evidence import Certificate, Tls
from inception_evaluate.machine import UnseenError

VERSIONS = {
    "SSL 2.0": "ssl_2_0_cipher_suites",
    "SSL 3.0": "ssl_3_0_cipher_suites",
    "TLS 1.0": "tls_1_0_cipher_suites",
    "TLS 1.1": "tls_1_1_cipher_suites",
    "TLS 1.2": "tls_1_2_cipher_suites",
    "TLS 1.3": "tls_1_3_cipher_suites",
}
#: Suites without encryption or authentication, of export strength, or with a broken cipher or hash.
_WEAK = re.compile(r"NULL|EXPORT|_anon_|ADH|AECDH|RC4|RC2|_DES_|DES_|3DES|_MD5\b|IDEA|SEED")


def collect(address: str, port: int, domain: str) -> Tls:
    """Scan one server.

    Args:
        address: where to connect to.
        port: the port.
        domain: the name that is asked for (SNI).

    Raises:
        UnseenError: the scanner is not installed, or no connection came about.

    """
    # The scanner parses every root certificate that it knows; what is odd about those is no news about the site.
    warnings.filterwarnings("ignore", module=r"sslyze\..*")
    try:
        import sslyze
    except ImportError as error:
        raise UnseenError("the scanner sslyze is not installed: run `make evaluate`, which installs it") from error
    commands = {getattr(sslyze.ScanCommand, name.upper()) for name in VERSIONS.values()}
    request = sslyze.ServerScanRequest(
        server_location=sslyze.ServerNetworkLocation(hostname=domain, port=port, ip_address=address),
        network_configuration=sslyze.ServerNetworkConfiguration(
            tls_server_name_indication=domain, network_timeout=10, network_max_retries=2
        ),
        scan_commands=commands | {sslyze.ScanCommand.CERTIFICATE_INFO},
    )
    scanner = sslyze.Scanner(per_server_concurrent_connections_limit=4, concurrent_server_scans_limit=1)
    scanner.queue_scans([request])
    result = next(iter(scanner.get_results()))
    version = f"sslyze {importlib.metadata.version('sslyze')}"
    if result.scan_result is None:
        trace = result.connectivity_error_trace
        said = str(trace.exc_value if hasattr(trace, "exc_value") else trace).strip().splitlines()[-1:] or [""]
        raise UnseenError(f"no TLS handshake came about on port {port}: {said[0][:200]}")
    return _read(result.scan_result, domain, version)


def _read(scan: Any, domain: str, version: str) -> Tls:
    accepted: dict[str, tuple[str, ...]] = {}
    refused: list[str] = []
    failed: dict[str, str] = {}
    for name, attribute in VERSIONS.items():
        attempt = getattr(scan, attribute)
        if attempt.result is None:
            failed[name] = str(attempt.error_reason.value if attempt.error_reason else "the scan did not end")
        elif attempt.result.is_tls_version_supported:
            accepted[name] = tuple(one.cipher_suite.name for one in attempt.result.accepted_cipher_suites)
        else:
            refused.append(name)
    weak = sorted({suite for suites in accepted.values() for suite in suites if _WEAK.search(suite)})
    info = scan.certificate_info.result
    certificate = _certificate(info, domain) if info is not None else None
    return Tls(accepted, tuple(refused), failed, tuple(weak), certificate, version)


def _certificate(info: Any, domain: str) -> Certificate:
    from cryptography import x509
    from cryptography.hazmat.primitives.asymmetric import ec, rsa

    deployment = info.certificate_deployments[0]
    leaf = deployment.received_certificate_chain[0]
    key = leaf.public_key()
    size = int(getattr(key, "key_size", 0))
    kind = "RSA" if isinstance(key, rsa.RSAPublicKey) else "EC" if isinstance(key, ec.EllipticCurvePublicKey) else ""
    try:
        extension = leaf.extensions.get_extension_for_class(x509.SubjectAlternativeName)
        names = tuple(extension.value.get_values_for_type(x509.DNSName))
    except x509.ExtensionNotFound:
        names = ()
    # Without alternative names the common name stands in, as it did before browsers stopped looking at it.
    common = tuple(str(attribute.value) for attribute in leaf.subject.get_attributes_for_oid(x509.NameOID.COMMON_NAME))
    begin, end = leaf.not_valid_before_utc, leaf.not_valid_after_utc
    now = datetime.now(tz=UTC)
    return Certificate(
        subject=leaf.subject.rfc4514_string(),
        issuer=leaf.issuer.rfc4514_string(),
        names=names or common,
        key=f"{kind or type(key).__name__} {size or ''}".strip(),
        key_bits=size,
        signature=leaf.signature_hash_algorithm.name if leaf.signature_hash_algorithm else "",
        not_before=begin.isoformat(),
        not_after=end.isoformat(),
        expired=not begin <= now <= end,
        self_signed=leaf.subject == leaf.issuer,
        chain=len(deployment.received_certificate_chain),
        trusted=any(one.was_validation_successful for one in deployment.path_validation_results),
        matches=any(_matches(name, domain) for name in names or common),
    )


def _matches(pattern: str, domain: str) -> bool:
    """Tell whether a certificate's name is the domain's (RFC 6125: a star stands for the first label)."""
    pattern, domain = pattern.lower().rstrip("."), domain.lower().rstrip(".")
    if pattern.startswith("*."):
        return "." in domain and domain.split(".", 1)[1] == pattern[2:]
    return pattern == domain
