"""What a person changed in .env is told from what the settings changed (E59)."""

from __future__ import annotations

from typing import Any

import pytest

from action.dotenv_edits import Edits, Memory, canonical, find_edits, find_variables
from inception_check.evidence.dotenv import parse_dotenv
from support import ROLES, load_plugin

action = load_plugin("action/dotenv_edits")

TEMPLATE = """\
# A comment.
LOGIN={{ inception_login | env_quote }}
HTTPS_PORT={{ inception_https_port | env_quote }}
DB_PORT={{ mariadb_port | env_quote }}
WP_TITLE={{ wordpress_title | env_quote }}
WP_OUTBOUND_HTTP={{ wordpress_outbound_http | lower | env_quote }}
WORDPRESS_SUPPLY={{ inception_supply | resolved_supply('debian') | env_quote }}
WP_LOCALE_URL={{ (wordpress_language_packs[wordpress_locale] | default({})).url | default('') | env_quote }}
"""
SETTINGS = {
    "inception_login": "wil",
    "inception_https_port": "443",
    "mariadb_port": "3306",
    "wordpress_title": "Inception",
    "wordpress_outbound_http": "true",
    "inception_supply": "auto",
    "wordpress_language_packs": "{}",
    "wordpress_locale": "en_US",
}
WRITTEN = {
    "LOGIN": "wil",
    "HTTPS_PORT": "443",
    "DB_PORT": "3306",
    "WP_TITLE": "Inception",
    "WP_OUTBOUND_HTTP": "true",
    "WORDPRESS_SUPPLY": "distribution",
    "WP_LOCALE_URL": "",
}
VARIABLES = find_variables([TEMPLATE], SETTINGS)


def text(**values: str | None) -> str:
    """Return a file with some values other than those that were written; None for a line that is missing."""
    return "".join(f"{name}={value}\n" for name, value in {**WRITTEN, **values}.items() if value is not None)


def edits(
    file: str, *, written: dict[str, str] | None = None, settings: dict[str, str] | None = None, **options: Any
) -> Edits:
    """Return the edits of a file on top of what was written with SETTINGS."""
    now = {**SETTINGS, **(settings or {})}
    fixed = options.pop("fixed", ())
    memory = Memory({**WRITTEN, **(written or {})}, SETTINGS, **options)
    alone = {name: now[v.settings[0]] for name, v in VARIABLES.items() if v.plain}
    return find_edits(parse_dotenv(file, "srcs/.env"), VARIABLES, memory, now, alone, fixed)


def test_the_templates_tell_where_each_variable_comes_from() -> None:
    assert {name: v.settings for name, v in VARIABLES.items() if not v.plain} == {
        "WORDPRESS_SUPPLY": ("inception_supply",),
        "WP_LOCALE_URL": ("wordpress_language_packs", "wordpress_locale"),
    }
    assert VARIABLES["WP_OUTBOUND_HTTP"].settings == ("wordpress_outbound_http",)


def test_every_line_of_the_real_templates_is_understood() -> None:
    templates = [(ROLES / "stack/templates/environment/.env.j2"), *ROLES.glob("*/templates/compose/env.j2")]
    texts = [path.read_text(encoding="utf-8") for path in templates]
    specs = set(load_plugin("action/validate_settings").load_specs())
    variables = find_variables(texts, specs)
    assigned = [line.split("=")[0] for t in texts for line in t.splitlines() if line[:1].isupper()]
    assert sorted(variables) == sorted(assigned)
    assert all(v.settings for v in variables.values())
    assert {"HTTPS_PORT", "DB_USER", "WP_OUTBOUND_HTTP"} <= {name for name, v in variables.items() if v.plain}
    assert {"WORDPRESS_SUPPLY", "WP_LOCALE_URL"} <= {name for name, v in variables.items() if not v.plain}


def test_an_untouched_file_is_quiet() -> None:
    assert edits(text()) == Edits()
    # The settings changed alone: the file is just behind.
    assert edits(text(), settings={"inception_https_port": "8443", "inception_supply": "upstream"}) == Edits()


def test_what_was_changed_by_hand_alone_is_taken_over() -> None:
    found = edits(text(HTTPS_PORT="8443", WP_TITLE="'A $title #1'"))
    assert found.settings == {"inception_https_port": "8443", "wordpress_title": "A $title #1"}
    assert found.taken == ["HTTPS_PORT", "WP_TITLE"]
    assert "HTTPS_PORT=8443 from srcs/.env is used" in found.messages[0]
    assert "write inception_https_port: 8443 into inventory/group_vars/inception.yml" in found.messages[0]
    assert "write wordpress_title: 'A $title #1' into" in found.messages[1]


def test_it_is_kept_by_the_next_run_and_quiet_once_the_settings_say_so() -> None:
    kept = edits(text(HTTPS_PORT="8443"), written={"HTTPS_PORT": "8443"}, taken=["HTTPS_PORT"])
    assert kept.settings == {"inception_https_port": "8443"}
    permanent = {"inception_https_port": "8443"}
    assert edits(text(HTTPS_PORT="8443"), settings=permanent, written=permanent, taken=["HTTPS_PORT"]) == Edits()
    back = edits(text(), written={"HTTPS_PORT": "8443"}, taken=["HTTPS_PORT"])
    assert back == Edits()


@pytest.mark.parametrize("how", ["settings", "command line", "kept"])
def test_where_both_changed_the_settings_hold(how: str) -> None:
    options: dict[str, Any] = {"settings": {"inception_https_port": "9443"}}
    if how == "command line":
        options = {"fixed": ["inception_https_port"]}
    elif how == "kept":
        options |= {"written": {"HTTPS_PORT": "8443"}, "taken": ["HTTPS_PORT"]}
    found = edits(text(HTTPS_PORT="8443"), **options)
    assert found.settings == {}
    assert found.taken == []
    assert (
        "HTTPS_PORT was changed to '8443' in srcs/.env, but inception_https_port was changed, too" in found.messages[0]
    )


@pytest.mark.parametrize(
    ("name", "value", "setting"),
    [
        ("WORDPRESS_SUPPLY", "upstream", "inception_supply"),
        ("WP_LOCALE_URL", "https://x", "wordpress_language_packs and wordpress_locale"),
        ("LOGIN", "tux", "LOGIN=… of make"),
    ],
)
def test_what_no_single_setting_says_is_refused(name: str, value: str, setting: str) -> None:
    problems = edits(text(**{name: value})).problems
    assert len(problems) == 1
    assert setting in problems[0]
    assert f"change {name} back to {WRITTEN[name]!r} or remove its line" in problems[0]


def test_a_line_that_is_missing_is_written_again() -> None:
    found = edits(text(DB_PORT=None))
    assert found.messages == ["DB_PORT is missing in srcs/.env; it is written again."]
    assert found.settings == {}


def test_what_was_added_is_kept_and_named_once() -> None:
    added = text() + "HTTP_PORT='a b'\nexport MINE=1\nBARE\n"
    found = edits(added)
    assert found.added == {"HTTP_PORT": "HTTP_PORT='a b'", "MINE": "MINE=1", "BARE": "BARE"}
    assert "HTTP_PORT in srcs/.env is none of our variables (did you mean HTTPS_PORT?)" in found.messages[0]
    again = edits(added, written={"HTTP_PORT": "a b", "MINE": "1"}, added=["HTTP_PORT", "MINE", "BARE"])
    assert again.added == found.added
    assert again.messages == []
    # A variable that a former version of the bundle wrote goes.
    assert edits(text() + "FORMER=1\n", written={"FORMER": "1"}) == Edits()


def test_a_file_that_nothing_is_remembered_of_is_written_anew_and_that_is_said() -> None:
    file = parse_dotenv(text(HTTPS_PORT="8443"), "srcs/.env")
    found = find_edits(file, VARIABLES, Memory(), SETTINGS, {**WRITTEN})
    assert found.settings == {}
    assert len(found.messages) == 1
    assert "HTTPS_PORT is '8443' in srcs/.env, which is not what the settings say" in found.messages[0]


def test_a_file_that_compose_refuses_is_named_with_its_line() -> None:
    problems = edits(text() + "A='open\n").problems
    assert len(problems) == 1
    assert problems[0].startswith("srcs/.env, line 8: ")


@pytest.mark.parametrize(
    ("former", "text", "value"),
    [(443, "8443", 8443), (443, "08443", "08443"), (443, "x", "x"), (True, "False", False), (True, "perhaps", "perhaps"), ("1", "2", "2")],
)  # fmt: skip
def test_a_value_gets_the_type_of_its_setting(former: object, text: str, value: object) -> None:
    taken = action.like(former, text)
    assert taken == value
    assert type(taken) is type(value)


def test_a_setting_is_the_same_however_it_is_written() -> None:
    assert canonical(443) == canonical("443")
    assert canonical(True) == "true"
    assert canonical({"b": 1, "a": [2]}) == canonical({"a": [2], "b": 1})
