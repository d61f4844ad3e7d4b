"""What is supplied to a project, and what is said when it cannot be made."""

from __future__ import annotations

from pathlib import Path

import pytest

from inception_check.evidence.project import Project
from inception_evaluate.throwaway import downloads, supply, why

COMPOSE = """
services:
  mariadb:
    image: mariadb
    secrets: [db_password, outside, kept]
secrets:
  db_password: {file: ../secrets/db_password.txt}
  outside: {file: ../../elsewhere.txt}
  kept: {file: ../secrets/kept.txt}
"""


def test_what_is_missing_is_supplied_and_told(tmp_path: Path) -> None:
    (tmp_path / "srcs").mkdir()
    (tmp_path / "secrets").mkdir()
    (tmp_path / "secrets/kept.txt").write_text("mine\n")
    (tmp_path / "srcs/docker-compose.yml").write_text(COMPOSE)
    (tmp_path / "srcs/.env.example").write_text(
        "LOGIN=<login>\nDOMAIN=wil.42.fr\nDB_PASSWORD=changeme\nWP_PASSWORD=kept\nDB_USER=\n"
    )
    made, notes = supply(tmp_path, Project(tmp_path), "wil")
    assert set(made) == {"srcs/.env", "secrets/db_password.txt"}
    lines = dict(line.split("=", 1) for line in made["srcs/.env"].splitlines())
    assert lines["LOGIN"] == "wil"
    assert lines["DOMAIN"] == "wil.42.fr"
    assert lines["WP_PASSWORD"] == "kept"  # noqa: S105 -- what the example says is kept
    assert len(lines["DB_PASSWORD"]) >= 15
    assert lines["DB_PASSWORD"] != "changeme"  # noqa: S105 -- the example's placeholder
    assert [note.split(" ")[0].rstrip(",") for note in notes] == ["srcs/.env", "secrets/db_password.txt"]


@pytest.mark.parametrize(
    ("line", "wanted"),
    [
        ("ERROR: failed to solve: debian:bullseye: failed to resolve source metadata for docker.io/library/debian:bullseye: x", "docker.io/library/debian:bullseye"),
        ('ERROR: failed to do request: Head "https://registry-1.docker.io/v2/library/alpine/manifests/3.23": dial tcp: no such host', "docker.io/library/alpine:3.23"),
        ("Error response from daemon: pull access denied for nginx, repository does not exist", "nginx"),
        ("curl: (6) Could not resolve host: downloads.example.org", "downloads.example.org"),
        ("E: Failed to fetch http://archive.example.org/pool/x.deb  403", "http://archive.example.org/pool/x.deb"),
        ("WARNING: fetching https://alpine.example.org/main: temporary error (try again later)", "https://alpine.example.org/main"),
        ("wget: bad address 'wordpress.example.org'", "wordpress.example.org"),
    ],
)  # fmt: skip
def test_a_failed_download_is_named(line: str, wanted: str) -> None:
    assert downloads(f"#5 building\n#7 3.2 {line}\n") == [wanted]
    assert wanted in why(line, 2)


def test_another_failure_is_quoted() -> None:
    assert (
        why("building\nmake: *** [Makefile:3: all] Error 1\n", 2)
        == "make failed (2): make: *** [Makefile:3: all] Error 1"
    )
    assert why("", 2) == "make failed (2): it said nothing"
