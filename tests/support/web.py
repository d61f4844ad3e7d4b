"""A small browser: cookies, redirects, forms, verified TLS, and a name that need not be in any DNS."""

from __future__ import annotations

import dataclasses
import http.client
import http.cookies
import json
import socket
import ssl
import urllib.parse
import uuid
from html.parser import HTMLParser
from typing import Any

#: What NGINX says of a page that came from the cache.
HIT = "HIT"


@dataclasses.dataclass(frozen=True)
class Page:
    """An answer of the site."""

    url: str
    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def text(self) -> str:
        """The body as text."""
        return self.body.decode(errors="replace")

    @property
    def json(self) -> Any:
        """The body as JSON."""
        return json.loads(self.body)

    def form(self, identifier: str) -> dict[str, str]:
        """Return the names and preset values of a form's fields."""
        parser = _FormParser(identifier)
        parser.feed(self.text)
        assert parser.found, f"{self.url} has no form {identifier!r}"
        return parser.fields

    @property
    def title(self) -> str:
        """What stands in the title bar."""
        parser = _TitleParser()
        parser.feed(self.text)
        return parser.title.strip()


class _TitleParser(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.title = ""
        self._inside = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:  # noqa: ARG002 -- the parser calls it so
        self._inside = self._inside or (tag == "title" and not self.title)

    def handle_endtag(self, tag: str) -> None:
        self._inside = self._inside and tag != "title"

    def handle_data(self, data: str) -> None:
        if self._inside:
            self.title += data


class _FormParser(HTMLParser):
    def __init__(self, identifier: str) -> None:
        super().__init__()
        self.identifier = identifier
        self.found = False
        self.fields: dict[str, str] = {}
        self._inside = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        if tag == "form" and self.identifier in (given.get("id"), given.get("name")):
            self._inside = self.found = True
        name = given.get("name")
        if self._inside and name and tag in ("input", "textarea", "button"):
            self.fields[name] = given.get("value") or ""

    def handle_endtag(self, tag: str) -> None:
        self._inside = self._inside and tag != "form"


class Browser:
    """One visitor."""

    def __init__(self, address: str, domain: str, port: int, tls: ssl.SSLContext) -> None:
        self.address = address
        self.domain = domain
        self.port = port
        self.tls = tls
        self.cookies: dict[str, str] = {}
        self._nonce = ""

    @property
    def origin(self) -> str:
        """How the site's addresses begin."""
        return f"https://{self.domain}" + ("" if self.port == 443 else f":{self.port}")

    def request(self, method: str, path: str, body: bytes | None = None, headers: dict[str, str] | None = None) -> Page:
        """Send one request, keep the cookies, follow no redirect."""
        url = urllib.parse.urldefrag(urllib.parse.urljoin(self.origin + "/", path)).url
        assert url.startswith(self.origin + "/"), f"{url} leads away from the site"
        raw = socket.create_connection((self.address, self.port), timeout=60)
        connection = http.client.HTTPSConnection(self.domain, self.port, context=self.tls)
        connection.sock = self.tls.wrap_socket(raw, server_hostname=self.domain)
        sent = {"Host": self.origin.removeprefix("https://"), "User-Agent": "verify", **(headers or {})}
        if self.cookies:
            sent["Cookie"] = "; ".join(f"{name}={value}" for name, value in self.cookies.items())
        try:
            connection.request(method, url.removeprefix(self.origin), body, sent)
            answer = connection.getresponse()
            content = answer.read()
        finally:
            connection.close()
        for line in answer.msg.get_all("Set-Cookie") or []:
            for name, morsel in http.cookies.SimpleCookie(line).items():
                self.cookies[name] = morsel.coded_value
        lowered = {name.lower(): value for name, value in answer.getheaders()}
        return Page(url, answer.status, lowered, content)

    def get(self, path: str) -> Page:
        """Open a page, following redirects within the site."""
        page = self.request("GET", path)
        for _ in range(5):
            if page.status not in (301, 302, 303, 307, 308):
                return page
            page = self.request("GET", urllib.parse.urljoin(page.url, page.headers["location"]))
        raise AssertionError(f"{path} redirects for ever")

    def submit(self, path: str, fields: dict[str, str]) -> Page:
        """Send a form and return the page that it leads to."""
        body = urllib.parse.urlencode(fields).encode()
        page = self.request("POST", path, body, {"Content-Type": "application/x-www-form-urlencoded"})
        if page.status in (302, 303):
            return self.get(urllib.parse.urljoin(page.url, page.headers["location"]))
        return page

    def sign_in(self, name: str, password: str) -> Page:
        """Sign in through the form of the login page."""
        fields = self.get("/wp-login.php").form("loginform")
        fields |= {"log": name, "pwd": password}
        return self.submit("/wp-login.php", fields)

    def rest(
        self,
        method: str,
        route: str,
        data: dict[str, Any] | None = None,
        upload: tuple[str, bytes] | None = None,
        headers: dict[str, str] | None = None,
    ) -> Page:
        """Use the REST interface as the dashboard does: with the session's cookies and a nonce."""
        if not self._nonce:
            self._nonce = self.get("/wp-admin/admin-ajax.php?action=rest-nonce").text
        headers = {"X-WP-Nonce": self._nonce, **(headers or {})}
        body = None
        if upload is not None:
            name, content = upload
            border = uuid.uuid4().hex
            headers["Content-Type"] = f"multipart/form-data; boundary={border}"
            head = f'Content-Disposition: form-data; name="file"; filename="{name}"\r\nContent-Type: text/plain'
            body = f"--{border}\r\n{head}\r\n\r\n".encode() + content + f"\r\n--{border}--\r\n".encode()
        elif data is not None:
            headers["Content-Type"] = "application/json"
            body = json.dumps(data).encode()
        return self.request(method, f"/wp-json{route}", body, headers)


def kept(browser: Browser, path: str) -> Page:
    """Open a page often enough for it to come from the cache."""
    for _ in range(3):
        page = browser.request("GET", path)
        if page.headers["x-cache"] == HIT:
            return page
    raise AssertionError(f"{path} is not kept: {page.status} {page.headers}")
