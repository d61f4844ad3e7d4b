"""Filter: where the main packages of a release come from on a machine."""

from __future__ import annotations

DOCUMENTATION = r"""
name: apt_source
author: the Inception team
short_description: Where the main packages of a release come from on a machine
description:
  - Reads what C(apt-get indextargets) prints with the format C($(CODENAME) $(COMPONENT) $(REPO_URI) $(SOURCESENTRY)).
positional: _input, release
options:
  _input:
    description: The lines.
    type: list
    elements: str
    required: true
  release:
    description: The code name of the release.
    type: str
    required: true
"""

EXAMPLES = r"""
- name: Show the mirror
  ansible.builtin.debug:
    msg: "{{ (targets.stdout_lines | apt_source('bookworm')).uri | default('there is none') }}"
"""

RETURN = r"""
_value:
  description: The address in C(uri), and in C(file) the file that says so; an empty dictionary where there is no such source.
  type: dict
"""

import re
from collections.abc import Callable, Iterable


def apt_source(lines: Iterable[str], release: str) -> dict[str, str]:
    """Return address and configuration file of the first source that has a release's main packages.

    Args:
        lines: what ``apt-get indextargets`` prints.
        release: the code name of the release.
    """
    for line in lines:
        words = str(line).split()
        if words[:2] == [str(release), "main"] and len(words) == 4:
            # The entry ends with the number of its line.
            return {"uri": words[2], "file": re.sub(r":\d+$", "", words[3])}
    return {}


class FilterModule:
    """The filter."""

    def filters(self) -> dict[str, Callable[..., dict[str, str]]]:
        """Return the filter by its name."""
        return {"apt_source": apt_source}
