"""An edit every second, under load, for a minute: no visitor sees less than what was acknowledged before.

Not collected with the rest, because it takes a minute: ``pytest tests/verify/edits.py``.
"""

from __future__ import annotations

import collections
import dataclasses
import http.client
import itertools
import json
import re
import socket
import threading
import time
import urllib.parse
from collections.abc import Iterator

import pytest

from support.stack import Stack
from support.web import Browser

SECONDS = 60
VISITORS = 12
RENDERS = "/tmp/verify-renders"  # noqa: S108 -- in the container, where the probe looks


@dataclasses.dataclass
class Edits:
    """What the editor has done so far; ``acknowledged`` is the newest version that it was told is saved."""

    acknowledged: int = 0
    times: list[tuple[float, float]] = dataclasses.field(default_factory=list)
    over: bool = False


@dataclasses.dataclass
class Seen:
    """What all visitors have seen."""

    answers: int = 0
    states: collections.Counter[str] = dataclasses.field(default_factory=collections.Counter)
    faults: list[str] = dataclasses.field(default_factory=list)
    slowest: float = 0.0


def visit(stack: Stack, paths: list[str], edits: Edits, seen: Seen, lock: threading.Lock) -> None:
    """Ask for one page after the other over one connection, until the editor has finished."""
    browser = stack.browser()
    connection = http.client.HTTPSConnection(browser.domain, browser.port, context=browser.tls)
    for path in itertools.cycle(paths):
        if edits.over:
            break
        least, began = edits.acknowledged, time.monotonic()
        try:
            # At first, and when the server has had enough of this connection.
            if connection.sock is None:
                raw = socket.create_connection((browser.address, browser.port), timeout=60)
                connection.sock = browser.tls.wrap_socket(raw, server_hostname=browser.domain)
            connection.request("GET", path, headers={"Host": browser.origin.removeprefix("https://")})
            answer = connection.getresponse()
            text = answer.read().decode(errors="replace")
        except (OSError, http.client.HTTPException) as problem:
            with lock:
                seen.faults.append(f"{path}: {problem!r}")
            break
        versions = [int(found) for found in re.findall(r"version-(\d{6})", text)]
        with lock:
            seen.answers += 1
            seen.states[answer.headers["X-Cache"]] += 1
            seen.slowest = max(seen.slowest, time.monotonic() - began)
            if answer.status != 200:
                seen.faults.append(f"{path}: status {answer.status}")
            elif not versions or min(versions) < least:
                seen.faults.append(f"{path}: showed {versions}, but {least} was acknowledged before it was asked for")
    connection.close()


@pytest.fixture
def renders(stack: Stack, probe: None) -> Iterator[str]:  # noqa: ARG001 -- the probe writes what is read here
    wordpress = stack.container("wordpress")
    stack.docker("exec", "--user", "www-data", wordpress, "mkdir", RENDERS)
    yield f"{RENDERS}/log"
    stack.docker("exec", "--user", "www-data", wordpress, "rm", "-r", RENDERS)


@pytest.mark.requirement("E50")
def test_an_edit_each_second_under_load(administrator: Browser, stack: Stack, renders: str) -> None:
    kind = administrator.rest("POST", "/wp/v2/categories", {"name": f"edits {time.time():.0f}"}).json
    data = {"title": "version-000000", "slug": kind["slug"], "status": "publish", "categories": [kind["id"]]}
    post = administrator.rest("POST", "/wp/v2/posts", data).json
    paths = [urllib.parse.urlsplit(link).path for link in (post["link"], kind["link"], f"{kind['link']}feed/")]
    edits, seen, lock = Edits(), Seen(), threading.Lock()
    visitors = [threading.Thread(target=visit, args=(stack, paths, edits, seen, lock)) for _ in range(VISITORS)]
    for thread in visitors:
        thread.start()
    try:
        end = time.monotonic() + SECONDS
        while time.monotonic() < end:
            sent = time.time()
            title = f"version-{edits.acknowledged + 1:06}"
            answer = administrator.rest("POST", f"/wp/v2/posts/{post['id']}", {"title": title})
            assert answer.status == 200, answer.text[:500]
            edits.acknowledged += 1
            edits.times.append((sent, time.time()))
            time.sleep(max(0.0, sent + 1 - time.time()))
    finally:
        edits.over = True
        for thread in visitors:
            thread.join()
        administrator.rest("DELETE", f"/wp/v2/posts/{post['id']}?force=true")
    print(f"{edits.acknowledged} edits, {seen.answers} answers {dict(seen.states)}, slowest {seen.slowest:.2f} s")
    assert seen.faults == []
    assert seen.answers > 100 * len(paths)
    # Each edit makes each page once more, however many ask for it …
    log = [json.loads(line) for line in stack.docker("exec", stack.container("wordpress"), "cat", renders).splitlines()]
    for path in paths:
        spans = sorted((began, ended) for uri, began, ended in log if uri == path)
        print(f"{path}: made {len(spans)} times")
        assert 1 < len(spans) <= edits.acknowledged + 2, path
        # … and never twice at a time, unless the text was edited in between.
        for (began, ended), (next_began, _) in itertools.pairwise(spans):
            edited = any(sent <= next_began and began <= acknowledged for sent, acknowledged in edits.times)
            assert next_began >= ended or edited, f"{path} was made twice at a time"
