"""What the services' parts are put together with."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from filter.build_contexts import build_contexts
from filter.from_dotenv import from_dotenv
from filter.resolved_supply import resolved_supply
from filter.settings_table import settings_table


@pytest.mark.parametrize(
    ("supply", "base", "machine", "wanted"),
    [
        ("auto", "debian", {}, "distribution"),
        ("auto", "alpine", None, "upstream"),
        ("upstream", "debian", {}, "upstream"),
        ("auto", "debian", {"supply": {"resolved": "upstream"}}, "upstream"),
        ("upstream", "debian", {"supply": {"resolved": "distribution"}}, "distribution"),
    ],
)
def test_resolved_supply(supply: str, base: str, machine: dict[str, Any] | None, wanted: str) -> None:
    assert resolved_supply(supply, base, machine) == wanted


def test_from_dotenv_reads_as_compose_does() -> None:
    assert from_dotenv("A='$x'\nB=\"1 $A\"\n# C=3\n") == {"A": "$x", "B": "1 $x"}


def test_build_contexts_takes_what_there_is(tmp_path: Path) -> None:
    for name in ("srcs/requirements/nginx", "roles/nginx/templates/context", "roles/notes/templates/context"):
        (tmp_path / name).mkdir(parents=True)
    assert build_contexts(["nginx", "notes"], str(tmp_path)) == {
        "requirements/nginx": [f"{tmp_path}/srcs/requirements/nginx", f"{tmp_path}/roles/nginx/templates/context"],
        "requirements/notes": [f"{tmp_path}/roles/notes/templates/context"],
        "requirements/tools": [],
    }


def test_settings_table_has_a_row_for_each_setting_of_the_role() -> None:
    specs = {
        "main": {
            "options": {
                "redis_policy": {"type": "str", "choices": ["lru", "lfu"], "default": "lru", "description": ["One.", "Or C(two)."]},
                "redis_keep": {"type": "bool", "default": False, "description": "Whether a|b."},
                "inception_login": {"type": "str", "description": "Another role's."},
            }
        },
        "uninstall": {"options": {"redis_keep": {"type": "bool", "default": False, "description": "Whether a|b."}}},
    }  # fmt: skip
    assert settings_table(specs, "redis") == [
        "| `redis_policy` | str: lru, lfu | `lru` | One. Or `two`. |",
        r"| `redis_keep` | bool | `false` | Whether a\|b. |",
    ]
