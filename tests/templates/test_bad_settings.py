"""Every entry refuses bad settings, all at once, before it touches anything; the single cases are judged in tests/unit."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from support import play

BAD = {
    "inception_login": "Wil E",
    "inception_https_port": 99999,
    "wordpress_admin_user": "SuperAdmin",
    "wordpress_title": "  ",
    "mariadb_user": "root",
}


@pytest.mark.parametrize("playbook", ["site.yml", "teardown.yml"])
def test_bad_settings_are_told_at_once(playbook: str, tmp_path: Path) -> None:
    settings = {**BAD, "inception_data_dir": str(tmp_path / "data"), "inception_project_dir": str(tmp_path / "project")}
    done = play(playbook, "-e", json.dumps(settings))
    assert done.returncode != 0
    message = done.stdout[done.stdout.index("fatal:") :]
    for name in BAD:
        assert message.count(f"{name} is") == 1, message
    assert "R26" in message
    assert "changed=0" in message
    assert "Traceback" not in done.stdout + done.stderr
    assert list(tmp_path.iterdir()) == []


def test_a_misspelt_setting_is_told_with_its_nearest_name(tmp_path: Path) -> None:
    done = play("export.yml", "-e", f"inception_htps_port=443 export_dir={tmp_path}/export")
    assert done.returncode != 0
    assert "inception_htps_port is not a setting; did you mean inception_https_port?" in done.stdout
    assert not (tmp_path / "export").exists()
