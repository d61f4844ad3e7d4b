"""What `make fclean` says at its end; what it removes is tried on a machine by Molecule."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest
import yaml

from support import BIN, ROOT, own_environment, run


@pytest.mark.parametrize("left", [[], ["mariadb", "wordpress"]], ids=["nothing", "data"])
def test_fclean_says_what_it_leaves(tmp_path: Path, left: list[str]) -> None:
    (_, teardown) = yaml.safe_load((ROOT / "playbooks/teardown.yml").read_text(encoding="utf-8"))
    for name in left:
        (tmp_path / "data" / name).mkdir(parents=True)
    play = {
        "hosts": "localhost",
        "connection": "local",
        "gather_facts": False,
        "vars": {
            "ansible_python_interpreter": sys.executable,
            "inception_teardown": "fclean",
            "inception_data_dir": str(tmp_path / "data"),
            "inception_project_dir": "/opt/inception",
            "inception_cache_dir": "/cache",
            "inception_log_dir": "/log",
        },
        "tasks": teardown["tasks"][-2:],
    }
    (tmp_path / "play.yml").write_text(json.dumps([play]), encoding="utf-8")
    done = run(
        [str(BIN / "ansible-playbook"), "-i", "localhost,", "play.yml"],
        cwd=tmp_path,
        env={**own_environment(), "ANSIBLE_CONFIG": str(ROOT / "ansible.cfg"), "INCEPTION_OUTPUT": "message"},
    )
    assert done.returncode == 0, done.stdout + done.stderr
    *data, kept = done.stdout.strip().splitlines()
    assert kept == "Kept: /opt/inception/secrets, /cache, /log."
    names = ", ".join(f"{tmp_path}/data/{name}" for name in left)
    assert data == (
        [
            f"Not removed, because it was there before the first start: {names}.",
            "The next make takes a site that lies there up again; remove it yourself to begin anew.",
        ]
        if left
        else []
    )
