"""`make update` on real repositories: a bundle that others work on, and a person's clone of it."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from support import ROOT, load_plugin, own_environment, run

bundle_lookup = load_plugin("lookup/inception_bundle")
OLD = "# Changelog\n\n## 0.2.0 (unreleased)\n\n### Added\n\n- One\n  thing.\n\n## 0.1.0\n\n### Added\n\n- The first.\n"
NEW = OLD.replace("  thing.\n", "  thing.\n- Another thing.\n").replace(
    "# Changelog\n", "# Changelog\n\n## 0.3.0 (unreleased)\n\n### Fixed\n\n- A hole.\n"
)


def git(folder: Path, *arguments: str) -> str:
    """Run git as a person whose settings are known."""
    who = ["-c", "user.name=Wil", "-c", "user.email=wil@example.org"]
    environment = {**own_environment(), "GIT_CONFIG_GLOBAL": "/dev/null"}
    done = run(["git", *who, *arguments], cwd=folder, env=environment)
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def commit(folder: Path, changelog: str, message: str) -> str:
    """Commit a changelog, and return the commit."""
    (folder / "CHANGELOG.md").write_text(changelog, encoding="utf-8")
    git(folder, "add", "--all")
    git(folder, "commit", "--quiet", "--allow-empty", "--message", message)
    return git(folder, "rev-parse", "HEAD")


@pytest.fixture
def origin(tmp_path: Path) -> Path:
    """Return the repository that new versions come from."""
    folder = tmp_path / "origin"
    (folder / "srcs/requirements/nginx").mkdir(parents=True)
    (folder / "roles/nginx/templates/context").mkdir(parents=True)
    (folder / "roles/nginx/templates/context/Dockerfile.j2").write_text("FROM {{ base }}\n", encoding="utf-8")
    (folder / "srcs/requirements/nginx/Dockerfile").write_text("FROM debian:12\n", encoding="utf-8")
    (folder / ".gitignore").write_text(".inception/\n", encoding="utf-8")
    git(folder, "init", "--quiet", "--initial-branch=main")
    commit(folder, OLD, "Begin")
    return folder


@pytest.fixture
def clone(origin: Path, tmp_path: Path) -> Path:
    """Return a person's clone."""
    git(tmp_path, "clone", "--quiet", str(origin), "it's mine 한")
    return tmp_path / "it's mine 한"


def update(clone: Path, *steps: str, record: Path | None = None) -> subprocess.CompletedProcess[str]:
    """Run steps of an update, as `make update` does."""
    script = (ROOT / "requirements/update.py").read_text(encoding="utf-8")
    # The record of the machine that runs the tests is none of theirs.
    script = script.replace('sys.path.insert(0, "languages")', f'sys.path.insert(0, "{ROOT}/languages")')
    script = script.replace('"/var/lib/inception/bundle"', repr(str(record or clone / "no record")))
    environment = {**own_environment(), "GIT_CONFIG_GLOBAL": "/dev/null"}
    return run([sys.executable, "-c", script, *steps], cwd=clone, env=environment)


def test_the_newest_version_comes_with_what_is_new_and_the_way_back(origin: Path, clone: Path) -> None:
    before = git(clone, "rev-parse", "HEAD")
    newest = commit(origin, NEW, "Mend")
    done = update(clone, "fetch", "tell")
    assert done.returncode == 0, done.stderr
    assert git(clone, "rev-parse", "HEAD") == newest
    assert git(clone, "symbolic-ref", "--short", "HEAD") == "main"
    assert f"Updated from 0.2.0 ({before[:7]}) to 0.3.0 ({newest[:7]})." in done.stdout
    assert (
        f"New since 0.2.0 ({before[:7]}):\n\n0.3.0 Fixed\n- A hole.\n\n0.2.0 Added\n- Another thing.\n" in done.stdout
    )
    assert "One thing" not in done.stdout
    back = f"git reset --keep {before[:7]} && make OLDER=1"
    assert back in done.stdout
    git(clone, *back.split(" && ")[0].split()[1:])
    assert git(clone, "rev-parse", "HEAD") == before
    again = update(clone, "fetch")
    assert again.stdout.startswith("Updated from")
    assert update(clone, "fetch").stdout == "This is the newest version.\n"


def test_news_are_told_since_the_version_that_ran_here_last(origin: Path, clone: Path, tmp_path: Path) -> None:
    record = tmp_path / "record"
    record.write_text(json.dumps({"version": "0.2.0", "commit": git(clone, "rev-parse", "HEAD")}), encoding="utf-8")
    commit(origin, NEW, "Mend")
    assert "A hole." in update(clone, "fetch", "tell", record=record).stdout
    commit(origin, NEW.replace("A hole.", "A hole.\n- A second one."), "Mend more")
    told = update(clone, "fetch", "tell", record=record).stdout
    assert "- A hole.\n- A second one.\n" in told
    record.write_text(json.dumps({"version": "0.3.0", "commit": git(clone, "rev-parse", "HEAD")}), encoding="utf-8")
    assert update(clone, "tell", record=record).stdout == ""


def edit(clone: Path) -> None:
    (clone / "CHANGELOG.md").write_text("mine", encoding="utf-8")


def stage(clone: Path) -> None:
    edit(clone)
    git(clone, "add", "CHANGELOG.md")


def own_commit(clone: Path) -> None:
    commit(clone, "mine", "Mine")


def detach(clone: Path) -> None:
    git(clone, "checkout", "--quiet", "--detach")


def no_remote(clone: Path) -> None:
    git(clone, "remote", "remove", "origin")


def no_upstream(clone: Path) -> None:
    git(clone, "switch", "--quiet", "--create", "topic")


def no_network(clone: Path) -> None:
    git(clone, "remote", "set-url", "origin", "http://127.0.0.1:9/bundle.git")


def no_git(clone: Path) -> None:
    shutil.rmtree(clone / ".git")


REFUSED: list[tuple[Callable[[Path], Any], str]] = [
    (edit, "Changed here: CHANGELOG.md. Settings belong into inventory/group_vars/inception.yml; commit anything else"),
    (stage, "Changed here: CHANGELOG.md."),
    (own_commit, "This checkout has 1 commit of its own: git pull --rebase, then make."),
    (detach, "No branch is checked out here, but the commit "),
    (no_remote, "The branch main follows no branch of a remote, where a new version comes from: git remote add origin"),
    (no_upstream, "The branch topic follows no branch of a remote, where a new version comes from: git branch --set-"),
    (no_network, "The remote origin cannot be reached (unable to access"),
    (no_git, "is no git checkout: clone the bundle, and move"),
]


@pytest.mark.parametrize(("prepare", "sentence"), REFUSED, ids=[prepare.__name__ for prepare, _ in REFUSED])
def test_what_cannot_simply_move_forward_is_refused(
    origin: Path, clone: Path, prepare: Callable[[Path], Any], sentence: str
) -> None:
    commit(origin, NEW, "Mend")
    prepare(clone)
    files = {path: path.read_bytes() for path in clone.glob("*.md")}
    done = update(clone, "fetch", "tell")
    assert done.returncode == 1
    assert done.stdout == ""
    assert sentence in done.stderr
    assert len(done.stderr.splitlines()) == 1
    assert files == {path: path.read_bytes() for path in clone.glob("*.md")}


def test_a_checkout_of_somebody_else_is_refused(clone: Path) -> None:
    if os.geteuid() != 0:
        pytest.skip("only root can give files away")
    os.chown(clone, 65534, -1)
    done = update(clone, "fetch")
    assert done.returncode == 1
    assert done.stderr == f"{clone} belongs to the user nobody: run make update as that user.\n"


@pytest.mark.parametrize("by_hand", [False, True])
def test_what_make_has_rendered_for_other_settings_is_in_nobodys_way(
    origin: Path, clone: Path, *, by_hand: bool
) -> None:
    name = "requirements/nginx/Dockerfile"
    dockerfile = clone / "srcs" / name
    dockerfile.write_text("FROM alpine:3.21\n", encoding="utf-8")
    (clone / ".inception").mkdir()
    digest = hashlib.sha256(dockerfile.read_bytes()).hexdigest()
    (clone / ".inception/written.json").write_text(json.dumps({"files": {name: digest}}), encoding="utf-8")
    if by_hand:
        dockerfile.write_text("FROM mine:1\n", encoding="utf-8")
    (origin / "srcs" / name).write_text("FROM debian:13\n", encoding="utf-8")
    commit(origin, NEW, "Mend")
    done = update(clone, "fetch")
    assert done.returncode == (1 if by_hand else 0), done.stderr
    assert dockerfile.read_text(encoding="utf-8") == ("FROM mine:1\n" if by_hand else "FROM debian:13\n")


def test_which_bundle_is_older(origin: Path, clone: Path) -> None:
    ours = bundle_lookup.this_bundle(clone)
    assert ours == {"version": "0.2.0", "commit": git(clone, "rev-parse", "HEAD"), "time": ours["time"]}
    newer = {**ours, "commit": commit(origin, OLD, "Go on"), "time": ours["time"] + 1}

    def older(one: dict[str, Any], other: dict[str, Any]) -> bool:
        return bool(bundle_lookup.is_older(one, other, clone))

    assert not older(ours, ours)
    assert older(ours, newer), "its commit is not known here, its time is later"
    assert not older(newer, ours)
    git(clone, "fetch", "--quiet")
    assert older(ours, {**newer, "time": 0}), "its commit follows ours, whatever the clock said"
    assert not older({**newer, "time": 0}, ours)
    assert older({**ours, "commit": "", "time": 0}, {"version": "0.10.0"})
    assert not older({**ours, "version": "0.10.0"}, newer)
    assert not older({**ours, "commit": ""}, newer), "without git, versions alone are compared"
    assert not older(ours, {"spoiled": True})


def test_without_git_there_is_a_version(tmp_path: Path) -> None:
    assert bundle_lookup.this_bundle(tmp_path) == {"version": "", "commit": "", "time": 0}
    (tmp_path / "CHANGELOG.md").write_text(OLD, encoding="utf-8")
    assert bundle_lookup.this_bundle(tmp_path) == {"version": "0.2.0", "commit": "", "time": 0}
