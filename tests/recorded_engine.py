"""A Docker engine that answers what was recorded of a real one."""

from __future__ import annotations

import contextlib
import http.server
import json
import socket
import socketserver
import tempfile
import threading
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

import pytest


class _UnixServer(socketserver.ThreadingUnixStreamServer):
    daemon_threads = True

    def get_request(self) -> tuple[socket.socket, Any]:
        request, _ = super().get_request()
        return request, ("", 0)


@contextlib.contextmanager
def recorded_engine(
    answers: Mapping[str, Any], monkeypatch: pytest.MonkeyPatch
) -> Iterator[list[tuple[str, dict[str, Any]]]]:
    """Have an engine answer, while the context lasts; it knows nothing else.

    Args:
        answers: what it answers, by path.
        monkeypatch: sets the variable by which it is found.

    Yields:
        Path and filters of each request so far.
    """
    asked: list[tuple[str, dict[str, Any]]] = []

    class Answers(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            address = urlsplit(self.path)
            path, query = unquote(address.path), parse_qs(address.query)
            asked.append((path, json.loads(query.get("filters", ["{}"])[0])))
            body = json.dumps(answers.get(path, {"message": f"no such thing: {path}"})).encode()
            self.send_response(200 if path in answers else 404)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            """Stay silent."""

    # The path of a socket has at most 107 characters, fewer than that of a test's directory may have.
    with (
        tempfile.TemporaryDirectory(dir="/tmp") as directory,
        _UnixServer(str(Path(directory) / "s"), Answers) as server,
    ):
        threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
        monkeypatch.setenv("DOCKER_HOST", f"unix://{directory}/s")
        yield asked
        server.shutdown()
