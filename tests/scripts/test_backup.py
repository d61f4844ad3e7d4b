"""The program that makes and restores backups, with the real restic; the database's own part is in tests/verify/backup.py."""

from __future__ import annotations

import json
import os
import random
import re
import signal
import subprocess
import time
from pathlib import Path

import pytest

from support import ROOT, need
from support.sandbox import Sandbox

OWN = "/var/lib/inception/backup"
PROGRAM = f"{OWN}/site_backup.py"
PROJECT = "/opt/inception"
DATA = "/home/wil/data"
SITE = f"{DATA}/wordpress"
REPOSITORY = "/var/backups/inception"
UPLOAD = f"{SITE}/wp-content/uploads/2026/a picture\n.png"

#: A table, as the client of the database shows it.
CLIENT = (
    "while IFS= read -r line; do",
    '  case $line in "SELECT \'-- done\';") echo "-- done" ;; "SELECT table_name"*) echo wp_posts ;;',
    '    "SELECT COUNT"*) printf "3\\nwordpress.wp_posts\\t42\\n" ;; FLUSH*) [ ! -e /test/busy ] || { echo "ERROR 1205" >&2; exit 1; } ;;',
    "  esac; done",
)
DUMP = ("printf '%s\\n' '-- Table structure for table `wp_posts`' '-- Dump completed'",)
#: The engine: one container, in which a command is one of the machine; Compose makes nothing.
ENGINE = (
    "case $1 in",
    'ps) case "$*" in *=inception-*) echo throw-away ;; *) [ -e /test/stopped ] || echo mariadb ;; esac ;;',
    'exec) shift; [ "$1" != --interactive ] || shift; shift; DB_NAME=wordpress exec "$@" ;;',
    'compose) case "$*" in *" config "*) cat /test/compose.json ;; esac ;;',
    "esac",
)
COMPOSE = {
    "services": {"mariadb": {"image": "mariadb:1.0", "ports": ["443:443"], "container_name": "mariadb"}},
    "networks": {"database": {"name": "database"}},
    "volumes": {name: {"name": name, "driver_opts": {"device": f"{DATA}/{name}"}} for name in ("mariadb", "wordpress")},
    "secrets": {"db_root_password": {"file": f"{PROJECT}/secrets/db_root_password.txt"}},
}
SERVICES = [
    {
        "name": "mariadb",
        "dump": "mariadb",
        "backup": ["mariadb"],
        "backup_except": [],
        "volumes": [{"name": "mariadb", "owner": 999, "group": 999, "mode": "0700"}],
    },
    {
        "name": "wordpress",
        "dump": "",
        "backup": ["wordpress"],
        "backup_except": ["wordpress/.inception/core"],
        "volumes": [{"name": "wordpress", "owner": 0, "group": 0, "mode": "0755"}],
    },
]


def configure(machine: Sandbox, **settings: object) -> None:
    given = {
        "project_name": "inception",
        "project_dir": PROJECT,
        "data_dir": DATA,
        "state_dir": "/var/lib/inception",
        "domain": "wil.42.fr",
        "repository": REPOSITORY,
        "keep": {"day": 7, "week": 4, "month": 0},
        "version": "0.2.0",
        "services": SERVICES,
    }
    machine.write(f"{OWN}/config.json", json.dumps({**given, **settings}), 0o600)


@pytest.fixture
def machine(sandbox: Sandbox) -> Sandbox:
    """Return a machine with a site on it."""
    need("restic", "the backups of the tests are made with it (Debian package restic)")
    sandbox.bring(ROOT / "roles/backup/files", OWN)
    sandbox.path(OWN).chmod(0o700)
    configure(sandbox)
    sandbox.program("docker", *ENGINE)
    sandbox.program("mariadb", *CLIENT)
    sandbox.program("mariadb-dump", *DUMP)
    sandbox.program("mariadbd", "echo 'mariadbd  Ver 10.11.14-MariaDB-0+deb12u2 for debian-linux-gnu'")
    sandbox.write("/run/secrets/db_root_password", "x")
    sandbox.write("/test/compose.json", json.dumps(COMPOSE))
    sandbox.write(f"{PROJECT}/secrets/db_root_password.txt", "root's\n", 0o400)
    key = sandbox.write(f"{PROJECT}/secrets/tls.key", "key\n", 0o400)
    os.chown(key, 33, 33)
    sandbox.write(f"{OWN}/settings.json", json.dumps({"group_vars/inception.yml": "wordpress_title: Mine\n"}), 0o600)
    sandbox.write(f"{DATA}/mariadb/data/ibdata1", "live\n")
    os.chown(sandbox.path(f"{DATA}/mariadb"), 999, 999)
    sandbox.path(f"{DATA}/mariadb").chmod(0o700)
    sandbox.write(f"{SITE}/index.php", "core")
    sandbox.write(f"{SITE}/.inception/core", "6.8 abc")
    upload = sandbox.write(UPLOAD, b"\x89PNG")
    os.chown(upload, 33, 33)
    os.chown(upload.parent, 33, 33)
    sandbox.path(f"{SITE}/link").symlink_to("index.php")
    return sandbox


def noise(size: int) -> bytes:
    """Return bytes that cannot be compressed."""
    return random.Random(1).randbytes(size)  # noqa: S311 - always the same


def call(machine: Sandbox, *arguments: str, source: str = "") -> subprocess.CompletedProcess[str]:
    return machine.run("python3", "-B", PROGRAM, *arguments, env={"BACKUP_FROM": source})


def good(machine: Sandbox, *arguments: str, source: str = "") -> str:
    done = call(machine, *arguments, source=source)
    assert (done.returncode, done.stderr) == (0, ""), done.stderr
    return done.stdout


def refusal(machine: Sandbox, *arguments: str, source: str = "") -> str:
    """Return the one sentence that a run fails with."""
    done = call(machine, *arguments, source=source)
    assert done.returncode == 1, done.stdout
    assert "Traceback" not in done.stderr, done.stderr
    assert done.stderr.count("\n") == 1, done.stderr
    return done.stderr


def state(machine: Sandbox) -> dict[str, object]:
    """Return all that the site consists of."""
    found: dict[str, object] = {}
    for place in (DATA, f"{PROJECT}/secrets"):
        for path in sorted(machine.path(place).rglob("*")):
            status = path.lstat()
            content = path.read_bytes() if path.is_file() else b""
            found[str(path).partition("/root/")[2]] = (status.st_mode, status.st_uid, content)
    return found


def move_away(machine: Sandbox) -> None:
    """Have the machine be a new one with the same inventory, to which the password of the backups was brought."""
    password = machine.path(f"{PROJECT}/secrets/backup_password.txt").read_text(encoding="utf-8")
    machine.ok("rm", "-rf", DATA, f"{PROJECT}/secrets")
    machine.path(DATA).mkdir(parents=True)
    machine.write(f"{PROJECT}/secrets/backup_password.txt", password, 0o400)
    machine.write("/test/stopped", "")


def restore(machine: Sandbox, *arguments: str, source: str = "") -> str:
    good(machine, "judge", *arguments, source=source)
    good(machine, "prepare", source=source)
    machine.write("/test/stopped", "")
    return good(machine, "place")


def test_what_is_backed_up_is_there_again_on_a_new_machine(machine: Sandbox) -> None:
    first = good(machine, "backup")
    assert "backup_password.txt: keep a copy elsewhere" in first
    assert re.search(
        r"^Backed up wil\.42\.fr to /var/backups/inception as \w{8}: 1 tables, 2 files, ", first, re.MULTILINE
    )
    before = state(machine)
    move_away(machine)
    said = restore(machine)
    assert "kept" not in said
    after = state(machine)
    # The database is read in by its own image, and the core's mark is left out.
    for path in ("mariadb/data", "mariadb/data/ibdata1", "wordpress/.inception/core"):
        del before[f"home/wil/data/{path}"]
    assert after == before
    assert machine.path(f"{SITE}/link").readlink() == Path("index.php")
    assert machine.path(f"{OWN}/restored-settings/group_vars/inception.yml").read_text() == "wordpress_title: Mine\n"


def test_nothing_is_open_to_others_and_nothing_stays_behind(machine: Sandbox) -> None:
    good(machine, "backup")
    for place in (OWN, REPOSITORY):
        assert machine.path(place).stat().st_mode & 0o077 == 0, place
    assert machine.path(f"{PROJECT}/secrets/backup_password.txt").stat().st_mode & 0o7777 == 0o400
    assert not machine.path(f"{OWN}/inception-snapshot").exists()
    assert not machine.path(f"{SITE}/.backup").exists()


def test_a_second_backup_stores_what_is_new_alone(machine: Sandbox) -> None:
    machine.write(f"{SITE}/big", noise(3_000_000))
    good(machine, "backup")
    said = good(machine, "backup")
    new = re.search(r"([\d.]+) MiB new", said)
    assert new
    assert float(new[1]) < 0.3
    # Of one day the last one is kept.
    assert len(list(machine.path(f"{REPOSITORY}/snapshots").iterdir())) == 1


def test_a_living_site_is_left_alone_or_kept(machine: Sandbox) -> None:
    good(machine, "backup")
    machine.write(f"{SITE}/index.php", "later")
    before = state(machine)
    assert "FORCE=1 restores over it and keeps what was there" in refusal(machine, "judge")
    assert state(machine) == before
    machine.write(f"{PROJECT}/secrets/db_root_password.txt", "another\n", 0o400)
    said = restore(machine, "--force")
    kept = re.search(r"kept in (\S+)\.$", said, re.MULTILINE)
    assert kept
    assert machine.path(f"{kept[1]}/wordpress/index.php").read_text() == "later"
    assert machine.path(f"{kept[1]}/mariadb/data/ibdata1").read_text() == "live\n"
    assert machine.path(f"{kept[1]}/secrets/db_root_password.txt").read_text() == "another\n"
    assert machine.path(kept[1]).stat().st_mode & 0o7777 == 0o700
    assert machine.path(f"{SITE}/index.php").read_text() == "core"
    assert machine.path(f"{PROJECT}/secrets/db_root_password.txt").read_text() == "root's\n"


def test_a_site_that_runs_is_not_replaced(machine: Sandbox) -> None:
    good(machine, "backup")
    good(machine, "prepare")
    before = state(machine)
    assert "The site runs" in refusal(machine, "place")
    assert state(machine) == before


def test_a_prepared_backup_is_no_leave_to_replace_a_site(machine: Sandbox) -> None:
    good(machine, "backup")
    good(machine, "prepare")
    assert "FORCE=1" in refusal(machine, "judge")


@pytest.mark.parametrize("round_", range(3))
def test_an_interrupted_restore_is_healed_by_repeating_it(machine: Sandbox, round_: int) -> None:
    chance = random.Random(round_)  # noqa: S311 - a seed repeats a round
    good(machine, "backup")
    machine.write(f"{SITE}/index.php", "later")
    machine.write("/test/stopped", "")
    cut = 0
    for _ in range(8):
        for step in (("judge", "--force"), ("prepare",), ("place",)):
            running = machine.start("python3", "-B", PROGRAM, *step)
            time.sleep(chance.uniform(0.05, 2 if step[0] == "prepare" else 0.15))
            if machine.cut_off(running):
                cut += 1
                break
    assert cut
    # Whatever moment it was cut off at, or ended at: nothing is lost, and once more brings the backup.
    if machine.path(f"{DATA}/.restore/placing").exists():
        good(machine, "prepare")
        good(machine, "place")
    else:
        restore(machine, "--force")
    assert machine.path(f"{SITE}/index.php").read_text() == "core"
    assert machine.path(UPLOAD).read_bytes() == b"\x89PNG"
    kept = [path.read_text() for path in machine.path(DATA).glob("before-*/wordpress*/index.php")]
    assert "later" in kept


@pytest.mark.parametrize("after", [0.2, 0.6, 1.0, 1.6])
def test_an_interrupted_backup_is_healed_by_the_next(machine: Sandbox, after: float) -> None:
    good(machine, "backup")
    before = state(machine)
    for end in (signal.SIGKILL, signal.SIGTERM):
        running = machine.start("python3", "-B", PROGRAM, "backup")
        time.sleep(after)
        if running.poll() is None:
            os.killpg(running.pid, end)
        running.communicate()
    good(machine, "backup")
    assert state(machine) == before


class TestBadInput:
    def test_a_wrong_password(self, machine: Sandbox) -> None:
        good(machine, "backup")
        machine.write(f"{PROJECT}/secrets/backup_password.txt", "not this one\n", 0o400)
        for what in ("backup", "drill", "judge"):
            said = refusal(machine, what, *(["--force"] if what == "judge" else []))
            assert said.startswith(
                "The password in /opt/inception/secrets/backup_password.txt is not that of the repository"
            )

    def test_no_password(self, machine: Sandbox) -> None:
        good(machine, "backup")
        machine.path(f"{PROJECT}/secrets/backup_password.txt").unlink()
        assert "backup_password.txt is missing: put the password" in refusal(machine, "backup")

    def test_a_repository_that_is_not_there_any_more(self, machine: Sandbox) -> None:
        good(machine, "backup")
        machine.path(REPOSITORY).rename(machine.path("/var/backups/elsewhere"))
        assert "is gone: mount it" in refusal(machine, "backup")
        assert not machine.path(REPOSITORY).exists()

    @pytest.mark.parametrize("address", ["sftp://root@127.0.0.1:1//backups", "rest:http://wil:secret@127.0.0.1:1/"])
    def test_an_unreachable_repository(self, machine: Sandbox, address: str) -> None:
        configure(machine, repository=address)
        before = state(machine)
        said = refusal(machine, "backup")
        assert re.search(r"cannot be reached: |has not answered for \d+ seconds\.", said)
        assert "secret@" not in said
        before["opt/inception/secrets/backup_password.txt"] = state(machine)[
            "opt/inception/secrets/backup_password.txt"
        ]
        assert state(machine) == before

    def test_a_repository_that_restic_itself_is_at_work_on(self, machine: Sandbox) -> None:
        good(machine, "backup")
        environment = {
            "RESTIC_REPOSITORY": REPOSITORY,
            "RESTIC_PASSWORD_FILE": f"{PROJECT}/secrets/backup_password.txt",
        }
        other = machine.start("sh", "-c", "sleep 30 | restic backup --stdin", env=environment)
        try:
            while not list(machine.path(f"{REPOSITORY}/locks").iterdir()):
                time.sleep(0.1)
            assert "is locked by another run of restic" in refusal(machine, "backup")
        finally:
            machine.cut_off(other)
        good(machine, "backup")

    def test_another_run_of_this_program(self, machine: Sandbox) -> None:
        machine.write("/test/held", "")
        other = machine.start("sh", "-c", f"flock --exclusive {OWN}/lock sh -c 'echo > /test/held; sleep 30'")
        try:
            while not machine.path("/test/held").read_text():
                time.sleep(0.1)
            assert "Another backup, restore or drill is at work" in refusal(machine, "backup")
        finally:
            machine.cut_off(other)

    def test_no_space_for_a_backup(self, machine: Sandbox) -> None:
        machine.path("/mnt/small").mkdir(parents=True)
        machine.ok("mount", "-t", "tmpfs", "-o", "size=4m,mode=0700", "small", "/mnt/small")
        configure(machine, repository="/mnt/small/repository")
        good(machine, "backup")
        big = machine.write(f"{SITE}/big", noise(9_000_000))
        before = state(machine)
        assert "There is no space left for the repository" in refusal(machine, "backup")
        assert state(machine) == before
        big.unlink()
        # The earlier one is still whole.
        move_away(machine)
        restore(machine)
        assert machine.path(UPLOAD).read_bytes() == b"\x89PNG"

    def test_no_space_for_a_restore(self, machine: Sandbox) -> None:
        good(machine, "backup")
        move_away(machine)
        machine.ok("mount", "-t", "tmpfs", "-o", "size=4m", "small", DATA)
        assert re.search(r"has \d MiB free, but \d+ are needed", refusal(machine, "prepare"))

    def test_a_backup_of_a_newer_version(self, machine: Sandbox) -> None:
        program = machine.path(PROGRAM)
        text = program.read_text(encoding="utf-8")
        program.write_text(text.replace("\nFORMAT = 1\n", "\nFORMAT = 2\n"), encoding="utf-8")
        configure(machine, version="9.9.9")
        good(machine, "backup")
        program.write_text(text, encoding="utf-8")
        assert "was made by a newer Inception (9.9.9)" in refusal(machine, "judge", "--force")

    def test_a_repository_that_was_copied_half(self, machine: Sandbox) -> None:
        machine.write(f"{SITE}/big", noise(3_000_000))
        good(machine, "backup")
        packs = sorted(machine.path(f"{REPOSITORY}/data").rglob("?" * 64), key=lambda path: path.stat().st_size)
        packs[-1].unlink()
        before = state(machine)
        assert "is damaged" in refusal(machine, "prepare")
        assert not machine.path(f"{DATA}/.restore/ready").exists()
        assert {path: facts for path, facts in state(machine).items() if "/.restore" not in path} == before

    def test_a_dump_that_is_cut_off(self, machine: Sandbox) -> None:
        good(machine, "backup")
        machine.program("mariadb-dump", "echo '-- Table structure for table `wp_posts`'")
        assert "has no end: it is not whole" in refusal(machine, "backup")
        machine.program("mariadb-dump", "echo 'Got error: 2013' >&2; exit 3")
        assert "The database could not be dumped: Got error: 2013." in refusal(machine, "backup")

    def test_a_database_that_does_not_come_to_rest(self, machine: Sandbox) -> None:
        machine.write("/test/busy", "")
        assert "has not come to rest for 10 seconds" in refusal(machine, "backup")

    def test_a_site_that_does_not_run(self, machine: Sandbox) -> None:
        machine.write("/test/stopped", "")
        assert "The service mariadb does not run" in refusal(machine, "backup")

    def test_no_repository_and_no_backup(self, machine: Sandbox) -> None:
        good(machine, "backup")
        assert "There is no repository at /mnt/none" in refusal(machine, "judge", "--force", source="/mnt/none")
        assert "has no backup abcdef12 of wil.42.fr" in refusal(machine, "judge", "--force", source="abcdef12")
        configure(machine, domain="tux.42.fr")
        assert "has no backup of tux.42.fr; it has those of wil.42.fr." in refusal(machine, "judge", "--force")

    def test_tables_that_are_not_those_of_the_backup(self, machine: Sandbox) -> None:
        good(machine, "backup")
        machine.program("mariadb", *[line.replace("42", "43") for line in CLIENT])
        said = refusal(machine, "prepare")
        assert "The restored tables are not those of the backup: wp_posts (rows, checksum)." in said


def test_the_compose_file_of_a_throw_away_site(machine: Sandbox) -> None:
    good(machine, "backup")
    good(machine, "prepare")
    config = json.loads(machine.path(f"{DATA}/.restore/compose.json").read_text(encoding="utf-8"))
    assert config["services"]["mariadb"] == {"image": "mariadb:1.0", "restart": "no"}
    assert config["networks"]["database"] == {"name": "inception-restore-database", "internal": True}
    assert config["volumes"]["mariadb"]["driver_opts"]["device"] == f"{DATA}/.restore/mariadb"
    assert config["secrets"]["db_root_password"]["file"].startswith(f"{DATA}/.restore/tree/")
