"""The judge of what a ``.env`` file means is Docker Compose itself."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from inception_check.dotenv_writer import quote
from support import compose

#: What the grammar gives a meaning, and where readers are known to stumble.
AWKWARD = [
    "",
    "plain",
    "two words",
    " leading",
    "trailing ",
    "\u00a0hard spaces\u00a0",
    "#no comment",
    "no #comment",
    "a # b",
    "it's",
    "'quoted'",
    '"quoted"',
    "'",
    '"',
    "''",
    "$HOME",
    "${HOME}",
    "$$",
    "$",
    "100 % $ure",
    "${x:-default}",
    "'${x:?must be set}",
    "$(id)",
    "`id`",
    "back\\slash",
    "ends with\\",
    "\\",
    "\\\\",
    "\\n is no line break",
    "'\\n is none here either",
    "\\'",
    '\\"',
    "\\$x",
    "'\\$x",
    "'\\\\$x",
    "'\\0101",
    "'\\x41\\u0041",
    "name=value",
    "=",
    "export X",
    "한국어 제목",
    "😀 emoji",
    "\ufeffbyte order mark",
    "line\u2028separator",
    "next\u0085line",
    "true",
    "null",
    "~",
    "0x10",
    "1e3",
    "- item",
    "key: value",
    "{{ braces }}",
    "*&!|>%@",
    'O\'Reilly "$5" #1 \\o/',
]

VALUES = st.text(
    st.one_of(
        st.sampled_from("'\"\\$#{}()` =:nx0"),
        st.characters(codec="utf-8", exclude_categories=["Cc"]),
    ),
    max_size=12,
)


def read_back(directory: Path, values: list[str]) -> list[str]:
    """Return what Docker Compose reads of some values, in one call for all."""
    names = [f"V{number}" for number in range(len(values))]
    lines = [f"{name}={quote(value)}\n" for name, value in zip(names, values, strict=True)]
    (directory / ".env").write_text("".join(lines), encoding="utf-8", newline="")
    service = {"image": "scratch", "environment": {name: f"${{{name}}}" for name in names}}
    (directory / "docker-compose.yml").write_text(
        json.dumps({"name": "quoting", "services": {"service": service}}), encoding="utf-8"
    )
    done = compose(directory, "config", "--format", "json")
    assert done.returncode == 0, done.stderr
    assert not done.stderr, "Compose complains of a variable that it does not know"
    environment = json.loads(done.stdout)["services"]["service"]["environment"]
    # What Compose prints is a Compose file again, in which a dollar sign is doubled.
    return [environment[name].replace("$$", "$") for name in names]


def test_awkward_values_come_back_exactly(tmp_path: Path) -> None:
    assert read_back(tmp_path, AWKWARD) == AWKWARD


@settings(
    max_examples=6,
    deadline=None,
    derandomize=os.environ.get("CI") == "true",
    suppress_health_check=[
        # Each example writes the same two files anew; nothing of the one before remains.
        HealthCheck.function_scoped_fixture,
        HealthCheck.too_slow,
        HealthCheck.data_too_large,
        HealthCheck.large_base_example,
    ],
)
@given(values=st.lists(VALUES, min_size=100, max_size=400))
def test_any_value_comes_back_exactly(tmp_path: Path, values: list[str]) -> None:
    assert read_back(tmp_path, values) == values


@given(VALUES)
def test_a_value_stays_on_its_line(value: str) -> None:
    assert "\n" not in quote(value)
    assert "\r" not in quote(value)


@pytest.mark.parametrize(("value", "text"), [(443, "443"), (True, "true"), (False, "false"), (1.5, "1.5")])
def test_what_is_not_text_is_written_as_it_reads(value: object, text: str) -> None:
    assert quote(value) == text


@pytest.mark.parametrize("value", ["wil.42.fr", "/home/wil/data", "1.0", "a@b.c", "ko_KR", "https://x.org/a-1+2%20"])
def test_plain_values_stay_as_a_person_would_write_them(value: str) -> None:
    assert quote(value) == value


@pytest.mark.parametrize("value", ["a\nb", "a\rb", "\0", "\t", "\x1b[0m", "\x7f", "lone \ud800 surrogate"])
def test_what_no_reader_is_sure_to_give_back_is_refused(value: str) -> None:
    with pytest.raises(ValueError, match=r"must not hold"):
        quote(value)
