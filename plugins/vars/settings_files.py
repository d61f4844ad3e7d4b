"""Vars: the files of group_vars and host_vars, as Ansible reads them, but a mistake names its file and line."""

from __future__ import annotations

DOCUMENTATION = r"""
name: settings_files
author: the Inception team
version_added: "1.0.0"
short_description: Reads group_vars and host_vars, and names file and line of a mistake
description:
  - The same as P(ansible.builtin.host_group_vars#vars), in whose place it is enabled. That one says of a file that is no
    YAML what is wrong, but neither in which file nor where.
options:
  stage:
    ini:
      - key: stage
        section: vars_host_group_vars
    env:
      - name: ANSIBLE_VARS_PLUGIN_STAGE
  _valid_extensions:
    default: [".yml", ".yaml", ".json"]
    description: The extensions of files that are read.
    env:
      - name: ANSIBLE_YAML_FILENAME_EXT
    ini:
      - key: yaml_valid_extensions
        section: defaults
    type: list
    elements: string
extends_documentation_fragment:
  - vars_plugin_staging
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from ansible.errors import AnsibleParserError
from ansible.plugins.vars.host_group_vars import VarsModule as HostGroupVars

#: What to do about the two commonest mistakes, by a word of what Ansible says of them.
_REMEDIES = {"Colons": "Put the value in quotes.", "Tabs": "Indent with spaces."}


def not_utf_8(path: Path) -> str | None:
    """Return the sentence about a file that is not UTF-8, else None."""
    content = path.read_bytes()
    try:
        content.decode("utf-8")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        return f"{path}:{line}: this is not UTF-8; save the file in that encoding."
    return None


def mistake(error: AnsibleParserError) -> str:
    """Return one sentence about a file that is no YAML: where, what, and what to do."""
    what = str(error.message).removeprefix("YAML parsing failed: ").split("\n", 1)[0].rstrip(".")
    remedy = next((remedy for word, remedy in _REMEDIES.items() if word in what), "Correct it there.")
    # Ansible's sentences are for whoever writes playbooks; the error's object is where it is.
    return f"{error.obj}: {what}. {remedy}" if error.obj else str(error)


class VarsModule(HostGroupVars):  # type: ignore[misc]
    """Reads the files of groups and hosts."""

    def load_found_files(self, loader: Any, data: dict[str, Any], found_files: Sequence[str]) -> dict[str, Any]:
        """Return the variables with those of some files."""
        for name in found_files:
            if problem := not_utf_8(Path(name)):
                raise AnsibleParserError(problem)
        try:
            return dict(super().load_found_files(loader, data, found_files))
        except AnsibleParserError as error:
            # Ansible would add what it says itself.
            raise AnsibleParserError(mistake(error)) from None
