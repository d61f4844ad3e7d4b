"""The script that knows the way back of an upgrade. The way itself is walked on a machine (molecule/shared/upgrade.yml);
here is what it does where an engine, a dump or an upgrade is not as it should be.
"""

from __future__ import annotations

import gzip
import stat

import pytest

from support import ROOT
from support.sandbox import Sandbox

SCRIPT = "/project/srcs/requirements/tools/upgrade.sh"
SITE = "/data/wordpress"
KEPT = f"{SITE}/.inception/upgrades"
#: Stands in for the docker command: what it was called with is written down, the containers answer as told.
DOCKER = """
echo "$*" >>/test/docker
case $* in
  'run '*) echo "6.8.12 0123456789abcdef" ;;
  'inspect '*) echo sha256:former ;;
  *healthcheck.sh\\ site) cat /test/site; exit "$(cat /test/status)" ;;
  'exec --interactive mariadb '*mariadb-dump*) [ ! -e /test/full ] || exit 1; echo '-- the dump' ;;
  'exec --interactive mariadb '*) cat >/test/restored ;;
  'logs '*) echo "PHP Fatal error:  Uncaught Error: gone in old.php:4" ;;
esac
"""


@pytest.fixture
def machine(sandbox: Sandbox) -> Sandbox:
    """Return a machine with a site of WordPress 6.1.9, whose image has 6.8.12 by now."""
    sandbox.bring(ROOT / "srcs/requirements/tools", "/project/srcs/requirements/tools")
    sandbox.write("/project/srcs/.env", "DATA_DIR='/data'\nIMAGE_VERSION=1.0\n")
    site(sandbox, "6.1.9")
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


def dumps(machine: Sandbox) -> list[str]:
    kept = machine.path(KEPT)
    return sorted(path.name for path in kept.iterdir() if path.name != "pending") if kept.exists() else []


def test_the_same_core_is_no_upgrade(machine: Sandbox) -> None:
    site(machine, "6.8.12")
    assert machine.ok(SCRIPT, "before") == ""
    assert machine.ok(SCRIPT, "finish") == ""
    assert (calls(machine), dumps(machine)) == ([], [])


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


def test_an_upgrade_that_was_cut_off_keeps_the_dump_of_before(machine: Sandbox) -> None:
    machine.ok(SCRIPT, "before")
    first = dumps(machine)
    site(machine, "6.8.12")
    assert "The upgrade to WordPress 6.8.12 goes on" in machine.ok(SCRIPT, "before")
    assert dumps(machine) == first


def test_a_site_that_answers_is_done_with(machine: Sandbox) -> None:
    machine.ok(SCRIPT, "before")
    machine.write("/test/site", "The site has plugins/akismet 5.0.2, …\n")
    assert machine.ok(SCRIPT, "finish") == "The site has plugins/akismet 5.0.2, …\n"
    assert calls(machine)[-1] == "image rm wordpress:former"
    assert machine.ok(SCRIPT, "finish") == "", "it is asked once"
    assert len(dumps(machine)) == 1, "the dump stays"


def test_a_site_that_does_not_answer_is_what_it_was(machine: Sandbox) -> None:
    machine.ok(SCRIPT, "before")
    site(machine, "6.8.12")
    machine.write("/test/site", "the site answers / with 500\n")
    machine.write("/test/status", "1")
    done = machine.run(SCRIPT, "finish")
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.splitlines()[0] == (
        "WordPress 6.8.12 does not run here: the site answers / with 500; "
        "PHP Fatal error:  Uncaught Error: gone in old.php:4"
    )
    assert "The site is as it was before the upgrade" in done.stderr
    assert machine.path("/test/restored").read_text() == "-- the dump\n"
    assert "tag wordpress:former wordpress:1.0" in calls(machine)
    assert not machine.path(f"{SITE}/wp-includes/version.php").exists(), "the former image puts its core in place"
    assert machine.ok(SCRIPT, "finish") == "", "what is over is not looked at again"


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
