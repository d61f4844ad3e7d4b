"""Every role keeps to the same form."""

from __future__ import annotations

import re
from typing import Any

import pytest
import yaml

from support import ROLES, ROOT, load_plugin, own_environment, role_yaml, roles, run

validate_settings = load_plugin("action/validate_settings")


def options(role: str) -> dict[str, dict[str, Any]]:
    """Return the options of all entry points of a role."""
    specs = role_yaml(role, "meta/argument_specs.yml")["argument_specs"]
    return {name: option for entry in specs.values() for name, option in entry.get("options", {}).items()}


@pytest.mark.parametrize("role", roles())
def test_argument_specs_equal_the_defaults(role: str) -> None:
    specs = {name: option.get("default", "(no default)") for name, option in options(role).items()}
    assert specs == role_yaml(role, "defaults/main.yml")


@pytest.mark.parametrize("role", roles())
def test_each_argument_is_typed_and_explained(role: str) -> None:
    for name, option in options(role).items():
        assert option.get("type"), name
        assert option.get("description"), name
        assert not option.get("required"), f"{name} has a default and cannot be required"


@pytest.mark.parametrize("role", roles())
def test_each_entry_point_is_a_task_file(role: str) -> None:
    for entry in role_yaml(role, "meta/argument_specs.yml")["argument_specs"]:
        assert (ROLES / role / "tasks" / f"{entry}.yml").is_file()


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
    for service in validate_settings.find_services():
        context = ROOT / "srcs/requirements" / service
        assert {"Dockerfile", ".dockerignore", "conf", "tools"} <= {path.name for path in context.iterdir()}, service
        assert (ROLES / service / "templates/context/Dockerfile.j2").is_file()
        assert (ROLES / service / "templates/compose/env.j2").is_file()


def test_playbooks_use_no_setting_that_is_unknown() -> None:
    known = {*validate_settings.load_specs(), *validate_settings.FACTS}
    for path in [*(ROOT / "playbooks").rglob("*.yml"), *ROLES.rglob("*.yml"), *ROLES.rglob("*.j2")]:
        used = set(re.findall(r"(?<![\w.'/-])inception_\w+\b(?!:\s*\n|['/])", path.read_text(encoding="utf-8")))
        modules = {"inception_login", "machine_facts", "inception_check", "inception_bench"}
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
