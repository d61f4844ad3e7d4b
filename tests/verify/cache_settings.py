"""The page cache as a site's owner steers it: purged by hand and by plugins, passed by, and switched off.

Not collected with the rest, because the settings change: ``pytest tests/verify/cache_settings.py --machine=NAME``.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest

from support.stack import Settings, Stack, make
from support.web import Browser, Page, kept

#: Calls what it is asked for, as a plugin does that knows several page caches.
PLUGIN = """<?php
add_action( 'wp_ajax_nopriv_verify_purge', static function () {
    $name = $_GET['name'];
    function_exists( $name ) ? $name() : do_action( $name );
    wp_die( 'asked' );
} );
"""


def state(page: Page) -> str:
    return page.headers["x-cache"]


def button(page: Page) -> str:
    """Return where the button of the admin bar leads to; empty without one."""
    found = re.search(r"href='([^']*action=inception_purge[^']*)'", page.text)
    return found[1].replace("&#038;", "&").replace("&amp;", "&") if found else ""


def test_the_button_forgets_all_pages(administrator: Browser, visitor: Browser) -> None:
    kept(visitor, "/")
    page = administrator.get(button(administrator.get("/")))
    assert page.status == 200
    assert state(visitor.request("GET", "/")) == "MISS"


def test_the_button_is_the_administrator_s(author: Browser, administrator: Browser, visitor: Browser) -> None:
    assert not button(author.get("/"))
    kept(visitor, "/")
    assert author.get(button(administrator.get("/"))).status == 403
    assert state(visitor.request("GET", "/")) == "HIT"


@pytest.fixture
def plugin(stack: Stack, settings: Settings) -> Iterator[None]:
    path = f"/home/{settings.login}/data/wordpress/wp-content/mu-plugins/verify-purge.php"
    stack.execute("tee", path, data=PLUGIN)
    yield
    stack.execute("rm", path)


@pytest.mark.usefixtures("plugin")
@pytest.mark.parametrize(
    "name",
    [
        "inception_purge_cache",
        "rt_nginx_helper_purge_all",
        "litespeed_purge_all",
        "cache_enabler_clear_complete_cache",
        "breeze_clear_all_cache",
        "w3tc_flush_posts",
        "wp_cache_clear_cache",
        "w3tc_flush_all",
        "rocket_clean_domain",
    ],
)
def test_what_plugins_call_forgets_all_pages(name: str, visitor: Browser) -> None:
    kept(visitor, "/")
    assert visitor.request("GET", f"/wp-admin/admin-ajax.php?action=verify_purge&name={name}").text == "asked"
    assert state(visitor.request("GET", "/")) == "MISS"


def test_cookies_and_paths_lead_past_it(stack: Stack, settings: Settings, visitor: Browser) -> None:
    make(
        stack,
        settings,
        arguments="""-e '{"nginx_cache_skip_cookies": ["pll_", "age-gate"], "nginx_cache_skip_paths": ["/shop"]}'""",
    )
    stack.forget()
    kept(visitor, "/")
    for cookie in ("pll_language=de", "a=b; age-gate=1"):
        assert state(visitor.request("GET", "/", headers={"Cookie": cookie})) == "BYPASS"
    for cookie in ("x-pll_language=de", "a=age-gate"):
        assert state(visitor.request("GET", "/", headers={"Cookie": cookie})) == "HIT"
    for path in ("/shop", "/shop/", "/shop/cart", "/shop?a=1", "//shop/"):
        assert state(visitor.request("GET", f"{visitor.origin}{path}")) == "BYPASS"
    for path in ("/shopping", "/a/shop"):
        assert state(visitor.request("GET", path)) != "BYPASS"


def test_it_is_switched_off_and_no_lua_is_loaded(stack: Stack, settings: Settings, administrator: Browser) -> None:
    def lua() -> int:
        maps = stack.docker("exec", stack.container("nginx"), "cat", "/proc/1/maps")
        return sum("lua" in line for line in maps.splitlines())

    assert lua() > 0
    make(stack, settings, arguments="-e inception_page_cache=false")
    stack.forget()
    try:
        assert lua() == 0
        visitor = stack.browser()
        for _ in range(3):
            page = visitor.request("GET", "/")
            assert (page.status, state(page)) == (200, "BYPASS")
            assert "etag" not in page.headers
        assert visitor.request("GET", "/", headers={"Accept-Encoding": "gzip"}).headers["content-encoding"] == "gzip"
        assert not button(administrator.get("/"))
    finally:
        make(stack, settings)
        stack.forget()
    kept(stack.browser(), "/")
