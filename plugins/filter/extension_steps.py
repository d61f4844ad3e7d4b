"""Filter: what is to be done for the plugins and themes of the settings."""

from __future__ import annotations

DOCUMENTATION = r"""
name: extension_steps
author: the Inception team
version_added: "0.2.0"
short_description: What is to be done for the plugins and themes of the settings
description:
  - Compares the plugins and themes that the settings name with what the site has.
positional: _input, themes, state
options:
  _input:
    description: The plugins, each with C(name), C(sha256) and perhaps C(active), which is true without a word.
    type: list
    elements: dict
    required: true
  themes:
    description: The themes, likewise; C(active) is false without a word.
    type: list
    elements: dict
    required: true
  state:
    description:
      - What the site has, a line each - its active plugins as JSON, its theme, and of each plugin and theme that came from
        the settings its directory and SHA-256. Empty for a site that is not there.
    type: str
    required: true
"""

EXAMPLES = r"""
- name: Show what is to be done
  ansible.builtin.debug:
    msg: "{{ wordpress_plugins | extension_steps(wordpress_themes, state) }}"
"""

RETURN = r"""
_value:
  description:
    - In C(install) those whose files are missing or others, each with C(kind) (C(plugins) or C(themes)), C(name), C(sha256).
    - In C(switch) the commands of wp-cli that switch what is not as it should be, as lists of words.
    - In C(sentences) both for a person.
  type: dict
"""

import json
from collections.abc import Callable, Iterable, Mapping
from typing import Any


def extension_steps(
    plugins: Iterable[Mapping[str, Any]], themes: Iterable[Mapping[str, Any]], state: str
) -> dict[str, list[Any]]:
    """Return what is to be done so that the site has these plugins and themes.

    Args:
        plugins: the plugins of the settings.
        themes: the themes of the settings.
        state: what the site has.
    """
    lines = state.splitlines()
    listed = json.loads(lines[0]) if lines else []
    # PHP writes a list with a gap as a mapping.
    active = {
        f.partition("/")[0].removesuffix(".php") for f in (listed.values() if isinstance(listed, dict) else listed)
    }
    theme = lines[1] if len(lines) > 1 else ""
    there = set(lines[2:])
    wanted = [{"kind": "plugins", "active": True, **plugin} for plugin in plugins]
    wanted += [{"kind": "themes", "active": False, **entry} for entry in themes]
    install = [
        {key: one[key] for key in ("kind", "name", "sha256")}
        for one in wanted
        if f"{one['kind']}/{one['name']} {one['sha256']}" not in there
    ]
    switch = []
    for one in wanted:
        if one["kind"] == "plugins" and (one["name"] in active) != one["active"]:
            switch.append(["plugin", "activate" if one["active"] else "deactivate", str(one["name"])])
        elif one["kind"] == "themes" and one["active"] and one["name"] != theme:
            switch.append(["theme", "activate", str(one["name"])])
    sentences = [f"install the {one['kind'].removesuffix('s')} {one['name']}" for one in install]
    sentences += [f"{word} the {kind} {name}" for kind, word, name in switch]
    return {"install": install, "switch": switch, "sentences": sentences}


class FilterModule:
    """The filter."""

    def filters(self) -> dict[str, Callable[..., dict[str, list[Any]]]]:
        """Return the filter by its name."""
        return {"extension_steps": extension_steps}
