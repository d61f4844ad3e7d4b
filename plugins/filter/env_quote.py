"""Filter: a value as it must stand in a .env file."""

from __future__ import annotations

DOCUMENTATION = r"""
name: env_quote
author: the Inception team
short_description: A value as it must stand behind NAME= in a .env file of Docker Compose
description:
  - Quotes where it must, so that Docker Compose reads back exactly what was meant (R32).
  - A value that no C(.env) file can carry, such as a line break, is an error.
positional: _input
options:
  _input:
    description: Text, a number or a boolean.
    type: raw
    required: true
"""

EXAMPLES = r"""
- name: Show a title as .env carries it
  ansible.builtin.debug:
    msg: "WP_TITLE={{ wordpress_title | env_quote }}"
"""

RETURN = r"""
_value:
  description: The text behind the equals sign.
  type: str
"""

from collections.abc import Callable

from ansible.errors import AnsibleFilterError

from inception_check.dotenv_writer import quote


def env_quote(value: object) -> str:
    """Return a value as it must stand behind ``NAME=`` in a ``.env`` file of Docker Compose."""
    try:
        return quote(value)
    except ValueError as error:
        raise AnsibleFilterError(str(error)) from error


class FilterModule:
    """The filter."""

    def filters(self) -> dict[str, Callable[..., str]]:
        """Return the filter by its name."""
        return {"env_quote": env_quote}
