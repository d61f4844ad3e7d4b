"""An edit of srcs/.env by hand reaches every part of the next run (E59), by the tasks of the guard and of the role stack."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import yaml

from support import BIN, ROOT, own_environment, run

#: The guard without its look at the machine, then what writes the project.
PLAY: list[dict[str, Any]] = [
    {
        "name": "Deploy",
        "hosts": "localhost",
        "connection": "local",
        "gather_facts": False,
        "tasks": [
            {"name": "Validate", "validate_settings": {}, "register": "__inception_judged"},
            {"name": "Look", "ansible.builtin.import_role": {"name": "inception", "tasks_from": "look"}},
            {"name": "Find", "ansible.builtin.import_role": {"name": "inception", "tasks_from": "edits"}},
            {
                "name": "Write",
                "ansible.builtin.include_role": {"name": "stack", "tasks_from": "render"},
                "vars": {"stack_memory": "{{ inception_project_dir }}/.inception"},
            },
            {"name": "Validate", "ansible.builtin.include_role": {"name": "stack", "tasks_from": "validate"}},
            {"name": "Tell", "ansible.builtin.debug": {"msg": "TOLD {{ inception_edits.messages | to_json }}"}},
            {
                "name": "Tell",
                "ansible.builtin.debug": {"msg": "DB_NAME was {{ inception_edits.former.DB_NAME | default('') }}."},
            },
        ],
    }
]


class Project:
    """A project that is written again and again."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.settings: dict[str, Any] = {
            "ansible_become": False,
            "ansible_python_interpreter": "{{ ansible_playbook_python }}",
            "inception_login": "wil",
            "inception_supply": "distribution",
            "inception_project_dir": str(root),
            "inception_data_dir": str(root / "data"),
            "inception_state_dir": str(root / "state"),
            "inception_cache_dir": str(root / "cache"),
        }
        (root / "play.yml").write_text(yaml.safe_dump(PLAY, sort_keys=False), encoding="utf-8")

    @property
    def env(self) -> Path:
        return self.root / "srcs/.env"

    def write(self, *, fails: bool = False) -> str:
        """Write the project, and return what was printed."""
        (self.root / "group_vars").mkdir(exist_ok=True)
        (self.root / "group_vars/all.yml").write_text(json.dumps(self.settings), encoding="utf-8")
        done = run(
            [str(BIN / "ansible-playbook"), "-i", "localhost,", str(self.root / "play.yml")],
            cwd=ROOT,
            env={**own_environment(), "ANSIBLE_CONFIG": str(ROOT / "ansible.cfg")},
        )
        assert (done.returncode != 0) is fails, done.stdout + done.stderr
        return done.stdout

    def edit(self, before: str, after: str) -> None:
        """Change the file as a person does."""
        text = self.env.read_text(encoding="utf-8")
        assert before in text
        self.env.write_text(text.replace(before, after), encoding="utf-8")


@pytest.fixture
def project(tmp_path: Path) -> Project:
    made = Project(tmp_path)
    made.write()
    return made


def test_an_edit_is_kept_until_the_settings_change(project: Project) -> None:
    project.edit("\nHTTPS_PORT=443\n", "\nHTTPS_PORT=8443\n")
    project.edit("\nWP_OUTBOUND_HTTP=true\n", "\nWP_OUTBOUND_HTTP=false\n")
    edited = project.env.read_text(encoding="utf-8")
    for _ in range(2):
        out = project.write()
        assert "HTTPS_PORT=8443 from srcs/.env is used" in out
        assert "changed=0" in out
        assert project.env.read_text(encoding="utf-8") == edited
    project.settings |= {"inception_https_port": 8443, "wordpress_outbound_http": False}
    assert "TOLD []" in project.write()
    project.settings["inception_https_port"] = 9443
    assert "TOLD []" in project.write()
    assert "\nHTTPS_PORT=9443\n" in project.env.read_text(encoding="utf-8")


def test_what_was_added_is_kept_and_what_was_removed_comes_back(project: Project) -> None:
    project.edit("\nDB_PORT=3306\n", "\n")
    with project.env.open("a", encoding="utf-8") as handle:
        handle.write("MINE='{{ 7 * 7 }} $x'\n")
    out = project.write()
    assert "DB_PORT is missing" in out
    assert "MINE in srcs/.env is none of our variables" in out
    text = project.env.read_text(encoding="utf-8")
    assert "\nDB_PORT=3306\n" in text
    assert text.endswith("\n\n# Added by hand.\nMINE='{{ 7 * 7 }} $x'\n")
    out = project.write()
    assert "TOLD []" in out
    assert "changed=0" in out


def test_what_compose_will_read_is_judged_before_anything_is_built(project: Project) -> None:
    project.settings["inception_base_image"] = "debian:13-slim"
    out = project.write(fails=True)
    assert "inception_base_image is debian:13-slim, which is not the penultimate stable release (R7)" in out


def test_the_database_of_the_site_is_known_also_where_nothing_is_remembered(project: Project) -> None:
    project.edit("\nDB_NAME=wordpress\n", "\nDB_NAME='shop'\n")
    (project.root / ".inception/written.json").unlink()
    assert "DB_NAME was shop." in project.write()
    assert "DB_NAME was wordpress." in project.write()


def test_an_edit_is_judged_like_a_setting(project: Project) -> None:
    project.edit("\nHTTPS_PORT=443\n", "\nHTTPS_PORT=99999\n")
    before = project.env.read_bytes()
    assert "inception_https_port is 99999, but a port lies between 1 and 65535." in project.write(fails=True)
    assert project.env.read_bytes() == before
