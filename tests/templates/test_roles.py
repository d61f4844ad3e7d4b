"""Every role keeps to the same form."""

from __future__ import annotations

import re
from typing import Any

import pytest
import yaml
from jinja2 import Environment, meta

from support import ROLES, ROOT, load_plugin, own_environment, role_yaml, roles, run

validate_settings = load_plugin("action/validate_settings")


def options(role: str) -> dict[str, dict[str, Any]]:
    """Return the options of all entry points of a role."""
    specs = role_yaml(role, "meta/argument_specs.yml")["argument_specs"]
    return {name: option for entry in specs.values() for name, option in entry.get("options", {}).items()}


@pytest.mark.parametrize("role", roles())
def test_argument_specs_equal_the_defaults(role: str) -> None:
    specs = {name: option["default"] for name, option in options(role).items() if "default" in option}
    assert specs == role_yaml(role, "defaults/main.yml")


@pytest.mark.parametrize("role", roles())
def test_each_argument_is_typed_and_explained(role: str) -> None:
    for name, option in options(role).items():
        assert option.get("type"), name
        assert option.get("description"), name
        assert not ("default" in option and option.get("required")), f"{name} has a default and cannot be required"


@pytest.mark.parametrize("role", roles())
def test_an_argument_that_is_another_role_s_setting_is_of_that_type(role: str) -> None:
    settings = {name: option for other in roles() for name, option in options(other).items() if "default" in option}
    for name, option in options(role).items():
        if not name.startswith(f"{role}_"):
            assert "default" not in option, f"{name} has its default in another role"
            if name in settings:
                assert option["type"] == settings[name]["type"], name


@pytest.mark.parametrize("role", roles())
def test_each_entry_point_is_a_task_file(role: str) -> None:
    for entry in role_yaml(role, "meta/argument_specs.yml")["argument_specs"]:
        # A service has nothing to do by itself: the role stack takes what it brings.
        if not (ROLES / role / "meta/service.yml").is_file():
            assert (ROLES / role / "tasks" / f"{entry}.yml").is_file()


#: What Ansible itself provides.
MAGIC = {
    "ansible_check_mode", "ansible_failed_result", "ansible_version", "hostvars", "inventory_dir", "inventory_hostname",
    "item", "lookup", "now", "omit", "playbook_dir", "query", "range", "role_path",
}  # fmt: skip
#: Expressions without braces.
BARE = {"changed_when", "failed_when", "that", "until", "when"}
JINJA = Environment(autoescape=True)


class _AnyName(dict[str, Any]):
    """Filters and tests of any name: Ansible has them, and here nothing is carried out."""

    def __contains__(self, name: object) -> bool:
        return True

    def get(self, *_name: Any) -> Any:
        return str

    __getitem__ = get


JINJA.filters = JINJA.tests = _AnyName()


def undeclared(text: str) -> set[str]:
    return meta.find_undeclared_variables(JINJA.parse(text))


def variables(node: Any, *, bare: bool = False) -> tuple[set[str], set[str]]:
    """Return the variables that tasks or variables use, and those that they define."""
    used: set[str] = set()
    defined: set[str] = set()
    if isinstance(node, dict):
        for key, value in node.items():
            if key in {"register", "loop_var"}:
                defined.add(value)
            elif key in {"vars", "ansible.builtin.set_fact"}:
                defined.update(value)
            used |= undeclared(key)
    parts: list[tuple[Any, Any]] = list(node.items()) if isinstance(node, dict) else []
    parts += [(None, part) for part in node] if isinstance(node, list) else []
    for key, part in parts:
        more_used, more_defined = variables(part, bare=key in BARE or (bare and key is None))
        used |= more_used
        defined |= more_defined
    if isinstance(node, str):
        used |= undeclared(f"{{{{ {node} }}}}" if bare and "{{" not in node else node)
    return used, defined


@pytest.mark.parametrize("role", roles())
def test_each_role_names_all_variables_that_it_uses(role: str) -> None:
    used: set[str] = set()
    defined = {*options(role), *role_yaml(role, "vars/main.yml"), *MAGIC}
    for path in sorted((ROLES / role).rglob("*")):
        if path.suffix == ".yml" and path.parent.name != "files" and path.name != "argument_specs.yml":
            found = variables(yaml.safe_load(path.read_text(encoding="utf-8")))
            used |= found[0]
            defined |= found[1]
        elif path.suffix == ".j2":
            used |= undeclared(path.read_text(encoding="utf-8"))
    assert used - defined == set()


@pytest.mark.parametrize("role", roles())
def test_each_role_uses_what_it_names(role: str) -> None:
    text = "\n".join(
        path.read_text(encoding="utf-8")
        # What all roles share is used by some of them.
        for path in (ROLES if role == "inception" else ROLES / role).rglob("*")
        if path.suffix in {".yml", ".j2"} and path.name != "argument_specs.yml"
    )
    for name in options(role):
        uses = re.findall(rf"(?<!\w){name}\b(?!: )", text)
        assert uses, name


@pytest.mark.parametrize("role", roles())
def test_meta(role: str) -> None:
    meta = role_yaml(role, "meta/main.yml")
    dependencies = [entry["role"] for entry in meta["dependencies"]]
    assert dependencies == ([] if role == "inception" else ["inception"])
    assert meta["galaxy_info"]["description"]
    assert meta["galaxy_info"]["min_ansible_version"] == "2.19"
    assert {name for platform in meta["galaxy_info"]["platforms"] for name in platform["versions"]} == {
        "bookworm",
        "trixie",
    }


@pytest.mark.parametrize("role", roles())
def test_variables_are_named_after_their_role(role: str) -> None:
    prefix = role
    for name in role_yaml(role, "defaults/main.yml"):
        assert name.startswith(f"{prefix}_")
    for name in role_yaml(role, "vars/main.yml"):
        # What is no setting must not look like one, or the guard would take it for an unknown one.
        assert name.startswith((f"__{prefix}_", f"__{role}_"))


def test_services_bring_their_context() -> None:
    for service in validate_settings.load_services():
        context = ROOT / "srcs/requirements" / service
        assert {"Dockerfile", ".dockerignore", "conf", "tools"} <= {path.name for path in context.iterdir()}, service
        assert (ROLES / service / "templates/context/Dockerfile.j2").is_file()
        assert (ROLES / service / "templates/compose/env.j2").is_file()


def test_playbooks_use_no_setting_that_is_unknown() -> None:
    known = {*validate_settings.load_specs(), *validate_settings.FACTS}
    for path in [*(ROOT / "playbooks").rglob("*.yml"), *ROLES.rglob("*.yml"), *ROLES.rglob("*.j2")]:
        used = set(re.findall(r"(?<![\w.'/-])inception_\w+\b(?!:\s*\n|['/])", path.read_text(encoding="utf-8")))
        modules = {"inception_login", "inception_service", "machine_facts", "inception_check", "inception_bench"}
        assert used - known - modules == set(), path.relative_to(ROOT)


def test_the_settings_file_offers_only_settings() -> None:
    text = (ROOT / "inventory/group_vars/all.yml").read_text(encoding="utf-8")
    assert yaml.safe_load(text) is None, "the file that users edit begins without any"
    offered = re.findall(r"^# (\w+): ", text, re.MULTILINE)
    assert offered
    assert set(offered) <= set(validate_settings.load_specs())


def test_every_file_has_one_home() -> None:
    homes: dict[bytes, list[str]] = {}
    for name in run(["git", "ls-files"], cwd=ROOT, env=own_environment()).stdout.splitlines():
        path = ROOT / name
        if path.is_file() and not path.is_symlink() and path.stat().st_size > 100:
            homes.setdefault(path.read_bytes(), []).append(name)
    assert [names for names in homes.values() if len(names) > 1] == []
