"""WordPress has two users (R25)."""

from __future__ import annotations

import re
from collections.abc import Iterator

from inception_check.evidence.project import Project
from inception_check.evidence.shell import Script
from inception_check.model import Context, Outcome, Rule
from inception_check.rules.administrator_name import install_scripts, wp_command

_OTHER_WAYS = re.compile(
    r"wp_insert_user|wp_create_user|wp\s+import|user\s+import-csv|user\s+generate|wp_users|db\s+import",
    re.IGNORECASE,
)


def _check(project: Project, _: Context) -> Iterator[Outcome]:
    installs, created = _in_scripts(project)
    more_installs, more_created = _in_php(project)
    installs += more_installs
    if created or more_created:
        return
    if not installs:
        yield RULE.undecided("how WordPress gets its users could not be found")
        return
    if any(path.endswith(".sql") and _OTHER_WAYS.search(project.text(path)) for path in project.tree.files):
        return
    yield RULE.finding(
        *installs[0],
        "WordPress gets an administrator and no second user",
        "Add wp user create <name> <email> --role=author.",
    )


def _in_scripts(project: Project) -> tuple[list[tuple[str, int]], bool]:
    """Return where scripts install WordPress, and whether one makes a further user."""
    installs: list[tuple[str, int]] = []
    created = False
    for top in install_scripts(project):
        for script in top.everything():
            administrators = _administrators(script)
            created = created or _OTHER_WAYS.search(script.text) is not None
            for command in script.commands:
                if wp_command(command, "core", "install"):
                    installs.append((script.path, command.line))
                elif wp_command(command, "user", "create") and _created(command.values) not in administrators:
                    created = True
    return installs, created


def _created(words: list[str]) -> str:
    """Return the name of the user that wp user create makes, as it is written."""
    after = words[words.index("create") + 1 :] if "create" in words else []
    return next((word for word in after if not word.startswith("-")), "")


def _administrators(script: Script) -> set[str]:
    """Return the names, as they are written, that a script gives to the administrator."""
    found = set()
    for command in script.commands:
        for index, word in enumerate(command.values):
            match = re.fullmatch(r"--admin_(?:user|name)(?:=(.*))?", word)
            if match:
                found.add(match.group(1) or "".join(command.values[index + 1 : index + 2]))
    return found


def _in_php(project: Project) -> tuple[list[tuple[str, int]], bool]:
    """Return where PHP of the WordPress service installs the site, and whether it makes a further user."""
    installs: list[tuple[str, int]] = []
    created = False
    part = project.part("wordpress")
    for source in project.tree.below(part.home) if part is not None and part.home not in {None, "."} else ():
        if not source.name.endswith(".php") or source.size >= 200_000:
            continue
        start = re.search(r"\bwp_install\s*\(", source.text)
        if re.search(r"\bwp_insert_user\s*\(|\bwp_create_user\s*\(", source.text):
            created = True
        elif start:
            installs.append((source.path, source.text.count("\n", 0, start.start()) + 1))
    return installs, created


RULE = Rule("two-users", "WordPress gets a second user besides the administrator", ("R25",), _check)
