"""Action: find out which settings a person has changed in ``srcs/.env`` (E59).

The templates of ``.env`` say which setting each variable comes from, so that there is no second list of them.
"""

from __future__ import annotations

import difflib
import json
import os
import re
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ansible.plugins.action import ActionBase
from ansible.utils.vars import load_extra_vars

from inception_check.evidence.dotenv import DotEnv, parse_dotenv

#: A line of a template, for example ``WP_OUTBOUND_HTTP={{ wordpress_outbound_http | lower | env_quote }}``.
_LINE = re.compile(r"^([A-Z][A-Z0-9_]*)=\{\{ (.+) \| env_quote \}\}$", re.MULTILINE)
_PLAIN = re.compile(r"([a-z_0-9]+)(?: \| lower)?")
#: By these every other command, too, knows which stack and whose data is meant.
IDENTITY = frozenset({"inception_login", "inception_data_dir", "inception_project_name"})
PLACE = "inventory/group_vars/inception.yml"


@dataclass(frozen=True, slots=True)
class Variable:
    """Where a variable of ``.env`` comes from.

    Attributes:
        line: its line in the template.
        settings: the settings that its value is made from.
        plain: whether its value is that of the one setting.
    """

    line: str
    settings: tuple[str, ...]
    plain: bool


@dataclass(frozen=True, slots=True)
class Memory:
    """What the last run wrote, and why.

    Attributes:
        values: the variables of the file that it wrote, by name; None when nothing is remembered.
        settings: the values that the settings alone had, as ``canonical`` gives them.
        taken: the variables whose value was a person's.
        added: the variables that a person had added.
    """

    values: Mapping[str, str] | None = None
    settings: Mapping[str, str] = field(default_factory=dict)
    taken: Collection[str] = ()
    added: Collection[str] = ()


@dataclass
class Edits:
    """What comes of the changes.

    Attributes:
        settings: the values that hold instead of those of the settings, as text.
        taken: the variables that they come from.
        added: the assignments that a person has added, by name, as they are written.
        messages: what there is to tell, a sentence each.
        problems: why nothing may go on, a sentence each.
    """

    settings: dict[str, str] = field(default_factory=dict)
    taken: list[str] = field(default_factory=list)
    added: dict[str, str] = field(default_factory=dict)
    messages: list[str] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)


def find_variables(templates: Iterable[str], settings: Collection[str]) -> dict[str, Variable]:
    """Return the variables that the templates write, by name.

    Args:
        templates: their texts.
        settings: the names of all settings.
    """
    found = {}
    for match in (match for text in templates for match in _LINE.finditer(text)):
        name, expression = match.groups()
        words = dict.fromkeys(re.findall(r"[a-z_0-9]+", expression))
        plain = _PLAIN.fullmatch(expression)
        found[name] = Variable(
            match.group(),
            tuple(word for word in words if word in settings),
            plain=plain is not None and plain.group(1) in settings,
        )
    return found


def canonical(value: Any) -> str:
    """Return a setting's value as text that is the same for the same value, however it was written."""
    if isinstance(value, bool):
        return str(value).lower()
    return str(value) if isinstance(value, (str, int, float)) else json.dumps(value, sort_keys=True, default=str)


def find_edits(
    env: DotEnv,
    variables: Mapping[str, Variable],
    memory: Memory,
    settings: Mapping[str, str],
    alone: Mapping[str, str],
    fixed: Collection[str] = (),
) -> Edits:
    """Return what a person changed since the last run: that is taken over, unless the settings were changed as well.

    Args:
        env: the file as it is.
        variables: what ``find_variables`` returned.
        memory: what the last run wrote.
        settings: the settings without this file, as ``canonical`` gives them.
        alone: the values that the plain variables would have by the settings alone.
        fixed: the settings that are given on the command line, which nothing overrides.
    """
    edits = Edits()
    if env.problems:
        problem = env.problems[0]
        edits.problems.append(f"{env.path}, line {problem.line}: {problem.message}; correct it, or remove the file.")
        return edits
    written = memory.values or {}
    for name, variable in variables.items():
        value = env.values.get(name)
        if value is None:
            if name in written:
                edits.messages.append(f"{name} is missing in {env.path}; it is written again.")
        elif value not in (written.get(name), alone.get(name)) or (name in memory.taken and value != alone.get(name)):
            changed = [s for s in variable.settings if s in fixed or settings.get(s) != memory.settings.get(s)]
            _judge(edits, env.path, name, value, variable, changed, memory)
    for assignment in env.assignments:
        name = assignment.name
        # A variable that only a former version of ours wrote is not a person's.
        if name in variables or (name in written and name not in memory.added):
            continue
        raw = f"{assignment.quote}{assignment.raw}{assignment.quote}"
        edits.added[name] = name if assignment.value is None else f"{name}={raw}"
        if name not in memory.added:
            near = difflib.get_close_matches(name, variables, n=1, cutoff=0.7)
            hint = f" (did you mean {near[0]}?)" if near else ""
            edits.messages.append(f"{name} in {env.path} is none of our variables{hint}; it is kept as it is.")
    return edits


def _yaml(value: str) -> str:
    """Return a value as a person writes it into the settings."""
    return value if re.fullmatch(r"0|[1-9][0-9]*|true|false", value) else "'" + value.replace("'", "''") + "'"


def _judge(
    edits: Edits, path: str, name: str, value: str, variable: Variable, changed: list[str], memory: Memory
) -> None:
    """Decide what becomes of one value that is a person's."""
    names = " and ".join(variable.settings)
    if memory.values is None:
        edits.messages.append(
            f"{name} is {value!r} in {path}, which is not what the settings say, and nothing is remembered of it: "
            f"the settings hold ({names} in {PLACE})."
        )
    elif changed:
        edits.messages.append(
            f"{name} was changed to {value!r} in {path}, but {' and '.join(changed)} was changed, too: the settings hold."
        )
    elif not variable.plain or variable.settings[0] in IDENTITY:
        where = f"{names} in {PLACE}" + (" (or LOGIN=… of make)" if "inception_login" in variable.settings else "")
        edits.problems.append(
            f"{name} was changed to {value!r} in {path}, but it is decided by {where}: "
            f"set that, and change {name} back to {memory.values.get(name, '')!r} or remove its line."
        )
    else:
        edits.settings[variable.settings[0]] = value
        edits.taken.append(name)
        edits.messages.append(
            f"{name}={value} from {path} is used; to make it permanent, write {names}: {_yaml(value)} into {PLACE}."
        )


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
        """Judge ``env``, as machine_facts found it, by the ``settings``, as validate_settings returned them."""
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
        env = parse_dotenv(found["text"], "srcs/.env")
        remembered = found["remembered"]
        former = parse_dotenv(remembered["text"]).values if remembered else None
        edits = find_edits(
            env,
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
            former=env.values if former is None else former,
            remember={"settings": values, "taken": edits.taken, "added": list(edits.added)},
        )
        return result
