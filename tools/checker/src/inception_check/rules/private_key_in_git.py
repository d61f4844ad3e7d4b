"""No private key in git (E1, R34)."""

from __future__ import annotations

from collections.abc import Iterator

from inception_check.evidence import credentials as found
from inception_check.evidence.project import Project
from inception_check.model import Context, Outcome, Rule

_FIX = "Remove it (also from the history), make a new key, and let the container or the Makefile generate it."


def _check(project: Project, _: Context) -> Iterator[Outcome]:
    for path, source in project.tree.files.items():
        if source.size > 400_000:
            continue
        if path.endswith((".p12", ".pfx", ".jks")) and project.git.in_git(path):
            yield RULE.finding(path, None, "a key store is in the repository", _FIX)
            continue
        if b"PRIVATE KEY-----" not in source.data or source.is_binary or not project.git.in_git(path):
            continue
        for line in found.private_keys(source.text):
            yield RULE.finding(path, line, "a private key is in the repository", _FIX)


RULE = Rule("private-key-in-git", "No private key is in git", ("E1", "R34"), _check, whole=True)
