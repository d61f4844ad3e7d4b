"""`make export` itself, from a copy of the bundle: what it must not touch, and what it says. The single cases are in tests/unit."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from support import copy_bundle, own_environment, run

OWN = {
    "Makefile": "all: mine\n",
    "README.md": "mine\n",
    "srcs/docker-compose.yml": "services: {}\n",
    "srcs/.env": "LOGIN=me\n",
    "srcs/requirements/nginx/Dockerfile": "FROM debian:12\n",
    "srcs/requirements/nginx/conf/mine.conf": "mine\n",
}


@pytest.fixture(scope="module")
def bundle(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a copy of the bundle that a test may destroy."""
    root = tmp_path_factory.mktemp("export") / "bundle"
    copy_bundle(root)
    return root


def export(bundle: Path, directory: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run ``make export`` in the copy."""
    command = ["make", "export", f"DIR={directory}", "LOGIN=wil", *arguments]
    # The callback breaks lines at 80 columns; a message is compared as one line.
    done = run(command, cwd=bundle, env={**own_environment(), "HOME": str(bundle.parent / "home")})
    done.stdout = " ".join(done.stdout.split())
    return done


def tree(root: Path) -> dict[str, bytes]:
    """Return every file below a directory."""
    return {str(path.relative_to(root)): path.read_bytes() for path in sorted(root.rglob("*")) if path.is_file()}


def test_a_hand_written_project_is_left_alone(bundle: Path) -> None:
    mine = bundle.parent / "mine"
    for name, content in OWN.items():
        (mine / name).parent.mkdir(parents=True, exist_ok=True)
        (mine / name).write_text(content, encoding="utf-8")
    before = tree(mine)
    done = export(bundle, "../mine")
    assert done.returncode != 0
    assert "Makefile, README.md, srcs/.env, srcs/docker-compose.yml, " in done.stdout
    assert tree(mine) == before


@pytest.mark.parametrize("directory", [".", "srcs/out"])
def test_the_bundle_itself_is_left_alone(bundle: Path, directory: str) -> None:
    before = tree(bundle)
    done = export(bundle, directory)
    assert done.returncode != 0
    assert "is this bundle, lies in it or holds it" in done.stdout
    after = tree(bundle)
    assert {name for name in after if "__pycache__" not in name} == {n for n in before if "__pycache__" not in n}
    assert all(after[name] == before[name] for name in before if "__pycache__" not in name)


def test_a_repeated_export_changes_nothing_and_a_changed_file_is_kept(bundle: Path) -> None:
    done = export(bundle, "~/sub")
    assert done.returncode == 0, done.stdout
    target = bundle.parent / "home/sub"
    assert not (bundle / "~").exists()
    first = tree(target)
    assert "nothing has changed" in export(bundle, str(target)).stdout
    assert tree(target) == first
    (target / "srcs/.env").write_text("HTTPS_PORT=8443\n", encoding="utf-8")
    done = export(bundle, str(target))
    assert done.returncode != 0
    assert "changed by hand since the last export: srcs/.env. " in done.stdout
    done = export(bundle, str(target), "FORCE=1")
    assert "Changed by hand and kept: srcs/.env as .env.bak." in done.stdout
    assert tree(target) == {**first, "srcs/.env.bak": b"HTTPS_PORT=8443\n"}
