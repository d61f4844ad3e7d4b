"""The database can be logged in to and is not empty (E55, E56)."""

from __future__ import annotations

from collections.abc import Iterator

from inception_evaluate.evidence import Evidence
from inception_evaluate.rule import LiveOutcome, LiveRule
from inception_evaluate.rules._common import seen


def _check(evidence: Evidence) -> Iterator[LiveOutcome]:
    database = seen(evidence.database)
    if database.root_opened:
        yield RULE.saw(f"root logs in with the password of {database.root_source} ({database.version}).", "E55")
    elif database.account_opened:
        yield RULE.saw(f"{database.user} logs in with its password ({database.version}).", "E55")
    else:
        yield RULE.undecided("no account could be logged in to with a password that the project keeps", "E55")
    rows = sum(count for count in database.tables.values() if count > 0)
    if not database.tables or rows == 0:
        yield RULE.finding(
            "the database holds no rows of WordPress", "Install WordPress into it.", requirements=("E56",)
        )
    else:
        yield RULE.saw(f"The database {database.name} has {len(database.tables)} tables with {rows} rows.", "E56")


RULE = LiveRule(
    "database-filled",
    "The database can be logged in to and is not empty",
    ("E55", "E56"),
    ("database",),
    _check,
    wants_all=True,
)
