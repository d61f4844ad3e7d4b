"""Filter: where base image and WordPress come from, when that has been decided, or no machine is asked."""

from __future__ import annotations

DOCUMENTATION = r"""
name: resolved_supply
author: the Inception team
short_description: Where base image and WordPress come from
description:
  - On a machine it is what the guard found out and remembers there.
  - Where no machine is known, as for an export, C(auto) is Debian's own archive, which every machine that can build the images
    at all can reach. Alpine has no WordPress, so with it it is C(upstream).
positional: _input, base, machine
options:
  _input:
    description: The setting C(inception_supply).
    type: str
    choices: [auto, upstream, distribution]
    required: true
  base:
    description: The setting C(inception_base).
    type: str
    required: true
  machine:
    description: The fact C(inception_machine), which may be empty.
    type: dict
    default: {}
"""

EXAMPLES = r"""
- name: Show the supply
  ansible.builtin.debug:
    msg: "{{ inception_supply | resolved_supply(inception_base, inception_machine | default({})) }}"
"""

RETURN = r"""
_value:
  description: Either C(upstream) or C(distribution).
  type: str
"""

from collections.abc import Callable, Mapping
from typing import Any


def resolved_supply(supply: str, base: str, machine: Mapping[str, Any] | None = None) -> str:
    """Return ``upstream`` or ``distribution``.

    Args:
        supply: the setting.
        base: the distribution of the images.
        machine: what is known of the machine; nothing where none is asked.
    """
    if machine:
        return str(machine["supply"]["resolved"])
    if supply == "auto":
        return "upstream" if base == "alpine" else "distribution"
    return str(supply)


class FilterModule:
    """The filter."""

    def filters(self) -> dict[str, Callable[..., str]]:
        """Return the filter by its name."""
        return {"resolved_supply": resolved_supply}
