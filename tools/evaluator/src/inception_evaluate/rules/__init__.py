"""The live rules, one per file; every module in here that has a ``RULE`` is found by itself."""

from __future__ import annotations

import importlib
import pkgutil
from functools import cache

from inception_evaluate.rule import LiveRule


@cache
def all_live_rules() -> tuple[LiveRule, ...]:
    """Return every live rule, in the order of the evaluation sheet."""
    from inception_check.subject import ORDER

    names = [module.name for module in pkgutil.iter_modules(__path__) if not module.name.startswith("_")]
    found: list[LiveRule] = [importlib.import_module(f"{__name__}.{name}").RULE for name in names]
    return tuple(sorted(found, key=lambda rule: (min((ORDER[r] for r in rule.decides), default=999), rule.id)))
