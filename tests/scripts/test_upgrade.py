"""The script that knows the way back of an upgrade. The way itself is walked on a machine (molecule/shared/upgrade.yml);
here is what it does where an engine, a dump or an upgrade is not as it should be.
"""

from __future__ import annotations

import gzip
import os
import stat
import subprocess
import time
from pathlib import Path

import pytest

from support import ROOT
from support.sandbox import Sandbox

SCRIPT = "/project/srcs/requirements/tools/upgrade.sh"
SITE = "/data/wordpress"
KEPT = f"{SITE}/.inception/upgrades"
#: Stands in for the docker command: what it was called with is written down, the containers answer as told.
DOCKER = r"""
echo "$*" >>/test/docker
case $* in
  'run '*) cat /test/id ;;
  *'{{.Image}} wordpress') cat /test/there ;;
  *'{{.State.Running}} wordpress') echo true ;;
  *'{{.State.Health.Status}} wordpress') cat /test/health ;;
  *'{{.Id}} wordpress:former') echo sha256:former ;;
  *'{{.Id}} wordpress:1.0') echo sha256:new ;;
  'exec mariadb healthcheck.sh') [ ! -e /test/down ] || exit 1 ;;
  *healthcheck.sh\ site) cat /test/site; exit "$(cat /test/status)" ;;
  'exec --interactive mariadb '*mariadb-dump*) echo "-- the dump"; [ ! -e /test/full ] || exit 1 ;;
  'exec --interactive mariadb '*) cat >/test/restored; [ ! -e /test/slow ] || sleep 60 ;;
  'logs '*) echo "PHP Fatal error:  Uncaught Error: gone in old.php:4" ;;
esac
"""


@pytest.fixture
def machine(sandbox: Sandbox) -> Sandbox:
    """Return a machine with a site of WordPress 6.1.9, whose image has 6.8.12 by now."""
    sandbox.bring(ROOT / "srcs/requirements/tools", "/project/srcs/requirements/tools")
    sandbox.write("/project/srcs/.env", "DATA_DIR='/data'\nIMAGE_VERSION=1.0\n")
    site(sandbox, "6.1.9")
    sandbox.write("/test/id", "6.8.12 0123456789abcdef\n")
    sandbox.write("/test/there", "sha256:former\n")
    sandbox.write("/test/health", "healthy\n")
    sandbox.write("/test/site", "")
    sandbox.write("/test/status", "0")
    sandbox.program("docker", *DOCKER.splitlines())
    return sandbox


def site(machine: Sandbox, version: str) -> None:
    machine.write(f"{SITE}/wp-includes/version.php", f"<?php\n$wp_version = '{version}';\n")
    machine.write(f"{SITE}/.inception/core", version)


def calls(machine: Sandbox) -> list[str]:
    """Return how the docker command was called since the last time, without what was asked only."""
    log = machine.path("/test/docker")
    lines = log.read_text().splitlines() if log.exists() else []
    log.write_text("")
    return [line for line in lines if line.startswith(("stop", "start", "tag", "image rm", "compose"))]


def wait_for(path: Path) -> None:
    """Wait until a file has something in it."""
    deadline = time.monotonic() + 30
    while not (path.exists() and path.stat().st_size):
        assert time.monotonic() < deadline, f"nothing in {path}"
        time.sleep(0.05)


def upgraded(machine: Sandbox, health: str = "starting") -> None:
    """Have the new image run with the new core."""
    site(machine, "6.8.12")
    machine.write("/test/there", "sha256:new\n")
    machine.write("/test/health", f"{health}\n")


def ill(machine: Sandbox, *pages: str) -> None:
    """Have pages of the site answer with an error."""
    machine.write("/test/site", "".join(f"the site answers {page} with 500\n" for page in pages))
    machine.write("/test/status", "1")


def dumps(machine: Sandbox) -> list[str]:
    """Return what is kept, but for the notes on what is under way."""
    kept = machine.path(KEPT)
    return sorted(path.name for path in kept.iterdir() if path.name not in ("pending", "back")) if kept.exists() else []


def test_the_same_core_is_no_upgrade(machine: Sandbox) -> None:
    site(machine, "6.8.12")
    assert machine.ok(SCRIPT, "before") == ""
    assert "run --rm" in machine.path("/test/docker").read_text(), "the image was asked"
    assert machine.ok(SCRIPT, "finish") == ""
    assert (calls(machine), dumps(machine)) == ([], [])


def test_the_image_that_runs_is_not_asked(machine: Sandbox) -> None:
    upgraded(machine)
    assert machine.ok(SCRIPT, "before") == ""
    assert "run --rm" not in machine.path("/test/docker").read_text()


@pytest.mark.parametrize("id", ["", "\n\n6.8.12 0123", "latest 0123"])
def test_an_image_that_names_no_version_is_refused(machine: Sandbox, id: str) -> None:  # noqa: A002
    machine.write("/test/id", id)
    done = machine.run(SCRIPT, "before")
    assert done.returncode == 1
    assert done.stderr == "The image wordpress:1.0 does not say which WordPress it has; the site was left as it was.\n"
    assert (calls(machine), dumps(machine)) == ([], [])


@pytest.mark.parametrize("value", ['"/data"', "'/data' # here", "/nowhere", "data", ""])
def test_a_data_directory_that_is_none_is_refused(machine: Sandbox, value: str) -> None:
    machine.write("/project/srcs/.env", f"DATA_DIR={value}\nIMAGE_VERSION=1.0\n")
    done = machine.run(SCRIPT, "before")
    assert done.returncode == 1
    assert done.stderr.startswith("DATA_DIR in /project/srcs/.env is no directory by its full path")


def test_a_new_site_is_no_upgrade(machine: Sandbox) -> None:
    machine.ok("rm", "-r", SITE)
    assert machine.ok(SCRIPT, "before") == ""
    assert calls(machine) == []


def test_nobody_writes_while_the_database_is_dumped_and_nobody_else_reads_it(machine: Sandbox) -> None:
    said = machine.ok(SCRIPT, "before")
    (name,) = dumps(machine)
    assert name.endswith("-wordpress-6.1.9.sql.gz")
    assert said == f"WordPress 6.1.9 becomes 6.8.12; the database of before is kept in {KEPT}/{name}\n"
    assert calls(machine) == ["stop wordpress", "tag sha256:former wordpress:former", "start mariadb"]
    assert gzip.decompress(machine.path(f"{KEPT}/{name}").read_bytes()) == b"-- the dump\n"
    assert stat.S_IMODE(machine.path(KEPT).stat().st_mode) == 0o700
    assert stat.S_IMODE(machine.path(f"{KEPT}/{name}").stat().st_mode) == 0o600


def test_a_dump_that_fails_leaves_the_site_as_it_was(machine: Sandbox) -> None:
    machine.write("/test/full", "")
    done = machine.run(SCRIPT, "before")
    assert done.returncode == 1
    assert "The database cannot be dumped (see above): WordPress stays 6.1.9" in done.stderr
    assert calls(machine)[-1] == "start wordpress"
    assert dumps(machine) == []
    assert not machine.path(f"{KEPT}/pending").exists()


@pytest.mark.parametrize("broken", ["down", "gzip", "sync"])
def test_whatever_fails_after_the_stop_starts_the_site_again(machine: Sandbox, broken: str) -> None:
    if broken == "down":
        machine.write("/test/down", "")
        machine.program("sleep")
    else:
        # Of sync, the call for the note on the upgrade.
        machine.program(broken, "case $* in *pending*|'') exit 1;; *.part|*upgrades) ;; *) exit 1;; esac")
    assert machine.run(SCRIPT, "before").returncode == 1
    assert calls(machine)[-1] == "start wordpress"
    assert not machine.path(f"{KEPT}/pending").exists()
    assert [name for name in dumps(machine) if not name.endswith(".sql.gz")] == []


def test_what_a_killed_one_has_left_is_removed(machine: Sandbox) -> None:
    machine.write(f"{KEPT}/2026-01-01T000000-wordpress-6.1.9.sql.gz.part", "half")
    machine.write(f"{KEPT}/pending.new", "half")
    machine.ok(SCRIPT, "finish")
    assert dumps(machine) == []


def test_the_dump_has_all_that_the_restore_drops(machine: Sandbox) -> None:
    machine.ok(SCRIPT, "before")
    asked = machine.path("/test/docker").read_text()
    assert all(option in asked for option in ("--events", "--routines", "--triggers", "--add-drop-database"))


def test_only_one_is_at_work(machine: Sandbox) -> None:
    machine.write("/test/slow", "")
    machine.ok(SCRIPT, "before")
    first = machine.start(SCRIPT, "back")
    wait_for(machine.path("/test/restored"))
    second = machine.start(SCRIPT, "finish")
    with pytest.raises(subprocess.TimeoutExpired):
        second.communicate(timeout=2)
    machine.cut_off(first)
    machine.path("/test/slow").unlink()
    assert "the database of" in second.communicate(timeout=30)[1]


def test_an_upgrade_that_was_cut_off_keeps_the_dump_of_before(machine: Sandbox) -> None:
    machine.ok(SCRIPT, "before")
    first = dumps(machine)
    upgraded(machine)
    assert "The upgrade to WordPress 6.8.12 goes on" in machine.ok(SCRIPT, "before")
    assert dumps(machine) == first


def test_a_site_that_answers_is_done_with(machine: Sandbox) -> None:
    machine.ok(SCRIPT, "before")
    machine.write("/test/site", "The site has plugins/akismet 5.0.2, …\n")
    assert machine.ok(SCRIPT, "finish") == "The site has plugins/akismet 5.0.2, …\n"
    assert calls(machine)[-1] == "image rm wordpress:former"
    assert machine.ok(SCRIPT, "finish") == "", "it is asked once"
    assert len(dumps(machine)) == 1, "the dump stays"


@pytest.mark.parametrize("health", ["healthy", "unhealthy"])
def test_an_upgrade_that_was_forgotten_costs_no_content(machine: Sandbox, health: str) -> None:
    machine.ok(SCRIPT, "before")
    upgraded(machine, health)
    days_ago = time.time() - 3 * 86400
    if health == "unhealthy":
        os.utime(machine.path(f"{KEPT}/pending"), (days_ago, days_ago))
    ill(machine, "/")
    assert machine.ok(SCRIPT, "before").startswith("WordPress 6.8.12 was started by an earlier run; the database of")
    assert machine.ok(SCRIPT, "finish") == ""
    assert not machine.path("/test/restored").exists()


def test_a_site_that_was_started_again_before_the_upgrade_is_dumped_anew(machine: Sandbox) -> None:
    machine.ok(SCRIPT, "before")
    first = dumps(machine)
    time.sleep(1.1)
    assert machine.ok(SCRIPT, "before").startswith("WordPress 6.1.9 becomes 6.8.12")
    assert machine.path(f"{KEPT}/pending").read_text().split()[2] not in [f"{KEPT}/{name}" for name in first]


def test_a_site_that_does_not_answer_is_what_it_was(machine: Sandbox) -> None:
    machine.ok(SCRIPT, "before")
    upgraded(machine)
    ill(machine, "/", "/wp-json/")
    done = machine.run(SCRIPT, "finish")
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.splitlines()[0] == (
        "WordPress 6.8.12 does not run here: the site answers / with 500, the site answers /wp-json/ with 500; "
        "PHP Fatal error:  Uncaught Error: gone in old.php:4"
    )
    assert "The site is as it was before the upgrade" in done.stderr
    (replaced,) = [name for name in dumps(machine) if name.endswith("-wordpress-6.8.12-replaced.sql.gz")]
    assert f"The database that is replaced is kept in {KEPT}/{replaced}\n" in done.stderr
    assert machine.path("/test/restored").read_text() == "-- the dump\n"
    assert "tag wordpress:former wordpress:1.0" in calls(machine)
    assert not machine.path(f"{SITE}/wp-includes/version.php").exists(), "the former image puts its core in place"
    assert machine.ok(SCRIPT, "finish") == "", "what is over is not looked at again"


def test_only_what_answered_before_is_a_reason_to_go_back(machine: Sandbox) -> None:
    ill(machine, "/wp-json/")
    machine.ok(SCRIPT, "before")
    upgraded(machine)
    assert machine.ok(SCRIPT, "finish") == "the site answers /wp-json/ with 500\n"
    assert not machine.path(f"{KEPT}/pending").exists()


def test_something_else_than_before_is_one(machine: Sandbox) -> None:
    ill(machine, "/wp-json/")
    machine.ok(SCRIPT, "before")
    upgraded(machine)
    ill(machine, "/", "/wp-json/")
    done = machine.run(SCRIPT, "finish")
    assert done.returncode == 1
    assert "does not run here: the site answers / with 500; PHP" in done.stderr


@pytest.mark.parametrize("later", ["before", "finish"])
def test_a_way_back_that_was_cut_off_is_gone_on_with(machine: Sandbox, later: str) -> None:
    machine.ok(SCRIPT, "before")
    upgraded(machine)
    machine.write("/test/slow", "")
    running = machine.start(SCRIPT, "back")
    wait_for(machine.path("/test/restored"))
    assert machine.cut_off(running)
    machine.path("/test/slow").unlink()
    machine.path("/test/restored").unlink()
    kept = dumps(machine)
    done = machine.run(SCRIPT, later)
    assert done.returncode == 1, "it is said"
    assert "The site is as it was before the upgrade, with the database of" in done.stderr
    assert machine.path("/test/restored").read_text() == "-- the dump\n"
    assert dumps(machine) == kept, "half a database is not kept"
    assert sorted(path.name for path in machine.path(KEPT).iterdir()) == kept, "nothing is under way any more"


def test_nothing_is_put_back_while_the_present_database_cannot_be_kept(machine: Sandbox) -> None:
    machine.ok(SCRIPT, "dump", "mine")
    machine.write("/test/full", "")
    done = machine.run(SCRIPT, "back", f"{KEPT}/{dumps(machine)[0]}")
    assert done.returncode == 1
    assert "The present database cannot be kept (see above): nothing was put back" in done.stderr
    assert calls(machine)[-1] == "start wordpress"
    assert not machine.path("/test/restored").exists()
    assert machine.path(f"{SITE}/wp-includes/version.php").exists()


def test_the_newest_three_dumps_are_kept_and_what_is_needed(machine: Sandbox) -> None:
    days = [f"2020-01-0{day}T000000-links.sql.gz" for day in range(1, 6)]
    for name in ["2019.sql.gz", *days]:
        machine.write(f"{KEPT}/{name}", gzip.compress(b"-- the dump\n"))
    machine.write(f"{KEPT}/pending", f"6.1\n6.8.12\n{KEPT}/{days[1]}\n")
    machine.ok(SCRIPT, "dump", "links")
    *left, new = dumps(machine)
    assert new.endswith("-links.sql.gz")
    assert left == ["2019.sql.gz", days[1], *days[-2:]], "what is not named by this script is somebody else's"
    machine.ok(SCRIPT, "back", f"{KEPT}/{days[-2]}")
    assert days[-2] in dumps(machine), "it is what the site goes back to"


def test_a_dump_that_is_not_whole_is_refused_before_anything_is_touched(machine: Sandbox) -> None:
    spoiled = machine.write("/root/half.sql.gz", gzip.compress(b"-- the dump\n" * 999)[:-4])
    done = machine.run(SCRIPT, "back", "/root/half.sql.gz")
    assert spoiled.exists()
    assert done.returncode == 1
    assert "/root/half.sql.gz is no whole dump; nothing was touched." in done.stderr
    assert calls(machine) == []


def test_a_dump_before_something_else(machine: Sandbox) -> None:
    said = machine.ok(SCRIPT, "dump", "links")
    (name,) = dumps(machine)
    assert name.endswith("-links.sql.gz")
    assert said == f"The database of before is kept in {KEPT}/{name}\n"
    assert "stop wordpress" not in calls(machine)


def test_nothing_is_replaced_without_a_dump(machine: Sandbox) -> None:
    machine.write("/test/full", "")
    done = machine.run(SCRIPT.replace("upgrade", "links"), "replace")
    assert done.returncode == 1
    assert "links.php" not in machine.path("/test/docker").read_text()


def test_without_an_upgrade_the_way_back_needs_a_dump(machine: Sandbox) -> None:
    done = machine.run(SCRIPT, "back")
    assert (done.returncode, calls(machine)) == (1, [])
    assert f"name the dump to go back to: there is none in {KEPT}" in done.stderr
