"""Values that may be passwords are found wherever a project keeps its secrets."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from inception_evaluate.collect import secrets
from inception_evaluate.machine import this_machine
from live_evidence import STACK


def test_sub_directories_and_another_env_file_are_looked_through(tmp_path: Path) -> None:
    files = {
        "secrets/db/root.secret": "deep-one",
        "secrets/wp/users/admin.txt": "deeper-one",
        "srcs/secrets/a.txt": "beside-compose",
        "conf/our.env": "WP_PASSWORD=named-one",
    }
    for name, text in files.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(f"{text}\n")
    stack = replace(STACK, directory=f"{tmp_path}/srcs", env_file=f"{tmp_path}/conf/our.env")
    found = {one.value for one in secrets.collect(this_machine(), stack, str(tmp_path))}
    assert found >= {"deep-one", "deeper-one", "beside-compose", "named-one"}
