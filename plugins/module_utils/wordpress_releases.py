"""What the official version service of WordPress says of its releases, and what lies beside a release."""

from __future__ import annotations

import hashlib
import http.client
import json
import re
import urllib.error
import urllib.parse
import urllib.request
from typing import Any


class ReleaseError(Exception):
    """The version service or the release cannot be used; the message is for a person."""


def _key(version: str) -> list[int]:
    return [int(part) for part in version.split(".")]


def offered(service: str, timeout: int) -> list[str]:
    """Return the releases that the version service offers, betas left out.

    Args:
        service: its address.
        timeout: how many seconds it may take to answer.

    Raises:
        ReleaseError: it does not answer, or with something else.
    """
    try:
        with open_safely(service, timeout) as answer:
            offers = json.loads(answer.read(1_000_000))["offers"]
            versions = {str(offer["version"]) for offer in offers}
    except (OSError, http.client.HTTPException, ValueError, LookupError, TypeError) as error:
        raise ReleaseError(f"{service} does not tell the releases of WordPress: {error}") from error
    return sorted((v for v in versions if re.fullmatch(r"\d+(\.\d+)+", v)), key=_key)


def newest_of_series(version: str, versions: list[str]) -> str:
    """Return the newest release of the same series (7.1 of 7.1.4), or the version itself where there is no newer one."""
    same = [v for v in versions if _key(v)[:2] == _key(version)[:2]]
    return max([version, *same], key=_key)


def _judge(url: str) -> None:
    """Refuse an address without TLS, except on this machine, for tests.

    Raises:
        ReleaseError: it is such an address.
    """
    parts = urllib.parse.urlsplit(url)
    if parts.scheme != "https" and (parts.scheme, parts.hostname) != ("http", "127.0.0.1"):
        raise ReleaseError(f"{url} is no https address, so that anybody on the way can change what it says.")


class _JudgedRedirects(urllib.request.HTTPRedirectHandler):
    """Follow no server to an address that would not have been asked itself."""

    def redirect_request(self, *arguments: Any) -> urllib.request.Request | None:
        """Judge the new address, which is the last argument."""
        _judge(arguments[-1])
        return super().redirect_request(*arguments)


def open_safely(url: str, timeout: int) -> http.client.HTTPResponse:
    """Open an address, and those that it leads to, over TLS; without it on this machine alone, for tests.

    Raises:
        OSError: it cannot be reached, its certificate is no good, or its status is an error.
        ReleaseError: it is another address.
    """
    _judge(url)
    opened: http.client.HTTPResponse = urllib.request.build_opener(_JudgedRedirects).open(url, timeout=timeout)
    return opened


def checked_sha256(url: str, timeout: int) -> str:
    """Download a release, hold it against the SHA-1 beside it, and return its SHA-256.

    Args:
        url: the address of the archive; its checksum is at the same address with ``.sha1``.
        timeout: how many seconds the server may be silent.

    Raises:
        ReleaseError: one of the two is not there, or they do not fit.
    """
    sha1, sha256 = hashlib.sha1(usedforsecurity=False), hashlib.sha256()
    try:
        with open_safely(f"{url}.sha1", timeout) as answer:
            published = answer.read(40).decode("ascii")
        with open_safely(url, timeout) as answer:
            while part := answer.read(1_000_000):
                sha1.update(part)
                sha256.update(part)
    except (OSError, http.client.HTTPException, ValueError) as error:
        raise ReleaseError(f"{url} and its checksum cannot be downloaded: {error}") from error
    if sha1.hexdigest() != published:
        raise ReleaseError(f"{url} has the SHA-1 {sha1.hexdigest()}, but {published} is published beside it.")
    return sha256.hexdigest()
