"""What could not be downloaded, and whether the missing internet is to blame."""

from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest

from inception_evaluate.internet import Download, downloads, unreachable
from inception_evaluate.machine import this_machine


@pytest.mark.parametrize(
    ("line", "address", "network"),
    [
        ("ERROR: failed to solve: debian:bullseye: failed to resolve source metadata for docker.io/library/debian:bullseye: x", "docker.io/library/debian:bullseye", None),
        ("ERROR: failed to resolve source metadata for docker.io/library/debian:bulseye: docker.io/library/debian:bulseye: not found", "docker.io/library/debian:bulseye", False),
        ('ERROR: failed to do request: Head "https://registry-1.docker.io/v2/library/alpine/manifests/3.23": dial tcp: no such host', "docker.io/library/alpine:3.23", True),
        ("Error response from daemon: pull access denied for nginx, repository does not exist", "nginx", False),
        ("curl: (6) Could not resolve host: downloads.example.org", "downloads.example.org", True),
        ("curl: (7) Failed to connect to wordpress.example.org port 443 after 2 ms: Couldn't connect to server", "wordpress.example.org", None),
        ("E: Failed to fetch http://archive.example.org/pool/x.deb  403", "http://archive.example.org/pool/x.deb", True),
        ("E: Failed to fetch http://archive.example.org/pool/x.deb  404  Not Found", "http://archive.example.org/pool/x.deb", False),
        ("WARNING: fetching https://alpine.example.org/main: temporary error (try again later)", "https://alpine.example.org/main", True),
        ("wget: bad address 'wordpress.example.org'", "wordpress.example.org", True),
        ("Error: Failed to get url 'https://api.example.org/core/1.7/': cURL error 28: Operation timed out", "https://api.example.org/core/1.7/", True),
    ],
)  # fmt: skip
def test_a_failed_download_is_named(line: str, address: str, network: bool | None) -> None:
    assert downloads(f"#5 building\n#7 3.2 {line}\n") == [Download(address, network)]


def test_the_step_names_what_a_silent_download_wanted() -> None:
    log = 'ERROR: process "/bin/sh -c curl -sO https://wordpress.example.org/latest.tar.gz && tar x" did not complete successfully: exit code: 6'
    assert downloads(log) == [Download("https://wordpress.example.org/latest.tar.gz", None)]


@pytest.mark.parametrize(
    "host", ["wordpress", "localhost", "127.0.0.1", "172.18.0.3", "wil.42.fr", "host.docker.internal"]
)
def test_a_neighbour_that_is_not_reached_is_not_the_internet(host: str) -> None:
    log = f"curl: (7) Failed to connect to {host} port 9000 after 0 ms: Couldn't connect\ncurl: (6) Could not resolve host: {host}\n"
    assert downloads(log) == []


def test_another_failure_is_no_download() -> None:
    assert downloads("gcc: fatal error: no input files\nmake: *** [Makefile:3: all] Error 1\n") == []


@pytest.mark.parametrize(("status", "code", "away"), [("404", 0, False), ("200", 0, False), ("403", 0, True), ("000", 6, True), ("503", 0, True)])  # fmt: skip
def test_the_machine_itself_is_asked(
    status: str, code: int, away: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    curl = tmp_path / "curl"
    curl.write_text(f"#!/bin/sh\nprintf {status}\nexit {code}\n")
    curl.chmod(curl.stat().st_mode | stat.S_IXUSR)
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    log = "E: Failed to fetch https://packages.example.org/x.deb\n"
    assert unreachable(this_machine(), log) == (["https://packages.example.org/x.deb"] if away else [])


def test_what_is_known_to_be_gone_is_the_projects_own_fault() -> None:
    assert unreachable(this_machine(), "pull access denied for nginx, repository does not exist") == []
