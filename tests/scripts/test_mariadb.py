"""The entrypoint of MariaDB's image: what it refuses, and what it leaves on the volume and tells the server.

The server and its installer are stood in for; the accounts that the real ones make are looked at by ``tests/verify``.
"""

from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest

from support import ROOT
from support.sandbox import Sandbox

VALUES = {"DB_NAME": "wordpress", "DB_USER": "wil", "DB_PORT": "3306", "DB_BUFFER_POOL_MB": "64"}
SECRETS = {"db_root_password": "root-sesame", "db_password": "sesame"}
VOLUME = "/var/lib/mysql"


@pytest.fixture
def image(sandbox: Sandbox) -> Sandbox:
    """Return what the image of MariaDB holds that the entrypoint uses, an empty volume and the secrets."""
    for file, line in (("passwd", "mysql:x:999:999::/nonexistent:/bin/false"), ("group", "mysql:x:999:")):
        with sandbox.path(f"/etc/{file}").open("a") as lines:
            lines.write(f"{line}\n")
    sandbox.bring(ROOT / "srcs/requirements/mariadb/tools", "/usr/local/bin")
    # It is what the data says of its server, and how that was started.
    sandbox.program(
        "mariadbd",
        '[ "$*" = "--no-defaults --version" ] || { echo "$(id -un) $*"; exit; }',
        "echo 'mariadbd  Ver 10.11.14-MariaDB-0+deb12u2 for debian-linux-gnu on x86_64 (Debian 12)'",
    )
    # As the real one: the accounts are in the first version of the data already.
    sandbox.program(
        "mariadb-install-db",
        'for option in "$@"; do case $option in --datadir=*) data=${option#*=};; --extra-file=*) file=${option#*=};; esac; done',
        'cp "$file" "$data/made-with"; echo "$*"; if [ -e /test/refuse ]; then exit 1; fi',
    )
    sandbox.path(VOLUME).mkdir(parents=True, exist_ok=True)
    sandbox.path("/run/mysqld").mkdir()
    for name, value in SECRETS.items():
        sandbox.write(f"/run/secrets/{name}", f"{value}\n", 0o400)
    return sandbox


def entrypoint(image: Sandbox, **values: str) -> str:
    """Start it; return how it starts the server."""
    done = image.run("entrypoint.sh", env={**VALUES, **values})
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def refused(image: Sandbox, **values: str) -> str:
    """Start it where it must give up; return its one sentence."""
    before = tree(image)
    done = image.run("entrypoint.sh", env={**VALUES, **values})
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.startswith("mariadb: ")
    assert done.stderr.count("\n") == 1
    assert tree(image) == before, "what lies on the volume is left alone"
    return done.stderr.removeprefix("mariadb: ").strip()


def tree(image: Sandbox) -> dict[str, bytes]:
    volume = image.path(VOLUME)
    return {str(path.relative_to(volume)): path.read_bytes() for path in volume.rglob("*") if path.is_file()}


def accounts(image: Sandbox) -> list[str]:
    return image.path("/run/mysqld/accounts.sql").read_text().splitlines()


class TestSettings:
    @pytest.mark.parametrize(
        ("name", "value", "sentence"),
        [
            ("DB_NAME", "", "DB_NAME is empty: set it in .env."),
            ("DB_USER", "", "DB_USER is empty: set it in .env."),
            ("DB_NAME", "a`b", "DB_NAME may hold letters, digits and underscores only, not 'a`b'."),
            ("DB_USER", "wil'--", "DB_USER may hold letters, digits and underscores only, not 'wil'--'."),
            ("DB_NAME", "n" * 65, "DB_NAME may have 64 characters at most."),
            ("DB_NAME", "mysql", "DB_NAME must not be 'mysql': that database is the server's own."),
            ("DB_USER", "root", "DB_USER must not be 'root': that account has another purpose."),
            ("DB_USER", "mysql", "DB_USER must not be 'mysql': that account has another purpose."),
            ("DB_PORT", "", "DB_PORT must be a number, not ''."),
            ("DB_PORT", "3306 --skip-grant-tables", "DB_PORT must be a number, not '3306 --skip-grant-tables'."),
            ("DB_BUFFER_POOL_MB", "64M", "DB_BUFFER_POOL_MB must be a number, not '64M'."),
        ],
    )
    def test_a_value_that_is_missing_or_wrong(self, image: Sandbox, name: str, value: str, sentence: str) -> None:
        assert refused(image, **{name: value}) == sentence
        assert not image.path("/run/mysqld/accounts.sql").exists()

    @pytest.mark.parametrize("secret", SECRETS)
    @pytest.mark.parametrize(
        ("content", "sentence"),
        [
            (None, "is missing: /run/secrets/{} cannot be read."),
            ("", "is empty: write a password into its file and start again."),
            ("\n", "is empty: write a password into its file and start again."),
            ("two\nlines\n", "must be one line of printable ASCII characters."),
            ("tab\there\n", "must be one line of printable ASCII characters."),
        ],
    )
    def test_a_secret_that_is_missing_or_wrong(
        self, image: Sandbox, secret: str, content: str | None, sentence: str
    ) -> None:
        if content is None:
            image.path(f"/run/secrets/{secret}").unlink()
        else:
            image.write(f"/run/secrets/{secret}", content)
        assert refused(image) == f"the secret {secret} {sentence.format(secret)}"

    def test_any_password_stands_between_quotes(self, image: Sandbox) -> None:
        image.write("/run/secrets/db_password", r"""a'b\c"d`$(e)%f &""" + "\n")
        entrypoint(image)
        line = next(line for line in accounts(image) if line.startswith("ALTER USER 'wil'"))
        assert r"""PASSWORD('a\'b\\c"d`$(e)%f &')""" in line

    def test_an_underscore_stands_for_itself(self, image: Sandbox) -> None:
        entrypoint(image, DB_NAME="my_site")
        assert "CREATE DATABASE IF NOT EXISTS `my_site`;" in accounts(image)
        assert r"GRANT ALL PRIVILEGES ON `my\_site`.* TO 'wil'@'%';" in accounts(image)

    def test_only_the_server_may_read_the_accounts(self, image: Sandbox) -> None:
        entrypoint(image)
        status = image.path("/run/mysqld/accounts.sql").stat()
        assert stat.S_IMODE(status.st_mode) == 0o600
        assert str(status.st_uid) == image.ok("id", "-u", "mysql").strip()


class TestServer:
    def test_it_runs_as_mysql_with_the_settings(self, image: Sandbox) -> None:
        said = entrypoint(image, DB_PORT="3307")
        assert said.startswith(
            "mysql --port=3307 --innodb-buffer-pool-size=64M --init-file=/run/mysqld/accounts.sql --query-cache-type="
        )

    @pytest.mark.parametrize(("cores", "cache"), [("1", "ON --query-cache-size=8M"), ("5", "OFF --query-cache-size=0")])
    def test_many_cores_share_no_query_cache(self, image: Sandbox, cores: str, cache: str) -> None:
        image.program("nproc", f"echo {cores}")
        assert entrypoint(image).endswith(f"--query-cache-type={cache}")

    @pytest.mark.parametrize(("megabytes", "pool"), [(256, 32), (1024, 64), (6144, 256)])
    def test_the_buffer_pool_follows_the_memory(self, image: Sandbox, megabytes: int, pool: int) -> None:
        image.write("/test/meminfo", f"MemTotal:       {megabytes * 1024} kB\n")
        image.ok("mount", "--bind", "/test/meminfo", "/proc/meminfo")
        assert f"--innodb-buffer-pool-size={pool}M " in entrypoint(image, DB_BUFFER_POOL_MB="0")


class TestVolume:
    def test_the_first_start_makes_the_data_in_one_step(self, image: Sandbox) -> None:
        entrypoint(image)
        data = image.path(f"{VOLUME}/data")
        assert {path.name for path in image.path(VOLUME).iterdir()} == {"data"}
        assert (data / ".initialised").read_text() == "10.11\n"
        assert "ALTER USER 'root'@'localhost'" in (data / "made-with").read_text(), "never without a password"
        made = image.path(VOLUME).stat().st_uid
        assert made == data.stat().st_uid != 0

    def test_a_later_start_keeps_the_data(self, image: Sandbox) -> None:
        entrypoint(image)
        image.write(f"{VOLUME}/data/made-with", "content")
        entrypoint(image)
        assert tree(image)["data/made-with"] == b"content"

    def test_what_an_interruption_left_is_thrown_away(self, image: Sandbox) -> None:
        image.write(f"{VOLUME}/.staging/half", "")
        os.chown(image.path(f"{VOLUME}/.staging"), 1, 1)
        image.ok("chown", "-R", "mysql", VOLUME)
        entrypoint(image)
        assert "half" not in str(tree(image))
        image.write(f"{VOLUME}/.staging/half", "")
        image.ok("chown", "-R", "mysql", VOLUME)
        entrypoint(image)
        assert ".staging/half" not in tree(image)

    def test_a_failed_initialisation_is_told_and_begun_anew(self, image: Sandbox) -> None:
        image.write("/test/refuse", "")
        done = image.run("entrypoint.sh", env=VALUES)
        assert done.returncode == 1
        assert "mariadb: the first initialisation failed: --skip-test-db" in done.stderr
        assert not image.path(f"{VOLUME}/data").exists()
        assert SECRETS["db_root_password"] not in done.stderr
        image.path("/test/refuse").unlink()
        entrypoint(image)
        assert image.path(f"{VOLUME}/data/.initialised").exists()

    @pytest.mark.parametrize("name", ["ibdata1", ".hidden", "mysql/user.frm"])
    def test_what_was_not_made_here_is_left_alone(self, image: Sandbox, name: str) -> None:
        image.write(f"{VOLUME}/{name}", "of somebody")
        image.ok("chown", "-R", "mysql", VOLUME)
        first = Path(name).parts[0]
        assert refused(image) == (
            f"the database volume holds '{first}', which was not made here; it is left as it is. Empty the volume to start anew."
        )

    def test_a_data_directory_of_another_is_left_alone(self, image: Sandbox) -> None:
        image.write(f"{VOLUME}/data/ibdata1", "of somebody")
        image.ok("chown", "-R", "mysql", VOLUME)
        assert refused(image).startswith("the data directory of the database volume was not made here; ")

    def test_a_data_directory_that_is_closed(self, image: Sandbox) -> None:
        entrypoint(image)
        image.ok("chown", "-R", "root", f"{VOLUME}/data")
        image.ok("chmod", "0700", f"{VOLUME}/data")
        assert refused(image).startswith("the data directory of the database volume must belong to uid ")

    @pytest.mark.parametrize("newer", ["10.12", "11.4"])
    def test_data_of_a_newer_server_is_left_alone(self, image: Sandbox, newer: str) -> None:
        entrypoint(image)
        image.write(f"{VOLUME}/data/.initialised", f"{newer}\n")
        assert refused(image) == (
            f"the data was written by MariaDB {newer}; the older 10.11 cannot read it and leaves it as it is."
        )

    @pytest.mark.parametrize("older", ["10.5", "10.9", "9.12"])
    def test_data_of_an_older_server_is_to_be_upgraded(self, image: Sandbox, older: str) -> None:
        entrypoint(image)
        image.write(f"{VOLUME}/data/.initialised", f"{older}\n")
        done = image.run("entrypoint.sh", env=VALUES)
        assert done.returncode == 0
        assert done.stderr == (
            f"mariadb: the data was written by MariaDB {older}: once this 10.11 has started, run 'docker exec mariadb upgrade.sh'.\n"
        )
        assert tree(image)["data/.initialised"] == f"{older}\n".encode(), "that is upgrade.sh's work"


class TestFormerAccounts:
    def test_an_account_that_is_named_no_longer_goes(self, image: Sandbox) -> None:
        entrypoint(image)
        assert not any("DROP USER" in line for line in accounts(image))
        entrypoint(image, DB_USER="willa")
        assert accounts(image)[-1] == "DROP USER IF EXISTS 'wil'@'%';"
        assert not any("DROP USER IF EXISTS 'willa'" in line for line in accounts(image))
        entrypoint(image)
        assert accounts(image)[-1] == "DROP USER IF EXISTS 'willa'@'%';"
        assert tree(image)["data/.accounts"] == b"wil\nwilla\n"
