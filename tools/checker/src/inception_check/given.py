"""What the command is given: a folder, an archive or a git address; the latter two become a folder that is removed again.

Nothing of it is ever run: git is told to know no hooks, no filters (LFS) and no submodules, and only the listed protocols.
"""

from __future__ import annotations

import os
import re
import shutil
import signal
import stat
import subprocess
import tarfile
import tempfile
import time
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path, PurePosixPath
from typing import IO

from inception_check.evidence.source import NotReadableError

#: What is fetched or unpacked at most, in bytes and files, and how many seconds git may take.
MAX_BYTES = 500_000_000
MAX_FILES = 100_000
MAX_SECONDS = 180
_ADDRESS = re.compile(r"(?:https|ssh|file)://|git@[\w.-]+:")
_ARCHIVE = re.compile(r"\.(?:zip|tar|tgz|tbz2|txz|tar\.(?:gz|bz2|xz))$", re.IGNORECASE)
_QUIET = (
    "core.hooksPath=/dev/null", "core.fsmonitor=false", "core.symlinks=true", "submodule.recurse=false", "filter.lfs.smudge=", "filter.lfs.process=",
    "filter.lfs.required=false", "protocol.allow=never", "protocol.https.allow=always", "protocol.ssh.allow=always", "protocol.file.allow=always",
)  # fmt: skip


@contextmanager
def opened(given: str) -> Iterator[Path]:
    """Yield the folder of what was given.

    Args:
        given: a folder, an archive (zip, tar), or an address of git (https, ssh, file).

    Raises:
        NotReadableError: with one sentence that says what is wrong and what to do.

    """
    if not _ADDRESS.match(given) and not (_ARCHIVE.search(given) and Path(given).is_file()):
        if re.match(r"[a-z][a-z+.-]*://|[a-z]+::", given):
            raise NotReadableError(f"{given.partition(':')[0]} is no way to get a repository; use https:// or ssh://")
        yield Path(given)
        return
    with tempfile.TemporaryDirectory(prefix="inception-check-") as name:
        target = Path(name) / "repository"
        if _ADDRESS.match(given):
            clone(given, target)
            yield target
        else:
            _unpack(Path(given), target)
            inner = [entry for entry in target.iterdir() if entry.name != "__MACOSX"]
            # An archive of a repository mostly holds one folder around everything.
            yield inner[0] if len(inner) == 1 and inner[0].is_dir() else target


# -- git ---------------------------------------------------------------------------------------------------
def clone(address: str, target: Path, commit: str = "HEAD", *, shallow: bool = False) -> None:
    """Fetch a commit of a repository into a folder that does not exist yet.

    Args:
        address: where git finds it.
        target: the folder to make.
        commit: its hash, or ``HEAD`` for the newest one.
        shallow: whether the history before it is left out.

    Raises:
        NotReadableError: git is missing, cannot get it, or it is too large or too slow.

    """
    if shutil.which("git") is None:
        raise NotReadableError(
            "git is not installed, and without it no address can be fetched; install it, or give a folder"
        )
    depth = ["--depth", "1"] if shallow else []
    _git(["init", "--quiet", "--template=", str(target)], address, target)
    _git(
        ["-C", str(target), "fetch", "--quiet", "--no-tags", "--no-recurse-submodules", *depth, "--", address, commit],
        address,
        target,
    )
    _git(["-C", str(target), "checkout", "--quiet", "--detach", "FETCH_HEAD"], address, target)


def _git(arguments: list[str], address: str, target: Path) -> None:
    settings = [word for setting in _QUIET for word in ("-c", setting)]
    environment = {
        **os.environ, "GIT_TERMINAL_PROMPT": "0", "GIT_LFS_SKIP_SMUDGE": "1", "GIT_ASKPASS": "", "SSH_ASKPASS": "", "LC_ALL": "C",
        "GIT_SSH_COMMAND": os.environ.get("GIT_SSH_COMMAND", "ssh -oBatchMode=yes -oConnectTimeout=20"),
    }  # fmt: skip
    with tempfile.TemporaryFile() as errors:
        running = subprocess.Popen(  # noqa: S603 -- a fixed command; the address stands behind --
            ["git", *settings, *arguments],  # noqa: S607 -- the git of whoever calls
            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=errors, env=environment, start_new_session=True,
        )  # fmt: skip
        end = time.monotonic() + MAX_SECONDS
        try:
            while running.poll() is None:
                if time.monotonic() > end:
                    raise NotReadableError(
                        f"{address} is not there after {MAX_SECONDS} s; fetch it yourself and give the folder"
                    )
                if _size(target) > MAX_BYTES:
                    raise NotReadableError(
                        f"{address} has more than {MAX_BYTES // 1_000_000} MB; fetch it yourself and give the folder"
                    )
                time.sleep(0.05)
        finally:
            if running.poll() is None:
                os.killpg(running.pid, signal.SIGKILL)
                running.wait()
        if running.returncode:
            errors.seek(0)
            said = errors.read().decode("utf-8", "replace").strip().splitlines()
            reason = re.sub(r"^(?:fatal|error|remote): *", "", said[-1]) if said else f"status {running.returncode}"
            raise NotReadableError(f"git cannot fetch {address}: {reason}")


def _size(folder: Path) -> int:
    total = 0
    for directory, _, names in os.walk(folder):
        for name in names:
            try:
                total += (Path(directory) / name).lstat().st_size
            except FileNotFoundError:
                # git has just renamed it.
                continue
    return total


# -- archives ----------------------------------------------------------------------------------------------
def _unpack(archive: Path, target: Path) -> None:
    target.mkdir()
    try:
        if archive.name.lower().endswith(".zip"):
            _unzip(archive, target)
        else:
            _untar(archive, target)
    except (OSError, EOFError, RuntimeError, NotImplementedError, zipfile.BadZipFile, tarfile.TarError) as error:
        raise NotReadableError(f"{archive} cannot be unpacked: {error}") from error


def _unzip(archive: Path, target: Path) -> None:
    with zipfile.ZipFile(archive) as opened_zip:
        entries = opened_zip.infolist()
        _within(archive, len(entries), sum(entry.file_size for entry in entries))
        for entry in entries:
            mode = entry.external_attr >> 16
            place = target / _inside(archive, entry.filename)
            if entry.is_dir():
                place.mkdir(parents=True, exist_ok=True)
            elif not stat.S_ISLNK(mode):
                # A symbolic link is left out: nothing is read through one.
                place.parent.mkdir(parents=True, exist_ok=True)
                with opened_zip.open(entry) as source, place.open("xb") as file:
                    _copy(archive, source, file, entry.file_size)
                place.chmod(0o755 if mode & 0o100 else 0o644)


def _untar(archive: Path, target: Path) -> None:
    count = total = 0
    with tarfile.open(archive) as opened_tar:
        for entry in opened_tar:
            count, total = count + 1, total + entry.size
            _within(archive, count, total)
            place = target / _inside(archive, entry.name)
            if entry.isdir():
                place.mkdir(parents=True, exist_ok=True)
            elif entry.isfile():
                source = opened_tar.extractfile(entry)
                place.parent.mkdir(parents=True, exist_ok=True)
                if source is not None:
                    with place.open("xb") as file:
                        _copy(archive, source, file, entry.size)
                place.chmod(0o755 if entry.mode & 0o100 else 0o644)


def _copy(archive: Path, source: IO[bytes], file: IO[bytes], promised: int) -> None:
    """Copy one file, and not more of it than its entry has promised."""
    left = promised
    while data := source.read(min(1_000_000, left + 1)):
        left -= len(data)
        if left < 0:
            raise NotReadableError(f"{archive} holds more than it says; unpack it yourself and give the folder")
        file.write(data)


def _inside(archive: Path, name: str) -> PurePosixPath:
    path = PurePosixPath(name.replace("\\", "/"))
    if path.is_absolute() or ".." in path.parts or re.match(r"[A-Za-z]:", name) or "\0" in name:
        raise NotReadableError(f"{archive} holds a path that leads out of it ({name!r}); nothing was read")
    return path


def _within(archive: Path, files: int, size: int) -> None:
    if files > MAX_FILES or size > MAX_BYTES:
        raise NotReadableError(
            f"{archive} holds more than {MAX_FILES} files or {MAX_BYTES // 1_000_000} MB; unpack it yourself and give the folder"
        )
