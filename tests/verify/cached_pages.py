"""Who must not see what, although pages are kept: the page cache as visitors meet it.

Two kinds of cases. After each change of the content, a visitor sees the new state at the very next request,
wherever the old one had been shown before. And nothing that was made for one visitor reaches another.
"""

from __future__ import annotations

import collections
import concurrent.futures
import dataclasses
import json
import re
import time
import urllib.parse
import uuid
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from support.stack import Settings, Stack
from support.web import HIT, Browser, Page, kept

pytestmark = pytest.mark.usefixtures("probe")

BYPASS = "BYPASS"
GZIP = {"Accept-Encoding": "gzip"}
CONTENT = "/var/www/html/wp-content"


def made(page: Page) -> str:
    """Return the mark of the very run of WordPress that made a page."""
    found = re.search(r"made-[0-9a-f]{16}", page.text)
    assert found, f"{page.url} was not made by WordPress: {page.status}"
    return found.group(0)


# --- After a change ---


@dataclasses.dataclass
class Article:
    """A published post, with all the places that show it."""

    identifier: int
    path: str
    title: str
    words: str
    category: int
    category_name: str
    comment: int
    remark: str
    places: dict[str, str]


def create_article(administrator: Browser) -> Article:
    """Publish a post in a category of its own, with a comment."""
    mark = uuid.uuid4().hex[:12]
    title, words, kind, remark = (f"{name}{mark}" for name in ("title", "words", "kind", "remark"))
    category = administrator.rest("POST", "/wp/v2/categories", {"name": kind, "slug": f"c-{mark}"}).json
    data = {"title": title, "slug": f"p-{mark}", "content": f"<p>{words} {mark}</p>", "categories": [category["id"]]}
    answer = administrator.rest("POST", "/wp/v2/posts", data | {"status": "publish"})
    assert answer.status == 201, answer.text[:500]
    post = answer.json
    comment = administrator.rest("POST", "/wp/v2/comments", {"post": post["id"], "content": remark})
    assert comment.status == 201, comment.text[:500]
    path = urllib.parse.urlsplit(post["link"]).path
    author = administrator.rest("GET", f"/wp/v2/users/{post['author']}").json
    places = {
        "page": path,
        "page feed": f"{path}feed/",
        "front page": "/",
        "feed": "/feed/",
        "category": urllib.parse.urlsplit(category["link"]).path,
        "category feed": urllib.parse.urlsplit(category["link"]).path + "feed/",
        "author": urllib.parse.urlsplit(author["link"]).path,
        "day": path[: len("/2026/11/24/")],
        "search": f"/?s={mark}",
        "comments feed": "/comments/feed/",
        "sitemap": "/wp-sitemap-posts-post-1.xml",
    }
    return Article(post["id"], path, title, words, category["id"], kind, comment.json["id"], remark, places)


@dataclasses.dataclass(frozen=True)
class Change:
    """A change of the content, and where it shows.

    In ``shows``, each place has what a visitor must see there afterwards and what no longer; ``@title`` and
    the like stand for the article's own.
    """

    act: Callable[[Browser, Article, Stack], None]
    shows: dict[str, tuple[str, str]]


def post(**fields: object) -> Callable[[Browser, Article, Stack], None]:
    """Return what changes fields of the post, as the editor does."""

    def act(administrator: Browser, article: Article, stack: Stack) -> None:  # noqa: ARG001 -- all changes are called alike
        answer = administrator.rest("POST", f"/wp/v2/posts/{article.identifier}", dict(fields))
        assert answer.status == 200, answer.text[:500]

    return act


def comment(method: str, query: str = "", **fields: object) -> Callable[[Browser, Article, Stack], None]:
    """Return what changes the comment, as the dashboard does."""

    def act(administrator: Browser, article: Article, stack: Stack) -> None:  # noqa: ARG001
        answer = administrator.rest(method, f"/wp/v2/comments/{article.comment}{query}", dict(fields) or None)
        assert answer.status == 200, answer.text[:500]

    return act


def remove(query: str) -> Callable[[Browser, Article, Stack], None]:
    """Return what deletes the post."""

    def act(administrator: Browser, article: Article, stack: Stack) -> None:  # noqa: ARG001
        assert administrator.rest("DELETE", f"/wp/v2/posts/{article.identifier}{query}").status == 200

    return act


def answer_comment(administrator: Browser, article: Article, stack: Stack) -> None:  # noqa: ARG001
    data = {"post": article.identifier, "content": "answered-just-now", "parent": article.comment}
    assert administrator.rest("POST", "/wp/v2/comments", data).status == 201


def rename_category(administrator: Browser, article: Article, stack: Stack) -> None:  # noqa: ARG001
    data = {"name": "renamed-category"}
    assert administrator.rest("POST", f"/wp/v2/categories/{article.category}", data).status == 200


def delete_category(administrator: Browser, article: Article, stack: Stack) -> None:  # noqa: ARG001
    assert administrator.rest("DELETE", f"/wp/v2/categories/{article.category}?force=true").status == 200


def edit_on_the_command_line(administrator: Browser, article: Article, stack: Stack) -> None:  # noqa: ARG001
    code = (
        'require "/var/www/html/wp-load.php"; '
        f'wp_update_post(array("ID" => {article.identifier}, "post_title" => "edited-by-hand"));'
    )
    stack.docker("exec", "--user", "www-data", stack.container("wordpress"), "php", "-r", code)


def edit_in_the_database(administrator: Browser, article: Article, stack: Stack) -> None:  # noqa: ARG001
    table = f"{stack.env['DB_NAME']}.wp_posts"
    stack.sql(f"UPDATE {table} SET post_title = 'edited-by-hand' WHERE ID = {article.identifier}")  # noqa: S608
    stack.docker("exec", "--user", "www-data", stack.container("wordpress"), "purge-cache.sh")


def edit_quickly(administrator: Browser, article: Article, stack: Stack) -> None:  # noqa: ARG001
    """Use the form of the list of posts: admin-ajax."""
    listing = administrator.get("/wp-admin/edit.php")
    nonce = re.search(r'name="_inline_edit" value="(\w+)"', listing.text)
    assert nonce
    fields = {
        "action": "inline-save",
        "post_type": "post",
        "post_ID": str(article.identifier),
        "edit_date": "true",
        "post_title": "edited-quickly",
        "post_name": article.path.rstrip("/").rsplit("/", 1)[1],
        "post_author": "1",
        "post_status": "_status",
        "_status": "publish",
        "comment_status": "open",
        "post_view": "list",
        "screen": "edit-post",
        "_inline_edit": nonce.group(1),
    }
    answer = administrator.submit("/wp-admin/admin-ajax.php", fields)
    assert "edited-quickly" in answer.text, answer.text[:500]


def trash_by_link(administrator: Browser, article: Article, stack: Stack) -> None:  # noqa: ARG001
    """Use the link in the list of posts: a GET that redirects."""
    listing = administrator.get("/wp-admin/edit.php").text.replace("&amp;", "&").replace("&#038;", "&")
    link = re.search(rf"[^\"']*post=?{article.identifier}&action=trash&_wpnonce=\w+", listing)
    assert link, "the list has no such link"
    assert administrator.request("GET", link.group(0)).status == 302


GONE = ("", "@title")
CHANGES = {
    "edited": Change(
        post(title="edited-title"),
        dict.fromkeys(
            ("page", "page feed", "front page", "feed", "category", "category feed", "author", "day"),
            ("edited-title", "@title"),
        )
        | {"search": ("edited-title", "@title")},
    ),
    "edited quickly": Change(
        edit_quickly, {"page": ("edited-quickly", "@title"), "feed": ("edited-quickly", "@title")}
    ),
    "edited on the command line": Change(edit_on_the_command_line, {"page": ("edited-by-hand", "@title")}),
    "edited in the database": Change(edit_in_the_database, {"page": ("edited-by-hand", "@title")}),
    "unpublished": Change(
        post(status="draft"),
        {
            "page": ("404", "@title"),
            "front page": GONE,
            "feed": GONE,
            "category": GONE,
            "author": GONE,
            "search": GONE,
            "sitemap": ("", "@path"),
            "comments feed": ("", "@remark"),
        },
    ),
    "made private": Change(post(status="private"), {"page": ("404", "@title"), "front page": GONE, "feed": GONE}),
    "put in the trash": Change(remove(""), {"page": ("404", "@title"), "front page": GONE, "category": GONE}),
    "put in the trash by a link": Change(trash_by_link, {"page": ("404", "@title"), "day": GONE}),
    "deleted": Change(remove("?force=true"), {"page": ("404", "@title"), "feed": GONE, "sitemap": ("", "@path")}),
    "postponed": Change(
        post(date="2099-01-01T00:00:00", status="future"), {"page": ("404", "@title"), "front page": GONE}
    ),
    "given a password": Change(
        post(password="sesame"),  # noqa: S106 -- of a post that lives for a second
        {"page": ("post-password-form", "@words"), "feed": ("@title", "@words"), "search": ("", "@words")},
    ),
    "given another address": Change(
        post(slug="another-address"), {"page": ("301", "@words"), "sitemap": ("another-address", "@path")}
    ),
    "put into another category": Change(post(categories=[1]), {"category": GONE, "category feed": GONE}),
    "answered": Change(answer_comment, dict.fromkeys(("page", "comments feed"), ("answered-just-now", ""))),
    "its comment edited": Change(
        comment("POST", content="edited-remark"),
        dict.fromkeys(("page", "page feed", "comments feed"), ("edited-remark", "@remark")),
    ),
    "its comment held back": Change(
        comment("POST", status="hold"), {"page": ("@words", "@remark"), "comments feed": ("", "@remark")}
    ),
    "its comment called spam": Change(comment("POST", status="spam"), {"page": ("@words", "@remark")}),
    "its comment put in the trash": Change(comment("DELETE"), {"page": ("@words", "@remark")}),
    "its comment deleted": Change(comment("DELETE", "?force=true"), {"page": ("@words", "@remark")}),
    "its category renamed": Change(
        rename_category, dict.fromkeys(("page", "category"), ("renamed-category", "@category_name"))
    ),
    "its category deleted": Change(delete_category, {"category": ("404", "@title"), "page": ("", "@category_name")}),
}
CASES = [(change, place) for change, facts in CHANGES.items() for place in facts.shows]


@pytest.fixture(scope="module")
def pages_after(administrator: Browser, stack: Stack) -> Callable[[str], tuple[Article, dict[str, Page]]]:
    """Make a change once, after everybody has seen the old state, and look at all its places."""
    done: dict[str, tuple[Article, dict[str, Page]]] = {}

    def look(name: str) -> tuple[Article, dict[str, Page]]:
        if name not in done:
            change = CHANGES[name]
            article = create_article(administrator)
            visitor = stack.browser()
            for place in change.shows:
                before = kept(visitor, article.places[place])
                old = change.shows[place][1]
                assert not old or field(article, old) in before.text, f"{place} does not show {old} at all"
            change.act(administrator, article, stack)
            pages = {place: visitor.request("GET", article.places[place]) for place in change.shows}
            done[name] = article, pages
            administrator.rest("DELETE", f"/wp/v2/posts/{article.identifier}?force=true")
        return done[name]

    return look


def field(article: Article, text: str) -> str:
    """Return the article's own word for ``@word``, and anything else as it is."""
    return str(getattr(article, text[1:])) if text.startswith("@") else text


@pytest.mark.requirement("E50")
@pytest.mark.parametrize(("change", "place"), CASES, ids=[f"{place} of a post {change}" for change, place in CASES])
def test_change_shows_at_the_next_request(
    change: str, place: str, pages_after: Callable[[str], tuple[Article, dict[str, Page]]]
) -> None:
    article, pages = pages_after(change)
    page = pages[place]
    new, old = CHANGES[change].shows[place]
    assert not old or field(article, old) not in page.text
    if new in ("301", "404"):
        assert page.status == int(new)
    else:
        assert field(article, new) in page.text


@pytest.mark.requirement("E50")
def test_scheduled_post_appears_when_it_is_due(administrator: Browser, visitor: Browser, stack: Stack) -> None:
    article = create_article(administrator)
    answer = administrator.rest(
        "POST", f"/wp/v2/posts/{article.identifier}", {"status": "future", "date": "2099-01-01T00:00:00"}
    )
    assert answer.json["status"] == "future"
    kept(visitor, article.places["category feed"])
    assert article.title not in visitor.request("GET", article.places["category feed"]).text
    # WordPress schedules a minute ahead at least; the clock of this post is put forward.
    code = (
        f'require "/var/www/html/wp-load.php"; $id = {article.identifier}; '  # noqa: S608 -- a number of ours
        '$wpdb->query("UPDATE $wpdb->posts SET post_date = NOW(), post_date_gmt = UTC_TIMESTAMP() WHERE ID = $id"); '
        'wp_clear_scheduled_hook("publish_future_post", array($id)); '
        'wp_schedule_single_event(time(), "publish_future_post", array($id));'
    )
    stack.docker("exec", "--user", "www-data", stack.container("wordpress"), "php", "-r", code)
    end = time.monotonic() + 30
    while article.title not in visitor.request("GET", article.places["category feed"]).text:
        assert time.monotonic() < end, "it does not appear"
        # What the health check does once a minute.
        visitor.request("GET", "/wp-cron.php")
        time.sleep(0.5)
    administrator.rest("DELETE", f"/wp/v2/posts/{article.identifier}?force=true")


@pytest.fixture
def former_settings(administrator: Browser) -> Iterator[dict[str, object]]:
    before = administrator.rest("GET", "/wp/v2/settings").json
    yield before
    data = {name: before[name] for name in ("title", "description", "posts_per_page", "date_format")}
    assert administrator.rest("POST", "/wp/v2/settings", data).status == 200


@pytest.mark.requirement("E50")
@pytest.mark.usefixtures("former_settings")
@pytest.mark.parametrize("path", ["/", "/feed/", "/sample-page/", "/there-is-no-such-page/"])
def test_another_title_of_the_site_shows_everywhere(path: str, administrator: Browser, visitor: Browser) -> None:
    page = administrator.rest("GET", "/wp/v2/pages?per_page=1&status=publish").json[0]
    path = page["link"] if path == "/sample-page/" else path
    kept(visitor, path)
    title = f"site-{uuid.uuid4().hex}"
    assert administrator.rest("POST", "/wp/v2/settings", {"title": title}).status == 200
    assert title in visitor.request("GET", path).text


@pytest.mark.requirement("E50")
def test_another_name_of_an_author_shows(administrator: Browser, visitor: Browser) -> None:
    me = administrator.rest("GET", "/wp/v2/users/me?context=edit").json
    article = create_article(administrator)
    kept(visitor, article.places["feed"])
    name = f"somebody-{uuid.uuid4().hex}"
    try:
        assert administrator.rest("POST", "/wp/v2/users/me", {"name": name}).status == 200
        assert name in visitor.request("GET", article.places["feed"]).text
    finally:
        administrator.rest("POST", "/wp/v2/users/me", {"name": me["name"]})
        administrator.rest("DELETE", f"/wp/v2/posts/{article.identifier}?force=true")


THEME = """/* Theme Name: Verify */"""
INDEX = """<!DOCTYPE html><html><head><title>Verify</title></head><body>Another theme<?php wp_footer();"""


@pytest.fixture
def another_theme(stack: Stack) -> Iterator[str]:
    """A theme that is there and not active: the image brings one alone."""
    name = "verify-theme"
    files = f"cd {CONTENT}/themes && mkdir {name} && printf %s '{THEME}' >{name}/style.css && printf %s '{INDEX}' >{name}/index.php"
    inside = ("exec", "--user", "www-data", stack.container("wordpress"))
    stack.docker(*inside, "sh", "-c", files)
    yield name
    stack.docker(*inside, "rm", "-r", f"{CONTENT}/themes/{name}")


@pytest.mark.requirement("E50")
def test_another_theme_shows(administrator: Browser, visitor: Browser, another_theme: str) -> None:
    def activate(stylesheet: str) -> None:
        listing = administrator.get("/wp-admin/themes.php").text.replace("&amp;", "&").replace("\\/", "/")
        listing = listing.replace("&#038;", "&")
        link = re.search(rf"themes\.php\?action=activate&stylesheet={stylesheet}&_wpnonce=\w+", listing)
        assert link, f"the theme {stylesheet} cannot be activated"
        assert administrator.request("GET", f"/wp-admin/{link.group(0)}").status == 302

    themes = administrator.rest("GET", "/wp/v2/themes").json
    present = next(theme["stylesheet"] for theme in themes if theme["status"] == "active")
    before = made(kept(visitor, "/"))
    activate(another_theme)
    try:
        page = visitor.request("GET", "/")
        assert page.headers["x-cache"] != HIT
        assert made(page) != before
        assert "Another theme" in page.text
    finally:
        activate(present)


PLUGIN = """<?php
/* Plugin Name: Verify style */
add_filter( 'wp_theme_json_data_theme', static fn( $theme ) => $theme->update_with( json_decode( '{data}', true ) ) );
"""


def style(colour: str) -> dict[str, Any]:
    """Return a theme.json with a background."""
    return {"version": 3, "styles": {"color": {"background": colour}}}


@dataclasses.dataclass
class Styles:
    """The ways in which the style of the site can change."""

    administrator: Browser
    stack: Stack
    theme: str
    route: str

    def write(self, path: str, text: str) -> None:
        command = ("exec", "-i", "--user", "www-data", self.stack.container("wordpress"), "tee", path)
        self.stack.execute("docker", *command, data=text)

    def site_editor(self, colour: str) -> None:
        assert self.administrator.rest("POST", self.route, {"styles": style(colour)["styles"]}).status == 200

    def plugin(self, colour: str) -> None:
        self.remove_plugins()
        name = f"verify-{colour[1:]}"
        self.write(f"{CONTENT}/plugins/{name}.php", PLUGIN.replace("{data}", json.dumps(style(colour))))
        answer = self.administrator.rest("POST", f"/wp/v2/plugins/{name}", {"status": "active"})
        assert answer.status == 200, answer.text[:500]

    def remove_plugins(self) -> None:
        for plugin in self.administrator.rest("GET", "/wp/v2/plugins?search=Verify").json:
            self.administrator.rest("POST", f"/wp/v2/plugins/{plugin['plugin']}", {"status": "inactive"})
            assert self.administrator.rest("DELETE", f"/wp/v2/plugins/{plugin['plugin']}").status == 200

    def file(self, colour: str) -> None:
        self.write(f"{CONTENT}/themes/{self.theme}/theme.json", json.dumps(style(colour)))
        self.stack.docker("exec", "--user", "www-data", self.stack.container("wordpress"), "purge-cache.sh")


@pytest.fixture
def styles(administrator: Browser, stack: Stack) -> Iterator[Styles]:
    theme = administrator.rest("GET", "/wp/v2/themes?status=active&context=edit").json[0]
    link = theme["_links"]["wp:user-global-styles"][0]["href"]
    route = "/wp/v2/global-styles/" + link.rsplit("/", 1)[1]
    one = Styles(administrator, stack, theme["stylesheet"], route)
    before = administrator.rest("GET", f"{route}?context=edit").json
    file = f"{CONTENT}/themes/{one.theme}/theme.json"
    text = stack.docker("exec", stack.container("wordpress"), "cat", file)
    yield one
    one.remove_plugins()
    one.write(file, text)
    administrator.rest("POST", route, {part: before[part] or {} for part in ("settings", "styles")})


@pytest.mark.requirement("E50")
@pytest.mark.parametrize("way", ["site_editor", "plugin", "file"])
def test_another_style_shows(way: str, styles: Styles, visitor: Browser) -> None:
    # The second one meets what WordPress remembered of the first.
    for _ in range(2):
        colour = f"#{uuid.uuid4().hex[:6]}"
        kept(visitor, "/")
        getattr(styles, way)(colour)
        page = visitor.request("GET", "/").text
        assert f"background-color: {colour}" in page


@pytest.mark.requirement("E50")
def test_a_plugin_switched_on_and_off_shows(administrator: Browser, visitor: Browser) -> None:
    plugins = administrator.rest("GET", "/wp/v2/plugins").json
    plugin = next(one for one in plugins if one["status"] == "inactive")["plugin"]
    for status in ("active", "inactive"):
        before = made(kept(visitor, "/"))
        assert administrator.rest("POST", f"/wp/v2/plugins/{plugin}", {"status": status}).status == 200
        assert made(visitor.request("GET", "/")) != before


@pytest.mark.requirement("E50")
def test_deleted_upload_is_gone(administrator: Browser, visitor: Browser) -> None:
    answer = administrator.rest("POST", "/wp/v2/media", upload=(f"{uuid.uuid4().hex}.txt", b"confidential after all\n"))
    url = answer.json["source_url"]
    assert visitor.request("GET", url).status == visitor.request("GET", url).status == 200
    assert administrator.rest("DELETE", f"/wp/v2/media/{answer.json['id']}?force=true").status == 200
    assert visitor.request("GET", url).status == 404


@pytest.mark.requirement("E50")
def test_browser_learns_whether_its_copy_is_still_right(administrator: Browser, visitor: Browser) -> None:
    article = create_article(administrator)
    page = kept(visitor, article.path)
    assert page.headers["cache-control"] == "no-cache"
    tag = {"If-None-Match": page.headers["etag"]}
    assert visitor.request("GET", article.path, headers=tag).status == 304
    administrator.rest("POST", f"/wp/v2/posts/{article.identifier}", {"content": "another-text"})
    answer = visitor.request("GET", article.path, headers=tag)
    assert answer.status == 200
    assert "another-text" in answer.text
    administrator.rest("DELETE", f"/wp/v2/posts/{article.identifier}?force=true")


@pytest.mark.requirement("R58")
def test_what_changes_nothing_keeps_the_pages(stack: Stack, visitor: Browser) -> None:
    before = made(kept(visitor, "/"))
    author = stack.browser()
    author.sign_in(stack.env["WP_USER"], stack.credentials["WP_USER_PASSWORD"])
    author.get("/wp-admin/")
    author.rest("POST", "/wp/v2/posts", {"title": "a draft", "status": "draft"})
    stack.browser().sign_in(stack.env["WP_USER"], "not the password")
    visitor.request("GET", "/wp-cron.php")
    assert made(visitor.request("GET", "/")) == before


@pytest.mark.requirement("R58", "E50")
def test_a_comment_forgets_what_shows_it_and_no_other_post(
    administrator: Browser, visitor: Browser, article: Article
) -> None:
    other = create_article(administrator)
    blocks = "<!-- wp:latest-comments /-->"
    data = {"title": "Latest comments", "slug": f"latest-{uuid.uuid4().hex}", "status": "publish", "content": blocks}
    latest = administrator.rest("POST", "/wp/v2/pages", data).json
    latest_path = urllib.parse.urlsplit(latest["link"]).path
    for path in (other.path, f"{other.path}?with=query"):
        kept(visitor, path)
    try:
        for _ in range(2):
            words = f"remark-{uuid.uuid4().hex}"
            shows = [article.path, f"{article.path}?with=query", "/comments/feed/", latest_path, "/"]
            for path in shows:
                kept(visitor, path)
            comment = {"post": article.identifier, "content": words}
            assert administrator.rest("POST", "/wp/v2/comments", comment).status == 201
            pages = {path: visitor.request("GET", path) for path in shows}
            assert {path: page.headers["x-cache"] for path, page in pages.items()} == dict.fromkeys(shows, "MISS")
            for path in (article.path, f"{article.path}?with=query", "/comments/feed/"):
                assert words in pages[path].text, path
            assert article.title in pages[latest_path].text
            assert visitor.request("GET", other.path).headers["x-cache"] == HIT
    finally:
        administrator.rest("DELETE", f"/wp/v2/pages/{latest['id']}?force=true")
        administrator.rest("DELETE", f"/wp/v2/posts/{other.identifier}?force=true")


@pytest.mark.requirement("E50")
def test_a_comment_forgets_what_shows_it_out_of_a_transient(
    administrator: Browser, visitor: Browser, article: Article
) -> None:
    data = {
        "title": "Transient",
        "slug": f"transient-{uuid.uuid4().hex}",
        "status": "publish",
        "content": "[verify_latest]",
    }
    page = administrator.rest("POST", "/wp/v2/pages", data).json
    path = urllib.parse.urlsplit(page["link"]).path
    try:
        kept(visitor, path)
        words = f"remark-{uuid.uuid4().hex}"
        comment = {"post": article.identifier, "content": words}
        assert administrator.rest("POST", "/wp/v2/comments", comment).status == 201
        after = visitor.request("GET", path)
        assert after.headers["x-cache"] == "MISS"
        assert words in after.text
    finally:
        administrator.rest("DELETE", f"/wp/v2/pages/{page['id']}?force=true")


@pytest.mark.requirement("R58", "E50")
def test_what_a_visitor_has_counted_keeps_the_pages_and_an_edit_does_not(
    administrator: Browser, visitor: Browser, article: Article, stack: Stack
) -> None:
    count = f"/wp-admin/admin-ajax.php?action=verify_count&post={article.identifier}"
    before = {path: made(kept(visitor, path)) for path in ("/", article.path)}
    assert stack.browser().request("GET", count).json == {"success": True}
    assert {path: made(visitor.request("GET", path)) for path in before} == before
    # The same by somebody who may edit is an edit.
    assert administrator.request("GET", count).json == {"success": True}
    after = {path: made(visitor.request("GET", path)) for path in before}
    assert not set(after.values()) & set(before.values())


# --- What is made for one visitor reaches no other ---


@pytest.fixture(scope="module")
def article(administrator: Browser) -> Iterator[Article]:
    one = create_article(administrator)
    yield one
    administrator.rest("DELETE", f"/wp/v2/posts/{one.identifier}?force=true")


@pytest.fixture
def fresh(stack: Stack) -> None:
    """Let everything be forgotten, so that the next request of a page makes it."""
    stack.docker("exec", "--user", "www-data", stack.container("wordpress"), "purge-cache.sh")


@pytest.mark.usefixtures("fresh")
@pytest.mark.parametrize("place", ["page", "front page", "category", "search"])
def test_page_of_somebody_signed_in_is_not_shown_to_others(
    place: str, administrator: Browser, visitor: Browser, article: Article, stack: Stack
) -> None:
    theirs = administrator.request("GET", article.places[place])
    assert theirs.headers["x-cache"] == BYPASS
    assert "wp-admin-bar" in theirs.text
    for _ in range(2):
        page = visitor.request("GET", article.places[place])
        assert "wp-admin-bar" not in page.text
        assert stack.env["WP_ADMIN_USER"] not in re.findall(r'"([^"]*)"\] -->', page.text)


def test_kept_page_is_not_shown_to_somebody_signed_in(
    administrator: Browser, visitor: Browser, article: Article
) -> None:
    kept(visitor, article.path)
    assert "wp-admin-bar" in administrator.request("GET", article.path).text


@pytest.mark.usefixtures("fresh")
def test_private_post_is_for_its_readers_only(
    administrator: Browser, author: Browser, visitor: Browser, article: Article
) -> None:
    change = {"status": "private"}
    administrator.rest("POST", f"/wp/v2/posts/{article.identifier}", change)
    try:
        assert article.words in administrator.request("GET", article.path).text
        for somebody in (visitor, author, visitor):
            page = somebody.request("GET", article.path)
            assert page.status == 404
            assert article.words not in page.text
    finally:
        administrator.rest("POST", f"/wp/v2/posts/{article.identifier}", {"status": "publish"})


@pytest.mark.usefixtures("fresh")
def test_preview_of_a_draft_is_for_its_author_only(administrator: Browser, visitor: Browser) -> None:
    draft = administrator.rest("POST", "/wp/v2/posts", {"title": "draft", "content": "only-a-draft"}).json
    for path in (f"/?p={draft['id']}&preview=true", f"/?p={draft['id']}"):
        assert "only-a-draft" in administrator.get(path).text
        for _ in range(2):
            assert "only-a-draft" not in visitor.get(path).text


@pytest.mark.usefixtures("fresh")
def test_preview_of_a_change_is_for_its_author_only(administrator: Browser, visitor: Browser, article: Article) -> None:
    data = {"content": "only-a-preview"}
    assert administrator.rest("POST", f"/wp/v2/posts/{article.identifier}/autosaves", data).status == 200
    page = administrator.get(f"/wp-admin/post.php?post={article.identifier}&action=edit")
    assert page.status == 200
    found = re.search(r"preview_nonce=(\w+)", page.text)
    query = f"?preview=true&preview_id={article.identifier}" + (f"&preview_nonce={found.group(1)}" if found else "")
    administrator.get(article.path + query)
    for path in (article.path + query, article.path):
        for _ in range(2):
            assert "only-a-preview" not in visitor.get(path).text


@pytest.mark.usefixtures("fresh")
def test_password_of_a_post_opens_it_for_its_holder_only(
    administrator: Browser, visitor: Browser, article: Article, stack: Stack
) -> None:
    change = {"password": "sesame"}
    administrator.rest("POST", f"/wp/v2/posts/{article.identifier}", change)
    try:
        holder = stack.browser()
        holder.submit("/wp-login.php?action=postpass", {"post_password": "sesame"})
        for _ in range(2):
            page = holder.request("GET", article.path)
            assert article.words in page.text
            assert page.headers["x-cache"] == BYPASS
            assert article.words not in visitor.request("GET", article.path).text
    finally:
        administrator.rest("POST", f"/wp/v2/posts/{article.identifier}", {"password": ""})


@pytest.mark.usefixtures("fresh")
def test_name_in_the_comment_form_is_its_writers_only(visitor: Browser, article: Article, stack: Stack) -> None:
    writer = stack.browser()
    writer.cookies = {"comment_author_0123": "Somebody", "comment_author_email_0123": "somebody%40example.org"}
    assert writer.request("GET", article.path).headers["x-cache"] == BYPASS
    for _ in range(2):
        page = visitor.request("GET", article.path)
        assert "omebody" not in page.text


@pytest.mark.requirement("E48")
@pytest.mark.parametrize("links", [0, 2], ids=["first comment of a stranger", "comment with two links"])
def test_held_comment_is_for_its_writer_only(
    links: int, administrator: Browser, visitor: Browser, article: Article, stack: Stack
) -> None:
    before = made(kept(visitor, article.path))
    words = f"held {uuid.uuid4().hex}"
    writer = stack.browser()
    fields = writer.get(article.path).form("commentform")
    text = words + ' <a href="https://one.example">1</a>' * links
    fields |= {"comment": text, "author": "Writer", "email": f"{uuid.uuid4().hex}@example.org", "url": ""}
    fields.pop("wp-comment-cookies-consent", None)
    body = urllib.parse.urlencode(fields).encode()
    form = {"Content-Type": "application/x-www-form-urlencoded"}
    answer = writer.request("POST", "/wp-comments-post.php", body, form)
    if answer.status == 429:
        # WordPress makes everyone at one address wait for 15 seconds between two comments.
        time.sleep(16)
        answer = writer.request("POST", "/wp-comments-post.php", body, form)
    assert answer.status == 302, answer.text[:500]
    theirs = urllib.parse.urljoin(answer.url, answer.headers["location"])
    assert "moderation-hash" in theirs
    assert words in writer.request("GET", theirs).text
    # What nobody else can see makes no page anew.
    assert made(visitor.request("GET", article.path)) == before
    for path in (article.path, article.path, "/comments/feed/"):
        assert words not in visitor.request("GET", path).text
    identifier = re.search(r"unapproved=(\d+)", theirs)
    assert identifier
    assert words not in visitor.request("GET", f"{article.path}?unapproved={identifier.group(1)}").text
    administrator.rest("DELETE", f"/wp/v2/comments/{identifier.group(1)}?force=true")


@pytest.mark.usefixtures("fresh")
@pytest.mark.parametrize(
    "name",
    ["utm_source", "utm_medium", "utm_campaign", "fbclid", "gclid", "msclkid"],
)
def test_marks_of_where_a_visitor_came_from_stay_theirs(
    name: str, visitor: Browser, article: Article, stack: Stack
) -> None:
    mark = uuid.uuid4().hex
    first = stack.browser().request("GET", f"{article.path}?{name}={mark}&utm_term=x")
    assert mark not in first.text
    page = visitor.request("GET", article.path)
    # The same page for both, and nothing of the first visitor in it.
    assert page.headers["x-cache"] == HIT
    assert made(page) == made(first)
    assert mark not in page.text


@pytest.mark.parametrize("query", ["?colour=1&utm_source=x", "?utm_source=x&colour=1", "?utm_id=1&colour=1&gclid=2"])
def test_other_parts_of_the_address_stay(query: str, visitor: Browser, article: Article) -> None:
    page = visitor.request("GET", article.path + query)
    assert '"colour":"1"' in page.text
    assert "utm_" not in page.text
    assert made(page) == made(visitor.request("GET", f"{article.path}?colour=1"))
    assert made(page) != made(visitor.request("GET", f"{article.path}?colour=2"))
    assert made(page) != made(visitor.request("GET", article.path))


@pytest.mark.usefixtures("fresh")
@pytest.mark.parametrize(
    "header",
    [
        "User-Agent",
        "Accept-Language",
        "Referer",
        "Accept",
        "Origin",
        "X-Forwarded-For",
        "X-Forwarded-Host",
        "X-Original-URL",
        "Forwarded",
        "Proxy",
        "If-None-Match",
        "Cookie",
    ],
)
def test_what_a_browser_says_reaches_no_kept_page(
    header: str, visitor: Browser, article: Article, stack: Stack
) -> None:
    mark = uuid.uuid4().hex
    value = f"_ga={mark}; theme={mark}" if header == "Cookie" else mark
    first = stack.browser().request("GET", article.path, headers={header: value})
    assert first.headers["x-cache"] == "MISS"
    assert mark not in first.text
    page = visitor.request("GET", article.path)
    assert page.headers["x-cache"] == HIT
    assert mark not in page.text


@pytest.mark.parametrize(
    "cookie",
    [
        "wordpress_logged_in_0",
        "wordpress_sec_0",
        "wp-postpass_0",
        "comment_author_0",
        "woocommerce_cart_hash",
        "PHPSESSID",
    ],
)
def test_cookies_that_make_a_difference_make_a_page_of_ones_own(
    cookie: str, visitor: Browser, article: Article, stack: Stack
) -> None:
    common = made(kept(visitor, article.path))
    somebody = stack.browser()
    somebody.cookies = {"first": "1", cookie: "x"}
    own = [somebody.request("GET", article.path) for _ in range(2)]
    assert [page.headers["x-cache"] for page in own] == [BYPASS, BYPASS]
    assert len({common, *map(made, own)}) == 3


@pytest.mark.parametrize(
    "headers",
    [{"Authorization": "Basic dXNlcjpwd2Q="}, {"X-Requested-With": "XMLHttpRequest"}],
    ids=lambda headers: next(iter(headers)),
)
def test_headers_that_make_a_difference_make_a_page_of_ones_own(
    headers: dict[str, str], visitor: Browser, article: Article
) -> None:
    kept(visitor, article.path)
    assert visitor.request("GET", article.path, headers=headers).headers["x-cache"] == BYPASS


def test_what_is_sent_is_not_answered_from_the_cache(visitor: Browser, article: Article) -> None:
    common = made(kept(visitor, article.path))
    page = visitor.request("POST", article.path, b"a=1", {"Content-Type": "application/x-www-form-urlencoded"})
    assert page.headers["x-cache"] == BYPASS
    assert made(page) != common
    assert made(visitor.request("GET", article.path)) == common


@pytest.mark.usefixtures("fresh")
@pytest.mark.parametrize(
    "behaviour",
    ["cookie", "no-store", "private", "nocache_headers", "DONOTCACHEPAGE", "302", "403", "500", "503", "die"],
)
def test_reply_that_is_for_one_only_is_not_kept(behaviour: str, stack: Stack) -> None:
    replies = [stack.browser().request("GET", f"/?verify={behaviour}") for _ in range(3)]
    assert {page.headers["x-cache"] for page in replies} <= {"MISS", "EXPIRED"}
    told = [page.headers.get("location") or page.headers.get("set-cookie") or made(page) for page in replies]
    assert len(set(told)) == 3


@pytest.mark.parametrize(
    "path",
    [
        "/wp-login.php",
        "/wp-admin/admin-ajax.php?action=rest-nonce",
        "/wp-cron.php",
        "/wp-json/wp/v2/posts",
        "/?rest_route=/wp/v2/posts",
        "/wp-admin/",
        "/?preview=true",
    ],
)
def test_what_is_no_page_is_never_kept(path: str, visitor: Browser) -> None:
    assert {visitor.request("GET", path).headers["x-cache"] for _ in range(3)} == {BYPASS}


def test_rest_replies_to_somebody_signed_in_are_theirs(
    administrator: Browser, visitor: Browser, article: Article
) -> None:
    route = f"/wp/v2/posts/{article.identifier}?context=edit"
    assert "raw" in administrator.rest("GET", route).json["title"]
    assert visitor.request("GET", f"/wp-json{route}").status == 401


@pytest.mark.usefixtures("fresh")
def test_one_copy_serves_every_kind_of_client(visitor: Browser, article: Article) -> None:
    head = visitor.request("HEAD", article.path)
    part = visitor.request("GET", article.path, headers={"Range": "bytes=0-9"})
    packed = visitor.request("GET", article.path, headers=GZIP)
    plain = visitor.request("GET", article.path, headers={"Accept-Encoding": "identity"})
    assert [page.headers["x-cache"] for page in (head, part, packed, plain)] == ["MISS", HIT, HIT, HIT]
    assert head.body == b""
    assert packed.headers["content-encoding"] == "gzip"
    assert "content-encoding" not in plain.headers
    assert "Accept-Encoding" in plain.headers["vary"]
    assert article.words in plain.text
    assert plain.text.rstrip().endswith("</html>")
    assert len(packed.body) < len(plain.body) / 2


@pytest.mark.requirement("C7")
@pytest.mark.parametrize(
    "path", ["/.inception/cache/generation", "/.inception/core", "/wp-content/mu-plugins/inception-cache.php"]
)
def test_the_machinery_cannot_be_reached(path: str, visitor: Browser) -> None:
    page = visitor.request("GET", path)
    assert page.status == 404 or page.body == b""


@pytest.mark.requirement("R11")
@pytest.mark.parametrize("state", ["MISS", HIT, BYPASS])
def test_headers_are_the_same_whoever_made_the_page(
    state: str, visitor: Browser, article: Article, stack: Stack
) -> None:
    if state == "MISS":
        stack.docker("exec", "--user", "www-data", stack.container("wordpress"), "purge-cache.sh")
    if state == HIT:
        kept(visitor, article.path)
    headers = {"Authorization": "Basic dXNlcjpwd2Q="} if state == BYPASS else {}
    page = visitor.request("GET", article.path, headers=headers)
    assert page.headers["x-cache"] == state
    assert page.headers["x-content-type-options"] == "nosniff"
    assert page.headers["x-frame-options"] == "SAMEORIGIN"
    assert "x-accel-expires" not in page.headers
    assert re.search(r"no-cache", page.headers["cache-control"])


# --- While something is away ---


def ask_at_once(stack: Stack, path: str) -> list[Page]:
    """Open a page as several visitors who come at the same time."""
    with concurrent.futures.ThreadPoolExecutor(6) as pool:
        return list(pool.map(lambda _: stack.browser().request("GET", path), range(6)))


@pytest.mark.requirement("R19")
@pytest.mark.parametrize("away", ["wordpress", "mariadb"])
@pytest.mark.parametrize(("leave", "come_back"), [("stop", "start"), ("pause", "unpause")])
def test_kept_pages_are_shown_while_a_service_is_away(
    leave: str, come_back: str, away: str, visitor: Browser, article: Article, stack: Stack
) -> None:
    kept(visitor, article.path)
    short = f"{article.path}?verify=short-lived&away={away}"
    visitor.request("GET", short)
    # The page is past its time now.
    time.sleep(2.1)
    container = stack.container(away)
    stack.docker(leave, container)
    try:
        assert visitor.request("GET", article.path).headers["x-cache"] == HIT
        pages = ask_at_once(stack, short)
        assert {page.status for page in pages} == {200}
        assert {page.headers["x-cache"] for page in pages} <= {"STALE", "UPDATING"}
    finally:
        stack.docker(come_back, container)
        end = time.monotonic() + 120
        while visitor.request("GET", f"/?back={uuid.uuid4().hex}").status != 200:
            assert time.monotonic() < end, f"{away} does not come back"
            time.sleep(0.5)
    # And not for longer: the first one who asks for it now gets a new one.
    assert visitor.request("GET", short).headers["x-cache"] != "STALE"


# --- Past its time ---


def test_page_past_its_time_is_not_shown(visitor: Browser, article: Article) -> None:
    short = f"{article.path}?verify=short-lived"
    before = made(visitor.request("GET", short))
    # However long nobody asked for it: the first one who does gets a new one.
    time.sleep(2.1)
    page = visitor.request("GET", short)
    assert page.headers["x-cache"] == "EXPIRED"
    assert made(page) != before


def test_page_past_its_time_is_made_once(stack: Stack, visitor: Browser, article: Article) -> None:
    slow = f"{article.path}?verify=slow"
    before = made(visitor.request("GET", slow))
    time.sleep(2.1)
    pages = ask_at_once(stack, slow)
    states = collections.Counter(page.headers["x-cache"] for page in pages)
    assert states["EXPIRED"] == 1
    # The others need not wait for it; who comes late may get it already.
    assert set(states) <= {"EXPIRED", "UPDATING", HIT}
    assert {made(page) for page in pages if page.headers["x-cache"] == "UPDATING"} <= {before}
    assert len({made(page) for page in pages} - {before}) == 1


# --- Files ---


def test_files_with_a_version_are_kept_by_browsers(visitor: Browser, settings: Settings) -> None:
    links = re.findall(r"""(?:href|src)=['"]([^'"]+\.(?:css|js)\?ver=[^'"]*)['"]""", visitor.get("/wp-login.php").text)
    assert links
    for link in links:
        link = link.replace("&#038;", "&").replace("&amp;", "&")
        if settings.domain in link and ".php" not in link:
            assert "immutable" in visitor.request("GET", link).headers["cache-control"]


def test_core_files_are_packed_in_advance(visitor: Browser) -> None:
    path = "/wp-includes/js/jquery/jquery.min.js"
    packed, plain = visitor.request("GET", path, headers=GZIP), visitor.request("GET", path)
    assert packed.headers["content-encoding"] == "gzip"
    # What is packed on the way has no length yet.
    assert int(packed.headers["content-length"]) < len(plain.body) / 2
