"""The way to a server: a person's own SSH, and root there by sudo. What `ssh` and `sudo` do is played by two scripts;
a server of its own is met in the tests with machines."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from inception_evaluate.machine import UnseenError, ssh_machine

#: ssh(1): its options, then `--`, the target and one word for the shell there. With -G it tells what its settings come to.
SSH = """#!/bin/sh
[ "$1" != -G ] || { echo "hostname 192.0.2.7"; exit; }
while [ "$1" != -- ]; do shift; done
[ "$2" != stranger@web ] || { echo "Host key verification failed." >&2; exit 255; }
exec env REMOTE=1 sh -c "$3"
"""
ID = '#!/bin/sh\n[ -n "$ROOT" ] && echo 0 || echo 1000\n'
#: sudo(8), with a password of `right`, or none.
SUDO = """#!/bin/sh
[ "$1" = -k ] && shift
case $1 in
  -n) [ -z "$SUDO_ASKS" ] || { echo "sudo: a password is required" >&2; exit 1; } ;;
  -S) IFS= read -r password; [ "$password" = right ] || { echo "sudo: 3 incorrect password attempts" >&2; exit 1; }; shift 2 ;;
esac
shift
[ "$1" != -- ] || shift
ROOT=1 exec "$@"
"""


@pytest.fixture
def programs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Put ssh, id and sudo first on the path."""
    for name, text in (("ssh", SSH), ("id", ID), ("sudo", SUDO)):
        (tmp_path / name).write_text(text, encoding="utf-8")
        (tmp_path / name).chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    return tmp_path


def test_root_is_taken_as_it_is(programs: Path) -> None:
    (programs / "id").write_text("#!/bin/sh\necho 0\n", encoding="utf-8")
    found = ssh_machine("root@web")
    assert found.become == ()
    assert found.address == "192.0.2.7", "what ~/.ssh/config says"
    assert found.run("sh", "-c", "echo $REMOTE; cat", data="it's\n").out == "1\nit's\n"


def test_another_user_becomes_root_by_sudo(programs: Path) -> None:
    del programs
    found = ssh_machine("op@web")
    assert found.run("sh", "-c", "echo $ROOT; cat", data="a b\n").out == "1\na b\n"
    assert found.python("print(json.dumps([QUESTION, 1]))", "x") == ["x", 1]


@pytest.mark.parametrize(("password", "right"), [("right", True), ("wrong", False)])
def test_sudo_s_password_is_asked_for_and_goes_before_the_data(
    programs: Path, monkeypatch: pytest.MonkeyPatch, password: str, *, right: bool
) -> None:
    del programs
    monkeypatch.setenv("SUDO_ASKS", "1")
    monkeypatch.setattr("sys.stdin.isatty", lambda: True, raising=False)
    monkeypatch.setattr("getpass.getpass", lambda _: password)
    if not right:
        with pytest.raises(UnseenError, match="does not take that password of this user"):
            ssh_machine("op@web")
        return
    found = ssh_machine("op@web")
    assert found.run("cat", data="the data\n").out == "the data\n"
    assert "right" not in repr(found)


def test_without_a_terminal_the_remedy_is_told(programs: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SUDO_ASKS", "1")
    monkeypatch.setattr("sys.stdin.isatty", lambda: False, raising=False)
    with pytest.raises(UnseenError, match="sudo asks op@web for a password, and there is no terminal"):
        ssh_machine("op@web")
    (programs / "sudo").unlink()
    monkeypatch.setenv("PATH", f"{programs}:/nowhere")
    for name in ("sh", "env"):
        (programs / name).symlink_to(f"/bin/{name}")
    with pytest.raises(UnseenError, match=r"has no sudo: name root there, as in root@192\.0\.2\.7"):
        ssh_machine("op@web")


def test_what_ssh_says_is_told(programs: Path) -> None:
    del programs
    with pytest.raises(UnseenError, match=r"stranger@web cannot be reached over SSH: Host key verification failed\."):
        ssh_machine("stranger@web")
