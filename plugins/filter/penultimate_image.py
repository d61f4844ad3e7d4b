"""Filter: the base image of a distribution's penultimate stable release."""

from __future__ import annotations

DOCUMENTATION = r"""
name: penultimate_image
author: the Inception team
short_description: The base image of a distribution's penultimate stable release
description:
  - Answers from a dated table of releases (R7), never with the tag C(latest) (R29).
positional: _input, on
options:
  _input:
    description: The distribution.
    type: str
    choices: [debian, alpine]
    required: true
  "on":
    description: The day in the form C(YYYY-MM-DD); today when empty.
    type: str
    default: ""
"""

EXAMPLES = r"""
- name: Show the base image
  ansible.builtin.debug:
    msg: "{{ 'debian' | penultimate_image(on='2026-11-23') }}"  # debian:12-slim
"""

RETURN = r"""
_value:
  description: Name and tag of the image.
  type: str
"""

from collections.abc import Callable
from datetime import date

from ansible.errors import AnsibleFilterError

from inception_check.releases import penultimate


def penultimate_image(distribution: str, on: str = "") -> str:
    """Return the base image of a distribution's penultimate stable release (R7).

    Args:
        distribution: ``debian`` or ``alpine``.
        on: the day in the form ``YYYY-MM-DD``; today when empty.
    """
    try:
        day = date.fromisoformat(on) if on else date.today()
        release = penultimate(str(distribution), day)
    except ValueError as error:
        raise AnsibleFilterError(str(error)) from error
    # Debian's slim variant leaves out manuals and locales, which no container reads.
    suffix = "-slim" if release.distribution == "debian" else ""
    return f"{release.distribution}:{release.version}{suffix}"


class FilterModule:
    """The filter."""

    def filters(self) -> dict[str, Callable[..., str]]:
        """Return the filter by its name."""
        return {"penultimate_image": penultimate_image}
