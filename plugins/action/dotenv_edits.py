"""Action: find out which settings a person has changed in ``srcs/.env``."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from ansible.plugins.action import ActionBase
from ansible.utils.vars import load_extra_vars

from inception_rules.dotenv_edits import Memory, canonical, find_edits, find_variables
from inception_rules.evidence.dotenv import parse_dotenv

ROLES = Path(__file__).resolve().parents[2] / "roles"
TEMPLATES = ("stack/templates/environment/.env.j2", "*/templates/compose/env.j2")


def like(former: object, text: str) -> object:
    """Return a value of ``.env`` in the type of the setting's former value where it can have that."""
    if isinstance(former, bool):
        return {"true": True, "false": False}.get(text.lower(), text)
    if isinstance(former, int) and text.isascii() and text.isdigit() and str(int(text)) == text:
        return int(text)
    return text


class ActionModule(ActionBase):
    """Compare the file with what is remembered of it. Nothing is changed, and the target is not asked.

    It fails where something was changed that cannot be taken over. It returns the ``settings`` to be set,
    ``messages`` for the person, the assignments that a person has ``added``, the ``former`` values of all variables,
    and in ``remember`` what the next run needs to know.
    """

    _requires_connection = False
    _VALID_ARGS = frozenset({"env", "settings"})

    def run(self, tmp: str | None = None, task_vars: dict[str, Any] | None = None) -> dict[str, Any]:
        """Judge ``env``, as inception_facts found it, by the ``settings``, as validate_settings returned them."""
        result: dict[str, Any] = super().run(tmp, task_vars)
        del tmp, task_vars
        settings: dict[str, Any] = self._task.args["settings"]
        texts = [path.read_text(encoding="utf-8") for pattern in TEMPLATES for path in sorted(ROLES.glob(pattern))]
        variables = find_variables(texts, settings)
        values = {name: canonical(settings[name]) for v in variables.values() for name in v.settings}
        fixed = set(load_extra_vars(self._loader))
        if os.environ.get("INCEPTION_LOGIN"):
            fixed.add("inception_login")
        found = self._task.args["env"]
        remembered = found["remembered"]
        former = parse_dotenv(remembered["text"]).values if remembered else None
        edits = find_edits(
            parse_dotenv(found["text"], "srcs/.env"),
            variables,
            Memory(former, **remembered.get("why", {})),
            values,
            {name: values[v.settings[0]] for name, v in variables.items() if v.plain},
            fixed,
        )
        problems = [found["problem"]] if found["problem"] else edits.problems
        if problems:
            result.update(failed=True, msg="\n".join(problems))
            return result
        result.update(
            changed=False,
            settings={name: like(settings[name], value) for name, value in edits.settings.items()},
            messages=edits.messages,
            added=list(edits.added.values()),
            former=former or {},
            remember={"settings": values, "taken": edits.taken, "added": list(edits.added)},
        )
        return result
