"""Every plugin is documented: `ansible-doc` shows it, and says of its options what the plugin itself says."""

from __future__ import annotations

import inspect
import json
from collections.abc import Callable, Mapping
from functools import cache
from types import ModuleType
from typing import Any

import pytest

from support import BIN, PLUGINS, ROOT, load_plugin, own_environment, run

#: How modules and actions are asked for: an action is documented by the module of the same name.
MODULES = sorted(path.stem for path in (PLUGINS / "modules").glob("*.py"))
ACTIONS = sorted(path.stem for path in (PLUGINS / "action").glob("*.py"))


def jinja(kind: str) -> dict[str, Callable[..., Any]]:
    """Return the filters or tests by name, out of all files of their directory."""
    found: dict[str, Callable[..., Any]] = {}
    for path in sorted((PLUGINS / kind).glob("*.py")):
        file = load_plugin(f"{kind}/{path.stem}")
        found.update(file.FilterModule().filters() if kind == "filter" else file.TestModule().tests())
    return found


JINJA = {(kind, name): function for kind in ("filter", "test") for name, function in jinja(kind).items()}
NAMES = {
    "module": sorted({*MODULES, *ACTIONS}),
    **{kind: sorted(name for of, name in JINJA if of == kind) for kind in ("filter", "test")},
    "lookup": sorted(path.stem for path in (PLUGINS / "lookup").glob("*.py")),
    **{kind: sorted(path.stem for path in (PLUGINS / kind).glob("*.py")) for kind in ("callback", "vars")},
}


def ansible_doc(kind: str, *options: str) -> str:
    """Return what `ansible-doc` says of all our plugins of a kind."""
    environment = {**own_environment(), "ANSIBLE_CONFIG": str(ROOT / "ansible.cfg")}
    done = run([str(BIN / "ansible-doc"), "-t", kind, *options, *NAMES[kind]], cwd=ROOT, env=environment)
    assert (done.returncode, done.stderr) == (0, ""), done.stderr
    return done.stdout


@cache
def documents(kind: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(ansible_doc(kind, "--json"))
    return found


def test_no_directory_holds_anything_else() -> None:
    directories = {path.name for path in PLUGINS.iterdir() if path.name != "__pycache__"}
    assert directories == {"action", "module_utils", "modules", *NAMES} - {"module"}


@pytest.mark.parametrize("kind", NAMES)
def test_a_person_can_read_it(kind: str) -> None:
    text = ansible_doc(kind)
    assert all(name in text for name in NAMES[kind])


@pytest.mark.parametrize(("kind", "name"), [(kind, name) for kind, names in NAMES.items() for name in names])
def test_it_says_what_why_and_how(kind: str, name: str) -> None:
    document = documents(kind)[name]
    assert document["doc"]["short_description"]
    assert document["doc"]["description"]
    assert all(option["description"] for option in document["doc"].get("options", {}).values())
    if kind == "module":
        assert {"check_mode", "diff_mode"} <= set(document["doc"]["attributes"])
    # Nothing calls these, and nothing comes back from them.
    if kind not in {"callback", "vars"}:
        assert name in document["examples"]
        assert document["return"]


class Asked(Exception):  # noqa: N818 -- it carries what a module tells of itself
    """What a module has told Ansible."""


def argument_spec(module: ModuleType, monkeypatch: pytest.MonkeyPatch) -> Mapping[str, Any]:
    """Return the options that a module takes."""

    def ask(**told: Any) -> None:
        raise Asked(told["argument_spec"])

    monkeypatch.setattr(module, "AnsibleModule", ask)
    with pytest.raises(Asked) as asked:
        module.main()
    spec: Mapping[str, Any] = asked.value.args[0]
    return spec


@pytest.mark.parametrize("name", [name for name in MODULES if name not in ACTIONS])
def test_the_options_of_a_module(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    def facts(options: Mapping[str, Mapping[str, Any]]) -> dict[str, dict[str, Any]]:
        """Return what both ways of writing it have in common."""
        keys = ("type", "required", "default", "choices", "elements")
        return {n: {k: o[k] for k in keys if o.get(k) not in (None, False)} for n, o in options.items()}

    spec = argument_spec(load_plugin(f"modules/{name}"), monkeypatch)
    assert facts(documents("module")[name]["doc"].get("options", {})) == facts(spec)


@pytest.mark.parametrize("name", ACTIONS)
def test_the_options_of_an_action(name: str) -> None:
    action = load_plugin(f"action/{name}").ActionModule
    assert set(documents("module")[name]["doc"].get("options", {})) == action._VALID_ARGS


@pytest.mark.parametrize(("kind", "name"), JINJA)
def test_the_options_of_a_filter_or_test(kind: str, name: str) -> None:
    # The first one is what stands before the bar.
    parameters = list(inspect.signature(JINJA[kind, name]).parameters.values())[1:]
    options = set(documents(kind)[name]["doc"]["options"])
    if any(parameter.kind == inspect.Parameter.VAR_KEYWORD for parameter in parameters):
        assert "_input" in options
    else:
        assert options == {"_input", *(parameter.name for parameter in parameters)}
