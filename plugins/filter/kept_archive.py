"""Filter: the local copy of an image, where it is whole."""

from __future__ import annotations

DOCUMENTATION = r"""
name: kept_archive
author: the Inception team
short_description: The local copy of an image, where it is whole
description:
  - The checksum is written last. A copy without one was cut off while it was made, and is worth nothing.
positional: _input, name
options:
  _input:
    description: The files of the cache directory by name, each with C(mtime) in seconds of the epoch; from M(machine_facts).
    type: dict
    required: true
  name:
    description: The name of the copy, without C(.tar).
    type: str
    required: true
"""

EXAMPLES = r"""
- name: Show how old the copy is
  ansible.builtin.debug:
    msg: "{{ (inception_machine.cache_files | kept_archive('debian-12-slim-x86_64-upstream')).days | default('there is none') }}"
"""

RETURN = r"""
_value:
  description: In C(days) the age of the copy; an empty dictionary where there is none.
  type: dict
"""

import time
from collections.abc import Callable, Mapping


def kept_archive(files: Mapping[str, Mapping[str, int]], name: str) -> dict[str, float]:
    """Return the age of a whole copy in days, or nothing.

    Args:
        files: the files of the cache directory by name, each with ``mtime`` in seconds of the epoch.
        name: the name of the copy, without ``.tar``.
    """
    if f"{name}.tar" not in files or f"{name}.tar.sha256" not in files:
        return {}
    return {"days": (time.time() - files[f"{name}.tar"]["mtime"]) / 86400}


class FilterModule:
    """The filter."""

    def filters(self) -> dict[str, Callable[..., dict[str, float]]]:
        """Return the filter by its name."""
        return {"kept_archive": kept_archive}
