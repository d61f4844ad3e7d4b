"""USER_DOC.md (E24, E25, R48)."""

from __future__ import annotations

import re
from collections.abc import Iterator

from inception_check.evidence.project import Project
from inception_check.model import Context, Outcome, Rule, Severity

_TOPICS = (
    (
        "which services the stack provides",
        (r"nginx|web\s*server|https", r"word\s?press", r"maria\s?db|mysql|database"),
    ),
    ("how to start the project", (r"\bstart|\blaunch|\brun\b|\bup\b|\bmake\b",)),
    ("how to stop the project", (r"\bstop|\bdown\b|shut|\bclean\b",)),
    ("how to reach the site", (r"https?://|browser|\.42\.fr|localhost|\bopen\b|access",)),
    (
        "how to reach the administration panel",
        (
            r"wp-admin|wp-login|admin(?:istration|istrator)?\s+(?:panel|dashboard|page|area|interface|access|login|url)|dashboard",
        ),
    ),
    ("where the credentials are and how to manage them", (r"credential|password|secret|\.env",)),
    (
        "how to check that everything runs",
        (r"docker\s+(?:compose\s+)?ps|docker-compose\s+ps|\bstatus|health|\blogs?\b|check|verify|running|make\s+ps",),
    ),
)


def _check(project: Project, _: Context) -> Iterator[Outcome]:
    document = project.document("USER_DOC.md")
    if document is None:
        elsewhere = next((p for p in project.tree.files if p.rpartition("/")[2].lower() == "user_doc.md"), None)
        where = f"; {elsewhere} is not at the root" if elsewhere else ""
        yield RULE.finding(
            "USER_DOC.md",
            None,
            f"there is no USER_DOC.md at the root{where}",
            "Write it and put it next to README.md.",
        )
        return
    if document.is_empty:
        yield RULE.finding(document.path, None, "USER_DOC.md is empty", "Write it.")
        return
    if document.path != "USER_DOC.md":
        yield RULE.finding(
            document.path,
            None,
            f"the file is called {document.path}",
            "Call it USER_DOC.md.",
            severity=Severity.WARNING,
            requirements=("E24",),
        )
    missing = [
        what for what, patterns in _TOPICS if not all(re.search(p, document.substance, re.IGNORECASE) for p in patterns)
    ]
    if missing:
        yield RULE.finding(
            document.path,
            None,
            f"USER_DOC.md does not say {'; '.join(missing)}",
            "Add what is missing, in a section of its own.",
            requirements=("R48", "E25"),
        )


RULE = Rule("user-doc", "USER_DOC.md is there and says what it has to", ("E24", "E25", "R48"), _check)
