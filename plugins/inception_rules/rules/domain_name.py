"""The domain is <login>.42.fr (R28)."""

from __future__ import annotations

import re
from collections.abc import Iterator

from inception_rules.evidence.project import Project
from inception_rules.model import Context, Outcome, Rule, Severity

_GOOD = re.compile(r"(?:www\.)?[a-z][a-z0-9-]*\.42\.fr", re.IGNORECASE)
_FIX = "Call it <login>.42.fr."


def _check(project: Project, _: Context) -> Iterator[Outcome]:
    names = [d for _, config in project.nginx_configs for d in config.walk() if d.name == "server_name"]
    values = [v for d in names for v in d.arguments]
    if not values or any(
        "$" in v or "{" in v or _GOOD.fullmatch(v) or v.startswith(("__", "%", "@")) or v.isupper() for v in values
    ):
        return
    directive = names[0]
    yield RULE.finding(
        directive.path,
        directive.line,
        f"the site is called {' '.join(directive.arguments)}, the subject wants <login>.42.fr",
        _FIX,
    )


RULE = Rule("domain-name", "The site is called <login>.42.fr", (), _check, refutes=("R28",), severity=Severity.WARNING)
