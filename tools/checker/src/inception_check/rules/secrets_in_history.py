"""No credential is left in the history of the repository (E1, R34).

Whoever clones the repository gets every commit of it. The subject speaks of the repository, and an evaluator may look
only at the files, so that this is a warning and no error.
"""

from __future__ import annotations

import re
import time
from collections.abc import Iterator

from inception_check.evidence import credentials as found
from inception_check.evidence.dockerfile import parse_dockerfile
from inception_check.evidence.githistory import History, PastFile
from inception_check.evidence.project import Project
from inception_check.evidence.source import SourceFile, decode
from inception_check.model import Context, Outcome, Rule, Severity
from inception_check.rules.credentials_in_git import in_bytes, search

_WANTED = re.compile(
    r"(?:(?:^|/)(?:[^/]*\.env[^/]*|env\.[^/]*|env|Makefile|GNUmakefile|[^/]*Dockerfile[^/]*|\.htpasswd|\.my\.cnf)"
    r"|\.(?:ya?ml|sh|bash|ash|sql|php|cnf|conf|ini|cfg|properties|pem|key|p12|pfx|jks)"
    r"|(?:^|/)\.?secrets?/.*|(?:^|/)[^/]*(?:passw(?:or)?d|credential)[^/.]*(?:\.txt)?)$",
    re.IGNORECASE,
)
#: Reading stops after this time; the report says so.
_SECONDS = 10.0
#: More files than this are not named one by one.
_MAX_FINDINGS = 20


def _check(project: Project, _: Context) -> Iterator[Outcome]:
    git = project.git
    if git.directory is None:
        return
    history = History(git.directory)
    start = time.monotonic()
    reported: set[str] = set()
    late = False
    for past in history.files(git.contents, _WANTED):
        if time.monotonic() - start > _SECONDS:
            late = True
            break
        if not past.path.startswith(git.prefix):
            continue
        path = past.path[len(git.prefix) :]
        if path in reported or _is_found(project, path):
            continue
        what = _what(project, path, past)
        if what is None:
            continue
        reported.add(path)
        where = "in this file of the history" if git.in_git(path) else "in the history, although the file is gone"
        yield RULE.finding(
            path,
            None,
            f"{what[0]} is {where} (git show {past.commit[:10]}:{past.path}, line {what[1]})",
            "Change the secret; then take it out of the history (git filter-repo), or hand in a new repository.",
        )
        if len(reported) == _MAX_FINDINGS:
            break
    if late or not history.complete:
        project.memo.setdefault("notes", []).append(
            "The history is too long to be searched for secrets as a whole; only its newest part was."
        )


def _is_found(project: Project, path: str) -> bool:
    """Tell whether the file as it is now holds a credential, so that its history is of no further use."""
    memo: dict[str, bool] = project.memo.setdefault("credentials now", {})
    if path not in memo:
        source = project.tree.get(path)
        memo[path] = (
            source is not None
            and project.git.in_git(path)
            and not source.is_binary
            and (any(c.sure for c in _in_text(project, source)) or bool(list(found.private_keys(source.text))))
        )
    return memo[path]


def _what(project: Project, path: str, past: PastFile) -> tuple[str, int] | None:
    """Say what a file of the past holds, and in which line."""
    if path.endswith((".p12", ".pfx", ".jks")):
        return "a key store", 1
    if "dockerfile" not in path.lower().rpartition("/")[2]:
        return in_bytes(project, path, past.data)
    sure = [c for c in _in_dockerfile(decode(past.data)[0], path) if c.sure]
    return (f"a credential ({sure[0].what})", sure[0].line) if sure else None


def _in_text(project: Project, source: SourceFile) -> Iterator[found.Credential]:
    in_dockerfile = "dockerfile" in source.name.lower()
    return _in_dockerfile(source.text, source.path) if in_dockerfile else search(project, source)


def _in_dockerfile(text: str, path: str) -> Iterator[found.Credential]:
    for instruction in parse_dockerfile(text, path).instructions:
        if instruction.name in {"ENV", "ARG"}:
            for name, value, line in instruction.pairs():
                if value is not None:
                    yield from found.judge(name, value, line, example=False)
    yield from found.in_token(text)


RULE = Rule(
    "secrets-in-history",
    "No credential is left in the history of the repository",
    (),
    _check,
    refutes=("E1", "R34"),
    severity=Severity.WARNING,
    whole=True,
)
