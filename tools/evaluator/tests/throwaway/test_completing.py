"""Which files are supplied to a project that leaves them to its user, and what is put into them."""

from __future__ import annotations

from pathlib import Path

import pytest

from inception_check.evidence.project import Project
from inception_evaluate.throwaway import copying
from inception_evaluate.throwaway.completing import Completion, complete
from inception_evaluate.throwaway.placeholders import Filling, fill

COMPOSE = """
services:
  mariadb:
    image: mariadb
    build: requirements/mariadb
    secrets: [db_password, outside, kept]
secrets:
  db_password: {file: ../secrets/db_password.txt}
  outside: {file: ../../elsewhere.txt}
  kept: {file: ../secrets/kept.txt}
"""
FILLING = Filling("wil", "wil.42.fr")


def project(root: Path, **files: str) -> Completion:
    """Write files, given with ``__`` for ``/`` and ``_DOT_`` for ``.``, and ask what is missing."""
    for name, text in files.items():
        path = root / name.replace("__", "/").replace("_DOT_", ".")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return complete(root, Project(root), "wil", "wil.42.fr")


def values(text: str) -> dict[str, str]:
    return dict(line.split("=", 1) for line in text.splitlines() if "=" in line and not line.startswith("#"))


def test_what_is_missing_is_supplied_and_told(tmp_path: Path) -> None:
    made = project(
        tmp_path,
        secrets__kept_DOT_txt="mine\n",
        srcs__docker_compose_DOT_yml="",
        **{"srcs__docker-compose_DOT_yml": COMPOSE},
        srcs___DOT_env_DOT_example="LOGIN=<login>\nDOMAIN=wil.42.fr\nDB_PASSWORD=changeme\nWP_PASSWORD=kept\nDB_USER=\n",
    )
    assert set(made.settings) == {"srcs/.env"}
    assert set(made.secrets) == {"secrets/db_password.txt"}
    lines = values(made.settings["srcs/.env"])
    assert (lines["LOGIN"], lines["DOMAIN"], lines["DB_USER"]) == ("wil", "wil.42.fr", "wordpress")
    assert lines["WP_PASSWORD"] == "kept"  # noqa: S105 -- what the example says is kept
    assert len(lines["DB_PASSWORD"]) >= 15
    note = made.notes["srcs/.env"]
    assert note.startswith("srcs/.env was missing and was made from srcs/.env.example; filled in were LOGIN=wil, ")
    assert "DB_USER=wordpress" in note
    assert lines["DB_PASSWORD"] not in note, "a password is told"


@pytest.mark.parametrize(
    ("line", "wanted"),
    [
        ("DOMAIN_NAME=your_domain_name", "DOMAIN_NAME=wil.42.fr"),
        ("DOMAIN_NAME=<login>.42.fr", "DOMAIN_NAME=wil.42.fr"),
        ("DOMAIN_NAME=login.42.fr  # yours", "DOMAIN_NAME=wil.42.fr  # yours"),
        ("DOMAIN_NAME=yourlogin.42.fr", "DOMAIN_NAME=wil.42.fr"),
        ('WP_URL="https://<your-login>.42.fr"', 'WP_URL="https://wil.42.fr"'),
        ("DATA_PATH=/home/<login>/data", "DATA_PATH=/home/wil/data"),
        ("DATA_PATH=/home/login/data", "DATA_PATH=/home/wil/data"),
        ("DATA_PATH=/home/your_login/data", "DATA_PATH=/home/wil/data"),
        ("WP_ADMIN_EMAIL=your@wp_admin.email", "WP_ADMIN_EMAIL=wp-admin-email@wil.42.fr"),
        ("WP_USER_EMAIL=user@example.com", "WP_USER_EMAIL=user@example.com"),
        ("WP_ADMIN_USER=your_admin_name", "WP_ADMIN_USER=wil"),
        ("WP_USER=<user>", "WP_USER=author"),
        ("MYSQL_USER=your_db_user", "MYSQL_USER=wordpress"),
        ("MYSQL_DATABASE=xxx", "MYSQL_DATABASE=wordpress"),
        ("MYSQL_HOSTNAME=", "MYSQL_HOSTNAME=mariadb"),
        ("WP_TITLE='Your site title'", "WP_TITLE='Inception'"),
        ("MYSQL_PORT=...", "MYSQL_PORT=3306"),
        ("INTRA_LOGIN=login", "INTRA_LOGIN=wil"),
        ("SQL_ROOT_NAME", "SQL_ROOT_NAME=root"),
        ("SQL_DATABASE_NAME", "SQL_DATABASE_NAME=wordpress"),
        ("WP_ADMIN_USR", "WP_ADMIN_USR=wil"),
        ("WP_USERNAME=", "WP_USERNAME=author"),
        # What would do as it stands is kept.
        ("MYSQL_DATABASE=wordpress_db", "MYSQL_DATABASE=wordpress_db"),
        ("WP_TITLE=Welcome to 42", "WP_TITLE=Welcome to 42"),
        ("WP_ADMIN_USER=theboss", "WP_ADMIN_USER=theboss"),
        ("DOMAIN_NAME=tux.42.fr", "DOMAIN_NAME=tux.42.fr"),
        ("WP_URL=https://${DOMAIN_NAME}", "WP_URL=https://${DOMAIN_NAME}"),
        ("# DOMAIN_NAME=your_domain_name", "# DOMAIN_NAME=your_domain_name"),
        ("MOTTO=your_motto", "MOTTO=your_motto"),
    ],
)
def test_a_placeholder_is_filled_in(line: str, wanted: str) -> None:
    filled = fill(f"{line}\n", FILLING)
    assert filled.text == f"{wanted}\n"
    assert filled.left == (["MOTTO"] if line.startswith("MOTTO") else [])


@pytest.mark.parametrize("old", ["changeme", "your_password", "<password>", "", "XXXXXXXX", "a_strong_password", "password_here", "********", "$(openssl rand -hex 8)", '"change me"'])  # fmt: skip
def test_a_password_is_made_up_and_not_told(old: str) -> None:
    filled = fill(f"MYSQL_ROOT_PASSWORD={old}\n", FILLING)
    new = filled.text.strip().partition("=")[2].strip('"')
    assert len(new) >= 15
    assert filled.told == ["MYSQL_ROOT_PASSWORD"]


def test_two_users_get_two_addresses_and_names() -> None:
    text = "WP_ADMIN_EMAIL=\nWP_USER_EMAIL=\nWP_ADMIN_LOGIN=\nWP_USER_LOGIN=your_user\n"
    lines = values(fill(text, Filling("tux", "tux.42.fr")).text)
    assert lines["WP_ADMIN_EMAIL"] != lines["WP_USER_EMAIL"]
    assert lines["WP_ADMIN_LOGIN"] != lines["WP_USER_LOGIN"]


def test_without_an_example_it_is_made_from_what_is_asked_for(tmp_path: Path) -> None:
    made = project(
        tmp_path,
        **{
            "srcs__docker-compose_DOT_yml": """
services:
  mariadb:
    build: requirements/mariadb
    environment:
      MYSQL_DATABASE: ${MYSQL_DATABASE}
      MYSQL_PASSWORD: ${MYSQL_PASSWORD:?}
      LIMIT: ${LIMIT:-10}
      COST: $$5
    env_file: .env
volumes:
  db: {driver_opts: {device: "${DATA_PATH}/db"}}
""",
            "srcs__requirements__mariadb__Dockerfile": "FROM debian:12\n",
            "srcs__requirements__mariadb__tools__run_DOT_sh": '#!/bin/sh\nTEMP=1\necho "$TEMP ${MYSQL_USER} $HOME ${SOFT:-x}"\n',
            "README_DOT_md": "```\nMYSQL_USER=somebody\nOTHER=thing\n```\n",
        },
    )
    lines = values(made.settings["srcs/.env"])
    assert set(lines) == {"MYSQL_DATABASE", "MYSQL_PASSWORD", "DATA_PATH", "MYSQL_USER", "OTHER"}
    assert (lines["MYSQL_DATABASE"], lines["DATA_PATH"]) == ("wordpress", "/home/wil/data")
    assert lines["MYSQL_USER"] == "somebody", "what the documents show is taken from there"
    assert "since there is no example of it" in made.notes["srcs/.env"]


def test_a_project_that_asks_for_nothing_gets_nothing(tmp_path: Path) -> None:
    made = project(tmp_path, **{"srcs__docker-compose_DOT_yml": "services: {nginx: {build: nginx}}\n"})
    assert made == Completion()


def test_a_secret_is_made_from_the_example_beside_it(tmp_path: Path) -> None:
    made = project(
        tmp_path,
        **{
            "srcs__docker-compose_DOT_yml": "services: {db: {build: db}}\nsecrets:\n  credentials: {file: ../secrets/wp/credentials.txt}\n  wp_admin_user: {file: ../secrets/wp/admin.txt}\n",
            "secrets__wp__credentials_DOT_txt_DOT_example": "WP_ADMIN_PASSWORD=changeme\nWP_USER=<user>\n",
        },
    )
    lines = values(made.secrets["secrets/wp/credentials.txt"])
    assert lines["WP_USER"] == "author"
    assert len(lines["WP_ADMIN_PASSWORD"]) >= 15
    assert made.secrets["secrets/wp/admin.txt"] == "wil\n", "a secret that holds a name is a name"


def test_secrets_are_copied_from_wherever_they_are_expected(tmp_path: Path) -> None:
    root = tmp_path / "project"
    for name in ("secrets/db/root.secret", "srcs/secrets/a.txt", "srcs/.env", "conf/keys/token", "srcs/notes.txt"):
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text("x\n")
    (tmp_path / "outside").write_text("not the project's\n")
    (root / "secrets/link").symlink_to(tmp_path / "outside")
    (root / "srcs/docker-compose.yml").write_text(
        "services: {db: {build: db}}\nsecrets:\n  token: {file: ../conf/keys/token}\n  up: {file: ../../outside}\n"
    )
    found = copying.private(root, Project(root), {"srcs/docker-compose.yml"})
    assert found == ["conf/keys/token", "secrets/db/root.secret", "srcs/.env", "srcs/secrets/a.txt"]
