"""Action: judge all settings on the controller, before anything is touched."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import yaml
from ansible.errors import AnsibleActionFail
from ansible.plugins.action import ActionBase

from inception_rules.settings import Spec, find_problems

ROLES = Path(__file__).resolve().parents[2] / "roles"
#: What the playbooks themselves find out, and what a teardown is told; everything else must be a setting.
FACTS = frozenset({"inception_host", "inception_teardown", "inception_teardown_force"})


def load_specs(roles: Path = ROLES) -> dict[str, Spec]:
    """Return every known setting, from the argument specs of the roles."""
    specs: dict[str, Spec] = {}
    for path in sorted(roles.glob("*/meta/argument_specs.yml")):
        document = yaml.safe_load(path.read_text(encoding="utf-8"))
        for entry in document["argument_specs"].values():
            for name, option in entry.get("options", {}).items():
                specs[name] = Spec(
                    type=str(option.get("type", "str")),
                    choices=tuple(str(choice) for choice in option.get("choices", [])),
                )
    return specs


def find_services(roles: Path = ROLES) -> list[str]:
    """Return the roles that are services: those that bring a Compose fragment."""
    return sorted(path.parents[2].name for path in roles.glob("*/templates/compose/services.yml.j2"))


class ActionModule(ActionBase):
    """Fail with one sentence for each mistake in the settings."""

    _requires_connection = False
    _VALID_ARGS = frozenset[str]()

    def run(self, tmp: str | None = None, task_vars: dict[str, Any] | None = None) -> dict[str, Any]:
        """Judge every variable whose name begins like a setting."""
        result: dict[str, Any] = super().run(tmp, task_vars)
        del tmp
        variables = task_vars or {}
        specs = load_specs()
        # Roles that this play has not loaded still have defaults, and a setting is judged with them.
        variables = {**self._defaults(), **variables}
        self._templar.available_variables = variables
        # A role whose name begins another variable of Ansible's own (host_ …) still owns its prefix.
        prefixes = ("inception_", *(f"{path.name}_" for path in ROLES.iterdir() if path.is_dir()))
        settings: dict[str, Any] = {}
        for name in sorted(variables):
            if name.startswith(prefixes) and name not in FACTS:
                settings[name] = self._value(name, variables[name])
        problems = find_problems(settings, specs, find_services())
        if problems:
            result.update(failed=True, msg="\n".join(problems))
        else:
            result.update(changed=False, msg=f"{len(settings)} settings are sound.")
        return result

    def _defaults(self) -> dict[str, Any]:
        """Return the defaults of all roles."""
        found: dict[str, Any] = {}
        for path in sorted(ROLES.glob("*/defaults/main.yml")):
            found.update(self._loader.load_from_file(str(path), trusted_as_template=True) or {})
        return found

    def _value(self, name: str, value: Any) -> Any:
        """Return a setting's final value."""
        try:
            return self._templar.template(value)
        except Exception as error:
            raise AnsibleActionFail(f"{name} cannot be worked out: {error}") from error
