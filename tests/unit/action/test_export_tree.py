"""The action in a play: what an export may write over, and what it must never touch."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import pytest

from support import BIN, ROOT, own_environment, run

RECORD = ".inception-export.json"
FIRST = {"Makefile": "all:\n", "README.md": "first\n", "srcs/a/old.conf": "old\n", "srcs/b/old.conf": "old\n"}
SECOND = {"Makefile": "all:\n", "README.md": "second\n", "srcs/new.conf": "new\n"}


def export(dest: str, files: dict[str, str], name: str, **options: Any) -> dict[str, Any]:
    """Return a task that exports into a directory and keeps its result under a name."""
    arguments = {"dest": "{{ root }}/" + dest, "files": files, "bundle": "{{ root }}/bundle", **options}
    return {"name": name, "export_tree": arguments, "register": name, "ignore_errors": True}


def edit(path: str) -> dict[str, Any]:
    """Return a task that changes a file by hand."""
    return {
        "name": "Edit",
        "ansible.builtin.copy": {"content": "mine\n", "dest": "{{ root }}/" + path, "mode": "0644"},
    }


STEPS = [
    export("fresh", {"Makefile": "all:\n"}, "foretold", force=False) | {"check_mode": True},
    export("fresh", {"Makefile": "all:\n"}, "fresh", below={"srcs": {"x": "x\n"}}),
    export("fresh", {"Makefile": "all:\n"}, "again", below={"srcs": {"x": "x\n"}}),
    # A later export of other files.
    export("later", FIRST, "earlier"),
    edit("later/srcs/b/mine.conf"),
    export("later", SECOND, "later"),
    # Files of an earlier export that were changed since, one that goes and one that stays.
    export("edited", FIRST, "before_edit"),
    edit("edited/README.md"),
    edit("edited/srcs/a/old.conf"),
    edit("edited/README.md.bak"),
    export("edited", SECOND, "edited"),
    export("edited", SECOND, "forced", force=True),
    # Somebody's own project.
    export("own", FIRST, "own"),
    export("own", FIRST, "own_forced", force=True),
    export("clone", FIRST, "clone"),
    export("interrupted", FIRST, "interrupted"),
    export("spoilt", FIRST, "spoilt"),
    export("leading", FIRST, "leading"),
    export("directory", FIRST, "directory", force=True),
    export("file", FIRST, "file", force=True),
    export("aimed", FIRST, "aimed", force=True),
    # The bundle.
    export("bundle", FIRST, "itself", force=True),
    export("bundle/new/below", FIRST, "inside", force=True),
    export("link/new", FIRST, "linked", force=True),
    export("new/../bundle/new", FIRST, "dotted", force=True),
    export(".", FIRST, "around", force=True),
    export("", FIRST, "home", force=True) | {"export_tree": {"dest": "~/sub", "files": FIRST, "bundle": "{{ root }}/bundle"}},
    export("", FIRST, "nobody", force=True) | {"export_tree": {"dest": "~no-such-user/x", "files": FIRST, "bundle": "{{ root }}/bundle"}},
]  # fmt: skip


@pytest.fixture(scope="module")
def played(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, Any]]:
    """Return the directory in which everything was exported, and what the tasks returned."""
    root = tmp_path_factory.mktemp("play")
    for name, content in {
        "bundle/Makefile": "up:\n",
        "own/Makefile": "mine\n",
        "own/srcs/conf/mine.conf": "mine\n",
        "clone/.git/HEAD": "ref: refs/heads/main\n",
        "interrupted/README.md": FIRST["README.md"],
        "spoilt/README.md": "mine\n",
        f"spoilt/{RECORD}": json.dumps({"files": {"../bundle/Makefile": "", "README.md": ""}}),
        "elsewhere/a/old.conf": "mine\n",
        "directory/README.md/x": "mine\n",
        "file": "mine\n",
        "aimed/x": "mine\n",
    }.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(content, encoding="utf-8")
    (root / "leading").mkdir()
    (root / "leading/srcs").symlink_to("../elsewhere")
    (root / "aimed/README.md").symlink_to("x")
    (root / "link").symlink_to("bundle")
    names = [step["register"] for step in STEPS if "register" in step]
    told = {"content": "{{ {" + ", ".join(f"'{n}': {n}" for n in names) + "} | to_json }}", "dest": "{{ root }}/told"}
    tasks = [*STEPS, {"name": "Tell", "ansible.builtin.copy": {**told, "mode": "0644"}}]
    play = [{"hosts": "localhost", "connection": "local", "gather_facts": False, "tasks": tasks}]
    (root / "play.yml").write_text(json.dumps(play), encoding="utf-8")
    variables = json.dumps({"root": str(root), "ansible_python_interpreter": sys.executable})
    done = run(
        [str(BIN / "ansible-playbook"), "-i", "localhost,", "-e", variables, str(root / "play.yml")],
        cwd=root,
        env={**own_environment(), "ANSIBLE_CONFIG": str(ROOT / "ansible.cfg"), "HOME": str(root / "home")},
    )
    assert (root / "told").exists(), done.stdout + done.stderr
    return root, json.loads((root / "told").read_text(encoding="utf-8"))


def tree(root: Path) -> dict[str, str]:
    """Return the files below a directory with their content, but for git's and the record."""
    return {
        str(path.relative_to(root)): path.read_text(encoding="utf-8")
        for path in sorted(root.rglob("*"))
        if path.is_file() and path.name not in {RECORD, "HEAD"}
    }


def test_a_new_directory(played: tuple[Path, dict[str, Any]]) -> None:
    root, told = played
    assert told["foretold"]["changed"]
    assert told["fresh"]["changed"]
    assert "srcs/x" not in told["foretold"]["changed_files"]
    assert set(told["fresh"]["changed_files"]) == {"Makefile", "srcs/x", RECORD}
    assert tree(root / "fresh") == {"Makefile": "all:\n", "srcs/x": "x\n"}
    assert not told["again"]["changed"]


def test_a_later_export_removes_what_the_earlier_one_wrote_and_nothing_else(
    played: tuple[Path, dict[str, Any]],
) -> None:
    root, told = played
    assert told["later"]["replaced"] == ["README.md"]
    assert told["later"]["removed"] == ["srcs/a/old.conf", "srcs/b/old.conf"]
    assert tree(root / "later") == {**SECOND, "srcs/b/mine.conf": "mine\n"}
    assert not (root / "later/srcs/a").exists()


def test_what_was_changed_by_hand_is_refused_and_kept_beside_by_force(played: tuple[Path, dict[str, Any]]) -> None:
    root, told = played
    assert told["edited"]["failed"]
    assert "changed by hand since the last export: README.md, srcs/a/old.conf. " in told["edited"]["msg"]
    assert told["forced"]["kept"] == ["README.md as README.md.bak2", "srcs/a/old.conf as old.conf.bak"]
    assert told["forced"]["removed"] == ["srcs/b/old.conf"]
    mine = dict.fromkeys(("README.md.bak", "README.md.bak2", "srcs/a/old.conf.bak"), "mine\n")
    assert tree(root / "edited") == {**SECOND, **mine}


def test_somebodys_own_project_is_refused_and_never_lost(played: tuple[Path, dict[str, Any]]) -> None:
    root, told = played
    assert told["own"]["failed"]
    assert "written: Makefile, srcs/conf/mine.conf. Name an empty directory" in told["own"]["msg"]
    assert told["own_forced"]["kept"] == ["Makefile as Makefile.bak"]
    assert tree(root / "own") == {**FIRST, "Makefile.bak": "mine\n", "srcs/conf/mine.conf": "mine\n"}


def test_a_fresh_clone_and_an_interrupted_export_are_no_obstacle(played: tuple[Path, dict[str, Any]]) -> None:
    root, told = played
    for name in ("clone", "interrupted"):
        assert told[name]["changed"], told[name]["msg"]
        assert tree(root / name) == FIRST


def test_a_record_that_names_files_elsewhere_is_none(played: tuple[Path, dict[str, Any]]) -> None:
    root, told = played
    assert told["spoilt"]["failed"]
    assert tree(root / "spoilt") == {"README.md": "mine\n"}


def test_no_link_leads_out_and_no_directory_is_replaced(played: tuple[Path, dict[str, Any]]) -> None:
    root, told = played
    assert "something in the way: srcs. " in told["leading"]["msg"]
    assert tree(root / "elsewhere") == {"a/old.conf": "mine\n"}
    assert "something in the way: README.md. " in told["directory"]["msg"]
    assert tree(root / "directory") == {"README.md/x": "mine\n"}
    assert "is not a directory" in told["file"]["msg"]
    assert (root / "file").read_text(encoding="utf-8") == "mine\n"
    assert told["aimed"]["kept"] == ["README.md as README.md.bak"]
    assert (root / "aimed/README.md.bak").readlink() == Path("x")
    assert tree(root / "aimed") == {**FIRST, "README.md.bak": "mine\n", "x": "mine\n"}


@pytest.mark.parametrize("name", ["itself", "inside", "linked", "dotted", "around"])
def test_the_bundle_is_never_written_to(played: tuple[Path, dict[str, Any]], name: str) -> None:
    root, told = played
    assert told[name]["failed"]
    assert "is this bundle, lies in it or holds it" in told[name]["msg"]
    assert tree(root / "bundle") == {"Makefile": "up:\n"}
    assert not (root / "Makefile").exists()


def test_a_tilde_is_the_home_directory_or_refused(played: tuple[Path, dict[str, Any]]) -> None:
    root, told = played
    assert tree(root / "home/sub") == FIRST
    assert "begins with the name of no user" in told["nobody"]["msg"]
    assert not (root / "~no-such-user").exists()
