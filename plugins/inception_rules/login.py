"""Which login the site is made for, when the settings do not say so."""

from __future__ import annotations

from collections.abc import Mapping

#: The login of the subject's examples; it is used where only root is known.
FALLBACK_LOGIN = "wil"


def resolve_login(environment: Mapping[str, str], remembered: str | None) -> str:
    """Return the login: the one given now, else the remembered, else the invoking user's.

    Args:
        environment: the process environment; ``INCEPTION_LOGIN`` is what ``make LOGIN=`` sets.
        remembered: the content of the file that an earlier run wrote, or None.
    """
    candidates = (
        environment.get("INCEPTION_LOGIN"),
        remembered,
        environment.get("SUDO_USER"),
        environment.get("USER"),
    )
    for candidate in candidates:
        login = (candidate or "").strip()
        if login and login != "root":
            return login
    return FALLBACK_LOGIN
