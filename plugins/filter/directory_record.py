"""Filter: which directories were made, or were there but empty, as the role ``host`` remembers it."""

from __future__ import annotations

DOCUMENTATION = r"""
name: directory_record
author: the Inception team
short_description: Which directories were made, or were there but empty
description:
  - Reads the record of the role C(host), and adds what is about to be made and filled. It has a line C(made DIRECTORY) for each
    directory that was not there before, and C(filled DIRECTORY) for one that was there, but empty.
  - What is remembered as made is not remembered as filled.
positional: _input
options:
  _input:
    description: The text of the record; empty where there is none.
    type: str
    required: true
  making:
    description: The directories that are about to be made.
    type: list
    elements: str
    default: []
  filling:
    description: The directories that are there, but empty.
    type: list
    elements: str
    default: []
"""

EXAMPLES = r"""
- name: Show what was made
  ansible.builtin.debug:
    msg: "{{ ('made /srv/data' | directory_record).made }}"
"""

RETURN = r"""
_value:
  description: The directories in C(made) and in C(filled), the C(text) of the record, and whether it was C(extended).
  type: dict
"""

from collections.abc import Callable, Iterable
from typing import Any


def directory_record(text: str, making: Iterable[str] = (), filling: Iterable[str] = ()) -> dict[str, Any]:
    """Return what a record says, with what is about to be made and filled.

    Args:
        text: the record.
        making: the directories that are about to be made.
        filling: the directories that are there, but empty.
    """
    former = str(text).splitlines()

    def recorded(lines: Iterable[str], kind: str) -> list[str]:
        return [line.removeprefix(f"{kind} ") for line in lines if line.startswith(f"{kind} ")]

    made = recorded(former, "made")
    lines = list(
        dict.fromkeys(
            [*former, *(f"made {path}" for path in making), *(f"filled {path}" for path in filling if path not in made)]
        )
    )
    return {
        "made": recorded(lines, "made"),
        "filled": recorded(lines, "filled"),
        "text": "".join(f"{line}\n" for line in lines),
        "extended": lines != former,
    }


class FilterModule:
    """The filter."""

    def filters(self) -> dict[str, Callable[..., dict[str, Any]]]:
        """Return the filter by its name."""
        return {"directory_record": directory_record}
