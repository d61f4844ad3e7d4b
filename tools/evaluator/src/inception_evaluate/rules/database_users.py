"""WordPress's database has two users, one of them the administrator, whose name does not contain admin (R25, R26, E49)."""

from __future__ import annotations

from collections.abc import Iterator

from inception_check.names import holds_admin
from inception_evaluate.evidence import Evidence
from inception_evaluate.rule import LiveOutcome, LiveRule
from inception_evaluate.rules._common import seen


def _check(evidence: Evidence) -> Iterator[LiveOutcome]:
    database = seen(evidence.database)
    if not database.users:
        why = "; ".join(database.notes) or "its table of users is empty"
        if database.tables and database.tables.get(f"{database.prefix}users", -1) == 0:
            yield RULE.finding(
                "the database has no user of WordPress", "Install WordPress with an administrator and a user."
            )
        else:
            yield RULE.undecided(f"the users could not be read: {why}")
        return
    administrators = [user for user in database.users if user.administrator]
    others = [user for user in database.users if not user.administrator]
    listed = ", ".join(f"{user.name} ({user.role or 'no role'})" for user in database.users)
    wrong = [user.name for user in administrators if holds_admin(user.name)]
    for name in wrong:
        yield RULE.finding(
            f"the administrator is called {name}", "Choose a name without admin in it.", requirements=("R26", "E49")
        )
    if not administrators:
        yield RULE.finding(f"no user is an administrator: {listed}", "Make one.", requirements=("R25", "E49"))
    elif not others:
        yield RULE.finding(
            f"there is no ordinary user: {listed}", "Make a second user with another role.", requirements=("R25",)
        )
    else:
        yield RULE.saw(f"The database lists {listed}.", "R25")
    if administrators and not wrong:
        names = ", ".join(user.name for user in administrators)
        yield RULE.saw(f"The administrator's name is {names}; it does not contain admin.", "R26", "E49")


RULE = LiveRule(
    "database-users",
    "The database has an administrator with an allowed name, and an ordinary user",
    ("R25", "R26", "E49"),
    ("database",),
    _check,
    wants_all=True,
)
