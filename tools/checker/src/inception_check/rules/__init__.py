"""The rules, one per file; every module in here that has a ``RULE`` is found by itself."""

from __future__ import annotations

import importlib
import pkgutil
from functools import cache
from pathlib import Path

from inception_check.model import Rule

#: A page for each rule, also for those that look at a running stack (inception-evaluate): both are suppressed
#: in the same file and explained by the same command.
PAGES = Path(__file__).resolve().parents[1] / "pages"


@cache
def all_rules() -> tuple[Rule, ...]:
    """Return every rule, in the order of the evaluation sheet."""
    from inception_check.subject import ORDER

    names = [module.name for module in pkgutil.iter_modules(__path__) if not module.name.startswith("_")]
    found: list[Rule] = [importlib.import_module(f"{__name__}.{name}").RULE for name in names]
    return tuple(sorted(found, key=lambda rule: (min((ORDER[r] for r in rule.requirements), default=999), rule.id)))


@cache
def documented_rules() -> frozenset[str]:
    """Return the ids of all rules that have a page, those of the running stack too."""
    return frozenset(path.stem for path in PAGES.glob("*.md"))
