"""What git knows, read without git."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from checker_trees import copy_clean, run, write
from inception_check.evidence.gitrepo import parse_index, read_git
from inception_check.evidence.source import Tree


def git(root: Path, *arguments: str) -> str:
    command = ["git", "-C", str(root), "-c", "user.name=x", "-c", "user.email=x@example.org", *arguments]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


@pytest.mark.parametrize("version", ["2", "3", "4"])
def test_the_index_is_read(version: str, tmp_path: Path) -> None:
    git(tmp_path, "init", "--quiet")
    for name in ("a", "dir/b c", "dir/sub/d", "dir/sub/é", "e" * 90):
        write(tmp_path, name, "x")
    git(tmp_path, "add", "--all")
    git(tmp_path, "update-index", "--index-version", version)
    tracked = read_git(Tree(tmp_path)).tracked
    assert tracked is not None
    assert set(tracked) == {"a", "dir/b c", "dir/sub/d", "dir/sub/é", "e" * 90}


def test_only_what_is_tracked_counts(tmp_path: Path) -> None:
    root = copy_clean(tmp_path)
    git(root, "init", "--quiet")
    git(root, "add", "--all")
    write(root, "srcs/local.env", "DB_PASSWORD=s3same\n")
    assert run(root).findings == []
    git(root, "add", "srcs/local.env")
    assert [f.rule for f in run(root).findings] == ["credentials-in-git"]


def test_a_tracked_file_counts_although_it_is_ignored(tmp_path: Path) -> None:
    root = copy_clean(tmp_path)
    write(root, "srcs/local.env", "DB_PASSWORD=s3same\n")
    write(root, ".gitignore", "*.env\n/secrets/\n")
    git(root, "init", "--quiet")
    git(root, "add", "--all")
    assert run(root).findings == []
    git(root, "add", "--force", "srcs/local.env")
    assert [f.rule for f in run(root).findings] == ["credentials-in-git"]


def test_without_git_the_ignore_files_decide(tmp_path: Path) -> None:
    root = copy_clean(tmp_path)
    write(root, "srcs/local.env", "DB_PASSWORD=s3same\n")
    assert [f.rule for f in run(root).findings] == ["credentials-in-git"]
    write(root, "srcs/.gitignore", "local.env\n")
    report = run(root)
    # It may have been tracked before it was ignored: a warning, and no verdict.
    assert [(f.rule, f.severity.value, f.path) for f in report.findings] == [
        ("credentials-in-git", "warning", "srcs/local.env")
    ]
    assert "E1" not in report.checked


def test_a_script_that_git_ignores_is_not_handed_in(tmp_path: Path) -> None:
    root = copy_clean(tmp_path)
    write(root, "kept/endless.sh", "#!/bin/sh\nwhile true; do sleep 1; done\n")
    git(root, "init", "--quiet")
    git(root, "add", "Makefile", "srcs")
    # Not added yet, but meant to be.
    assert [f.rule for f in run(root).findings] == ["endless-loop"]
    write(root, ".gitignore", "/kept/\n/secrets/\n")
    assert run(root).findings == []
    git(root, "add", "--force", "kept/endless.sh")
    assert [f.rule for f in run(root).findings] == ["endless-loop"]


def test_an_enclosing_repository_that_does_not_track_it_says_nothing(tmp_path: Path) -> None:
    git(tmp_path, "init", "--quiet")
    write(tmp_path, "other", "x")
    git(tmp_path, "add", "--all")
    root = copy_clean(tmp_path)
    write(root, "srcs/local.env", "DB_PASSWORD=s3same\n")
    assert [f.rule for f in run(root).findings] == ["credentials-in-git"]


def test_ignore_files_agree_with_git(tmp_path: Path) -> None:
    git(tmp_path, "init", "--quiet")
    write(tmp_path, ".gitignore", "*.env\n!keep.env\n/secrets/\nbuild/\n!/build/kept\n# c\n\nfoo[\n**/deep/*.txt\n")
    write(tmp_path, "sub/.gitignore", "!x.env\nlocal\n")
    names = [
        "a.env",
        "keep.env",
        "secrets/a",
        "sub/secrets/a",
        "build/kept",
        "sub/x.env",
        "sub/local",
        "local",
        "x/deep/a.txt",
        "x/deep/b/a.txt",
    ]
    for name in names:
        write(tmp_path, name, "x")
    state = read_git(Tree(tmp_path))
    ignored = set(git(tmp_path, "ls-files", "--others", "--ignored", "--exclude-standard").split("\n")) - {""}
    assert {name for name in names if state.ignored(name)} == ignored


@settings(deadline=None)  # a busy machine is no mistake
@given(st.binary(max_size=300))
def test_a_broken_index_is_refused(data: bytes) -> None:
    for content in (data, b"DIRC" + data, b"DIRC\0\0\0\2\0\0\0\3" + data, b"DIRC\0\0\0\4\0\0\0\3" + data):
        try:
            parse_index(content)
        except ValueError:
            continue


#: Path, content, and the line of a credential that is there when git has the file; 0 for none.
SECRETS = [
    ("secrets/db_password.txt", "s3same-open\n", 1),
    ("secrets/db_password.txt", "42", 1),
    ("secrets/db_password.txt", "pa$word`1\n", 1),
    ("secrets/db_password", "s3same-open\n", 1),
    ("secrets/.db_password", "s3same-open\n", 1),
    ("secrets/wp.secret", "s3same-open\n", 1),
    ("srcs/.secrets/one.txt", "# the database\ns3same-open\n", 2),
    ("secrets/credentials.txt", "WP_ADMIN_USER=captain\nWP_ADMIN_PASSWORD=s3same\n", 2),
    ("secrets/credentials.txt", "user: captain\npassword: s3same\n", 2),
    ("secrets/credentials.txt", "captain:s3same\n", 1),
    ("secrets/salts.txt", "define('AUTH_KEY', 'zT)9#f2k!Qw8@Lm3$xV');\n", 1),
    ("secrets/db.env", "DB_PASSWORD=s3same\n", 1),
    ("secrets/config.json", '{"password": "s3same"}\n', 1),
    ("secrets/example/db_password.txt", "k8Jx2!vQz91LpW\n", 1),
    ("secrets/db_password.txt", "", 0),
    ("secrets/db_password.txt", "\n  \n", 0),
    ("secrets/db_password.txt", "changeme\n", 0),
    ("secrets/db_password.txt", "<your password>\n", 0),
    ("secrets/db_password.txt", "${DB_PASSWORD}\n", 0),
    ("secrets/db_password.txt.example", "some-password\n", 0),
    ("secrets/example/db_password.txt", "some-password\n", 0),
    ("secrets/db_user.txt", "wordpress\n", 0),
    ("secrets/credentials.txt", "WP_ADMIN_USER=captain\nWP_ADMIN_PASSWORD=\n", 0),
    ("secrets/README.md", "Put them here.\npasswords\n", 0),
    ("secrets/.gitignore", "*\n!.gitignore\n", 0),
    ("secrets/.gitkeep", "", 0),
    ("secrets/tls.crt", "-----BEGIN CERTIFICATE-----\nMIIBszCCAVmgAwIBAgIUFk\n", 0),
    ("secrets/ca.txt", "-----BEGIN CERTIFICATE-----\nMIIBszCCAVmgAwIBAgIUFk\n", 0),
]


@pytest.mark.parametrize(("path", "content", "line"), SECRETS)
def test_a_secret_file_with_a_value_belongs_nowhere_in_git(path: str, content: str, line: int, tmp_path: Path) -> None:
    root = copy_clean(tmp_path)
    write(root, path, content)
    write(root, ".gitignore", "/secrets/\n/srcs/.secrets/\n")
    git(root, "init", "--quiet")
    git(root, "add", "--all")
    report = run(root)
    assert report.findings == []
    assert {"E1", "R34"} <= set(report.checked)
    git(root, "add", "--force", path)
    report = run(root)
    expected = [("credentials-in-git", "error", path, line)] if line else []
    assert [(f.rule, f.severity.value, f.path, f.line) for f in report.findings] == expected
    # Without an index, what no ignore file names is part of the repository.
    (root / ".git").rename(tmp_path / "git")
    assert run(root).findings == []
    write(root, ".gitignore", "x\n")
    assert [(f.rule, f.severity.value, f.path, f.line) for f in run(root).findings] == expected


def test_a_file_that_compose_takes_for_a_secret_is_one_wherever_it_lies(tmp_path: Path) -> None:
    root = copy_clean(tmp_path)
    compose = root / "srcs/docker-compose.yml"
    text = compose.read_text(encoding="utf-8")
    compose.write_text(text.replace("../secrets/db_password.txt", "./private/first"), encoding="utf-8")
    write(root, "srcs/private/first", "s3same-open\n")
    assert [(f.rule, f.path) for f in run(root).findings] == [("credentials-in-git", "srcs/private/first")]
    write(root, "srcs/.gitignore", "private\n")
    report = run(root)
    assert report.findings == []
    assert "E1" in report.checked


def test_a_private_key_among_the_secrets_is_one_in_git(tmp_path: Path) -> None:
    root = copy_clean(tmp_path)
    for name in ("tls.key", "key.txt"):
        write(root, f"secrets/{name}", "-----BEGIN PRIVATE KEY-----\n" + "MIIEvQIBADANBgkqhkiG9w0B" * 4 + "\n")
    assert run(root).findings == []
    write(root, ".gitignore", "x\n")
    found = {(f.rule, f.severity.value, f.path) for f in run(root).findings}
    assert found == {("private-key-in-git", "error", f"secrets/{name}") for name in ("tls.key", "key.txt")}
