"""DEV_DOC.md (E24, E26, R49)."""

from __future__ import annotations

import re
from collections.abc import Iterator

from inception_check.evidence.project import Project
from inception_check.model import Context, Outcome, Rule, Severity

_TOPICS = (
    (
        "which prerequisites there are",
        (r"prerequisite|requirement|install|need|depend|set\s*up|setup|environment",),
    ),
    ("how configuration and secrets are set up", (r"\.env|secret|credential|configur|password",)),
    (
        "how to build and launch the project",
        (r"\bmake\b|docker[\s-]compose|build", r"\bup\b|launch|start|run|\bmake\b"),
    ),
    ("the commands for containers and volumes", (r"docker|make", r"container|\bps\b|logs|exec|volume")),
    (
        "where the data is stored and how it persists",
        (r"/home/|volume|/data\b|data/|persist", r"persist|stor|surviv|kept|keep|remain|saved|locat|data"),
    ),
)


def _check(project: Project, _: Context) -> Iterator[Outcome]:
    document = project.document("DEV_DOC.md")
    if document is None:
        elsewhere = next((p for p in project.tree.files if p.rpartition("/")[2].lower() == "dev_doc.md"), None)
        where = f"; {elsewhere} is not at the root" if elsewhere else ""
        yield RULE.finding(
            "DEV_DOC.md",
            None,
            f"there is no DEV_DOC.md at the root{where}",
            "Write it and put it next to README.md.",
        )
        return
    if document.is_empty:
        yield RULE.finding(document.path, None, "DEV_DOC.md is empty", "Write it.")
        return
    if document.path != "DEV_DOC.md":
        yield RULE.finding(
            document.path,
            None,
            f"the file is called {document.path}",
            "Call it DEV_DOC.md.",
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
            f"DEV_DOC.md does not say {'; '.join(missing)}",
            "Add what is missing, in a section of its own.",
            requirements=("R49", "E26"),
        )


RULE = Rule("dev-doc", "DEV_DOC.md is there and says what it has to", ("E24", "E26", "R49"), _check)
