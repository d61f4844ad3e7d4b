"""Filter: what a hosts file says of a name, and whether it has to be changed."""

from __future__ import annotations

DOCUMENTATION = r"""
name: hosts_state
author: the Inception team
short_description: What a hosts file says of names, and whether it has to be changed
description:
  - The first line that has a name is what the name resolves to.
  - The file is right when the name resolves to the address, either by our own block as it should be now, or by a line of
    somebody else's while there is no block of ours that would have to be brought up to date.
positional: _input, name, address, marker
options:
  _input:
    description: The lines of the file.
    type: list
    elements: str
    required: true
  name:
    description: The host name, or several with blanks between them.
    type: str
    required: true
  address:
    description: The address that it must resolve to.
    type: str
    required: true
  marker:
    description: The line around our own block, in which C({mark}) stands for C(BEGIN) and C(END).
    type: str
    required: true
"""

EXAMPLES = r"""
- name: Show whether the name resolves
  ansible.builtin.debug:
    msg: "{{ (['127.0.0.1 wil.42.fr'] | hosts_state('wil.42.fr', '127.0.0.1', '# {mark} inception')).right }}"
"""

RETURN = r"""
_value:
  description: Whether the file is C(right), and whether C(elsewhere) a line leads the name to another address.
  type: dict
"""

from collections.abc import Callable, Iterable


def hosts_state(lines: Iterable[str], name: str, address: str, marker: str) -> dict[str, bool]:
    """Return whether a hosts file leads names to an address, and whether any line leads one elsewhere.

    Args:
        lines: the lines of the file.
        name: the host name, or several with blanks between them.
        address: the address that it must resolve to.
        marker: the line around our own block, in which ``{mark}`` stands for ``BEGIN`` and ``END``.
    """
    lines = [str(line) for line in lines]
    words = [line.partition("#")[0].split() for line in lines]
    led = [[found[0] for found in words if one in found[1:]] for one in name.split()]
    begin, end = (str(marker).replace("{mark}", mark) for mark in ("BEGIN", "END"))
    own = [begin, f"{address} {name}", end]
    current = any(lines[at : at + len(own)] == own for at in range(len(lines)))
    return {
        "right": all(found[:1] == [address] for found in led) and (current or begin not in lines),
        "elsewhere": any(found != address for addresses in led for found in addresses),
    }


class FilterModule:
    """The filter."""

    def filters(self) -> dict[str, Callable[..., dict[str, bool]]]:
        """Return the filter by its name."""
        return {"hosts_state": hosts_state}
