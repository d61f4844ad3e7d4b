"""The module runs on real files; one test starts it as Ansible does, as a process of its own."""

from __future__ import annotations

import json
import os
import stat
import subprocess
from pathlib import Path
from typing import Any

import pytest

from support import load_plugin, run_module, run_module_process

managed_tree = load_plugin("modules/managed_tree")

FILES = {
    "Dockerfile": "FROM debian:12-slim\n",
    "tools/entrypoint.sh": '#!/bin/sh\nexec "$@"\n',
    "conf/한국.conf": "title = '한국어 \\ $x \u0085'\n",
    "conf/empty": "",
}


def run(dest: Path, files: dict[str, str] = FILES, **options: Any) -> dict[str, Any]:
    flags = {name: options.pop(name) for name in ("check", "diff") if name in options}
    return run_module(managed_tree, {"dest": str(dest), "files": files, **options}, **flags)


def tree(root: Path) -> dict[str, tuple[str, int]]:
    return {
        str(path.relative_to(root)): (path.read_bytes().decode(), stat.S_IMODE(path.stat().st_mode))
        for path in sorted(root.rglob("*"))
        if path.is_file()
    }


def test_files_are_written_with_content_and_mode(tmp_path: Path) -> None:
    answer = run(tmp_path / "a" / "b")
    assert answer["changed"] is True
    assert answer["changed_files"] == list(FILES)
    assert tree(tmp_path / "a" / "b") == {
        name: (content, 0o755 if name.endswith(".sh") else 0o644) for name, content in FILES.items()
    }


def test_the_second_run_changes_nothing(tmp_path: Path) -> None:
    run(tmp_path)
    before = {path: path.stat().st_ino for path in tmp_path.rglob("*")}
    answer = run(tmp_path)
    assert answer["changed"] is False
    assert answer["changed_files"] == answer["removed_files"] == []
    assert {path: path.stat().st_ino for path in tmp_path.rglob("*")} == before


def test_only_what_differs_is_written(tmp_path: Path) -> None:
    run(tmp_path)
    (tmp_path / "Dockerfile").write_text("FROM scratch\n", encoding="utf-8")
    (tmp_path / "tools/entrypoint.sh").chmod(0o644)
    answer = run(tmp_path)
    assert sorted(answer["changed_files"]) == ["Dockerfile", "tools/entrypoint.sh"]
    assert tree(tmp_path)["tools/entrypoint.sh"][1] == 0o755


def test_as_a_process_of_its_own(tmp_path: Path) -> None:
    answer = run_module_process("managed_tree", {"dest": str(tmp_path), "files": FILES})
    assert answer["changed"] is True
    assert tree(tmp_path)["conf/한국.conf"][0] == FILES["conf/한국.conf"]


@pytest.mark.parametrize("ending", ["\r\n", "\r", "\n\n", ""])
def test_line_ends_are_kept_and_do_not_look_like_changes(tmp_path: Path, ending: str) -> None:
    files = {"file": f"line{ending}"}
    run(tmp_path, files)
    assert (tmp_path / "file").read_bytes() == f"line{ending}".encode()
    assert run(tmp_path, files)["changed"] is False


def test_a_changed_line_end_is_a_change(tmp_path: Path) -> None:
    (tmp_path / "run.sh").write_bytes(b"#!/bin/sh\r\n")
    (tmp_path / "run.sh").chmod(0o755)
    assert run(tmp_path, {"run.sh": "#!/bin/sh\n"})["changed"] is True
    assert (tmp_path / "run.sh").read_bytes() == b"#!/bin/sh\n"


def test_check_mode_tells_the_same_and_touches_nothing(tmp_path: Path) -> None:
    (tmp_path / "old").write_text("gone soon\n", encoding="utf-8")
    before = tree(tmp_path)
    told = run(tmp_path, check=True)
    assert tree(tmp_path) == before
    assert sorted(path.name for path in tmp_path.iterdir()) == ["old"]
    done = run(tmp_path)
    assert {**told, "diff": 0, "invocation": 0} == {**done, "diff": 0, "invocation": 0}
    assert told["removed_files"] == ["old"]


def test_check_mode_before_the_directory_exists(tmp_path: Path) -> None:
    answer = run(tmp_path / "not" / "yet", check=True)
    assert answer["changed"] is True
    assert not (tmp_path / "not").exists()


def test_the_difference_is_told(tmp_path: Path) -> None:
    run(tmp_path)
    answer = run(tmp_path, {**FILES, "Dockerfile": "FROM alpine:3.23\n"}, check=True, diff=True)
    (difference,) = answer["diff"]
    assert difference["before"] == "FROM debian:12-slim\n"
    assert difference["after"] == "FROM alpine:3.23\n"
    assert difference["after_header"].endswith("/Dockerfile")


def test_the_difference_of_a_removed_file_shows_what_goes(tmp_path: Path) -> None:
    run(tmp_path, {"a": "kept\n", "b": "gone\n"})
    (difference,) = run(tmp_path, {"a": "kept\n"}, check=True, diff=True)["diff"]
    assert (difference["before"], difference["after"]) == ("gone\n", "")


def test_what_is_not_wanted_goes_with_its_empty_directories(tmp_path: Path) -> None:
    run(tmp_path)
    (tmp_path / "deep/er").mkdir(parents=True)
    (tmp_path / "deep/er/old.conf").write_text("x", encoding="utf-8")
    (tmp_path / "binary").write_bytes(b"\xff\x00")
    answer = run(tmp_path)
    assert answer["removed_files"] == ["binary", "deep/er/old.conf"]
    assert not (tmp_path / "deep").exists()
    assert set(tree(tmp_path)) == set(FILES)


def test_without_prune_others_files_stay(tmp_path: Path) -> None:
    (tmp_path / ".env").write_text("A=1\n", encoding="utf-8")
    answer = run(tmp_path, prune=[])
    assert answer["removed_files"] == []
    assert (tmp_path / ".env").exists()


def test_only_the_directories_of_prune_are_cleared(tmp_path: Path) -> None:
    for name in (".env", "requirements/nginx/conf/old.conf", "requirements/other/kept.conf"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text("x", encoding="utf-8")
    files = {"docker-compose.yml": "name: x\n", "requirements/nginx/Dockerfile": "FROM debian:12-slim\n"}
    answer = run(tmp_path, files, prune=["requirements/nginx", "requirements/mariadb"])
    assert answer["removed_files"] == ["requirements/nginx/conf/old.conf"]
    assert set(tree(tmp_path)) == {".env", "requirements/other/kept.conf", *files}
    assert not (tmp_path / "requirements/nginx/conf").exists()
    assert not (tmp_path / "requirements/mariadb").exists()


@pytest.mark.parametrize("linked", ["requirements", "requirements/nginx"])
def test_a_link_on_the_way_to_a_cleared_directory_is_not_followed(tmp_path: Path, linked: str) -> None:
    outside = tmp_path / "outside"
    (outside / "nginx").mkdir(parents=True)
    (outside / "nginx/precious").write_text("precious\n", encoding="utf-8")
    dest = tmp_path / "dest"
    (dest / linked).parent.mkdir(parents=True)
    (dest / linked).symlink_to(outside)
    answer = run(dest, {"requirements/nginx/Dockerfile": "x\n"}, prune=["requirements/nginx"])
    assert answer["removed_files"] == [linked]
    assert (outside / "nginx/precious").is_file()
    assert sorted(path.name for path in outside.iterdir()) == ["nginx"]
    assert (dest / "requirements/nginx/Dockerfile").read_text(encoding="utf-8") == "x\n"


def test_a_link_is_replaced_and_never_followed(tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "precious").write_text("precious\n", encoding="utf-8")
    dest = tmp_path / "dest"
    dest.mkdir()
    (dest / "Dockerfile").symlink_to(outside / "precious")
    (dest / "stray").symlink_to(outside)
    (dest / "broken").symlink_to("nowhere")
    answer = run(dest)
    assert sorted(answer["removed_files"]) == ["broken", "stray"]
    assert (outside / "precious").read_text(encoding="utf-8") == "precious\n"
    assert not (dest / "Dockerfile").is_symlink()
    assert run(dest)["changed"] is False


@pytest.mark.parametrize("prune", [["."], []])
def test_a_linked_directory_leads_nothing_outside(tmp_path: Path, prune: list[str]) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    dest = tmp_path / "dest"
    dest.mkdir()
    (dest / "tools").symlink_to(outside)
    answer = run(dest, {"tools/entrypoint.sh": "#!/bin/sh\n"}, prune=prune)
    assert list(outside.iterdir()) == []
    if prune:
        assert (dest / "tools/entrypoint.sh").is_file()
        assert not (dest / "tools").is_symlink()
    else:
        assert "tools is not a directory, but one belongs there" in answer["msg"]


def test_check_mode_does_not_look_behind_a_link_that_goes(tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    dest = tmp_path / "dest"
    # The very same file, but not in the directory.
    run(outside, {"entrypoint.sh": FILES["tools/entrypoint.sh"]})
    dest.mkdir()
    (dest / "tools").symlink_to(outside)
    memory = str(tmp_path / "memory")
    told = run(dest, check=True, memory=memory)
    assert told["changed_files"] == list(FILES)
    assert told["kept_files"] == ["tools"]
    done = run(dest, memory=memory)
    assert {**told, "invocation": None} == {**done, "invocation": None}
    assert tree(dest)["tools/entrypoint.sh"][0] == FILES["tools/entrypoint.sh"]


def test_the_former_content_is_kept_where_asked(tmp_path: Path) -> None:
    run(tmp_path, {".env": "A=1\n"}, backup=[".env"])
    assert not (tmp_path / ".env.bak").exists()
    (tmp_path / ".env").write_text("A=2 by hand\n", encoding="utf-8")
    run(tmp_path, {".env": "A=3\n"}, backup=[".env"])
    assert (tmp_path / ".env.bak").read_text(encoding="utf-8") == "A=2 by hand\n"
    # The kept version is no surplus.
    assert run(tmp_path, {".env": "A=3\n"}, backup=[".env"])["changed"] is False


def test_a_directory_in_the_way_is_named_before_anything_is_written(tmp_path: Path) -> None:
    (tmp_path / "conf").mkdir()
    answer = run(tmp_path, {"a": "first\n", "conf": "text\n"})
    assert answer["failed"]
    assert "conf is a directory where a file belongs" in answer["msg"]
    assert not (tmp_path / "a").exists()


def test_a_file_in_the_way_of_a_directory_goes_or_is_named(tmp_path: Path) -> None:
    (tmp_path / "conf").write_text("x", encoding="utf-8")
    answer = run(tmp_path, {"a": "first\n", "conf/a": "text\n"}, prune=[])
    assert "conf is not a directory, but one belongs there; remove it" in answer["msg"]
    assert not (tmp_path / "a").exists()
    assert run(tmp_path, {"conf/a": "text\n"})["changed"] is True
    assert (tmp_path / "conf/a").is_file()


@pytest.mark.parametrize("prune", ["..", "/etc", "a/../.."])
def test_nothing_outside_is_cleared(tmp_path: Path, prune: str) -> None:
    (tmp_path / "precious").write_text("x", encoding="utf-8")
    answer = run(tmp_path / "dest", prune=[prune])
    assert answer["failed"]
    assert "leaves" in answer["msg"]
    assert [path.name for path in tmp_path.iterdir()] == ["precious"]


@pytest.mark.parametrize("name", ["../escape", "/etc/escape", "a/../../escape"])
def test_no_path_leaves_the_directory(tmp_path: Path, name: str) -> None:
    answer = run(tmp_path / "dest", {name: "x"})
    assert answer["failed"]
    assert "leaves" in answer["msg"]
    assert list(tmp_path.rglob("*escape*")) == []


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give files away")
def test_all_belongs_to_the_owner_of_the_directory_around(tmp_path: Path) -> None:
    checkout = tmp_path / "checkout"
    checkout.mkdir()
    os.chown(checkout, 1234, 2345)
    run(checkout / "srcs" / "nginx")
    assert {(path.stat().st_uid, path.stat().st_gid) for path in checkout.rglob("*")} == {(1234, 2345)}


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give files away")
def test_a_file_written_anew_keeps_its_owner(tmp_path: Path) -> None:
    run(tmp_path, {".env": "A=1\n"})
    os.chown(tmp_path, 1234, 2345)
    run(tmp_path, {".env": "A=2\n"})
    assert (tmp_path / ".env").stat().st_uid == 1234


def test_a_failed_write_leaves_the_old_file_and_no_rest(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "file"
    path.write_text("old\n", encoding="utf-8")

    def power_cut(_: int) -> None:
        raise OSError("the disk is full")

    monkeypatch.setattr(os, "fsync", power_cut)
    with pytest.raises(OSError, match="full"):
        managed_tree.write(path, "new\n")
    assert path.read_text(encoding="utf-8") == "old\n"
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize("prune", [["."], []])
def test_a_rest_of_a_killed_run_is_cleared_away(tmp_path: Path, prune: list[str]) -> None:
    def kill(fd: object) -> None:
        del fd
        os._exit(9)

    child = os.fork()
    if child == 0:
        os.fsync = kill
        managed_tree.write(tmp_path / "Dockerfile", "half a fi")
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 9
    assert len(list(tmp_path.iterdir())) == 1
    run(tmp_path, prune=prune)
    assert set(tree(tmp_path)) == set(FILES)


def test_what_was_written_is_remembered_with_what_belongs_to_it(tmp_path: Path) -> None:
    options: dict[str, Any] = {"memory": str(tmp_path / "memory"), "remember": {".env": {"taken": ["A"]}}}
    written = tmp_path / "memory" / "written.json"
    run(tmp_path / "srcs", {".env": "A=1\n"}, check=True, **options)
    assert not written.exists()
    run(tmp_path / "srcs", {".env": "A=1\n"}, **options)
    assert json.loads(written.read_text())["remember"] == {".env": {"text": "A=1\n", "why": {"taken": ["A"]}}}
    before = written.stat().st_ino
    assert run(tmp_path / "srcs", {".env": "A=1\n"}, **options)["changed"] is False
    assert written.stat().st_ino == before
    options["remember"][".env"] = {"taken": []}
    # Only what is remembered changes: nothing that a person has to know of.
    assert run(tmp_path / "srcs", {".env": "A=1\n"}, **options)["changed"] is False
    assert written.stat().st_ino != before


class TestWhatAPersonChanged:
    """What a person changed is kept before it is written over or removed; what we wrote is not."""

    @pytest.fixture
    def dest(self, tmp_path: Path) -> Path:
        self.memory = tmp_path / "memory"
        self.copies = self.memory / "edited"
        dest = tmp_path / "srcs"
        self.write(dest)
        return dest

    def write(self, dest: Path, files: dict[str, str] = FILES, **options: Any) -> dict[str, Any]:
        return run(dest, files, memory=str(self.memory), **options)

    def test_what_only_we_changed_leaves_no_copy(self, dest: Path) -> None:
        answer = self.write(dest, {"Dockerfile": "FROM debian:13-slim\n"})
        assert sorted(answer["removed_files"]) == sorted(set(FILES) - {"Dockerfile"})
        assert answer["kept_files"] == []
        assert not self.copies.exists()

    def test_a_changed_file_is_kept_with_its_mode(self, dest: Path) -> None:
        (dest / "Dockerfile").write_bytes(b"by hand \xe9\n")
        (dest / "Dockerfile").chmod(0o600)
        assert self.write(dest, check=True)["kept_files"] == ["Dockerfile"]
        assert not self.copies.exists()
        assert self.write(dest)["kept_files"] == ["Dockerfile"]
        assert (self.copies / "Dockerfile").read_bytes() == b"by hand \xe9\n"
        assert stat.S_IMODE((self.copies / "Dockerfile").stat().st_mode) == 0o600
        assert (dest / "Dockerfile").read_text(encoding="utf-8") == FILES["Dockerfile"]
        again = self.write(dest)
        assert (again["changed"], again["kept_files"]) == (False, [])
        # The next version takes its place.
        (dest / "Dockerfile").write_text("later\n", encoding="utf-8")
        self.write(dest)
        assert tree(self.copies) == {"Dockerfile": ("later\n", 0o644)}

    def test_what_was_added_is_kept(self, dest: Path, tmp_path: Path) -> None:
        (dest / "conf/extra.conf").write_text("mine\n", encoding="utf-8")
        (dest / "tools/link").symlink_to(tmp_path)
        answer = self.write(dest)
        assert answer["removed_files"] == answer["kept_files"] == ["conf/extra.conf", "tools/link"]
        assert (self.copies / "conf/extra.conf").read_text(encoding="utf-8") == "mine\n"
        assert (self.copies / "tools/link").readlink() == tmp_path

    def test_a_change_that_is_ours_by_now_is_no_loss(self, dest: Path) -> None:
        (dest / "Dockerfile").write_text("FROM debian:13-slim\n", encoding="utf-8")
        assert self.write(dest, {**FILES, "Dockerfile": "FROM debian:13-slim\n"})["changed"] is False
        assert self.write(dest)["kept_files"] == []

    def test_without_a_memory_only_what_git_has_is_ours(self, dest: Path) -> None:
        (self.memory / "written.json").unlink()
        for command in (
            ["init", "-q"],
            ["add", "Dockerfile"],
            ["-c", "user.name=x", "-c", "user.email=x@x", "commit", "-qm", "x"],
        ):
            subprocess.run(["git", "-C", str(dest), *command], check=True)
        (dest / "conf/empty").write_text("by hand\n", encoding="utf-8")
        answer = self.write(dest, {**FILES, "Dockerfile": "FROM alpine:3.23\n"}, prune=[])
        assert answer["changed_files"] == ["Dockerfile", "conf/empty"]
        assert answer["kept_files"] == ["conf/empty"]

    def test_a_copy_that_cannot_be_made_stops_everything(self, dest: Path) -> None:
        (dest / "Dockerfile").write_text("by hand\n", encoding="utf-8")
        (self.copies / "Dockerfile").mkdir(parents=True)
        assert "is a directory where a file belongs" in self.write(dest)["msg"]
        assert (dest / "Dockerfile").read_text(encoding="utf-8") == "by hand\n"
