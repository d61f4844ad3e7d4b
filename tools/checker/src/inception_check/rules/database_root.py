"""The database does not let root in without a password (E57)."""

from __future__ import annotations

import re
from collections.abc import Iterator

from inception_check.evidence.project import Project
from inception_check.model import Context, Outcome, Rule
from inception_check.rules._common import container_scripts, launches

_FIX = "Remove it, and give root a password from a secret."


def _check(project: Project, _: Context) -> Iterator[Outcome]:  # noqa: C901 -- the cases of one rule, one after the other
    part = project.part("mariadb")
    if part is None or part.home is None:
        return
    for source in project.tree.below("" if part.home == "." else part.home):
        if source.name.endswith((".cnf", ".conf")):
            for number, line in enumerate(source.lines, start=1):
                if re.match(r"\s*skip[-_]grant[-_]tables\b(?!\s*=\s*(?:0|off|false))", line, re.IGNORECASE):
                    yield RULE.finding(
                        source.path, number, "skip-grant-tables lets everybody in without a password", _FIX
                    )
    for owner, launch in launches(project):
        if owner.role == "mariadb":
            for final in launch.finals:
                if any(re.match(r"--skip[-_]grant[-_]tables", word) for word in final.argv):
                    yield RULE.finding(
                        final.path, final.line, "skip-grant-tables lets everybody in without a password", _FIX
                    )
    for script in container_scripts(project):
        if not part.holds(script.path):
            continue
        text = script.text
        match = re.search(r"""['"]?root['"]?@['"]?%?\w*['"]?\s+IDENTIFIED\s+BY\s+(['"])\1""", text, re.IGNORECASE)
        if match:
            yield RULE.finding(
                script.path, script.first_line + text.count("\n", 0, match.start()), "root gets an empty password", _FIX
            )


RULE = Rule("database-root", "The database does not let root in without a password", (), _check, refutes=("E57",))
