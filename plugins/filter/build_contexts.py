"""Filter: from which directories the build contexts of the services are put together."""

from __future__ import annotations

DOCUMENTATION = r"""
name: build_contexts
author: the Inception team
short_description: From which directories the build contexts of the services are put together
description:
  - What is the same everywhere lies in C(srcs/requirements/<service>); what varies is a template of the service's role. A
    service may have either, or both.
  - The tools that make secrets and certificates belong to the role C(stack).
positional: _input, bundle
options:
  _input:
    description: The names of the services.
    type: list
    elements: str
    required: true
  bundle:
    description: The root of the bundle.
    type: path
    required: true
"""

EXAMPLES = r"""
- name: Show them
  ansible.builtin.debug:
    msg: "{{ ['nginx'] | build_contexts('/srv/inception') }}"
"""

RETURN = r"""
_value:
  description: By directory below C(srcs/), the directories that it is rendered from; a later one replaces files of an earlier one.
  type: dict
"""

from collections.abc import Callable, Iterable
from pathlib import Path


def build_contexts(services: Iterable[str], bundle: str) -> dict[str, list[str]]:
    """Return the existing source directories of each directory below ``srcs/``.

    Args:
        services: their names.
        bundle: the root of the bundle.
    """
    root = Path(str(bundle))
    templates = {str(name): root / "roles" / str(name) / "templates/context" for name in services}
    templates["tools"] = root / "roles/stack/templates/tools"
    return {
        f"requirements/{name}": [str(p) for p in (root / "srcs/requirements" / name, path) if p.is_dir()]
        for name, path in templates.items()
    }


class FilterModule:
    """The filter."""

    def filters(self) -> dict[str, Callable[..., dict[str, list[str]]]]:
        """Return the filter by its name."""
        return {"build_contexts": build_contexts}
