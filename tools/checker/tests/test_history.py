"""What git still knows of earlier commits, read without git."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest

from checker_trees import copy_clean, run, write
from inception_check.evidence import githistory
from inception_check.evidence.githistory import History

ALL = re.compile("")


def git(root: Path, *arguments: str) -> str:
    options = ["-c", "user.name=x", "-c", "user.email=x@example.org", "-c", "commit.gpgsign=false"]
    command = ["git", "-C", str(root), *options, *arguments]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()


def commit(root: Path, message: str) -> str:
    git(root, "add", "--all")
    git(root, "commit", "--quiet", "--allow-empty", "--message", message)
    return git(root, "rev-parse", "HEAD")


def repository(root: Path) -> Path:
    root.mkdir(parents=True, exist_ok=True)
    git(root, "init", "--quiet", "--initial-branch", "main")
    return root


def seen(root: Path) -> dict[str, set[bytes]]:
    files: dict[str, set[bytes]] = {}
    for past in History(root / ".git").files(frozenset(), ALL):
        files.setdefault(past.path, set()).add(past.data)
    return files


@pytest.mark.parametrize("packed", ["loose", "packed", "by name"])
def test_every_version_of_every_file_is_read(packed: str, tmp_path: Path) -> None:
    root = repository(tmp_path / "work")
    expected: dict[str, set[bytes]] = {}
    # Long texts that differ in one line each become deltas in a pack.
    for number in range(12):
        text = "".join(f"line {line} of the file\n" for line in range(400)) + f"version {number}\n" * (number + 1)
        for path in ("srcs/a", "deep/er/b c"):
            write(root, path, text)
            expected.setdefault(path, set()).add(text.encode())
        commit(root, f"Version {number}")
    if packed == "packed":
        git(root, "gc", "--quiet", "--aggressive", "--prune=now")
    elif packed == "by name":
        git(root, "-c", "repack.usedeltabaseoffset=false", "repack", "-a", "-d", "-f", "-q")
    if packed != "loose":
        assert list((root / ".git" / "objects" / "pack").glob("*.pack"))
    assert seen(root) == expected


def test_branches_and_tags_belong_to_the_history(tmp_path: Path) -> None:
    root = repository(tmp_path)
    write(root, "a", "1")
    commit(root, "One")
    git(root, "switch", "--quiet", "--create", "other")
    write(root, "b", "2")
    commit(root, "Two")
    git(root, "tag", "--annotate", "--message", "x", "v1")
    write(root, "c", "3")
    commit(root, "Three")
    git(root, "switch", "--quiet", "main")
    assert set(seen(root)) == {"a", "b", "c"}
    git(root, "branch", "--quiet", "-D", "other")
    git(root, "pack-refs", "--all")
    assert set(seen(root)) == {"a", "b"}


def test_the_newest_commit_that_has_it_is_named(tmp_path: Path) -> None:
    root = copy_clean(tmp_path)
    repository(root)
    commit(root, "Start")
    write(root, "srcs/local.env", "# Local\nDB_PASSWORD=s3same\n")
    commit(root, "Add")
    last = commit(root, "Something else")
    (root / "srcs/local.env").unlink()
    commit(root, "Remove")
    (finding,) = run(root).findings
    assert (finding.rule, finding.path, finding.line) == ("secrets-in-history", "srcs/local.env", None)
    assert f"git show {last[:10]}:srcs/local.env, line 2" in finding.message
    assert git(root, "show", f"{last[:10]}:srcs/local.env").splitlines()[1] == "DB_PASSWORD=s3same"


def test_a_value_that_was_replaced_is_found(tmp_path: Path) -> None:
    root = copy_clean(tmp_path)
    repository(root)
    dockerfile = root / "srcs/requirements/mariadb/Dockerfile"
    text = dockerfile.read_text(encoding="utf-8")
    dockerfile.write_text(text + "ENV DB_PASSWORD=s3same\n", encoding="utf-8")
    write(root, "srcs/server.key", "-----BEGIN PRIVATE KEY-----\n" + "MIIEvQIBADANBgkqhkiG9w0B" * 4 + "\n")
    commit(root, "Add")
    dockerfile.write_text(text, encoding="utf-8")
    (root / "srcs/server.key").unlink()
    commit(root, "Remove")
    findings = run(root).findings
    assert {(f.rule, f.path) for f in findings} == {
        ("secrets-in-history", "srcs/requirements/mariadb/Dockerfile"),
        ("secrets-in-history", "srcs/server.key"),
    }
    assert {f.message.partition(" is ")[0] for f in findings} == {"a credential (DB_PASSWORD)", "a private key"}


def test_what_is_found_today_is_not_named_twice(tmp_path: Path) -> None:
    root = copy_clean(tmp_path)
    repository(root)
    write(root, "srcs/local.env", "DB_PASSWORD=s3same\n")
    commit(root, "Add")
    write(root, "srcs/local.env", "DB_PASSWORD=another-one\n")
    commit(root, "Change")
    assert [f.rule for f in run(root).findings] == ["credentials-in-git"]
    # Moved, it is the same content.
    git(root, "mv", "srcs/local.env", "srcs/other.env")
    commit(root, "Move")
    assert {(f.rule, f.path) for f in run(root).findings} == {
        ("credentials-in-git", "srcs/other.env"),
        ("secrets-in-history", "srcs/local.env"),
    }


def test_only_what_is_below_the_checked_directory_counts(tmp_path: Path) -> None:
    outer = repository(tmp_path)
    root = copy_clean(tmp_path)
    write(outer, "elsewhere.env", "DB_PASSWORD=s3same\n")
    write(root, "srcs/local.env", "DB_PASSWORD=s3same-too\n")
    commit(outer, "Add")
    (outer / "elsewhere.env").unlink()
    (root / "srcs/local.env").unlink()
    commit(outer, "Remove")
    assert [(f.rule, f.path) for f in run(root).findings] == [("secrets-in-history", "srcs/local.env")]


def test_a_further_worktree_has_the_same_history(tmp_path: Path) -> None:
    root = copy_clean(tmp_path)
    repository(root)
    write(root, "srcs/local.env", "DB_PASSWORD=s3same\n")
    commit(root, "Add")
    (root / "srcs/local.env").unlink()
    commit(root, "Remove")
    git(root, "worktree", "add", "--quiet", "--detach", str(tmp_path / "second"))
    assert [f.rule for f in run(tmp_path / "second").findings] == ["secrets-in-history"]


def test_a_long_history_is_read_in_part_and_said_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    root = copy_clean(tmp_path)
    repository(root)
    for number in range(5):
        commit(root, f"Commit {number}")
    assert not any("history" in note for note in run(root).notes)
    monkeypatch.setattr(githistory, "MAX_COMMITS", 3)
    report = run(root)
    assert report.findings == []
    assert any("history is too long" in note for note in report.notes)


def test_broken_objects_are_left_out(tmp_path: Path) -> None:
    root = repository(tmp_path)
    for number in range(6):
        write(root, f"f{number}", f"{number}" * 300)
        commit(root, f"Commit {number}")
    objects = sorted(file for file in (root / ".git" / "objects").rglob("*") if file.is_file())
    for index, file in enumerate(objects):
        data = file.read_bytes()
        file.chmod(0o644)
        if index % 3 == 0:
            file.write_bytes(data[: len(data) // 2])
        elif index % 3 == 1:
            file.write_bytes(b"\x78\x9c" + data[:1:-1])
    assert set(seen(root)) <= {f"f{number}" for number in range(6)}


@pytest.mark.parametrize("suffix", [".pack", ".idx"])
@pytest.mark.parametrize("how", ["short", "noise"])
def test_broken_packs_are_left_out(suffix: str, how: str, tmp_path: Path) -> None:
    root = repository(tmp_path)
    for number in range(6):
        write(root, "f", "same\n" * 200 + f"{number}" * 30)
        commit(root, f"Commit {number}")
    git(root, "gc", "--quiet", "--aggressive", "--prune=now")
    (file,) = (root / ".git" / "objects" / "pack").glob(f"*{suffix}")
    data = bytearray(file.read_bytes())
    if how == "short":
        data = data[: len(data) * 2 // 3]
    else:
        for position in range(40, len(data), 7):
            data[position] ^= 0x5A
    file.chmod(0o644)
    file.write_bytes(bytes(data))
    assert set(seen(root)) <= {"f"}
