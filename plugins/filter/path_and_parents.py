"""Filter: a directory and all directories above it."""

from __future__ import annotations

DOCUMENTATION = r"""
name: path_and_parents
author: the Inception team
short_description: A directory and all directories above it
description:
  - The topmost comes first. The root directory is left out.
positional: _input
options:
  _input:
    description: An absolute path.
    type: path
    required: true
"""

EXAMPLES = r"""
- name: Show them
  ansible.builtin.debug:
    msg: "{{ '/home/wil/data' | path_and_parents }}"  # /home, /home/wil, /home/wil/data
"""

RETURN = r"""
_value:
  description: The paths.
  type: list
  elements: str
"""

from collections.abc import Callable
from pathlib import PurePosixPath


def path_and_parents(path: str) -> list[str]:
    """Return an absolute path and those of the directories above it but the root, the topmost first."""
    directory = PurePosixPath(str(path))
    return [str(place) for place in (*reversed(directory.parents), directory) if place.name]


class FilterModule:
    """The filter."""

    def filters(self) -> dict[str, Callable[[str], list[str]]]:
        """Return the filter by its name."""
        return {"path_and_parents": path_and_parents}
