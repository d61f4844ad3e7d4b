"""What the command is given: folders, archives, git addresses; and what is refused, each in one sentence."""

from __future__ import annotations

import io
import subprocess
import tarfile
import time
import zipfile
from pathlib import Path

import pytest

from checker_trees import copy_clean, write
from inception_check import cli, given
from inception_check.evidence.source import NotReadableError


def _repository(tmp_path: Path) -> Path:
    root = copy_clean(tmp_path)
    write(root, "srcs/.env.bak", "MYSQL_PASSWORD=Tr0ub4dor3xyz\n")
    git = ["git", "-C", str(root), "-c", "user.name=a", "-c", "user.email=a@b"]
    for command in (["init", "-q"], ["add", "-A", "-f"], ["commit", "-q", "-m", "one"]):
        subprocess.run([*git, *command], check=True)
    return root


def _archives(root: Path, folder: Path) -> list[Path]:
    packed = folder / "project.tar.gz"
    with tarfile.open(packed, "w:gz") as archive:
        archive.add(root, "project")
    zipped = folder / "project.zip"
    with zipfile.ZipFile(zipped, "w") as made:
        for file in sorted(root.rglob("*")):
            made.write(file, Path("project") / file.relative_to(root))
    return [packed, zipped]


def _verdict(argument: str, capsys: pytest.CaptureFixture[str]) -> tuple[int, str, str]:
    status = cli.main(["--no-external", argument])
    out, err = capsys.readouterr()
    return status, out.replace(argument, "IT"), err


def test_archives_and_addresses_are_judged_like_the_folder(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    root = _repository(tmp_path)
    folder = _verdict(str(root), capsys)
    assert folder[0] == 1
    assert "E1" in folder[1].partition("\n")[0]
    for argument in (*map(str, _archives(root, tmp_path)), f"file://{root}"):
        assert _verdict(argument, capsys) == folder, argument


def test_nothing_of_a_fetched_repository_is_run(tmp_path: Path) -> None:
    root = _repository(tmp_path)
    mark = tmp_path / "mark"
    write(root, ".gitattributes", "* filter=lfs\n")
    write(root, ".gitmodules", f'[submodule "x"]\n\tpath = x\n\turl = file://{root}\n')
    git = ["git", "-C", str(root), "-c", "user.name=a", "-c", "user.email=a@b", "-c", "filter.lfs.clean=cat"]
    subprocess.run([*git, "add", "-A", "-f"], check=True)
    subprocess.run([*git, "commit", "-q", "-m", "two"], check=True)
    hook = root / ".git/hooks/post-checkout"
    hook.write_text(f"#!/bin/sh\ntouch {mark}\n")
    hook.chmod(0o755)
    with given.opened(f"file://{root}") as copy:
        assert (copy / "README.md").read_text() == (root / "README.md").read_text()
        assert not list((copy / ".git/hooks").glob("*")) if (copy / ".git/hooks").exists() else True
        assert not (copy / "x").exists()
    assert not mark.exists()
    assert not copy.exists()


def _zip(path: Path, name: str) -> None:
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr(name, "text")


def _tar(path: Path, name: str) -> None:
    with tarfile.open(path, "w") as archive:
        entry = tarfile.TarInfo(name)
        entry.size = 4
        archive.addfile(entry, io.BytesIO(b"text"))


@pytest.mark.parametrize("name", ["../up", "a/../../up", "/etc/absolute", "..\\up", "C:/up"])
@pytest.mark.parametrize("make", [_zip, _tar])
def test_a_path_that_leads_out(make: object, name: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    archive = tmp_path / ("evil.zip" if make is _zip else "evil.tar")
    make(archive, name)  # type: ignore[operator]
    status, out, err = _verdict(str(archive), capsys)
    assert (status, out) == (2, "")
    assert "leads out of it" in err
    assert err.count("\n") == 1
    assert sorted(p.name for p in tmp_path.iterdir()) == [archive.name]


def test_links_of_an_archive_are_left_out(tmp_path: Path) -> None:
    archive = tmp_path / "links.tar"
    with tarfile.open(archive, "w") as made:
        entry = tarfile.TarInfo("srcs")
        entry.type, entry.linkname = tarfile.SYMTYPE, "/etc"
        made.addfile(entry)
    with given.opened(str(archive)) as root:
        assert list(root.iterdir()) == []


@pytest.mark.parametrize(
    ("argument", "said"),
    [
        ("ext::sh -c date", "ext is no way"),
        ("ftp://example.org/a", "ftp is no way"),
        ("http://example.org/a", "http is no way"),
        ("file:///nowhere/at/all", "git cannot fetch"),
        ("/nowhere/at/all.zip", "/nowhere/at/all.zip"),
    ],
)
def test_what_cannot_be_had(argument: str, said: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main([argument]) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert said in err
    assert err.count("\n") == 1


def test_broken_and_too_large_archives(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    broken = tmp_path / "broken.zip"
    broken.write_bytes(b"PK no archive")
    with pytest.raises(NotReadableError, match="cannot be unpacked"), given.opened(str(broken)):
        pass
    monkeypatch.setattr(given, "MAX_BYTES", 3)
    for make, name in ((_zip, "large.zip"), (_tar, "large.tar")):
        make(tmp_path / name, "a")
        with pytest.raises(NotReadableError, match="holds more than"), given.opened(str(tmp_path / name)):
            pass


def test_a_fetch_that_takes_too_long_is_ended(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    slow = tmp_path / "bin/git"
    write(tmp_path, "bin/git", "#!/bin/sh\nsleep 60\n")
    slow.chmod(0o755)
    monkeypatch.setenv("PATH", f"{slow.parent}:/usr/bin:/bin")
    monkeypatch.setattr(given, "MAX_SECONDS", 0.2)
    start = time.monotonic()
    with pytest.raises(NotReadableError, match=r"is not there after 0\.2 s"), given.opened("https://example.org/a.git"):
        pass
    assert time.monotonic() - start < 10


def test_without_git(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/nowhere")
    with pytest.raises(NotReadableError, match="git is not installed"), given.opened("https://example.org/a.git"):
        pass
