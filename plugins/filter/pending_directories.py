"""Filter: which data directories are not yet as they must be."""

from __future__ import annotations

DOCUMENTATION = r"""
name: pending_directories
author: the Inception team
short_description: Which data directories are not yet as they must be
description:
  - A directory is pending when it is missing, when its owner, group or mode is another one, or when it is empty. An empty one
    may have been there before, which has to be remembered.
positional: _input, machine, data_dir
options:
  _input:
    description: The directories, each with C(name), C(owner), C(group) and C(mode).
    type: list
    elements: dict
    required: true
  machine:
    description: The fact C(inception_machine).
    type: dict
    required: true
  data_dir:
    description: The directory that they lie in.
    type: path
    required: true
"""

EXAMPLES = r"""
- name: Show what has to be made
  ansible.builtin.debug:
    msg: "{{ [{'name': 'a', 'owner': 0, 'group': 0, 'mode': '0755'}] | pending_directories(inception_machine, '/srv/data') }}"
"""

RETURN = r"""
_value:
  description: Those of the directories that are pending, each with its C(path) and its C(state), C(missing), C(empty) or C(different).
  type: list
  elements: dict
"""

from collections.abc import Callable, Iterable, Mapping
from typing import Any


def pending_directories(
    wanted: Iterable[Mapping[str, Any]], machine: Mapping[str, Any], data_dir: str
) -> list[dict[str, Any]]:
    """Return the directories that are missing, are empty, belong to others or have another mode.

    Args:
        wanted: the directories, each with ``name``, ``owner``, ``group`` and ``mode``.
        machine: what is known of the machine, of which ``directories`` and ``filled_directories`` are read.
        data_dir: the directory that they lie in.
    """
    pending = []
    for directory in wanted:
        path = f"{data_dir}/{directory['name']}"
        found = machine["directories"].get(path)
        must = {"uid": int(directory["owner"]), "gid": int(directory["group"]), "mode": str(directory["mode"])}
        if found is None:
            state = "missing"
        elif path not in machine["filled_directories"]:
            state = "empty"
        elif found != must:
            state = "different"
        else:
            continue
        pending.append({**directory, "path": path, "state": state})
    return pending


class FilterModule:
    """The filter."""

    def filters(self) -> dict[str, Callable[..., list[dict[str, Any]]]]:
        """Return the filter by its name."""
        return {"pending_directories": pending_directories}
