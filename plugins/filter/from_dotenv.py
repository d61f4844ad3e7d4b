"""Filter: the variables of a ``.env`` file, as Compose reads them."""

from __future__ import annotations

DOCUMENTATION = r"""
name: from_dotenv
author: the Inception team
short_description: The variables of a .env file, as Compose reads them
description:
  - Reads quotes, escapes and references as Docker Compose does. A line that Compose could not read is left out; the test
    C(valid_dotenv) tells whether there is one.
positional: _input
options:
  _input:
    description: The text of the file.
    type: str
    required: true
"""

EXAMPLES = r"""
- name: Show the port
  ansible.builtin.debug:
    msg: "{{ ('HTTPS_PORT=8443' | from_dotenv).HTTPS_PORT }}"
"""

RETURN = r"""
_value:
  description: Value by name.
  type: dict
"""

from collections.abc import Callable


def from_dotenv(text: object) -> dict[str, str]:
    """Return the variables of a ``.env`` file by name, as Compose reads them."""
    # Ansible loads every filter anew for each task: the parser is imported where it is used.
    from inception_check.evidence.dotenv import parse_dotenv

    return dict(parse_dotenv(str(text)).values)


class FilterModule:
    """The filter."""

    def filters(self) -> dict[str, Callable[[object], dict[str, str]]]:
        """Return the filter by its name."""
        return {"from_dotenv": from_dotenv}
