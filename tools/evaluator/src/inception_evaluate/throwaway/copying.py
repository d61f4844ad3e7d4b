"""Copying a project into a throw-away machine: what a clone would have, and what lies beside it in no clone."""

from __future__ import annotations

import io
import posixpath
import shlex
import shutil
import subprocess
import tarfile
from pathlib import Path

from inception_check.evidence.project import Project
from inception_evaluate.machine import UnseenError
from inception_evaluate.throwaway.trial import PLACE, Trial


def cloned(root: Path) -> list[str]:
    """Return the files that a clone would have, and those that are new; without git, everything."""
    git = shutil.which("git")
    if git is not None and (root / ".git").exists():
        words = [
            git,
            "-C",
            str(root),
            "-c",
            "safe.directory=*",
            "ls-files",
            "-z",
            "--cached",
            "--others",
            "--exclude-standard",
        ]
        done = subprocess.run(words, capture_output=True, text=True)  # noqa: S603 -- git itself
        if done.returncode == 0:
            return sorted({name for name in done.stdout.split("\0") if name})
    found = [path.relative_to(root).as_posix() for path in root.rglob("*") if path.is_file() or path.is_symlink()]
    return sorted(name for name in found if not name.startswith((".git/", ".venv/")))


def private(root: Path, project: Project, known: set[str]) -> list[str]:
    """Return settings and secrets that lie here but are, as they must be, in no clone.

    Args:
        root: the project's directory.
        project: its evidence.
        known: what a clone has.

    """
    compose = project.compose
    base = posixpath.dirname(compose.path) if compose is not None else "srcs"
    places = {path for path in root.rglob(".env*") if path.is_file()}
    for directory in ("secrets", "secret", ".secrets"):
        places |= {path for folder in root.rglob(directory) if folder.is_dir() for path in folder.rglob("*")}
    if compose is not None:
        places |= {root / file.value for service in compose.services.values() for file in service.env_files}
        for resource in compose.secrets.values():
            file = resource.value.get("file")
            if file is not None and file.scalar:
                places.add(root / base / compose.interpolated(file.text).text)
    inside = root.resolve()
    found = []
    for path in places:
        # What a link or a path upwards leads to outside of the project is nobody's business.
        name = posixpath.normpath(path.relative_to(root).as_posix()) if path.is_relative_to(root) else ".."
        if not name.startswith("..") and path.is_file() and path.resolve().is_relative_to(inside):
            found.append(name)
    outside = (".git/", ".venv/", "node_modules/")
    return sorted({name for name in found if name not in known and not name.startswith(outside)})


def pack(root: Path, names: list[str]) -> bytes:
    """Return files of the project as a tar archive."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as archive:
        for name in names:
            path = root / name
            if path.is_symlink() or path.is_file():
                archive.add(path, arcname=name, recursive=False)
    return buffer.getvalue()


def unpack(container: str, archive: bytes) -> None:
    """Unpack an archive where the project belongs on the machine.

    Raises:
        UnseenError: it cannot be.

    """
    words = [
        "docker",
        "exec",
        "--interactive",
        container,
        "sh",
        "-euc",
        f"mkdir -p {PLACE} && tar -x -C {PLACE} --no-same-owner",
    ]
    done = subprocess.run(words, input=archive, capture_output=True)  # noqa: S603 -- a fixed program
    if done.returncode != 0:
        raise UnseenError(
            f"the project could not be copied into the machine: {done.stderr.decode(errors='replace')[:200]}"
        )


def write(trial: Trial, files: dict[str, str]) -> None:
    """Write files into the project on the machine; one that is there is left alone."""
    for path, text in files.items():
        place = shlex.quote(f"{PLACE}/{path}")
        script = f"test -e {place} || {{ mkdir -p $(dirname {place}) && cat >{place}; }}"
        trial.machine.run("sh", "-c", script, data=text)
