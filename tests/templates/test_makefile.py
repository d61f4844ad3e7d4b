"""`make` works whatever the shell and the directory are like in which it is called."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from support import BIN, ROOT, own_environment, run


@pytest.fixture(scope="module")
def shared_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a checkout as it is in a shared folder: anybody may write, and there is a space in its name."""
    folder = tmp_path_factory.mktemp("shared") / "my work"
    folder.mkdir()
    for path in ROOT.iterdir():
        if path.name != ".venv":
            (folder / path.name).symlink_to(path)
    (folder / ".venv").symlink_to(BIN.parent)
    folder.chmod(0o777)
    return folder


@pytest.mark.parametrize(
    "locale",
    [
        {},
        {"LANG": "ko_KR.UTF-8"},
        {"LC_ALL": "ko_KR.EUC-KR"},
        {"LC_ALL": "C"},
        {"LC_ALL": "POSIX", "LANG": "ko_KR.UTF-8"},
        {"LC_CTYPE": "xx_XX"},
    ],
    ids=str,
)
def test_any_locale_in_a_directory_that_anybody_may_write_to(shared_folder: Path, locale: dict[str, str]) -> None:
    plain = {name: value for name, value in own_environment().items() if not name.startswith(("LC_", "LANG"))}
    # The virtualenv is that of this run: it must not be made anew.
    command = ["make", "--old-file=.venv/.ready", "ARGS=--syntax-check"]
    done = run(command, cwd=shared_folder, env={**plain, **locale})
    assert done.returncode == 0, done.stdout + done.stderr
    assert "playbook: playbooks/site.yml" in done.stdout


def test_an_evaluation_leaves_nothing_of_roots(tmp_path: Path) -> None:
    (tmp_path / "plugins/__pycache__").mkdir(parents=True)
    program = tmp_path / ".venv/evaluate/bin/inception-evaluate"
    program.parent.mkdir(parents=True)
    program.write_text(
        "#!/bin/sh\nmkdir -p reports/evaluate\nprintenv PYTHONDONTWRITEBYTECODE\nexit 1\n", encoding="utf-8"
    )
    program.chmod(0o755)
    owner = 65534 if os.geteuid() == 0 else os.geteuid()
    os.chown(tmp_path, owner, -1)
    command = ["make", f"--file={ROOT}/Makefile", "--old-file=.venv/.evaluate", "evaluate"]
    environment = own_environment()
    environment.pop("PYTHONDONTWRITEBYTECODE", None)
    done = run(command, cwd=tmp_path, env=environment)
    assert done.stdout == "1\n"
    assert done.returncode == 2, "the result of the evaluation is that of make"
    for name in ("reports/evaluate", "plugins/__pycache__"):
        assert (tmp_path / name).stat().st_uid == owner


def test_of_a_folder_that_was_chosen_only_the_report_is_the_users(tmp_path: Path) -> None:
    program = tmp_path / ".venv/evaluate/bin/inception-evaluate"
    program.parent.mkdir(parents=True)
    program.write_text(
        '#!/bin/sh\nmkdir -p "my reports/shots"; cd "my reports"; touch evaluation.html shots/1.png\necho "$*"\n'
    )
    program.chmod(0o755)
    mine = tmp_path / "my reports/mine"
    mine.parent.mkdir()
    mine.touch()
    before = mine.stat().st_uid
    owner = 65534 if os.geteuid() == 0 else os.geteuid()
    os.chown(tmp_path, owner, -1)
    command = ["make", f"--file={ROOT}/Makefile", "--old-file=.venv/.evaluate", "evaluate", "OUTPUT=my reports"]
    done = run(command, cwd=tmp_path, env=own_environment())
    assert done.returncode == 0, done.stderr
    assert "--output my reports" in done.stdout
    for name in ("evaluation.html", "shots", "shots/1.png"):
        assert (mine.parent / name).stat().st_uid == owner, name
    assert mine.stat().st_uid == before
