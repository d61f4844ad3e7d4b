"""Lookup: the login that the site is made for."""

from __future__ import annotations

DOCUMENTATION = r"""
name: inception_login
author: the Inception team
version_added: "1.0.0"
short_description: The login that the site is made for
description:
  - Returns the login given as E(INCEPTION_LOGIN), else the one remembered in the file C(.login) at the
    root of the bundle, else the invoking user (E(SUDO_USER), E(USER)), and V(wil) when that is root.
options:
  _terms:
    description: Nothing is asked for.
"""

EXAMPLES = r"""
- name: Show the login
  ansible.builtin.debug:
    msg: "{{ lookup('inception_login') }}"
"""

RETURN = r"""
_raw:
  description: The login, as a list of one.
  type: list
  elements: str
"""

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ansible.plugins.lookup import LookupBase

#: The login of the subject's examples; it is used where only root is known.
FALLBACK_LOGIN = "wil"
#: Where an earlier run remembered the login; git ignores it.
MEMORY = Path(__file__).resolve().parents[2] / ".login"


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


class LookupModule(LookupBase):
    """Resolve the login from the environment and the remembering file."""

    def run(self, terms: list[str], variables: dict[str, Any] | None = None, **kwargs: Any) -> list[str]:
        """Return the login as a list of one."""
        del terms, variables, kwargs
        remembered = MEMORY.read_text(encoding="utf-8") if MEMORY.is_file() else None
        return [resolve_login(os.environ, remembered)]
