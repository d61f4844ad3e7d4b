"""`make add-host`: one file for each server, and a sentence for what is in the way. Here `ssh` is played by a script; a
real server is met by hand and by Molecule's scenario `remote`."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from support import BIN, ROOT, own_environment, run

#: Fails as often as it is told to, and then runs what it is given, as the server would.
SSH = """#!/bin/sh
echo "$*" >>"$CALLS"
while [ "$1" != -- ]; do shift; done
[ ! -s "$FAILS" ] || { cat "$FAILS" >&2; exit 255; }
shift 2
exec sh -c "$*"
"""


@pytest.fixture
def bundle(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return a checkout, with an ssh that is none."""
    root = tmp_path / "it's mine 한"
    (root / ".venv").mkdir(parents=True)
    (root / ".venv/.ready").write_text(f"{root}\n", encoding="utf-8")
    for name in ("Makefile", "languages", "requirements", "inventory/servers.example"):
        (root / name).parent.mkdir(exist_ok=True)
        (root / name).symlink_to(ROOT / name)
    programs = tmp_path / "bin"
    programs.mkdir()
    for name, text in (
        ("ssh", SSH),
        ("ssh-copy-id", '#!/bin/sh\necho "$*" >>"$CALLS"; : >"$FAILS"\n'),
        ("ssh-add", "#!/bin/sh\nexit 1\n"),
        ("id", '#!/bin/sh\necho "${WHO:-0}"\n'),
    ):
        (programs / name).write_text(text, encoding="utf-8")
        (programs / name).chmod(0o755)
    home = tmp_path / "home/.ssh"
    home.mkdir(parents=True)
    (home / "id_ed25519.pub").touch()
    for name, value in {"FAILS": "fails", "CALLS": "calls", "HOME": "home"}.items():
        monkeypatch.setenv(name, str(tmp_path / value))
    monkeypatch.setenv("PATH", f"{programs}:{os.environ['PATH']}")
    return root


def add(bundle: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run `make add-host`."""
    return run(["make", "--old-file=.venv/.ready", "add-host", *arguments], cwd=bundle, env=own_environment())


def fail(bundle: Path, said: str) -> None:
    """Let ssh fail with what it says."""
    (bundle.parent / "fails").write_text(said, encoding="utf-8")


def test_each_server_gets_a_file_which_ansible_reads_as_one_inventory(bundle: Path) -> None:
    done = add(bundle, "HOST=op@web1.example.org:2222", "LOGIN=wil")
    assert done.returncode == 0, done.stderr
    assert ".venv/bin/ansible-playbook -i servers site.yml\n" in done.stdout
    assert add(bundle, "HOST=192.0.2.7").returncode == 0
    command = [str(BIN / "ansible-inventory"), "-i", "servers", "--list", "--yaml"]
    environment = {**own_environment(), "LC_ALL": "C.UTF-8", "ANSIBLE_CONFIG": str(ROOT / "ansible.cfg")}
    listed = run(command, cwd=bundle, env=environment).stdout
    assert (
        "web1.example.org:\n          ansible_port: 2222\n          ansible_user: op\n          inception_login: wil\n"
        in listed
    )
    assert "192.0.2.7:\n          ansible_user: root\n" in listed
    assert (bundle / "servers/group_vars/inception.yml").exists()


@pytest.mark.parametrize(
    "host",
    ["", "root@", "web 1", "-oProxyCommand=touch x", "root@web;touch x", "$(touch x)", "it's", "web:port", "a@b@c"],
)
def test_what_is_no_server_is_refused(bundle: Path, host: str) -> None:
    done = add(bundle, f"HOST={host}")
    assert done.returncode == 2
    assert "which is no server: make add-host HOST=user@address" in done.stderr
    assert not (bundle / "servers").exists()
    assert not (bundle / "x").exists()
    assert not (bundle.parent / "calls").exists()


@pytest.mark.parametrize("said", ["op@web: Permission denied (publickey).\n", "Host key verification failed.\n"])
def test_the_key_is_put_there_after_the_host_key_was_explained(bundle: Path, said: str) -> None:
    fail(bundle, said)
    done = add(bundle, "HOST=op@web")
    assert done.returncode == 0, done.stderr
    assert "answer yes only if that is what the\nprovider shows" in done.stdout
    assert "-p 22 -- op@web\n" in (bundle.parent / "calls").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("said", "sentence"),
    [
        (
            "ssh: Could not resolve hostname web: Name or service not known\n",
            "web cannot be reached over SSH: ssh: Could",
        ),
        ("@ WARNING: REMOTE HOST IDENTIFICATION HAS CHANGED! @\nmore\n", "shows another host key than it did before"),
    ],
)
def test_what_is_in_the_way_is_told(bundle: Path, said: str, sentence: str) -> None:
    fail(bundle, said)
    refused(bundle, sentence)


def test_without_a_key_it_is_told_how_to_make_one(bundle: Path) -> None:
    fail(bundle, "Permission denied (publickey).\n")
    shutil.rmtree(bundle.parent / "home/.ssh")
    refused(bundle, "You have no SSH key: ssh-keygen -t ed25519, then again.")


def refused(bundle: Path, sentence: str) -> None:
    """Hold a run to one sentence and no file."""
    done = add(bundle, "HOST=op@web")
    assert done.returncode == 2
    (line,) = [line for line in done.stderr.splitlines() if not line.startswith("make")]
    assert sentence in line
    assert not (bundle / "servers").exists()


@pytest.mark.parametrize("sudo", [None, "exit 1", "exit 0"], ids=["no sudo", "asks", "asks for nothing"])
def test_the_way_to_root_is_looked_at(bundle: Path, monkeypatch: pytest.MonkeyPatch, sudo: str | None) -> None:
    monkeypatch.setenv("WHO", "1000")
    programs = bundle.parent / "bin"
    if sudo is not None:
        (programs / "sudo").write_text(f"#!/bin/sh\n{sudo}\n", encoding="utf-8")
        (programs / "sudo").chmod(0o755)
    else:
        for name in ("awk", "bash", "cat", "cp", "env", "grep", "head", "make", "mkdir", "python3", "sed", "sh", "tr"):
            (programs / name).symlink_to(str(shutil.which(name)))
        monkeypatch.setenv("PATH", str(programs))
        refused(bundle, "op is not root on web, and there is no sudo: HOST=root@web, or install sudo there.")
        return
    done = add(bundle, "HOST=op@web")
    assert done.returncode == 0, done.stderr
    assert ("--ask-become-pass" in done.stdout) == (sudo == "exit 1")


def test_a_server_that_is_there_is_left_alone(bundle: Path) -> None:
    shutil.copytree(ROOT / "inventory/servers.example", bundle / "servers")
    before = (bundle / "servers/hosts.yml").read_text(encoding="utf-8")
    done = add(bundle, "HOST=root@web1.example.org")
    assert done.returncode == 2
    assert "web1.example.org is in servers/hosts.yml already: change it there." in done.stderr
    assert add(bundle, "HOST=web3").returncode == 0
    again = add(bundle, "HOST=web3")
    assert "servers/web3.yml is there already" in again.stderr
    assert (bundle / "servers/hosts.yml").read_text(encoding="utf-8") == before
