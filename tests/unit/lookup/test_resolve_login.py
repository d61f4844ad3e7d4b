from __future__ import annotations

import pytest

from lookup.inception_login import FALLBACK_LOGIN, resolve_login


@pytest.mark.parametrize(
    ("environment", "remembered", "login"),
    [
        ({"INCEPTION_LOGIN": "wil", "SUDO_USER": "tux", "USER": "root"}, "other", "wil"),
        ({"SUDO_USER": "tux", "USER": "root"}, "other\n", "other"),
        ({"SUDO_USER": "tux", "USER": "root"}, None, "tux"),
        ({"USER": "tux"}, None, "tux"),
        ({"USER": "root"}, None, FALLBACK_LOGIN),
        ({"SUDO_USER": "root", "USER": "root"}, None, FALLBACK_LOGIN),
        ({}, None, FALLBACK_LOGIN),
    ],
)
def test_the_nearest_answer_wins(environment: dict[str, str], remembered: str | None, login: str) -> None:
    assert resolve_login(environment, remembered) == login


@pytest.mark.parametrize("blank", ["", "  ", "\n"])
def test_a_blank_answer_is_none(blank: str) -> None:
    assert resolve_login({"INCEPTION_LOGIN": blank, "USER": "tux"}, blank) == "tux"
