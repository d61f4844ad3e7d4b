"""WordPress has two users (R25)."""

from __future__ import annotations

import re
from collections.abc import Iterator

from inception_check.evidence.project import Project
from inception_check.model import Context, Outcome, Rule
from inception_check.rules.administrator_name import install_scripts, wp_command

_OTHER_WAYS = re.compile(
    r"wp_insert_user|wp_create_user|wp\s+import|user\s+import-csv|user\s+generate|wp_users|db\s+import",
    re.IGNORECASE,
)


def _check(project: Project, _: Context) -> Iterator[Outcome]:
    installs: list[tuple[str, int]] = []
    created = 0
    for top in install_scripts(project):
        for script in top.everything():
            for command in script.commands:
                if wp_command(command, "core", "install"):
                    installs.append((script.path, command.line))
                elif wp_command(command, "user", "create"):
                    created += 1
            if _OTHER_WAYS.search(script.text):
                created += 1
    part = project.part("wordpress")
    for source in project.tree.below(part.home) if part is not None and part.home not in {None, "."} else ():
        if source.name.endswith(".php") and source.size < 200_000:
            made = re.search(r"\bwp_insert_user\s*\(|\bwp_create_user\s*\(", source.text)
            start = re.search(r"\bwp_install\s*\(", source.text)
            if made:
                created += 1
            elif start:
                installs.append((source.path, source.text.count("\n", 0, start.start()) + 1))
    if created:
        return
    if not installs:
        yield RULE.undecided("how WordPress gets its users could not be found")
        return
    if any(path.endswith(".sql") and _OTHER_WAYS.search(project.text(path)) for path in project.tree.files):
        return
    path, line = installs[0]
    yield RULE.finding(
        path,
        line,
        "WordPress gets an administrator and no second user",
        "Add wp user create <name> <email> --role=author.",
    )


RULE = Rule("two-users", "WordPress gets a second user besides the administrator", ("R25",), _check)
