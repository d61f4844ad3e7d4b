"""One visitor of a stack: verified TLS, no redirects, cookies where somebody signs in."""

from __future__ import annotations

import dataclasses
import gzip
import http.client
import http.cookies
import re
import socket
import ssl
import urllib.parse
import zlib
from pathlib import Path

from inception_bench.errors import BenchError


@dataclasses.dataclass(frozen=True)
class Answer:
    """What came back.

    Attributes:
        status: the status code.
        headers: the headers, with names in lower case.
        body: the bytes as they were sent, compressed where the header says so.
        cookies: the cookies that were set.
    """

    status: int
    headers: dict[str, str]
    body: bytes
    cookies: dict[str, str]

    @property
    def text(self) -> str:
        """The text of the page.

        Raises:
            BenchError: the body is not what its header says.
        """
        try:
            plain = gzip.decompress(self.body) if self.headers.get("content-encoding") == "gzip" else self.body
        except (OSError, EOFError, zlib.error) as error:
            raise BenchError(f"The answer says that it is gzip, and is not: {error}.") from error
        return plain.decode(errors="replace")


class Site:
    """A stack as a visitor meets it: by name, over the loopback address."""

    def __init__(self, host: str, port: int, authority: Path) -> None:
        """Remember where it is.

        Args:
            host: the host name.
            port: the published port of the loopback address.
            authority: the certificate of the authority that must have signed the site's own.
        """
        self.host = host
        self.port = port
        self.authority = authority
        self._tls: ssl.SSLContext | None = None

    def ask(
        self,
        path: str,
        cookies: dict[str, str] | None = None,
        form: dict[str, str] | None = None,
        timeout: float = 30,
        headers: dict[str, str] | None = None,
    ) -> Answer:
        """Send one request over a connection of its own, and follow no redirect.

        Args:
            path: the address within the site.
            cookies: what the visitor brings.
            form: the fields of a form, which is then sent by POST.
            timeout: the longest that each step may take, in seconds.
            headers: further headers.

        Raises:
            OSError: there is no connection, or it breaks.
            http.client.HTTPException: what comes back is not HTTP.
        """
        if self._tls is None:
            self._tls = ssl.create_default_context(cafile=str(self.authority))
        sent = {"Host": self.host, "Accept-Encoding": "gzip", "Connection": "close", **(headers or {})}
        if cookies:
            sent["Cookie"] = cookie_header(cookies)
        body = None
        if form is not None:
            body = urllib.parse.urlencode(form)
            sent["Content-Type"] = "application/x-www-form-urlencoded"
        connection = http.client.HTTPSConnection(self.host, self.port, context=self._tls, timeout=timeout)
        with socket.create_connection(("127.0.0.1", self.port), timeout) as raw:
            connection.sock = self._tls.wrap_socket(raw, server_hostname=self.host)
            try:
                connection.request("POST" if form is not None else "GET", path, body, sent)
                answer = connection.getresponse()
                content = answer.read()
            finally:
                connection.close()
        given: dict[str, str] = {}
        for line in answer.msg.get_all("Set-Cookie") or []:
            given |= {name: morsel.coded_value for name, morsel in http.cookies.SimpleCookie(line).items()}
        return Answer(answer.status, {name.lower(): value for name, value in answer.getheaders()}, content, given)

    def answers(self, path: str, timeout: float = 5) -> bool:
        """Tell whether a path is answered with a whole page."""
        try:
            answer = self.ask(path, timeout=timeout)
            return answer.status == 200 and "</html>" in answer.text[-200:]
        except (OSError, http.client.HTTPException, BenchError):
            return False

    def sign_in(self, name: str, password: str) -> dict[str, str]:
        """Sign in through the form, and return the session's cookies.

        Raises:
            BenchError: the site does not let this user in.
        """
        page = self.ask("/wp-login.php")
        cookies = dict(page.cookies)
        form = {"log": name, "pwd": password, "rememberme": "forever", "wp-submit": "Log In", "testcookie": "1"}
        answer = self.ask("/wp-login.php", cookies, form)
        cookies |= answer.cookies
        if answer.status != 302 or not any(cookie.startswith("wordpress_logged_in_") for cookie in cookies):
            reason = re.search(r'id="login_error"[^>]*>(.*?)</div>', answer.text, re.DOTALL)
            told = re.sub(r"<[^>]+>", "", reason[1]).strip() if reason else f"status {answer.status}"
            raise BenchError(f"Nobody could sign in at {self.host}: {told}")
        return cookies


def cookie_header(cookies: dict[str, str]) -> str:
    """Return cookies as they are sent."""
    return "; ".join(f"{name}={value}" for name, value in cookies.items())
