"""``.env`` files are read by compose-go's grammar."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from inception_check.evidence.dotenv import parse_dotenv, quote_problem
from inception_check.evidence.interpolation import interpolate


@pytest.mark.parametrize(
    ("text", "values"),
    [
        ("A=b\n", {"A": "b"}),
        ("export A=b", {"A": "b"}),
        ("A = b # comment", {"A": "b"}),
        ("A=b#c", {"A": "b#c"}),
        ("A='$B # c'", {"A": "$B # c"}),
        ('A="x y" # c', {"A": "x y"}),
        ('A="a\\nb"', {"A": "a\nb"}),
        ("A=1\nB=${A}2\nC=$A", {"A": "1", "B": "12", "C": "1"}),
        ("B=${X:-none}", {"B": "none"}),
        ("A: b", {"A": "b"}),
        ("A=", {"A": ""}),
        ("A='two\nlines'\nB=c", {"A": "two\nlines", "B": "c"}),
        ("A=a$$b", {"A": "a$b"}),
        ("# only a comment\n\n", {}),
        ("A=1\nA=2", {"A": "2"}),
    ],
)
def test_values(text: str, values: dict[str, str]) -> None:
    parsed = parse_dotenv(text)
    assert parsed.problems == ()
    assert parsed.values == values


@pytest.mark.parametrize(("text", "line"), [("A=1\nno setting\n", 2), ("A='open\n", 1), ("=x", 1), ("A=1\n\nB!=2", 3)])
def test_one_bad_line_refuses_the_file(text: str, line: int) -> None:
    assert [p.line for p in parse_dotenv(text).problems] == [line]


def test_a_bare_name_is_inherited() -> None:
    parsed = parse_dotenv("HOME\nMISSING\n", environment={"HOME": "/home/wil"})
    assert parsed.values == {"HOME": "/home/wil"}
    missing = parsed.find("MISSING")
    assert missing is not None
    assert missing.value is None


def test_lines() -> None:
    parsed = parse_dotenv("# c\nA=1\n\nB='x\ny'\nC=2\n")
    assert [(a.name, a.line) for a in parsed.assignments] == [("A", 2), ("B", 4), ("C", 6)]


def test_quote_problem() -> None:
    assert quote_problem("A", "plain") is None
    assert quote_problem("A", "with $dollar") is not None
    assert quote_problem("A", "'open") is not None


@settings(deadline=None)  # a busy machine is no mistake
@given(st.text(max_size=200))
def test_it_never_raises(text: str) -> None:
    parsed = parse_dotenv(text)
    lines = text.count("\n") + 1
    assert all(1 <= a.line <= lines for a in parsed.assignments)


@settings(deadline=None)  # a busy machine is no mistake
@given(
    st.dictionaries(
        st.from_regex(r"[A-Z]{1,8}", fullmatch=True), st.from_regex(r"[ -&(-~]*", fullmatch=True), max_size=6
    )
)
def test_single_quotes_keep_everything(values: dict[str, str]) -> None:
    kept = {name: value for name, value in values.items() if not value.endswith("\\")}
    text = "".join(f"{name}='{value}'\n" for name, value in kept.items())
    assert parse_dotenv(text).values == kept


@pytest.mark.parametrize(
    ("text", "result"),
    [
        ("$A-${A}", "1-1"),
        ("${B:-x}${B-y}", "xy"),
        ("${E:-x}${E-y}", "x"),
        ("${A:+yes}${B:+no}", "yes"),
        ("$$A", "$A"),
        ("${B:-${A}}", "1"),
        ("${B:-a}b}", "ab}"),
        ("plain", "plain"),
    ],
)
def test_interpolation(text: str, result: str) -> None:
    assert interpolate(text, {"A": "1", "E": ""}).text == result


def test_interpolation_reports() -> None:
    assert interpolate("$X ${Y:?needed}", {}).unknown == ("X", "Y")
    assert interpolate("${Y:?needed}", {}).required == ("Y",)
    assert interpolate("${open", {}).invalid
    assert interpolate("cost $ 5", {}).invalid
    assert interpolate("${}", {}).invalid


@settings(deadline=None)  # a busy machine is no mistake
@given(st.text(alphabet="${}:-+?AB x", max_size=60))
def test_interpolation_never_raises(text: str) -> None:
    interpolate(text, {"A": "1"})
