"""The script that makes the secrets: what it makes, what it keeps, what it refuses."""

from __future__ import annotations

import os
import re
import shutil
import stat
import subprocess
import time
from pathlib import Path

import pytest

from support import ROOT
from support.sandbox import as_nobody

SCRIPT = ROOT / "srcs/requirements/tools/secrets.sh"
MODES = {
    "db_root_password.txt": 0o400,
    "db_password.txt": 0o400,
    "credentials.txt": 0o400,
    "wordpress_salts.txt": 0o400,
    "mail_password.txt": 0o400,
    "extra_ca.crt": 0o644,
}
SALTS = ["AUTH_KEY", "SECURE_AUTH_KEY", "LOGGED_IN_KEY", "NONCE_KEY"]
SALTS += ["AUTH_SALT", "SECURE_AUTH_SALT", "LOGGED_IN_SALT", "NONCE_SALT"]


@pytest.fixture
def secrets(tmp_path: Path) -> Path:
    return tmp_path / "project/secrets"


def attempt(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([str(SCRIPT), *arguments], capture_output=True, text=True, check=False, timeout=60, umask=0)


def script(secrets: Path, *, check: bool = False) -> list[str]:
    """Run it; return what it says it did."""
    done = attempt(*(["--check"] if check else []), str(secrets))
    assert (done.returncode, done.stderr) == (0, "")
    return done.stdout.replace(f"{secrets}/", "").splitlines()


def contents(secrets: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in secrets.iterdir()}


def assert_sound(secrets: Path, name: str) -> None:
    """Look at one secret: all of it, readable by nobody but root."""
    path = secrets / name
    status = path.stat()
    assert (stat.S_IMODE(status.st_mode), status.st_uid) == (MODES[name], 0)
    text = path.read_text(encoding="ascii")
    match name:
        case "credentials.txt":
            assert re.fullmatch(r"WP_ADMIN_PASSWORD=[A-Za-z0-9]{20}\nWP_USER_PASSWORD=[A-Za-z0-9]{20}\n", text)
        case "wordpress_salts.txt":
            assert re.fullmatch("".join(rf"{salt}=[A-Za-z0-9]{{64}}\n" for salt in SALTS), text)
        case "mail_password.txt" | "extra_ca.crt":
            assert text == ""
        case _:
            assert re.fullmatch(r"[A-Za-z0-9]{32}\n", text)


def test_all_are_made_once(secrets: Path) -> None:
    assert script(secrets, check=True) == [f"would make {name}" for name in MODES]
    assert not secrets.exists()
    assert script(secrets) == [f"made {name}" for name in MODES]
    assert stat.S_IMODE(secrets.stat().st_mode) == 0o755, "the certificates in it are public"
    before = contents(secrets)
    assert set(before) == set(MODES), "nothing else is left behind"
    for name in MODES:
        assert_sound(secrets, name)
    assert script(secrets) == script(secrets, check=True) == []
    assert contents(secrets) == before


def test_nobody_else_reads_a_secret_while_it_is_made(secrets: Path, tmp_path: Path) -> None:
    chmod = tmp_path / "bin/chmod"
    chmod.parent.mkdir()
    chmod.write_text(f'#!/bin/sh\nstat -c %a "$2" >>{tmp_path}/modes\nexec /bin/chmod "$@"\n')
    chmod.chmod(0o755)
    subprocess.run(
        [str(SCRIPT), str(secrets)], env={"PATH": f"{chmod.parent}:{os.environ['PATH']}"}, check=True, umask=0
    )
    assert (tmp_path / "modes").read_text().split() == ["600"] * len(MODES)


def test_no_two_values_are_the_same(secrets: Path, tmp_path: Path) -> None:
    script(secrets)
    script(tmp_path / "other")
    texts = [path.read_text(encoding="ascii") for path in [*secrets.iterdir(), *(tmp_path / "other").iterdir()]]
    values = [line.rpartition("=")[2] for text in texts for line in text.splitlines()]
    assert len(set(values)) == len(values) == 2 * (1 + 1 + 2 + 8)


@pytest.mark.parametrize("name", MODES)
def test_a_secret_that_is_there_is_kept_as_it_is(secrets: Path, name: str) -> None:
    secrets.mkdir(parents=True, mode=0o700)
    (secrets / name).write_text("of its owner")
    (secrets / name).chmod(0o440)
    os.chown(secrets / name, 4242, 4242)
    assert script(secrets) == [f"made {other}" for other in MODES if other != name]
    status = (secrets / name).stat()
    assert (stat.S_IMODE(status.st_mode), status.st_uid, status.st_gid) == (0o440, 4242, 4242)
    assert (secrets / name).read_text() == "of its owner"
    assert stat.S_IMODE(secrets.stat().st_mode) == 0o700


@pytest.mark.parametrize("check", [True, False])
@pytest.mark.parametrize("state", ["empty", "dangling", "directory"])
@pytest.mark.parametrize("name", MODES)
def test_what_cannot_be_a_secret_is_told_and_nothing_else_made(
    secrets: Path, name: str, state: str, check: bool
) -> None:
    secrets.mkdir(parents=True)
    match state:
        case "empty":
            (secrets / name).touch()
        case "dangling":
            (secrets / name).symlink_to("elsewhere.txt")
        case "directory":
            # The engine makes one where a file is missing that is to be mounted.
            (secrets / name).mkdir()
    if name in {"mail_password.txt", "extra_ca.crt"} and state == "empty":
        assert len(script(secrets, check=check)) == len(MODES) - 1
        return
    earlier = list(MODES)[: list(MODES).index(name)]
    done = attempt(*(["--check"] if check else []), str(secrets))
    assert done.returncode == 1
    assert done.stderr == (
        f"secrets.sh: {secrets}/{name} is empty or no file: fill it, or remove it and a new one is made.\n"
    )
    assert {path.name for path in secrets.iterdir()} == {name, *([] if check else earlier)}


def test_a_link_to_a_secret_elsewhere_is_kept(secrets: Path) -> None:
    secrets.mkdir(parents=True)
    (secrets / "vault.txt").write_text("sesame\n")
    (secrets / "db_password.txt").symlink_to("vault.txt")
    assert "made db_password.txt" not in script(secrets)
    assert (secrets / "db_password.txt").is_symlink()
    assert (secrets / "vault.txt").read_text() == "sesame\n"


def test_a_kill_leaves_whole_secrets_or_none(secrets: Path) -> None:
    for number in range(25):
        running = subprocess.Popen([str(SCRIPT), str(secrets)], stdout=subprocess.DEVNULL, start_new_session=True)
        time.sleep(number * 0.004)
        os.killpg(running.pid, 9)
        running.wait()
        there = [name for name in MODES if (secrets / name).exists()]
        for name in there:
            assert_sound(secrets, name)
        assert script(secrets) == [f"made {name}" for name in MODES if name not in there]
        assert set(contents(secrets)) == set(MODES), "what was begun is gone"
        shutil.rmtree(secrets)


def test_what_was_begun_under_other_rights_is_begun_anew(secrets: Path) -> None:
    secrets.mkdir(parents=True)
    (secrets / ".db_password.txt.new").write_text("half")
    (secrets / ".db_password.txt.new").chmod(0o666)
    script(secrets)
    assert_sound(secrets, "db_password.txt")
    assert set(contents(secrets)) == set(MODES)


@pytest.mark.parametrize("arguments", [[], [""], ["--check"], ["one", "two"]])
def test_usage(arguments: list[str]) -> None:
    done = attempt(*arguments)
    assert (done.returncode, done.stderr) == (1, "secrets.sh: usage: secrets.sh [--check] DIRECTORY\n")


def test_only_root_makes_secrets(secrets: Path) -> None:
    done = as_nobody(SCRIPT, str(secrets))
    assert (done.returncode, done.stderr) == (1, "secrets.sh: run it as root: the secrets belong to root.\n")
    assert not secrets.exists()
