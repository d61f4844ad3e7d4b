"""A walk through the site: its windows, its screenshots, and what it must remove again."""

from __future__ import annotations

import contextlib
import json
import time
import uuid
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from inception_evaluate.evidence import Database, Site, Step, User
from inception_evaluate.machine import UnseenError
from inception_evaluate.model import Shot

#: Seconds for one page or one element.
PATIENCE = 25.0


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


def until(page: Any, expression: str, seconds: float = PATIENCE) -> None:
    """Wait until an expression of JavaScript is true in a page.

    Playwright's own ``wait_for_function`` evaluates within the page, which a policy (CSP) without ``unsafe-eval``
    forbids; evaluating from outside works under any.

    Raises:
        WalkError: it did not become true in time.

    """
    end = time.monotonic() + seconds
    while not page.evaluate(f"() => Boolean({expression})"):
        if time.monotonic() > end:
            raise WalkError(f"{page.url} was not ready within {seconds:.0f} s")
        page.wait_for_timeout(200)


class Walk:
    """One walk; its steps are functions of the module ``steps``."""

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
        #: What is doubtful about the step at hand, although it came out as it should.
        self.doubts: list[str] = []
        self._shots: list[Shot] = []
        self.visitor = self.open()
        self.administrator: Any = None

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
            raise WalkError(f"{address} did not open: {said(error)}") from error

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
        began, self._shots, self.doubts = time.monotonic(), [], []
        good: bool | None
        try:
            good, sentence = True, step()
        except WalkError as error:
            good, sentence = False, str(error)
        except UnseenError as error:
            good, sentence = None, str(error)
        except Exception as error:
            # An element that does not appear is the site's fault as far as a visitor can tell.
            good, sentence = False, f"the page did not do what it should: {said(error)}"
        if good is False:
            shown = page() if page is not None else None
            if shown is not None:
                self.shoot(shown, f"{identifier} failed")
        seconds = time.monotonic() - began
        self.steps.append(Step(identifier, good, sentence, tuple(self._shots), seconds, "; ".join(self.doubts)))
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

    def signed_in(self) -> Any:
        """Return the administrator's window.

        Raises:
            UnseenError: the administrator is not signed in.

        """
        if self.administrator is None:
            raise UnseenError("the administrator did not get into the dashboard")
        return self.administrator

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
                self.left.append(f"{what} could not be removed again: {said(error)}")


def said(error: Exception) -> str:
    """Return the first line of what a library complains of."""
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    return (lines[0] if lines else type(error).__name__)[:200]
