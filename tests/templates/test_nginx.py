"""What NGINX makes of addresses and cookies, by the very expressions of its configuration."""

from __future__ import annotations

import ctypes
import functools
import re

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from support import ROOT

# Git needs it too.
PCRE = ctypes.CDLL("libpcre2-8.so.0")
CACHE = (ROOT / "srcs/requirements/nginx/conf/kept/http.conf").read_text(encoding="utf-8")
MARK = re.compile(
    r"(?:utm_[a-z_]+|fbclid|gclid|gbraid|wbraid|dclid|msclkid|mc_cid|mc_eid|yclid|igshid|_ga|_gl)(?:=.*)?"
)
PARTS = [
    "&",
    "&&",
    "utm_a",
    "utm_source=x",
    "utm_",
    "utm_A=1",
    "_ga",
    "_gab",
    "_gl=",
    "fbclid=a=b",
    "a",
    "b=1",
    "=",
    "?",
]


class Expression:
    """A regular expression as NGINX runs it: by PCRE2, compiled to machine code."""

    def __init__(self, text: str) -> None:
        new = PCRE.pcre2_compile_8
        new.restype = ctypes.c_void_p
        number, place = ctypes.c_int(), ctypes.c_size_t()
        self._code = ctypes.c_void_p(
            new(text.encode(), ctypes.c_size_t(len(text)), 0, ctypes.byref(number), ctypes.byref(place), None)
        )
        assert self._code, f"{text} has an error at {place.value}"
        PCRE.pcre2_jit_compile_8(self._code, 1)
        new = PCRE.pcre2_match_data_create_from_pattern_8
        new.restype = ctypes.c_void_p
        self._data = ctypes.c_void_p(new(self._code, None))

    def search(self, text: str) -> str | None:
        """Return the last group, empty where there is none; nothing when the text does not match."""
        size = ctypes.c_size_t(len(text))
        count = PCRE.pcre2_match_8(self._code, text.encode(), size, ctypes.c_size_t(0), 0, self._data, None)
        assert count >= -1, f"error {count} of PCRE"
        if count < 0:
            return None
        PCRE.pcre2_get_ovector_pointer_8.restype = ctypes.POINTER(ctypes.c_size_t)
        ends = PCRE.pcre2_get_ovector_pointer_8(self._data)
        return text[ends[2] : ends[3]] if count > 1 else ""


@functools.cache
def expression(variable: str) -> Expression:
    """Return the one regular expression that a variable is mapped by."""
    block = re.search(rf"^map \S+ \${variable} \{{\n(.*?)^\}}", CACHE, re.MULTILINE | re.DOTALL)
    assert block
    (found,) = re.findall(r"^ +'~(.+)' \S+;$", block[1], re.MULTILINE)
    return Expression(found)


def cut(address: str) -> str:
    """Cut off the marks at the beginning and at the end, with the ampersands beside them."""
    parts = re.findall("&+|[^&]+", address)
    while parts and MARK.fullmatch(parts[0]):
        del parts[:2]
    while parts and (parts[-1].startswith("&") or MARK.fullmatch(parts[-1])):
        parts.pop()
    return "".join(parts)


@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(st.sampled_from(PARTS), max_size=12).map("".join))
@example("utm_source=x&colour=1&&gclid=2&")
@example("&utm_a&colour=1&utm_b&size=2&utm_c")
def test_what_is_kept_of_an_address(address: str) -> None:
    assert expression("page_args").search(address) == cut(address)


@pytest.mark.parametrize("address", ["x" + "&" * 8000 + "x", "&_ga" * 2000 + "&x", "utm_a=b&" * 1000, "&p" * 4000])
def test_a_long_address_is_read_like_a_short_one(address: str) -> None:
    assert expression("page_args").search(address) == cut(address)


@pytest.mark.parametrize(
    ("cookie", "direct"),
    [
        ("wordpress_logged_in_0=x", True),
        ("a=1; wordpress_sec_0=x", True),
        ("a=1;wp-postpass_0=x", True),
        ("a=1; \t comment_author_0=x", True),
        ("wordpress_test_cookie=1; wp-settings-1=x; wp_lang=de", False),
        ("my_wordpress_x=1; awp-x=1", False),
        ("a=wordpress_x", False),
    ],
)
def test_cookies_that_make_a_page_of_ones_own(cookie: str, direct: bool) -> None:
    assert (expression("direct_cookie").search(cookie) is not None) is direct


@pytest.mark.parametrize(
    ("address", "direct"),
    [
        ("preview=true", True),
        ("p=1&preview_id=2", True),
        ("a&customize_theme[x]=1", True),
        ("a=1&&rest_route", True),
        ("a=1&nopreview=1", False),
        ("a=preview", False),
        ("previews=1", False),
        ("customize_1=1", False),
    ],
)
def test_addresses_that_make_a_page_of_ones_own(address: str, direct: bool) -> None:
    assert (expression("direct_args").search(address) is not None) is direct
