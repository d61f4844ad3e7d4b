"""WordPress has two users (R25)."""

from __future__ import annotations

import re
from collections.abc import Iterator

from inception_rules.evidence.project import Project
from inception_rules.model import Context, Outcome, Rule
from inception_rules.rules.administrator_name import install_scripts, wp_command

_OTHER_WAYS = re.compile(
    r"wp_insert_user|wp_create_user|wp\s+import|user\s+import-csv|user\s+generate|wp_users|db\s+import",
    re.IGNORECASE,
)


def _check(project: Project, _: Context) -> Iterator[Outcome]:
    installs = []
    created = 0
    for top in install_scripts(project):
        for script in top.everything():
            for command in script.commands:
                if wp_command(command, "core", "install"):
                    installs.append((script, command))
                elif wp_command(command, "user", "create"):
                    created += 1
            if _OTHER_WAYS.search(script.text):
                created += 1
    if created:
        return
    if not installs:
        yield RULE.undecided("how WordPress gets its users could not be found")
        return
    if any(path.endswith(".sql") and _OTHER_WAYS.search(project.text(path)) for path in project.tree.files):
        return
    script, command = installs[0]
    yield RULE.finding(
        script.path,
        command.line,
        "WordPress gets an administrator and no second user",
        "Add wp user create <name> <email> --role=author.",
    )


RULE = Rule("two-users", "WordPress gets a second user besides the administrator", ("R25",), _check)
