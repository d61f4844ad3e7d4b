"""Lookup: the login that the site is made for."""

from __future__ import annotations

DOCUMENTATION = r"""
name: inception_login
author: the Inception team
version_added: "1.0.0"
short_description: The login that the site is made for
description:
  - Returns the login given as E(INCEPTION_LOGIN), else the one remembered in a file, else the
    invoking user (E(SUDO_USER), E(USER)), and V(wil) when that is root.
options:
  _terms:
    description: The file in which the login is remembered. It may be missing.
    required: true
"""

EXAMPLES = r"""
- name: Show the login
  ansible.builtin.debug:
    msg: "{{ lookup('inception_login', playbook_dir ~ '/../.login') }}"
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


class LookupModule(LookupBase):
    """Resolve the login from the environment and the remembering file."""

    def run(self, terms: list[str], variables: dict[str, Any] | None = None, **kwargs: Any) -> list[str]:
        """Return the login as a list of one."""
        del variables, kwargs
        path = Path(str(terms[0]))
        remembered = path.read_text(encoding="utf-8") if path.is_file() else None
        return [resolve_login(os.environ, remembered)]
