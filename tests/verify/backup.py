"""A backup of the site while it is used, a drill, and the way back.

Not collected with the rest: ``pytest tests/verify/backup.py``. It wipes the site, and restores it.
"""

from __future__ import annotations

import re
import threading
from collections.abc import Callable

import pytest

from support.stack import Settings, Stack
from support.web import Browser
from verify.marks import test_found as find_marks
from verify.marks import test_leave as leave_marks

PASSWORD = "secrets/backup_password.txt"  # noqa: S105 - where it is
REPOSITORY = "/var/backups/inception"


@pytest.fixture
def make(stack: Stack, settings: Settings) -> Callable[..., str]:
    """Return what runs make on the machine and returns what it prints."""

    def run(*arguments: str, check: bool = True) -> str:
        command = ["make", "--directory", settings.project_dir, f"LOGIN={settings.login}", *arguments]
        done = stack.attempt(*command)
        assert not check or done.returncode == 0, done.stdout[-4000:] + done.stderr
        return done.stdout + done.stderr

    return run


@pytest.mark.requirement("E50")
def test_nobody_notices_a_backup(
    stack: Stack, administrator: Browser, author: Browser, make: Callable[..., str]
) -> None:
    leave_marks(administrator, author)
    answers: list[int] = []
    done = threading.Event()

    def use() -> None:
        while not done.is_set():
            answers.append(administrator.rest("POST", "/wp/v2/posts", {"title": "x", "status": "draft"}).status)
            answers.append(stack.browser().get("/").status)

    user = threading.Thread(target=use)
    user.start()
    try:
        said = make("backup", "ARGS=-e inception_backup_schedule=daily")
    finally:
        done.set()
        user.join()
    found = re.search(
        r"Backed up \S+ to /var/backups/inception as \w{8}: (\d+) tables, (\d+) files, .*waited ([\d.]+) s", said
    )
    assert found, said
    assert int(found[1]) >= 12
    assert float(found[3]) < 10
    assert len(answers) > 4
    assert set(answers) <= {200, 201}


def test_it_is_made_by_itself(stack: Stack) -> None:
    timers = stack.execute("systemctl", "list-timers", "--no-pager", "inception-backup.timer")
    assert "inception-backup.timer" in timers
    stack.execute("systemctl", "start", "inception-backup.service")
    assert '"failure": ""' in stack.read("/var/lib/inception/backup/last-backup.json")


def test_nothing_is_readable_for_others_or_left_in_the_project(stack: Stack, settings: Settings) -> None:
    for place in ("/var/lib/inception/backup", REPOSITORY):
        assert stack.execute("stat", "--format=%a", place).strip() == "700"
    assert stack.execute("git", "-C", settings.project_dir, "status", "--short").strip() == ""
    assert stack.shell(f"find /home/{settings.login}/data -maxdepth 2 -name .backup").strip() == ""


def test_a_drill_passes_and_leaves_nothing(stack: Stack, settings: Settings, make: Callable[..., str]) -> None:
    make("drill")
    report = stack.read(f"{settings.project_dir}/reports/drill/localhost.txt")
    assert re.search(
        r"^Drill of the backup \w{8} of \S+ from /var/backups/inception: passed\.$", report, re.MULTILINE
    ), report
    assert re.search(r"^files: \d{3,} equal to the site's", report, re.MULTILINE), report
    assert "front page: HTTP/1.1 200 OK" in report
    assert "inception-drill" not in stack.docker("ps", "--all", "--format", "{{.Names}}")
    assert "inception-drill" not in stack.docker("volume", "ls") + stack.docker("network", "ls")


def test_a_drill_finds_what_is_not_right(stack: Stack, settings: Settings, make: Callable[..., str]) -> None:
    # The same size and time, another content.
    path = f"/home/{settings.login}/data/wordpress/wp-content/index.php"
    stack.shell(
        f"cp -p {path} /root/kept && touch -r {path} /root/time && sed -i 's/Silence/silence/' {path} && touch -r /root/time {path}"
    )
    try:
        said = make("drill", check=False)
    finally:
        stack.shell(f"cp -p /root/kept {path}")
    assert "index.php is not what the backup holds of it" in said
    assert "inception-drill" not in stack.docker("ps", "--all", "--format", "{{.Names}}")


def test_a_living_site_is_left_alone(stack: Stack, make: Callable[..., str]) -> None:
    before = stack.container("mariadb")
    assert "FORCE=1 restores over it and keeps what was there" in make("restore", "FROM=latest", check=False)
    stack.forget()
    assert stack.container("mariadb") == before


@pytest.mark.requirement("E58")
def test_a_new_machine_becomes_the_same_site(stack: Stack, settings: Settings, make: Callable[..., str]) -> None:
    project = settings.project_dir
    salts = stack.read(f"{project}/secrets/wordpress_salts.txt")
    stack.shell(f"cp -p {project}/{PASSWORD} /root/password")
    make("fclean", "FORCE=1")
    stack.shell(
        f"cd {project} && rm -rf secrets srcs/.env .inception .login /var/lib/inception /etc/systemd/system/inception-backup.*"
    )
    stack.shell(f"mkdir {project}/secrets && cp -p /root/password {project}/{PASSWORD}")
    said = make("restore", f"FROM={REPOSITORY}")
    assert "are in place" in said
    assert "kept in" not in said
    stack.forget()
    assert stack.read(f"{project}/secrets/wordpress_salts.txt") == salts
    find_marks(stack)


def test_a_restore_over_a_site_keeps_it(stack: Stack, make: Callable[..., str]) -> None:
    said = make("restore", "FROM=latest", "FORCE=1")
    kept = re.search(r"kept in (\S+)\.", said)
    assert kept, said
    assert stack.execute("ls", kept[1]).split() == ["mariadb", "wordpress"]
    stack.forget()
    find_marks(stack)
