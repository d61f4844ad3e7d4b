"""The database, asked in SQL through its own client."""

# ruff: noqa: S608 -- the statements are built from names which the machine under test itself tells
from __future__ import annotations

import pytest

from support.stack import Stack


@pytest.mark.requirement("E55", "E56")
def test_database_can_be_logged_in_to_and_is_not_empty(stack: Stack) -> None:
    database = stack.env["DB_NAME"]
    tables = stack.sql(f"SHOW TABLES FROM {database}", user=stack.env["DB_USER"])
    assert len(tables) >= 12
    assert int(stack.sql(f"SELECT COUNT(*) FROM {stack.table('posts')}")[0][0]) > 0


@pytest.mark.requirement("E57")
@pytest.mark.parametrize("password", ["", "root", "password"])
def test_root_without_its_password_is_refused(password: str, stack: Stack) -> None:
    done = stack.attempt_sql("SELECT 1", password=password)
    assert done.returncode != 0
    assert "Access denied" in done.stderr


@pytest.mark.requirement("E57")
def test_root_is_refused_from_the_network(stack: Stack) -> None:
    rows = stack.sql("SELECT host FROM mysql.global_priv WHERE user = 'root'")
    assert {row[0] for row in rows} <= {"localhost", "127.0.0.1", "::1"}


@pytest.mark.requirement("C7")
def test_no_account_without_a_name(stack: Stack) -> None:
    rows = stack.sql("SELECT user, host FROM mysql.global_priv")
    assert all(row[0] for row in rows)
    assert {row[0] for row in rows} <= {"root", "mariadb.sys", "mysql", "healthcheck", stack.env["DB_USER"]}


@pytest.mark.requirement("C7")
def test_application_has_rights_on_its_own_database_only(stack: Stack) -> None:
    rows = stack.sql("SHOW DATABASES", user=stack.env["DB_USER"])
    assert {row[0] for row in rows} == {"information_schema", stack.env["DB_NAME"]}


@pytest.mark.requirement("R25", "R26")
def test_two_users_one_administrator(stack: Stack) -> None:
    users, meta = stack.table("users"), stack.table("usermeta")
    query = (
        f"SELECT u.user_login, m.meta_value FROM {users} u JOIN {meta} m ON m.user_id = u.ID "
        "WHERE m.meta_key LIKE '%capabilities'"
    )
    rows = stack.sql(query)
    assert len(rows) == 2
    administrators = [name for name, rights in rows if "administrator" in rights]
    assert administrators == [stack.env["WP_ADMIN_USER"]]
    assert "admin" not in administrators[0].lower()
    assert {name for name, _ in rows} == {stack.env["WP_ADMIN_USER"], stack.env["WP_USER"]}


@pytest.mark.requirement("E59")
def test_site_knows_its_own_address(stack: Stack) -> None:
    rows = stack.sql(f"SELECT option_value FROM {stack.table('options')} WHERE option_name IN ('home', 'siteurl')")
    # A constant in wp-config.php may override both; the pages show in another test what is in force.
    assert all(row[0].startswith("https://") for row in rows)
