"""Check mode waits for nothing that only a real run opens, and does not tell of it either."""

from __future__ import annotations

import json
from pathlib import Path

import yaml

from support import play


def test_the_site_is_not_waited_for(tmp_path: Path) -> None:
    host = {"ansible_connection": "local", "ansible_python_interpreter": "{{ ansible_playbook_python }}"}
    (tmp_path / "hosts.yml").write_text(yaml.safe_dump({"inception": {"hosts": {"localhost": host}}}), encoding="utf-8")
    # Deployed, but with another port: nobody listens at this one.
    settings = {
        "inception_machine": {"deployed": True},
        "inception_domain": "localhost.invalid",
        "inception_https_port": 1,
    }
    done = play("plays/smoke.yml", "-i", str(tmp_path / "hosts.yml"), "--check", "-e", json.dumps(settings))
    assert done.returncode == 0, done.stdout
    assert "tries left" not in done.stdout
    assert "READY" not in done.stdout
