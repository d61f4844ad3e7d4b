"""Rules about names: the WordPress administrator (R26), logins and domains (R28)."""

from __future__ import annotations

import re

#: A login becomes a host name label (RFC 1123: letters, digits, hyphens, at most 63) and a user
#: name (Debian's useradd: begins with a lower-case letter, at most 32 characters). This is both.
LOGIN_PATTERN = re.compile(r"[a-z](?:[a-z0-9-]{0,30}[a-z0-9])?")


def is_valid_login(login: str) -> bool:
    """Tell whether a login can be both a Unix user name and a host name label."""
    return LOGIN_PATTERN.fullmatch(login) is not None


def holds_admin(name: str) -> bool:
    """Tell whether a user name contains ``admin`` in any case, which R26 forbids.

    ``administrator`` contains ``admin``, so that the one search covers both words.
    """
    return "admin" in name.casefold()
