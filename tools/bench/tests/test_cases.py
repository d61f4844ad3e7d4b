"""The cases, and how somebody chooses among them."""

from __future__ import annotations

import pytest

from inception_bench.cases import CASES, GROUPS, LOCALES, chosen


def test_each_case_has_a_name_of_its_own() -> None:
    keys = [case.key for case in CASES]
    assert len(set(keys)) == len(keys)


def test_all_that_is_asked_for_is_there() -> None:
    groups = {case.group for case in CASES}
    assert groups == {
        "anonymous",
        "parts",
        "signed-in",
        "comments",
        "search",
        "static",
        "new-tls",
        "http2",
        "connections",
    }
    assert {case.load.connections for case in CASES if case.group == "connections"} == {1, 10, 100, 1000}
    for locale in LOCALES:
        assert {"anonymous", "signed-in"} <= {case.group for case in CASES if case.locale == locale}


def test_the_limit_serves_one_language() -> None:
    for case in CASES:
        assert "ours" in case.variants
        assert "limit" not in case.variants or (case.locale == "en_US" and not case.signed_in and not case.load.unique)


def test_nothing_chosen_is_everything() -> None:
    assert chosen("") == frozenset(GROUPS)
    assert chosen(" , ") == frozenset(GROUPS)


def test_some() -> None:
    assert chosen("anonymous, static") == {"anonymous", "static"}


def test_a_misspelling_is_told_with_what_there_is() -> None:
    with pytest.raises(ValueError, match=r"ONLY knows no anonymos; there are: anonymous, .*unchanged\."):
        chosen("anonymos,static")
