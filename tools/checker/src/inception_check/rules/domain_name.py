"""The domain is <login>.42.fr (R28)."""

from __future__ import annotations

import re
from collections.abc import Iterator

from inception_check.evidence.project import Project
from inception_check.model import Context, Outcome, Rule, Severity

_GOOD = re.compile(r"(?:www\.)?[a-z][a-z0-9-]*\.42\.fr", re.IGNORECASE)
_FIX = "Call it <login>.42.fr."


def _check(project: Project, _: Context) -> Iterator[Outcome]:
    names = [d for _, config in project.nginx_configs for d in config.walk() if d.name == "server_name"]
    # A server called _ answers to every name, also to the right one.
    values = [_known(project, v) for d in names for v in d.arguments if v not in {"_", ""}]
    if not values or any(
        "$" in v or "{" in v or _GOOD.fullmatch(v) or v.startswith(("__", "%", "@")) or v.isupper() for v in values
    ):
        return
    directive = next(d for d in names if any(v not in {"_", ""} for v in d.arguments))
    yield RULE.finding(
        directive.path,
        directive.line,
        f"the site is called {' '.join(_known(project, v) for v in directive.arguments)}, the subject wants <login>.42.fr",
        _FIX,
    )


def _known(project: Project, name: str) -> str:
    """Return a name with the value of the settings in the place of a variable that stands for all of it."""
    variable = re.fullmatch(r"\$\{?(\w+)\}?", name)
    if variable is None or project.compose is None:
        return name
    return project.compose.values.get(variable.group(1)) or name


RULE = Rule("domain-name", "The site is called <login>.42.fr", (), _check, refutes=("R28",), severity=Severity.WARNING)
