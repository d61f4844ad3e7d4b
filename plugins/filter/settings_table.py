"""Filter: a role's settings as the rows of a Markdown table."""

from __future__ import annotations

DOCUMENTATION = r"""
name: settings_table
author: the Inception team
short_description: A role's settings as the rows of a Markdown table
description:
  - Takes the options of all entry points that bear the role's own name. What else a role needs is told where it belongs to.
positional: _input, role
options:
  _input:
    description: The content of C(argument_specs) in C(meta/argument_specs.yml).
    type: dict
    required: true
  role:
    description: The name of the role.
    type: str
    required: true
"""

EXAMPLES = r"""
- name: Show the settings of the role host
  ansible.builtin.debug:
    msg: "{{ (lookup('file', 'roles/host/meta/argument_specs.yml') | from_yaml).argument_specs | settings_table('host') }}"
"""

RETURN = r"""
_value:
  description: A row for each setting, with name, type, default and meaning.
  type: list
  elements: str
"""

import json
import re
from collections.abc import Callable, Mapping
from typing import Any


def settings_table(specs: Mapping[str, Any], role: str) -> list[str]:
    """Return a row for each setting of a role, in the order of its argument specs.

    Args:
        specs: the entry points.
        role: the name of the role.
    """
    options = {
        name: option
        for entry in specs.values()
        for name, option in entry.get("options", {}).items()
        if name.startswith(f"{role}_")
    }
    return [_row(name, option) for name, option in options.items()]


def _row(name: str, option: Mapping[str, Any]) -> str:
    choices = f": {', '.join(option['choices'])}" if "choices" in option else ""
    default = option.get("default", "")
    shown = default if isinstance(default, str) else json.dumps(default)
    text = option["description"] if isinstance(option["description"], str) else " ".join(option["description"])
    meaning = re.sub(r"[CVMO]\(([^)]*)\)", r"`\1`", text)
    cells = [f"`{name}`", f"{option['type']}{choices}", f"`{shown}`" if shown else "empty", meaning]
    return f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in cells)} |"


class FilterModule:
    """The filter."""

    def filters(self) -> dict[str, Callable[..., list[str]]]:
        """Return the filter by its name."""
        return {"settings_table": settings_table}
