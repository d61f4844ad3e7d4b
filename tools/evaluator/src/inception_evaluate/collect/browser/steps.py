"""The steps of a walk: as a visitor, as the ordinary user, and as the administrator. Each returns what it saw."""

from __future__ import annotations

import contextlib
import struct
import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from inception_evaluate.collect.browser.walk import Walk, WalkError, until

#: How many pages behind the front page are opened.
_BEHIND = 4


def picture(width: int = 320, height: int = 200) -> bytes:
    """Return a small PNG (https://www.w3.org/TR/png/) with a gradient, so that it can be told from a blank page."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    rows = b"".join(
        b"\0" + bytes(value for x in range(width) for value in (x * 255 // width, y * 255 // height, 128))
        for y in range(height)
    )
    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"")


@dataclass(frozen=True, slots=True)
class Part:
    """Something that a page loads: its address, the status and type of the answer, and what the page takes it for."""

    url: str
    status: int
    type: str
    kind: str


def faults(parts: Sequence[Part], origin: str, plain: Sequence[str]) -> list[str]:
    """Say what is wrong with a page that shows all the same.

    Args:
        parts: what it loaded.
        origin: how the site's own addresses begin.
        plain: addresses without TLS that it refers to.

    """
    found = []
    unstyled = [
        f"{part.url} ({part.status}, {part.type or 'no type'})"
        for part in parts
        if part.kind == "stylesheet" and (part.status >= 400 or not part.type.lower().startswith("text/css"))
    ]
    if unstyled:
        found.append(f"the page is not styled as it should be: no browser takes {', '.join(unstyled[:3])} for CSS")
    broken = [
        f"{part.url} ({part.status})"
        for part in parts
        if part.url.startswith(f"{origin}/") and part.kind not in ("document", "stylesheet") and part.status >= 400
    ]
    if broken:
        found.append(f"parts of the page are missing: {', '.join(broken[:3])}")
    if plain:
        found.append(f"the page is fetched over TLS and refers to what is not: {', '.join(plain[:3])}")
    return found


_PLAIN = """() => [...document.querySelectorAll('img, script, iframe, source, video, audio, link[rel=stylesheet]')]
    .map(one => one.getAttribute('src') || one.getAttribute('href') || '').filter(text => text.startsWith('http://'))"""


def behind(walk: Walk, links: Sequence[str]) -> list[str]:
    """Open the first pages behind the front page, and say which of them the server fails to make."""
    found = []
    page = walk.open()
    for link in links[:_BEHIND]:
        try:
            answer = walk.go(page, link)
        except WalkError as error:
            found.append(str(error))
            continue
        if answer is not None and answer.status >= 500:
            found.append(f"{link} answers with {answer.status}")
    page.context.close()
    return found


def front(walk: Walk) -> str:
    """Meet the front page, with what it loads, and the first pages behind it."""
    parts: list[Part] = []

    def note(answer: Any) -> None:
        kind = answer.request.resource_type
        parts.append(Part(answer.url, answer.status, answer.headers.get("content-type", ""), kind))

    walk.visitor.on("response", note)
    answer = walk.go(walk.visitor, "/")
    with contextlib.suppress(Exception):
        walk.visitor.wait_for_load_state("load", timeout=10_000)
    title = walk.visitor.title()
    walk.shoot(walk.visitor, "Front page")
    if answer is None or answer.status >= 400:
        raise WalkError(f"the front page answers with {answer.status if answer else 'nothing'}")
    if "install.php" in walk.visitor.url or "setup-config.php" in walk.visitor.url:
        raise WalkError(f"the front page leads to WordPress's installation page, {walk.visitor.url}")
    if walk.visitor.locator("#language-chooser, form#setup").count():
        raise WalkError("the front page is WordPress's installation page")
    if not walk.visitor.locator("body").inner_text().strip():
        raise WalkError("the front page is empty")
    walk.visitor.remove_listener("response", note)
    walk.doubts += faults(parts, walk.site.origin, walk.visitor.evaluate(_PLAIN))
    links = walk.visitor.eval_on_selector_all("a[href]", "all => all.map(a => a.href.split('#')[0])")
    own = dict.fromkeys(link for link in links if link.startswith(f"{walk.site.origin}/") and "/wp-" not in link)
    walk.doubts += behind(walk, [link for link in own if link != f"{walk.site.origin}/"])
    return f"Chromium shows the site “{title}” at {walk.visitor.url}."


def comment(walk: Walk) -> str:
    """Let the ordinary user comment."""
    user = walk.person(administrator=False)
    page = walk.sign_in(user)
    walk.shoot(page, "Ordinary user signed in")
    target = commentable(walk, page)
    words = f"A comment of the {walk.mark}"
    page.fill("#comment", words)
    page.locator("#commentform [type=submit]").first.click()
    page.wait_for_load_state("domcontentloaded")
    if page.locator("#error-page, body#error-page").count():
        raise WalkError(f"WordPress refused the comment: {page.locator('body').inner_text()[:200]}")
    shown = page.get_by_text(words)
    if shown.count() == 0:
        raise WalkError(f"the comment does not appear on {target}")
    shown.first.scroll_into_view_if_needed()
    walk.shoot(page, "Comment of the ordinary user")
    walk.undo.append((f"the comment “{words}”", lambda: remove_comments(walk, words)))
    anonymous = walk.open()
    walk.go(anonymous, target)
    public = anonymous.get_by_text(words).count() > 0
    if public:
        return f"{user.name} signed in, commented on {target}, and sees the comment; so do others."
    walk.doubts.append("the comment is held for moderation: nobody else sees it before it is approved")
    return f"{user.name} signed in, commented on {target}, and sees the comment."


def commentable(walk: Walk, page: Any) -> str:
    """Open an entry that takes comments, and return its address.

    Raises:
        WalkError: there is none.

    """
    tried = []
    for link in entries(walk, page):
        walk.go(page, link)
        if page.locator("form#commentform #comment").count():
            return str(page.url).split("#")[0]
        tried.append(link)
    raise WalkError(f"no entry of the site takes comments (tried: {', '.join(tried) or 'none was found'})")


def entries(walk: Walk, page: Any) -> list[str]:
    """Return the addresses of posts and pages."""
    found: list[str] = []
    for kind in ("posts", "pages"):
        with contextlib.suppress(Exception):
            found += [one["link"] for one in walk.rest(page, "GET", f"/wp/v2/{kind}?per_page=5&status=publish")]
    if not found:
        walk.go(page, "/")
        links = page.eval_on_selector_all(
            "main a[href], article a[href], a[rel=bookmark]", "all => all.map(a => a.href)"
        )
        found = [link for link in dict.fromkeys(links) if link.startswith(walk.site.origin + "/") and "wp-" not in link]
    return found[:8] or ["/?p=1"]


def dashboard(walk: Walk) -> str:
    """Let the administrator sign in."""
    user = walk.person(administrator=True)
    page = walk.sign_in(user)
    walk.go(page, "/wp-admin/")
    if page.locator("#wpadminbar").count() == 0 or page.locator("#menu-settings").count() == 0:
        walk.shoot(page, "No dashboard")
        raise WalkError(f"{page.url} is not the administrator's dashboard")
    walk.shoot(page, "Dashboard")
    walk.administrator = page
    return f"{user.name} signed in and sees the dashboard with its settings at {page.url}."


def edit(walk: Walk) -> str:
    """Edit a page in the dashboard's editor, and look at it as somebody else."""
    page = walk.signed_in()
    # A page of its own: the revisions that WordPress keeps of an edit can only go with their page.
    first = f"Before the {walk.mark}"
    entry = walk.rest(
        page,
        "POST",
        "/wp/v2/pages",
        {
            "title": "Evaluation",
            "status": "publish",
            "content": f"<!-- wp:paragraph --><p>{first}</p><!-- /wp:paragraph -->",
        },
    )
    link, identifier = entry["link"], entry["id"]
    walk.undo.append((f"the page {link}", lambda: walk.rest(page, "DELETE", f"/wp/v2/pages/{identifier}?force=true")))
    anonymous = walk.open()
    for _ in range(2):  # the second answer is the one that a cache would give
        walk.go(anonymous, link)
    if anonymous.get_by_text(first).count() == 0:
        raise WalkError(f"the new page {link} does not show to a visitor")
    words = f"Edited in the {walk.mark}"
    walk.go(page, f"/wp-admin/post.php?post={identifier}&action=edit")
    write_words(page, words)
    walk.shoot(page, "Page in the editor")
    after = walk.rest(page, "GET", f"/wp/v2/pages/{identifier}?context=edit")
    if words not in after["content"]["raw"]:
        raise WalkError(f"the editor did not save the change of {link}")
    answer = walk.go(anonymous, link)
    headers = answer.headers if answer is not None else {}
    cache = headers.get("x-cache", "")
    if anonymous.get_by_text(words).count() == 0:
        walk.shoot(anonymous, "Page without the change")
        raise WalkError(
            f"the change was saved, but the next visitor of {link} does not see it"
            f"{f' (X-Cache: {cache})' if cache else ''}"
        )
    anonymous.get_by_text(words).first.scroll_into_view_if_needed()
    walk.shoot(anonymous, "The change as a visitor sees it")
    return (
        f"The page {link} was edited in the dashboard's editor, and a visitor who is not signed in saw the change at "
        f"the next request{f' (X-Cache: {cache})' if cache else ''}."
    )


def write_words(page: Any, words: str) -> None:
    """Type a paragraph at the top of the entry, and press the button that saves."""
    if page.locator("textarea#content").count() and page.locator("#publish").count():
        page.click("#content-html") if page.locator("#content-html").is_visible() else None
        page.fill("textarea#content", f"{words}\n\n" + page.input_value("textarea#content"))
        page.click("#publish")
        page.wait_for_selector("#message.updated, .notice-success")
        return
    until(
        page,
        "window.wp && wp.data && wp.data.select('core/editor') && wp.data.select('core/editor').getCurrentPostId()",
    )
    # The tour that greets a first visit lies over the editor.
    page.evaluate(
        """() => { for (const scope of ['core/edit-post', 'core']) {
            try { wp.data.dispatch('core/preferences').set(scope, 'welcomeGuide', false); } catch (error) {} } }"""
    )
    with contextlib.suppress(Exception):
        page.locator(".components-modal__header button[aria-label=Close]").click(timeout=2000)
    title = ".editor-post-title__input, h1.wp-block-post-title"
    frame = page.frame_locator("iframe[name=editor-canvas]")
    place = frame.locator(title) if page.locator("iframe[name=editor-canvas]").count() else page.locator(title)
    place.first.click()
    page.keyboard.press("End")
    page.keyboard.press("Enter")
    page.keyboard.type(words)
    page.locator(".editor-post-publish-button").first.click()
    editor = "wp.data.select('core/editor')"
    until(page, f"!{editor}.isSavingPost() && !{editor}.isEditedPostDirty() && {editor}.didPostSaveRequestSucceed()")


def upload(walk: Walk) -> str:
    """Upload a picture in the dashboard."""
    page = walk.signed_in()
    content = picture()
    name = f"{walk.mark.replace(' ', '-')}.png"
    walk.go(page, "/wp-admin/media-new.php?browser-uploader")
    if page.locator("#async-upload").count() == 0:
        raise WalkError(f"{page.url} shows no form for an upload")
    page.set_input_files("#async-upload", files=[{"name": name, "mimeType": "image/png", "buffer": content}])
    walk.undo.append((f"the upload {name}", lambda: remove_media(walk, name)))
    page.click("#html-upload")
    page.wait_for_load_state("domcontentloaded")
    found = media(walk, page, name)
    if not found:
        walk.shoot(page, "Upload refused")
        raise WalkError("the picture did not get into the media library")
    link = found[0]["source_url"]
    walk.go(page, "/wp-admin/upload.php?mode=list")
    walk.shoot(page, "Upload in the media library")
    answer = walk.go(walk.visitor, link)
    if answer is None or answer.status != 200 or answer.body() != content:
        status = answer.status if answer is not None else "nothing"
        raise WalkError(f"the picture was uploaded, but {link} answers with {status} and not with its bytes")
    return f"A picture was uploaded in the dashboard; a visitor gets its {len(content)} bytes unchanged from {link}."


def media(walk: Walk, page: Any, name: str) -> list[dict[str, Any]]:
    """Return the uploads of a name."""
    found = walk.rest(page, "GET", f"/wp/v2/media?search={name.rpartition('.')[0]}&per_page=5")
    return [one for one in found if name.rpartition(".")[0] in one["source_url"]]


def health(walk: Walk) -> str:
    """Read the dashboard's Site Health, once all its tests have come back."""
    page = walk.signed_in()
    walk.go(page, "/wp-admin/site-health.php")
    until(page, "window.SiteHealth && SiteHealth.site_status")
    with contextlib.suppress(WalkError):
        until(page, "!document.querySelector('.site-health-progress-wrapper.loading')", 45)
    counts = page.evaluate("SiteHealth.site_status.issues")
    headings = "#health-check-site-status-critical .health-check-accordion-heading .title"
    critical = [text.strip() for text in page.locator(headings).all_inner_texts() if text.strip()]
    walk.shoot(page, "Site Health")
    issues = int(counts.get("critical", 0))
    # Whether WordPress.org can be reached is a matter of the machine's network.
    outside = [text for text in critical if "WordPress.org" in text]
    rest = [text for text in critical if text not in outside]
    if issues > len(outside):
        raise WalkError(f"Site Health shows critical issues: {'; '.join(rest) or issues}")
    note = f"; that WordPress.org cannot be reached is the machine's network ({outside[0]})" if outside else ""
    return (
        f"Site Health shows no critical issue of the site ({counts.get('good', 0)} tests are good, "
        f"{counts.get('recommended', 0)} recommend something){note}."
    )


def remove_comments(walk: Walk, words: str) -> None:
    """Delete the comments with these words."""
    page = walk.signed_in()
    for status in ("approve", "hold"):
        for one in walk.rest(page, "GET", f"/wp/v2/comments?search={words.replace(' ', '+')}&status={status}"):
            walk.rest(page, "DELETE", f"/wp/v2/comments/{one['id']}?force=true")


def remove_post(walk: Walk, identifier: int) -> None:
    """Delete a post, with its comments and revisions."""
    walk.rest(walk.signed_in(), "DELETE", f"/wp/v2/posts/{identifier}?force=true")


def remove_media(walk: Walk, name: str) -> None:
    """Delete the upload."""
    page = walk.signed_in()
    for one in media(walk, page, name):
        walk.rest(page, "DELETE", f"/wp/v2/media/{one['id']}?force=true")
