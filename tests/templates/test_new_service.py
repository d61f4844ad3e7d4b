"""A new service is one new role and one word in ``inception_services``: everything else is found from there."""

from __future__ import annotations

import json
import os
import re
import shutil
import socket
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from support import BIN, compose, copy_bundle, own_environment, run

SERVICES = ["mariadb", "wordpress", "nginx", "notes"]


class Bundle:
    """A copy of the bundle with the service ``notes``."""

    def __init__(self, root: Path) -> None:
        self.root = root
        copy_bundle(root)
        shutil.copytree(Path(__file__).parent / "notes", root / "roles/notes")
        (root / "docs").unlink()
        (root / "docs").mkdir()

    def play(self, *arguments: str, **settings: Any) -> subprocess.CompletedProcess[str]:
        """Run a playbook with the service."""
        given = {"inception_services": SERVICES, "inception_login": "wil", **settings}
        return run(
            [str(BIN / "ansible-playbook"), "-i", "localhost,", *arguments, "-e", json.dumps(given)],
            cwd=self.root,
            env={**own_environment(), "ANSIBLE_CONFIG": str(self.root / "ansible.cfg")},
        )

    def tasks(self, name: str, tasks: list[dict[str, Any]], **settings: Any) -> subprocess.CompletedProcess[str]:
        """Run tasks on this machine, with the service."""
        play = {"hosts": "localhost", "connection": "local", "gather_facts": False, "tasks": tasks}
        (self.root / f"{name}.yml").write_text(yaml.safe_dump([play]), encoding="utf-8")
        interpreter = "{{ ansible_playbook_python }}"
        return self.play(f"{name}.yml", ansible_become=False, ansible_python_interpreter=interpreter, **settings)


@pytest.fixture(scope="module")
def bundle(tmp_path_factory: pytest.TempPathFactory) -> Bundle:
    return Bundle(tmp_path_factory.mktemp("service") / "bundle")


@pytest.fixture(scope="module")
def srcs(bundle: Bundle) -> Path:
    """Return what is rendered with it."""
    done = bundle.play("playbooks/render.yml", render_dir=str(bundle.root))
    assert done.returncode == 0, done.stdout + done.stderr
    (bundle.root / "srcs/.env").write_bytes((bundle.root / "srcs/.env.example").read_bytes())
    return bundle.root / "srcs"


def test_compose_has_all_of_it(srcs: Path) -> None:
    done = compose(srcs, "config", "--format", "json")
    assert (done.returncode, done.stderr) == (0, "")
    config = json.loads(done.stdout)
    assert sorted(config["services"]) == sorted(SERVICES)
    (port,) = config["services"]["notes"]["ports"]
    assert (port["published"], port["target"]) == ("8444", 8080)
    assert config["volumes"]["notes"]["driver_opts"]["device"] == "/home/wil/data/notes"
    assert config["secrets"]["notes_password"]["file"] == str(srcs.parent / "secrets/notes_password.txt")
    assert config["networks"]["notes"]["internal"] is True
    assert config["networks"]["notes"]["name"] == "inception-notes"
    assert (srcs / "requirements/notes/Dockerfile").read_text(encoding="utf-8").startswith("FROM debian:12-slim\n")
    assert os.access(srcs / "requirements/notes/tools/entrypoint.sh", os.X_OK)


def test_its_secret_is_made(srcs: Path, tmp_path: Path) -> None:
    if os.geteuid() != 0:
        pytest.skip("secrets.sh wants root")
    done = run([str(srcs / "requirements/tools/secrets.sh"), str(tmp_path)], cwd=tmp_path, env=own_environment())
    assert done.returncode == 0, done.stderr
    made = tmp_path / "notes_password.txt"
    assert f"made {made}\n" in done.stdout
    assert re.fullmatch(r"[A-Za-z0-9]{24}\n", made.read_text(encoding="ascii"))
    assert (made.stat().st_uid, made.stat().st_mode & 0o777) == (1234, 0o400)


def test_its_directory_is_made(bundle: Bundle, tmp_path: Path) -> None:
    if os.geteuid() != 0:
        pytest.skip("the directories belong to other users")
    machine = {"directories": {}, "filled_directories": [], "users": [], "hosts_lines": ["127.0.0.1 wil.42.fr"]}
    done = bundle.tasks(
        "host",
        [{"ansible.builtin.include_role": {"name": "host"}}],
        inception_machine=machine,
        inception_data_dir=str(tmp_path / "data"),
        inception_state_dir=str(tmp_path / "state"),
    )
    assert done.returncode == 0, done.stdout + done.stderr
    made = (tmp_path / "data/notes").stat()
    assert (made.st_uid, made.st_gid, made.st_mode & 0o777) == (1234, 1235, 0o750)


def test_the_guard_looks_at_its_port_and_its_secret(bundle: Bundle, tmp_path: Path) -> None:
    (tmp_path / "data/notes").mkdir(parents=True)
    (tmp_path / "data/notes/note").touch()
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        done = bundle.tasks(
            "guard",
            [{"ansible.builtin.include_role": {"name": "inception", "tasks_from": "machine"}}],
            notes_https_port=port,
            inception_supply="distribution",
            inception_project_dir=str(tmp_path),
            **{f"inception_{name}_dir": str(tmp_path / name) for name in ("data", "state", "cache")},
        )
    out = " ".join(done.stdout.split())
    assert done.returncode != 0
    assert re.search(rf"Port {port} is taken by the process .*; stop it, or choose another notes_https_port\.", out)
    assert f"{tmp_path}/data/notes holds data, but {tmp_path}/secrets/notes_password.txt is gone" in out


def test_a_mistake_in_its_file_is_one_sentence(bundle: Bundle, tmp_path: Path) -> None:
    file = bundle.root / "roles/notes/meta/service.yml"
    good = file.read_text(encoding="utf-8")
    file.write_text(good.replace("volumes:", "volume:"), encoding="utf-8")
    try:
        done = bundle.tasks(
            "broken",
            [{"ansible.builtin.include_role": {"name": "inception", "tasks_from": "look"}}],
            inception_project_dir=str(tmp_path),
        )
    finally:
        file.write_text(good, encoding="utf-8")
    assert done.returncode != 0
    assert "roles/notes/meta/service.yml has the unknown key volume; remove it, or correct its name." in done.stdout
    assert "run as root" not in done.stdout


@pytest.mark.parametrize("setting", ["notes_port", "notes_https_port"])
def test_its_ports_are_judged(bundle: Bundle, setting: str) -> None:
    done = bundle.tasks("settings", [{"validate_settings": {}}], **{setting: 70000})
    assert done.returncode != 0
    assert f"{setting} is 70000, but a port lies between 1 and 65535." in done.stdout


def test_its_settings_are_documented(bundle: Bundle, srcs: Path) -> None:
    page = (srcs.parent / "docs/settings.md").read_text(encoding="utf-8")
    assert "## notes\n" in page
    assert "| `notes_https_port` | int | `8444` | The published port. |" in page
    (bundle.root / "services.json").write_text(json.dumps({"inception_services": SERVICES}), encoding="utf-8")
    done = run(["make", "settings", "ARGS=-e @services.json"], cwd=bundle.root, env=own_environment())
    assert "notes_https_port" in done.stdout, done.stderr


def test_a_submission_has_it(bundle: Bundle, tmp_path: Path) -> None:
    done = bundle.play("playbooks/export.yml", export_dir=str(tmp_path / "export"))
    assert done.returncode == 0, done.stdout + done.stderr
    makefile = (tmp_path / "export/Makefile").read_text(encoding="utf-8")
    assert 'install -d -m 0750 -o 1234 -g 1235 "$(DATA_DIR)/notes"\n' in makefile
    assert re.search(r'rm -rf .* "\$\(DATA_DIR\)/notes"\n', makefile)
    text = (tmp_path / "export/USER_DOC.md").read_text(encoding="utf-8")
    assert "| `notes` | a place for notes | from outside, port 8444 |\n" in text
    assert "| `notes_password.txt` | What opens the notes. |\n" in text
    assert '"home/wil/data/notes"' in text
