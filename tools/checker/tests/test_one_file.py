"""The checker as one file, as a hook and as an action: each gives what the command gives."""

from __future__ import annotations

import subprocess
import sys
import tomllib
import zipfile
from pathlib import Path

import pytest
import yaml

from checker_trees import CLEAN

ROOT = Path(__file__).parents[3]
BUILD = Path(__file__).parents[1] / "one_file.py"
ARGUMENTS = ["--no-external", "--date", "2026-11-23", "--format", "json", str(CLEAN)]


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    target = tmp_path_factory.mktemp("built") / "inception-check.pyz"
    subprocess.run([sys.executable, BUILD, target], check=True)
    return target


def start(file: Path, cache: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    environment = {"XDG_CACHE_HOME": str(cache), "PATH": "/usr/bin:/bin", "LC_ALL": "C.UTF-8"}
    # -S: nothing that is installed besides helps.
    command = [sys.executable, "-S", "-B", str(file), *arguments]
    return subprocess.run(command, capture_output=True, text=True, env=environment, check=False, cwd="/")


def test_the_file_says_what_the_command_says_and_needs_nothing_installed(built: Path, tmp_path: Path) -> None:
    command = [sys.executable, "-m", "inception_check.cli", *ARGUMENTS]
    installed = subprocess.run(command, capture_output=True, text=True, check=False)
    for _ in range(2):
        done = start(built, tmp_path, *ARGUMENTS)
        assert (done.returncode, done.stdout, done.stderr) == (installed.returncode, installed.stdout, installed.stderr)
    assert len(list((tmp_path / "inception-check").iterdir())) == 1
    assert "one file" not in start(built, tmp_path, "--explain", "tls-versions").stdout[:3]


def test_the_same_versions_give_the_same_bytes(built: Path, tmp_path: Path) -> None:
    subprocess.run([sys.executable, BUILD, tmp_path / "again.pyz"], check=True)
    assert (tmp_path / "again.pyz").read_bytes() == built.read_bytes()


@pytest.mark.parametrize("kind", ["link", "writable by others", "no folder"])
def test_a_cache_that_others_could_write_is_not_used(kind: str, built: Path, tmp_path: Path) -> None:
    cache = tmp_path / "cache"
    folder = cache / "inception-check"
    cache.mkdir()
    if kind == "link":
        (tmp_path / "theirs").mkdir()
        folder.symlink_to(tmp_path / "theirs")
    elif kind == "no folder":
        folder.write_text("")
    else:
        folder.mkdir()
        folder.chmod(0o777)
    done = start(built, cache, "--version")
    assert (done.returncode, done.stderr) == (0, "")
    assert folder.is_file() or list(folder.iterdir()) == []


def test_another_python_is_told_in_one_sentence(built: Path, tmp_path: Path) -> None:
    with zipfile.ZipFile(built) as archive:
        main = archive.read("__main__.py").decode()
    other = tmp_path / "other.pyz"
    with zipfile.ZipFile(other, "w") as archive:
        archive.writestr("__main__.py", main.replace("['CPython', '3', ", "['CPython', '2', "))
    done = start(other, tmp_path, "--version")
    assert done.returncode == 1
    assert len(done.stderr.splitlines()) == 1
    assert "pipx install" in done.stderr


# -- pre-commit and GitHub ---------------------------------------------------------------------------------
def test_what_pre_commit_installs_is_the_checker() -> None:
    """It installs the root of the repository, which names the same program with the same dependencies."""
    root = tomllib.loads((ROOT / "pyproject.toml").read_text())
    own = tomllib.loads((ROOT / "tools/checker/pyproject.toml").read_text())
    for key in ("name", "version", "requires-python", "dependencies", "scripts"):
        assert root["project"][key] == own["project"][key]
    assert root["build-system"] == own["build-system"]
    assert root["tool"]["setuptools"]["package-data"] == own["tool"]["setuptools"]["package-data"]
    assert root["tool"]["setuptools"]["packages"]["find"]["where"] == ["tools/checker/src"]
    hook = yaml.safe_load((ROOT / ".pre-commit-hooks.yaml").read_text())[0]
    assert hook["entry"] in own["project"]["scripts"]


def test_the_action_takes_inputs_as_variables_alone() -> None:
    steps = yaml.safe_load((ROOT / "action.yml").read_text())["runs"]["steps"]
    script = steps[-1]["run"]
    assert "${{" not in script
    assert set(steps[-1]["env"]) == {"ACTION", "FAIL_ON", "FORMAT", "FOLDER", "OUTPUT"}
