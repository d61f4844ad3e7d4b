from __future__ import annotations

import json
from typing import Any

import pytest

from filter.extension_steps import FilterModule, extension_steps

ONE: dict[str, Any] = {"name": "one", "sha256": "a" * 64, "source": "https://example.org/one.zip"}
TWO: dict[str, Any] = {"name": "two", "sha256": "b" * 64, "source": "/srv/two.zip", "active": False}
LOOK: dict[str, Any] = {"name": "look", "sha256": "c" * 64, "source": "/srv/look.zip"}


def state(active: object, theme: str, *there: str) -> str:
    return "\n".join([json.dumps(active), theme, *there]) + "\n"


def test_on_a_site_that_is_not_there_all_is_to_be_done() -> None:
    steps = extension_steps([ONE, TWO], [{**LOOK, "active": True}], "")
    assert [one["name"] for one in steps["install"]] == ["one", "two", "look"]
    assert steps["install"][2] == {"kind": "themes", "name": "look", "sha256": "c" * 64}
    assert steps["switch"] == [["plugin", "activate", "one"], ["theme", "activate", "look"]]
    assert steps["sentences"][0] == "install the plugin one"
    assert steps["sentences"][-1] == "activate the theme look"


@pytest.mark.parametrize("active", [["one/main.php", "hello.php"], {"1": "one.php"}])
def test_what_is_as_it_should_be_stays(active: object) -> None:
    there = [f"plugins/one {'a' * 64}", f"plugins/two {'b' * 64}", f"themes/look {'c' * 64}"]
    steps = extension_steps([ONE, TWO], [LOOK], state(active, "look", *there))
    assert steps == {"install": [], "switch": [], "sentences": []}


def test_another_file_is_installed_and_what_differs_is_switched() -> None:
    there = [f"plugins/one {'0' * 64}", f"plugins/two {'b' * 64}", f"themes/look {'c' * 64}"]
    steps = extension_steps([ONE, TWO], [LOOK], state(["two/two.php"], "spring", *there))
    assert [one["name"] for one in steps["install"]] == ["one"]
    assert steps["switch"] == [["plugin", "activate", "one"], ["plugin", "deactivate", "two"]]


def test_it_is_named_like_its_file() -> None:
    assert list(FilterModule().filters()) == ["extension_steps"]
