"""How the site answers: the front page over TLS, plain HTTP, and what its name resolves to."""

from __future__ import annotations

import http.client
import re
import socket
import ssl
import time
from html import unescape

from inception_evaluate.evidence import Page, Site, Stack
from inception_evaluate.machine import Machine

#: Seconds that one answer may take; a site that is slower is told so.
LIMIT = 20.0
_MAX_BODY = 4 << 20
_TITLE = re.compile(rb"<title[^>]*>(.*?)</title>", re.IGNORECASE | re.DOTALL)
_INSTALLER = re.compile(
    rb"wp-admin/(?:install|setup-config)\.php|<title>\s*WordPress [^<]{0,12}(?:Installation|Setup Configuration)"
    rb"|id=\"language-chooser\"|class=\"wp-core-ui language-chooser\"",
    re.IGNORECASE,
)
_WORDPRESS = re.compile(rb"/wp-(?:content|includes)/|api\.w\.org|content=\"WordPress", re.IGNORECASE)


def _context() -> ssl.SSLContext:
    """Accept any certificate: the handshake and the certificate are judged by the scanner."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    context.set_ciphers("ALL:@SECLEVEL=0")
    context.minimum_version = ssl.TLSVersion.MINIMUM_SUPPORTED
    return context


def fetch(address: str, port: int, domain: str, path: str = "/", *, tls: bool = True, timeout: float = LIMIT) -> Page:
    """Ask for one page, follow no redirect, accept any certificate.

    Args:
        address: where to connect to.
        port: the port.
        domain: the name that is asked for.
        path: the path, beginning with a slash.
        tls: whether TLS is spoken.
        timeout: seconds for the whole answer.

    """
    usual = 443 if tls else 80
    host = domain if port == usual else f"{domain}:{port}"
    url = f"{'https' if tls else 'http'}://{host}{path}"
    began = time.monotonic()

    try:
        raw = _connect(address, port, timeout)
        answer, content = _ask(raw, host, path, server_name=domain if tls else "", timeout=timeout)
    except _FetchError as error:
        return Page(url, 0, error=str(error), seconds=time.monotonic() - began)
    title = _TITLE.search(content)
    location = answer.headers.get("Location", "")
    return Page(
        url,
        answer.status,
        title=unescape(title.group(1).decode(errors="replace")).strip()[:200] if title else "",
        location=location,
        installer=bool(_INSTALLER.search(location.encode())) or bool(_INSTALLER.search(content[:200_000])),
        wordpress=bool(_WORDPRESS.search(content)),
        seconds=time.monotonic() - began,
        size=len(content),
    )


class _FetchError(Exception):
    """No whole answer came; the message says why."""


def _connect(address: str, port: int, timeout: float) -> socket.socket:
    try:
        return socket.create_connection((address, port), timeout=timeout)
    except ConnectionRefusedError as error:
        raise _FetchError("connection refused") from error
    except TimeoutError as error:
        raise _FetchError(f"no connection within {timeout:.0f} s") from error
    except OSError as error:
        raise _FetchError(f"no connection: {error.strerror or error}") from error


def _ask(
    raw: socket.socket, host: str, path: str, *, server_name: str, timeout: float
) -> tuple[http.client.HTTPResponse, bytes]:
    """Ask over a connection, which is closed then; TLS is spoken when there is a server name."""
    connection = http.client.HTTPConnection(host, timeout=timeout)
    end = time.monotonic() + timeout
    try:
        connection.sock = _context().wrap_socket(raw, server_hostname=server_name) if server_name else raw
        connection.request("GET", path, headers={"Host": host, "User-Agent": "inception-evaluate", "Accept": "*/*"})
        answer = connection.getresponse()
        body = bytearray()
        while len(body) < _MAX_BODY and (part := answer.read1(65536)):
            body += part
            if time.monotonic() > end:
                raise _FetchError(f"the answer was not complete after {timeout:.0f} s")
    except TimeoutError as error:
        raise _FetchError(f"no answer within {timeout:.0f} s") from error
    except ssl.SSLError as error:
        raise _FetchError(f"the TLS handshake failed: {error.reason or error}") from error
    except (OSError, http.client.HTTPException) as error:
        raise _FetchError(f"the connection broke: {type(error).__name__}") from error
    finally:
        connection.close()
        raw.close()
    return answer, bytes(body)


def https_port(stack: Stack) -> int:
    """Return the port of the way in: the one that NGINX publishes, or would publish if it ran; 443 without any.

    Where no container is NGINX, one that publishes its own port 443 is the way in. What any other service
    publishes is no way in, so that a site whose NGINX is down is a site that does not answer.
    """
    nginx = stack.role("nginx")
    if nginx is not None:
        ports = [*nginx.ports, *stack.configured.get(nginx.service, ())]
    else:
        ports = [port for one in stack.containers for port in one.ports if port.container == 443]
    hosts = [port.host for port in ports if port.protocol == "tcp"]
    if not hosts or 443 in hosts:
        return 443
    secure = [port.host for port in ports if port.container in (443, 8443) or port.host % 1000 == 443]
    return min(secure or hosts)


def resolved(machine: Machine, domain: str) -> tuple[str, ...]:
    """Return the addresses that the machine knows for a name."""
    done = machine.run("getent", "ahosts", domain)
    return tuple(dict.fromkeys(line.split()[0] for line in done.out.splitlines() if line.strip()))


_OWN = r"""
import subprocess
found = set()
lines = open("/proc/net/fib_trie").read().splitlines()
for before, line in zip(lines, lines[1:]):
    if "host LOCAL" in line and "|--" in before:
        found.add(before.split("|--")[1].strip())
print(json.dumps(sorted(found)))
"""


def collect(machine: Machine, stack: Stack, domain: str) -> Site:
    """Meet the site.

    Raises:
        UnseenError: the machine cannot be asked.

    """
    port = https_port(stack)
    return Site(
        domain=domain,
        port=port,
        front=fetch(machine.address, port, domain),
        plain=fetch(machine.address, 80, domain, tls=False, timeout=5),
        plain_port=fetch(machine.address, port, domain, tls=False, timeout=5),
        resolved=resolved(machine, domain),
        own_addresses=tuple(machine.python(_OWN)),
    )
