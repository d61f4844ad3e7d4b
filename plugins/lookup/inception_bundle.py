"""Lookup: which version of the bundle this is, and whether it is older than another."""

from __future__ import annotations

DOCUMENTATION = r"""
name: inception_bundle
author: the Inception team
version_added: "0.2.0"
short_description: Which version of the bundle this is
description:
  - Reads the version from C(CHANGELOG.md), and the commit with its time from git, where the bundle is a git checkout.
  - Given what it returned on an earlier run, it tells in C(older) whether this bundle is older than that one. That is so when its
    version is lower, or when the same version is at an earlier commit. A commit that is not known here is judged by its time.
options:
  _terms:
    description: What an earlier run returned; nothing, or an empty dictionary, where there was none.
"""

EXAMPLES = r"""
- name: Show the version
  ansible.builtin.debug:
    msg: "{{ lookup('inception_bundle').version }}"
"""

RETURN = r"""
_raw:
  description: A list of one dictionary with C(version), C(commit), C(time) (seconds of the epoch) and C(older).
  type: list
  elements: dict
"""

import re
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ansible.plugins.lookup import LookupBase

ROOT = Path(__file__).resolve().parents[2]


def git(root: Path, *arguments: str) -> str | None:
    """Return what git prints about a checkout; None where it refuses, or there is no git."""
    # It may belong to another user than the one who runs make, as with sudo.
    command = ["git", "-C", str(root), "-c", f"safe.directory={root}", *arguments]
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=False)
    except OSError:
        return None
    return done.stdout.strip() if done.returncode == 0 else None


def this_bundle(root: Path = ROOT) -> dict[str, Any]:
    """Return version, commit and time of the commit; without git, no commit and the time 0."""
    changelog = root / "CHANGELOG.md"
    text = changelog.read_text(encoding="utf-8") if changelog.is_file() else ""
    heading = re.search(r"^## ([0-9.]+)", text, re.MULTILINE)
    # The checkout of something else around it is none of the bundle.
    own = git(root, "rev-parse", "--show-prefix") == ""
    commit, _, time = ((git(root, "log", "-1", "--format=%H %ct") if own else "") or "").partition(" ")
    return {"version": heading.group(1) if heading else "", "commit": commit, "time": int(time or 0)}


def numbers(version: str) -> list[int]:
    """Return the numbers of a version."""
    return [int(number) for number in re.findall(r"\d+", version)]


def is_older(ours: Mapping[str, Any], other: Mapping[str, Any], root: Path = ROOT) -> bool:
    """Tell whether a bundle is older than the one that something else was made with.

    Args:
        ours: what ``this_bundle`` returns.
        other: what it returned there, perhaps incomplete.
        root: the checkout of ours.
    """
    versions = numbers(str(ours["version"])), numbers(str(other.get("version", "")))
    commit = str(other.get("commit", ""))
    if versions[0] != versions[1] or not ours["commit"] or not commit or commit == ours["commit"]:
        return versions[0] < versions[1]
    if git(root, "cat-file", "-e", f"{commit}^{{commit}}") is not None:
        return git(root, "merge-base", "--is-ancestor", str(ours["commit"]), commit) is not None
    return int(ours["time"]) < int(other.get("time", 0))


class LookupModule(LookupBase):
    """Read changelog and git."""

    def run(self, terms: list[Any], variables: dict[str, Any] | None = None, **kwargs: Any) -> list[dict[str, Any]]:
        """Return this bundle as a list of one."""
        del variables, kwargs
        ours = this_bundle()
        return [{**ours, "older": bool(terms and terms[0]) and is_older(ours, terms[0])}]
