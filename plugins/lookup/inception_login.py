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
from pathlib import Path
from typing import Any

from ansible.plugins.lookup import LookupBase

from inception_rules.login import resolve_login

#: Where an earlier run remembered the login; git ignores it.
MEMORY = Path(__file__).resolve().parents[2] / ".login"


class LookupModule(LookupBase):
    """Resolve the login from the environment and the remembering file."""

    def run(self, terms: list[str], variables: dict[str, Any] | None = None, **kwargs: Any) -> list[str]:
        """Return the login as a list of one."""
        del terms, variables, kwargs
        remembered = MEMORY.read_text(encoding="utf-8") if MEMORY.is_file() else None
        return [resolve_login(os.environ, remembered)]
