"""Leave something on the site, and find it again later (E58, C2, C3).

Not collected with the rest: ``pytest tests/verify/marks.py -k leave``, then a reboot, then ``-k found``.
"""

from __future__ import annotations

import hashlib
import time

import pytest

from support.stack import Stack
from support.web import Browser

TITLE = "The mark of the verification"
COMMENT = "A word on the mark of the verification"
BIOGRAPHY = "Has left a mark"
FILE = "mark-of-the-verification"
CONTENT = b"It was here before the machine went down.\n" * 1000


@pytest.mark.requirement("E58")
def test_leave(administrator: Browser, author: Browser) -> None:
    post = administrator.rest("POST", "/wp/v2/posts", {"title": TITLE, "status": "publish", "content": "Here."})
    assert post.status == 201
    comment = administrator.rest("POST", "/wp/v2/comments", {"post": post.json["id"], "content": COMMENT})
    assert comment.status == 201
    media = administrator.rest("POST", "/wp/v2/media", upload=(f"{FILE}.txt", CONTENT))
    assert media.status == 201
    assert author.rest("POST", "/wp/v2/users/me", {"description": BIOGRAPHY}).status == 200


@pytest.mark.requirement("E58", "C2", "C3")
def test_found(stack: Stack) -> None:
    # Nobody helps: the machine has so much time to bring the site back by itself.
    end = time.monotonic() + 120
    while True:
        try:
            posts = stack.browser().request("GET", "/wp-json/wp/v2/posts?search=mark+verification")
            if posts.status == 200:
                break
        except OSError:
            pass
        assert time.monotonic() < end, "the site does not come back"
        time.sleep(1)
    assert TITLE in [post["title"]["rendered"] for post in posts.json]
    browser = stack.browser()
    post = next(post for post in posts.json if post["title"]["rendered"] == TITLE)
    assert COMMENT in browser.get(post["link"]).text
    media = browser.request("GET", f"/wp-json/wp/v2/media?search={FILE}").json
    body = browser.get(media[0]["source_url"]).body
    assert hashlib.sha256(body).digest() == hashlib.sha256(CONTENT).digest()
    browser.sign_in(stack.env["WP_USER"], stack.credentials["WP_USER_PASSWORD"])
    assert BIOGRAPHY in browser.get("/wp-admin/profile.php").text
