"""A walk through the site in a real browser: as a visitor, as the ordinary user, and as the administrator.

What the walk writes is removed again, unless it is to be kept. Every wait is bounded.
"""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import struct
import subprocess
import time
import uuid
import zlib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from inception_evaluate.evidence import Browsing, Database, Site, Step, User
from inception_evaluate.machine import UnseenError
from inception_evaluate.model import Shot

BROWSERS = ("chromium", "chromium-browser", "google-chrome-stable", "google-chrome")
#: Seconds for one page or one element.
PATIENCE = 25.0
FLAGS = (
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-dev-shm-usage",
)


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


class WalkError(Exception):
    """A step did not come out as it should; the message says what was seen instead."""


def fill_in(page: Any, fields: Mapping[str, str]) -> None:
    """Fill in a form, and see that each field has got what was meant for it.

    A script of the page may move the focus while something is typed, as WordPress's login page does a
    fifth of a second after it came: then a password lands in the field of the name, in plain sight.

    Args:
        page: the page with the form.
        fields: selector of each field to what belongs there.

    Raises:
        WalkError: the form does not keep it.

    """
    for _ in range(5):
        for selector, value in fields.items():
            page.fill(selector, value)
        if all(page.input_value(selector) == value for selector, value in fields.items()):
            return
    for selector in fields:
        page.fill(selector, "")
    raise WalkError(f"the form of {page.url} does not keep what is typed into it")


class _Walk:
    """One walk; each method is one step."""

    def __init__(self, browser: Any, site: Site, database: Database | None, shots: Path, *, keep: bool) -> None:
        self.browser = browser
        self.site = site
        self.database = database
        self.directory = shots
        self.keep = keep
        self.steps: list[Step] = []
        self.left: list[str] = []
        self.undo: list[tuple[str, Callable[[], None]]] = []
        self.mark = f"evaluation {uuid.uuid4().hex[:10]}"
        self._shots: list[Shot] = []
        self.visitor = self.open()
        self.administrator: Any = None

    # -- tools -----------------------------------------------------------------------------------------------
    def open(self) -> Any:
        """Open a window of somebody whom the site does not know."""
        context = self.browser.new_context(
            ignore_https_errors=True, viewport={"width": 1280, "height": 860}, locale="en-US", reduced_motion="reduce"
        )
        context.set_default_timeout(PATIENCE * 1000)
        return context.new_page()

    def go(self, page: Any, path: str) -> Any:
        """Open an address of the site.

        Raises:
            WalkError: there was no answer.

        """
        address = path if path.startswith("https://") else f"{self.site.origin}{path}"
        try:
            return page.goto(address, wait_until="domcontentloaded")
        except Exception as error:
            raise WalkError(f"{address} did not open: {_said(error)}") from error

    def shoot(self, page: Any, title: str) -> None:
        """Take a screenshot for the step at hand."""
        name = f"{len(list(self.directory.glob('*.png'))) + 1:02d}-{title.lower().replace(' ', '-')}.png"
        name = "".join(c for c in name if c.isalnum() or c in "-.")
        try:
            page.screenshot(path=str(self.directory / name), timeout=10_000, animations="disabled")
        except Exception:  # a picture that could not be taken decides nothing
            return
        self._shots.append(Shot(title, f"{self.directory.name}/{name}"))

    def take(self, identifier: str, step: Callable[[], str], *, page: Callable[[], Any] | None = None) -> bool:
        """Take a step and note what became of it."""
        began, self._shots = time.monotonic(), []
        good: bool | None
        try:
            good, sentence = True, step()
        except WalkError as error:
            good, sentence = False, str(error)
        except UnseenError as error:
            good, sentence = None, str(error)
        except Exception as error:
            # An element that does not appear is the site's fault as far as a visitor can tell.
            good, sentence = False, f"the page did not do what it should: {_said(error)}"
        if good is False:
            shown = page() if page is not None else None
            if shown is not None:
                self.shoot(shown, f"{identifier} failed")
        self.steps.append(Step(identifier, good, sentence, tuple(self._shots), time.monotonic() - began))
        return good is True

    def rest(self, page: Any, method: str, route: str, body: dict[str, Any] | None = None) -> Any:
        """Use the REST interface as the dashboard does, from within its page.

        Raises:
            WalkError: it refused.

        """
        answer = page.evaluate(
            """async ([method, route, body]) => {
                const nonce = await (await fetch('/wp-admin/admin-ajax.php?action=rest-nonce')).text();
                const [path, query] = route.split('?');
                const address = '/index.php?rest_route=' + encodeURIComponent(path) + (query ? '&' + query : '');
                const answer = await fetch(address, {method, headers: {'X-WP-Nonce': nonce, 'Content-Type': 'application/json'},
                    body: body === null ? undefined : JSON.stringify(body)});
                return [answer.status, await answer.text()];
            }""",
            [method, route, body],
        )
        status, text = answer
        if status >= 400:
            raise WalkError(f"{method} {route} was refused with {status}")
        try:
            return json.loads(text)
        except ValueError as error:
            raise WalkError(f"{method} {route} gave no JSON") from error

    def sign_in(self, user: User) -> Any:
        """Sign in through the form.

        Raises:
            WalkError: the site did not let the user in.

        """
        page = self.open()
        self.go(page, "/wp-login.php")
        if page.locator("#user_login").count() == 0:
            self.shoot(page, f"No form for {user.name}")
            raise WalkError(f"{page.url} shows no form to sign in")
        fill_in(page, {"#user_login": user.name, "#user_pass": user.password or ""})
        page.click("#wp-submit")
        page.wait_for_load_state("domcontentloaded")
        names = {cookie["name"] for cookie in page.context.cookies()}
        if not any(name.startswith("wordpress_logged_in") for name in names):
            self.shoot(page, f"{user.name} refused")
            said = page.locator("#login_error").all_inner_texts()
            raise WalkError(f"the site did not let {user.name} in: {' '.join(said)[:200] or 'it does not say why'}")
        return page

    def person(self, *, administrator: bool) -> User:
        """Return a user whose password is known.

        Raises:
            UnseenError: there is none.

        """
        what = "the administrator" if administrator else "an ordinary user"
        if self.database is None:
            raise UnseenError(f"the database could not be asked who {what} is")
        known = [one for one in self.database.users if one.administrator is administrator]
        if not known:
            raise UnseenError(f"the database knows no user to sign in as {what}")
        for one in known:
            if one.password is not None:
                return one
        names = ", ".join(one.name for one in known)
        raise UnseenError(
            f"the password of {names} is in none of the project's secrets, settings and environment; "
            "give it in a file of lines name:password with CREDENTIALS=file"
        )

    # -- steps -----------------------------------------------------------------------------------------------
    def front(self) -> str:
        """Meet the front page."""
        answer = self.go(self.visitor, "/")
        with contextlib.suppress(Exception):
            self.visitor.wait_for_load_state("load", timeout=10_000)
        title = self.visitor.title()
        self.shoot(self.visitor, "Front page")
        if answer is None or answer.status >= 400:
            raise WalkError(f"the front page answers with {answer.status if answer else 'nothing'}")
        if "install.php" in self.visitor.url or "setup-config.php" in self.visitor.url:
            raise WalkError(f"the front page leads to WordPress's installation page, {self.visitor.url}")
        if self.visitor.locator("#language-chooser, form#setup").count():
            raise WalkError("the front page is WordPress's installation page")
        if not self.visitor.locator("body").inner_text().strip():
            raise WalkError("the front page is empty")
        return f"Chromium shows the site “{title}” at {self.visitor.url}."

    def comment(self) -> str:
        """Let the ordinary user comment."""
        user = self.person(administrator=False)
        page = self.sign_in(user)
        self.shoot(page, "Ordinary user signed in")
        target = self.commentable(page)
        words = f"A comment of the {self.mark}"
        page.fill("#comment", words)
        page.locator("#commentform [type=submit]").first.click()
        page.wait_for_load_state("domcontentloaded")
        if page.locator("#error-page, body#error-page").count():
            raise WalkError(f"WordPress refused the comment: {page.locator('body').inner_text()[:200]}")
        shown = page.get_by_text(words)
        if shown.count() == 0:
            raise WalkError(f"the comment does not appear on {target}")
        shown.first.scroll_into_view_if_needed()
        self.shoot(page, "Comment of the ordinary user")
        self.undo.append((f"the comment “{words}”", lambda: self.remove_comments(words)))
        anonymous = self.open()
        self.go(anonymous, target)
        public = anonymous.get_by_text(words).count() > 0
        others = "so do others." if public else "others do not see it before it is approved."
        return f"{user.name} signed in, commented on {target}, and sees the comment; {others}"

    def commentable(self, page: Any) -> str:
        """Open an entry that takes comments, and return its address.

        Raises:
            WalkError: there is none.

        """
        tried = []
        for link in self.entries(page):
            self.go(page, link)
            if page.locator("form#commentform #comment").count():
                return str(page.url).split("#")[0]
            tried.append(link)
        raise WalkError(f"no entry of the site takes comments (tried: {', '.join(tried) or 'none was found'})")

    def entries(self, page: Any) -> list[str]:
        """Return the addresses of posts and pages."""
        found: list[str] = []
        for kind in ("posts", "pages"):
            with contextlib.suppress(Exception):
                found += [one["link"] for one in self.rest(page, "GET", f"/wp/v2/{kind}?per_page=5&status=publish")]
        if not found:
            self.go(page, "/")
            links = page.eval_on_selector_all(
                "main a[href], article a[href], a[rel=bookmark]", "all => all.map(a => a.href)"
            )
            found = [
                link for link in dict.fromkeys(links) if link.startswith(self.site.origin + "/") and "wp-" not in link
            ]
        return found[:8] or ["/?p=1"]

    def dashboard(self) -> str:
        """Let the administrator sign in."""
        user = self.person(administrator=True)
        page = self.sign_in(user)
        self.go(page, "/wp-admin/")
        if page.locator("#wpadminbar").count() == 0 or page.locator("#menu-settings").count() == 0:
            self.shoot(page, "No dashboard")
            raise WalkError(f"{page.url} is not the administrator's dashboard")
        self.shoot(page, "Dashboard")
        self.administrator = page
        return f"{user.name} signed in and sees the dashboard with its settings at {page.url}."

    def _signed_in(self) -> Any:
        if self.administrator is None:
            raise UnseenError("the administrator did not get into the dashboard")
        return self.administrator

    def edit(self) -> str:
        """Edit a page in the dashboard's editor, and look at it as somebody else."""
        page = self._signed_in()
        # A page of its own: the revisions that WordPress keeps of an edit can only go with their page.
        first = f"Before the {self.mark}"
        entry = self.rest(
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
        self.undo.append(
            (f"the page {link}", lambda: self.rest(page, "DELETE", f"/wp/v2/pages/{identifier}?force=true"))
        )
        anonymous = self.open()
        for _ in range(2):  # the second answer is the one that a cache would give
            self.go(anonymous, link)
        if anonymous.get_by_text(first).count() == 0:
            raise WalkError(f"the new page {link} does not show to a visitor")
        words = f"Edited in the {self.mark}"
        self.go(page, f"/wp-admin/post.php?post={identifier}&action=edit")
        self.write_words(page, words)
        self.shoot(page, "Page in the editor")
        after = self.rest(page, "GET", f"/wp/v2/pages/{identifier}?context=edit")
        if words not in after["content"]["raw"]:
            raise WalkError(f"the editor did not save the change of {link}")
        answer = self.go(anonymous, link)
        headers = answer.headers if answer is not None else {}
        cache = headers.get("x-cache", "")
        if anonymous.get_by_text(words).count() == 0:
            self.shoot(anonymous, "Page without the change")
            raise WalkError(
                f"the change was saved, but the next visitor of {link} does not see it"
                f"{f' (X-Cache: {cache})' if cache else ''}"
            )
        anonymous.get_by_text(words).first.scroll_into_view_if_needed()
        self.shoot(anonymous, "The change as a visitor sees it")
        return (
            f"The page {link} was edited in the dashboard's editor, and a visitor who is not signed in saw the change at "
            f"the next request{f' (X-Cache: {cache})' if cache else ''}."
        )

    def write_words(self, page: Any, words: str) -> None:
        """Type a paragraph at the top of the entry, and press the button that saves."""
        if page.locator("textarea#content").count() and page.locator("#publish").count():
            page.click("#content-html") if page.locator("#content-html").is_visible() else None
            page.fill("textarea#content", f"{words}\n\n" + page.input_value("textarea#content"))
            page.click("#publish")
            page.wait_for_selector("#message.updated, .notice-success")
            return
        page.wait_for_function(
            "window.wp && wp.data && wp.data.select('core/editor') && wp.data.select('core/editor').getCurrentPostId()"
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
        page.wait_for_function(
            """() => { const editor = wp.data.select('core/editor');
                return !editor.isSavingPost() && !editor.isEditedPostDirty() && editor.didPostSaveRequestSucceed(); }"""
        )

    def upload(self) -> str:
        """Upload a picture in the dashboard."""
        page = self._signed_in()
        content = picture()
        name = f"{self.mark.replace(' ', '-')}.png"
        self.go(page, "/wp-admin/media-new.php?browser-uploader")
        if page.locator("#async-upload").count() == 0:
            raise WalkError(f"{page.url} shows no form for an upload")
        page.set_input_files("#async-upload", files=[{"name": name, "mimeType": "image/png", "buffer": content}])
        self.undo.append((f"the upload {name}", lambda: self.remove_media(name)))
        page.click("#html-upload")
        page.wait_for_load_state("domcontentloaded")
        found = self.media(page, name)
        if not found:
            self.shoot(page, "Upload refused")
            raise WalkError("the picture did not get into the media library")
        link = found[0]["source_url"]
        self.go(page, "/wp-admin/upload.php?mode=list")
        self.shoot(page, "Upload in the media library")
        answer = self.go(self.visitor, link)
        if answer is None or answer.status != 200 or answer.body() != content:
            status = answer.status if answer is not None else "nothing"
            raise WalkError(f"the picture was uploaded, but {link} answers with {status} and not with its bytes")
        return (
            f"A picture was uploaded in the dashboard; a visitor gets its {len(content)} bytes unchanged from {link}."
        )

    def media(self, page: Any, name: str) -> list[dict[str, Any]]:
        """Return the uploads of a name."""
        found = self.rest(page, "GET", f"/wp/v2/media?search={name.rpartition('.')[0]}&per_page=5")
        return [one for one in found if name.rpartition(".")[0] in one["source_url"]]

    def health(self) -> str:
        """Read the dashboard's Site Health, once all its tests have come back."""
        page = self._signed_in()
        self.go(page, "/wp-admin/site-health.php")
        page.wait_for_function("window.SiteHealth && SiteHealth.site_status")
        with contextlib.suppress(Exception):
            page.wait_for_function("!document.querySelector('.site-health-progress-wrapper.loading')", timeout=45_000)
        counts = page.evaluate("SiteHealth.site_status.issues")
        headings = "#health-check-site-status-critical .health-check-accordion-heading .title"
        critical = [text.strip() for text in page.locator(headings).all_inner_texts() if text.strip()]
        self.shoot(page, "Site Health")
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

    # -- leaving nothing behind ---------------------------------------------------------------------------------
    def remove_comments(self, words: str) -> None:
        """Delete the comments with these words."""
        page = self._signed_in()
        for status in ("approve", "hold"):
            for one in self.rest(page, "GET", f"/wp/v2/comments?search={words.replace(' ', '+')}&status={status}"):
                self.rest(page, "DELETE", f"/wp/v2/comments/{one['id']}?force=true")

    def remove_post(self, identifier: int) -> None:
        """Delete a post, with its comments and revisions."""
        self.rest(self._signed_in(), "DELETE", f"/wp/v2/posts/{identifier}?force=true")

    def remove_media(self, name: str) -> None:
        """Delete the upload."""
        page = self._signed_in()
        for one in self.media(page, name):
            self.rest(page, "DELETE", f"/wp/v2/media/{one['id']}?force=true")

    def clean(self) -> None:
        """Remove what was written; what stays is told."""
        if self.keep:
            self.left += [f"{what} was kept, as asked" for what, _ in self.undo]
            return
        if self.undo and self.administrator is not None:
            with contextlib.suppress(WalkError):
                self.go(self.administrator, "/wp-admin/")
        for what, remove in reversed(self.undo):
            try:
                remove()
            except Exception as error:
                self.left.append(f"{what} could not be removed again: {_said(error)}")


def _said(error: Exception) -> str:
    """Return the first line of what a library complains of."""
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    return (lines[0] if lines else type(error).__name__)[:200]


def program() -> str:
    """Return the path of the browser.

    Raises:
        UnseenError: there is none.

    """
    asked = os.environ.get("INCEPTION_CHROMIUM", "")
    found = shutil.which(asked) if asked else next(filter(None, map(shutil.which, BROWSERS)), None)
    if found is None:
        raise UnseenError("there is no browser here: install one with `apt-get install chromium`, then evaluate again")
    return found


def ensure(say: Callable[[str], None]) -> None:
    """Install Debian's Chromium when there is no browser; it says so, and what cannot be installed stays away."""
    with contextlib.suppress(UnseenError):
        program()
        return
    if os.geteuid() != 0 or shutil.which("apt-get") is None:
        return
    say("there is no browser here; installing chromium from Debian, about 400 MB (INSTALL=0 does without)")
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    for words in (["update", "-qq"], ["install", "-qq", "--yes", "--no-install-recommends", "chromium"]):
        done = subprocess.run(["apt-get", *words], capture_output=True, text=True, env=environment)  # noqa: S603, S607 -- Debian's own
        if done.returncode != 0:
            complaint = [line for line in done.stderr.splitlines() if line.startswith("E:")] or ["it does not say why"]
            say(f"chromium could not be installed: {complaint[0]}")
            return


@contextlib.contextmanager
def session(address: str, site: Site, database: Database | None, directory: Path, *, keep: bool) -> Iterator[_Walk]:
    """Open a browser in which a walk can be taken.

    Args:
        address: where the site is reached.
        site: its name and port.
        database: who its users are; None when it could not be asked.
        directory: where ``shots/`` with the screenshots is.
        keep: whether what the walk writes stays.

    Raises:
        UnseenError: there is no browser, or it does not start.

    """
    path = program()
    try:
        from playwright.sync_api import Error, sync_playwright
    except ImportError as error:
        raise UnseenError("Playwright is not installed: run `make evaluate`, which installs it") from error
    shots = directory / "shots"
    shots.mkdir(parents=True, exist_ok=True)
    flags = [*FLAGS, f"--host-resolver-rules=MAP {site.domain} {address}, EXCLUDE {address}"]
    try:
        with sync_playwright() as playwright:
            browser = playwright.chromium.launch(
                executable_path=path, args=flags, chromium_sandbox=os.geteuid() != 0, timeout=60_000
            )
            try:
                yield _Walk(browser, site, database, shots, keep=keep)
            finally:
                browser.close()
    except Error as error:
        raise UnseenError(f"the browser {path} does not work: {_said(error)}") from error


def collect(
    address: str, site: Site, database: Database | None, directory: Path, *, keep: bool, only: frozenset[str]
) -> Browsing:
    """Walk through the site.

    Args:
        address: where the site is reached.
        site: its name and port.
        database: who its users are; None when it could not be asked.
        directory: where ``shots/`` with the screenshots goes.
        keep: whether what the walk writes stays.
        only: the steps that are wanted; empty for all.

    Raises:
        UnseenError: there is no browser, or it does not start.

    """
    for old in (directory / "shots").glob("*.png"):
        old.unlink()
    with session(address, site, database, directory, keep=keep) as walk:
        wanted = [
            ("front", walk.front, lambda: walk.visitor),
            ("comment", walk.comment, None),
            ("dashboard", walk.dashboard, None),
            ("edit", walk.edit, lambda: walk.administrator),
            ("upload", walk.upload, lambda: walk.administrator),
            ("health", walk.health, lambda: walk.administrator),
        ]
        try:
            for identifier, step, page in wanted:
                if not only or identifier in only:
                    walk.take(identifier, step, page=page)
        finally:
            # Also when somebody interrupts: nothing that was written may stay.
            walk.clean()
        return Browsing(f"Chromium {walk.browser.version}", tuple(walk.steps), tuple(walk.left))


@dataclass(frozen=True, slots=True)
class Marks:
    """What was left on the site before a reboot.

    Attributes:
        post: the number of the post.
        link: its address.
        words: what it says.
        comment: what the ordinary user's comment below it says, or empty.
        upload: the address of the picture.
        name: its file name.

    """

    post: int
    link: str
    words: str
    comment: str
    upload: str
    name: str


def leave(walk: _Walk) -> Marks:
    """Write a post, a comment and an upload (E58).

    Raises:
        UnseenError: a password is not known.
        WalkError: the site refused.

    """
    walk.dashboard()
    page = walk.administrator
    words = f"Written before the reboot in the {walk.mark}"
    body = {"title": "Before the reboot", "status": "publish", "content": f"<p>{words}</p>", "comment_status": "open"}
    entry = walk.rest(page, "POST", "/wp/v2/posts", body)
    name = f"{walk.mark.replace(' ', '-')}-reboot.png"
    walk.go(page, "/wp-admin/media-new.php?browser-uploader")
    page.set_input_files("#async-upload", files=[{"name": name, "mimeType": "image/png", "buffer": picture()}])
    page.click("#html-upload")
    page.wait_for_load_state("domcontentloaded")
    uploads = walk.media(page, name)
    if not uploads:
        raise WalkError("the upload before the reboot was refused")
    comment = f"A comment before the reboot in the {walk.mark}"
    ordinary = walk.sign_in(walk.person(administrator=False))
    walk.go(ordinary, entry["link"])
    ordinary.fill("#comment", comment)
    ordinary.locator("#commentform [type=submit]").first.click()
    ordinary.wait_for_load_state("domcontentloaded")
    if ordinary.get_by_text(comment).count() == 0:
        raise WalkError("the comment before the reboot was refused")
    return Marks(entry["id"], entry["link"], words, comment, uploads[0]["source_url"], name)


def find(walk: _Walk, marks: Marks) -> str:
    """Find what was left, and remove it again unless it is to be kept.

    Raises:
        UnseenError: a password is not known.
        WalkError: something of it is gone.

    """
    user = walk.person(administrator=False)
    visitor = walk.sign_in(user)  # a comment that is held for moderation shows to its author alone
    walk.go(visitor, marks.link)
    text = visitor.content()
    if marks.words not in text:
        raise WalkError(f"the post {marks.link} that was written before the reboot is gone")
    if marks.comment not in text:
        raise WalkError(f"the comment below {marks.link} is gone")
    visitor.get_by_text(marks.comment).first.scroll_into_view_if_needed()
    walk.shoot(visitor, "After the reboot")
    answer = walk.go(walk.visitor, marks.upload)
    if answer is None or answer.status != 200 or answer.body() != picture():
        raise WalkError(f"the upload {marks.upload} is gone or not what it was")
    if not walk.keep:
        walk.dashboard()
        walk.undo.append(("the post from before the reboot", lambda: walk.remove_post(marks.post)))
        walk.undo.append(("the upload from before the reboot", lambda: walk.remove_media(marks.name)))
        walk.clean()
    return f"After the reboot the post {marks.link}, the comment below it and the upload {marks.upload} are all there."
