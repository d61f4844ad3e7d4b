from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from inception_check.names import holds_admin, is_valid_login


@pytest.mark.parametrize("login", ["w", "wil", "j-doe", "user42", "a" * 32, "a-1-b"])
def test_logins_that_name_a_user_and_a_host(login: str) -> None:
    assert is_valid_login(login)


@pytest.mark.parametrize(
    "login",
    [
        "",
        "Wil",
        "4wil",
        "-wil",
        "wil-",
        "w_il",
        "w.il",
        "w il",
        "wil\n",
        "a" * 33,
        "wíl",
        "k\u0131m",
        "\u0663a",
        "\uff57il",
    ],
)
def test_logins_that_do_not(login: str) -> None:
    assert not is_valid_login(login)


@pytest.mark.parametrize("name", ["admin", "Admin", "ADMINISTRATOR", "the-admin-42", "xAdMiNx", "sysadmin"])
def test_names_that_the_subject_forbids(name: str) -> None:
    assert holds_admin(name)


@pytest.mark.parametrize("name", ["boss", "adm", "ad min", "a.d.m.i.n", ""])
def test_names_that_it_does_not(name: str) -> None:
    assert not holds_admin(name)


@settings(deadline=None)  # a busy machine is no mistake
@given(st.text(max_size=20), st.text(max_size=20), st.lists(st.booleans(), min_size=5, max_size=5))
def test_the_word_is_found_anywhere_and_in_any_case(before: str, after: str, upper: list[bool]) -> None:
    word = "".join(letter.upper() if is_upper else letter for letter, is_upper in zip("admin", upper, strict=True))
    assert holds_admin(before + word + after)
