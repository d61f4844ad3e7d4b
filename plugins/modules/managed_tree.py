#!/usr/bin/python
"""Module: make a directory hold exactly the given text files."""

from __future__ import annotations

DOCUMENTATION = r"""
module: managed_tree
author: the Inception team
short_description: Make a directory hold exactly the given text files
description:
  - Writes the files whose content or mode differs, each atomically, and removes files that are not among
    them from the directories of O(prune).
  - New files and directories belong to the owner of the nearest directory that exists already, so
    that a checkout stays its owner's although the play runs as root.
options:
  dest:
    description: The directory. It and its parents are made when missing.
    type: path
    required: true
  files:
    description: Content by path relative to O(dest). A file that begins with C(#!) is executable.
    type: dict
    required: true
  prune:
    description:
      - Directories, relative to O(dest), out of which files and empty directories are removed that are not in O(files).
    type: list
    elements: str
    default: ["."]
  backup:
    description: Paths, relative to O(dest), of which the former content is kept beside the file with the suffix C(.bak).
    type: list
    elements: str
    default: []
  memory:
    description:
      - A directory for what the next run needs to know, in the file C(written.json).
      - With it, a file that is not as it was written last, nor as git has it, is a person's. Before such a file is
        written or removed, it is kept in C(edited/) of this directory, where the next such version replaces it.
    type: path
  remember:
    description: By path relative to O(dest), what is remembered together with the text of that file.
    type: dict
    default: {}
attributes:
  check_mode:
    support: full
    description: Tells what would change without changing it.
  diff_mode:
    support: full
    description: Shows the difference of each file.
"""

EXAMPLES = r"""
- name: Write a build context
  managed_tree:
    dest: /opt/inception/srcs/requirements/nginx
    files:
      Dockerfile: "FROM debian:12-slim\n"
"""

RETURN = r"""
changed_files:
  description: The files written, relative to O(dest).
  returned: always
  type: list
  elements: str
removed_files:
  description: The files removed, relative to O(dest).
  returned: always
  type: list
  elements: str
kept_files:
  description: The files, relative to O(dest), of which a person's version was kept.
  returned: always
  type: list
  elements: str
"""

import hashlib
import json
import os
import shutil
import subprocess
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from ansible.module_utils.basic import AnsibleModule


def mode_of(content: str) -> int:
    """Return the mode of a file: executable when its content names an interpreter."""
    return 0o755 if content.startswith("#!") else 0o644


def owner_for(path: Path) -> tuple[int, int]:
    """Return uid and gid of the nearest existing ancestor directory."""
    for ancestor in path.parents:
        if ancestor.is_dir():
            status = ancestor.stat()
            return status.st_uid, status.st_gid
    return 0, 0


def current(path: Path) -> tuple[str | None, int]:
    """Return content and mode of a file; None for the content when there is no readable text file."""
    if path.is_symlink() or not path.is_file():
        return None, 0
    try:
        # Bytes, because reading as text would make every line end the same.
        return path.read_bytes().decode("utf-8"), path.stat().st_mode & 0o777
    except UnicodeDecodeError:
        return None, path.stat().st_mode & 0o777


def make_directories(path: Path) -> None:
    """Make a directory with its parents, each owned like the directory that it is made in."""
    missing = []
    while not path.is_dir():
        missing.append(path)
        path = path.parent
    for directory in reversed(missing):
        directory.mkdir(mode=0o755)
        status = directory.parent.stat()
        os.chown(directory, status.st_uid, status.st_gid)


def write(path: Path, content: str) -> None:
    """Write a file atomically: a kill leaves the old file or the new one."""
    make_directories(path.parent)
    uid, gid = owner_for(path)
    # Always the same name, so that the rest of a killed run is replaced by the next one.
    temporary = path.with_name(f".{path.name}.new")
    temporary.unlink(missing_ok=True)
    try:
        with temporary.open("x", encoding="utf-8", newline="") as handle:
            handle.write(content)
            handle.flush()
            os.fchmod(handle.fileno(), mode_of(content))
            os.fchown(handle.fileno(), uid, gid)
            os.fsync(handle.fileno())
        temporary.replace(path)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise


def obstruction(dest: Path, names: Iterable[str], removed: set[str]) -> str:
    """Return what stands in the way of the files, as a sentence; empty when nothing does.

    Args:
        dest: the directory.
        names: the files wanted, relative to it.
        removed: what will be removed before the files are written.
    """
    for name in names:
        path = dest / name
        if path.is_dir() and not path.is_symlink():
            return f"{path} is a directory where a file belongs; remove it"
        for parent in list(Path(name).parents)[:-1]:
            # A link could lead out of the directory.
            if ((dest / parent).is_symlink() or (dest / parent).is_file()) and str(parent) not in removed:
                return f"{dest / parent} is not a directory, but one belongs there; remove it"
    return ""


def surplus(dest: Path, directories: Iterable[str], wanted: set[str]) -> list[str]:
    """Return what is not wanted in some directories below dest, relative to dest.

    A link in place of such a directory, or on the way to it, is surplus itself, and is not followed.
    """
    found: set[str] = set()
    for directory in directories:
        way = [Path(directory), *Path(directory).parents][::-1]
        link = next((str(part) for part in way if part != Path() and (dest / part).is_symlink()), None)
        if link is not None:
            found.add(link)
        elif (dest / directory).is_dir():
            found |= {
                str(path.relative_to(dest))
                for path in (dest / directory).rglob("*")
                if path.is_symlink() or not path.is_dir()
            }
    return sorted(found - wanted)


def remove_empty(top: Path) -> None:
    """Remove the empty directories below one."""
    for directory in sorted((p for p in top.rglob("*") if p.is_dir() and not p.is_symlink()), reverse=True):
        if not any(directory.iterdir()):
            directory.rmdir()


class Memory:
    """What was written last, by which the changes of a person are told from our own."""

    def __init__(self, directory: Path, dest: Path) -> None:
        """Read what the last run wrote down."""
        self.directory = directory
        self.dest = dest
        self.written = directory / "written.json"
        try:
            self.digests = dict(json.loads(self.written.read_text(encoding="utf-8"))["files"])
        except (OSError, ValueError, LookupError, TypeError):
            self.digests = {}  # Nothing is remembered, or a person has spoiled it.

    def is_persons(self, name: str) -> bool:
        """Tell whether a file, or what stands in its place, is neither ours nor in git."""
        path = self.dest / name
        if path.is_symlink() or not path.is_file():
            return path.is_symlink() or path.exists()
        content = path.read_bytes()
        return digest(content) != self.digests.get(name) and not committed(path, content)

    def keep(self, names: Iterable[str]) -> None:
        """Keep a copy of some files, or of the links that stand in their place."""
        for name in names:
            path = self.dest / name
            copy = self.directory / "edited" / name
            make_directories(copy.parent)
            temporary = copy.with_name(f".{copy.name}.new")
            temporary.unlink(missing_ok=True)
            # Nobody may read the copy who may not read the file.
            shutil.copy2(path, temporary, follow_symlinks=False)
            os.chown(temporary, path.lstat().st_uid, path.lstat().st_gid, follow_symlinks=False)
            temporary.replace(copy)

    def write(self, files: dict[str, str], remember: dict[str, Any]) -> None:
        """Write down what was written, last of all: until then the former version holds."""
        memory = {
            "files": {name: digest(content.encode()) for name, content in files.items()},
            "remember": {name: {"text": files[name], "why": why} for name, why in remember.items()},
        }
        content = json.dumps(memory, indent=1, sort_keys=True, ensure_ascii=False) + "\n"
        if current(self.written)[0] != content:
            write(self.written, content)


def digest(content: bytes) -> str:
    """Return what a content is known by."""
    return hashlib.sha256(content).hexdigest()


def committed(path: Path, content: bytes) -> bool:
    """Tell whether git has a file with this content, so that it is not lost."""
    command = ["git", "-C", str(path.parent), "-c", "safe.directory=*", "cat-file", "blob", f"HEAD:./{path.name}"]
    try:
        answer = subprocess.run(command, capture_output=True, check=False)
    except OSError:
        return False  # There is no git.
    return answer.returncode == 0 and answer.stdout == content


def behind(names: Iterable[str], removed: Iterable[str]) -> set[str]:
    """Return which of some files lie behind a link, or a file, that is removed: what is seen there is not theirs."""
    gone = set(removed)
    return {name for name in names if not gone.isdisjoint(map(str, Path(name).parents))}


def difference(path: Path, before: str | None, after: str | None) -> dict[str, str]:
    """Return what diff mode shows of a file; None for a text where there is no file."""
    return {
        "before_header": str(path),
        "after_header": "/dev/null" if after is None else str(path),
        "before": before or "",
        "after": after or "",
    }


def apply(dest: Path, removed: Iterable[str], written: dict[str, str], prune: Iterable[str], backup: set[str]) -> None:
    """Remove and write files.

    Args:
        dest: the directory that all names are relative to.
        removed: the files to remove.
        written: the content of the files to write.
        prune: the directories that lose what is empty then.
        backup: the files of which the former content is kept beside them.
    """
    # What must go, goes first: it may be a link or a file where a directory belongs.
    for name in removed:
        (dest / name).unlink()
    for name, content in written.items():
        path = dest / name
        before, _mode = current(path)
        if name in backup and before is not None and before != content:
            write(path.with_name(path.name + ".bak"), before)
        write(path, content)
    if removed:
        for directory in prune:
            remove_empty(dest / directory)


def main() -> None:
    """Run the module."""
    module = AnsibleModule(
        argument_spec={
            "dest": {"type": "path", "required": True},
            "files": {"type": "dict", "required": True},
            "prune": {"type": "list", "elements": "str", "default": ["."]},
            "backup": {"type": "list", "elements": "str", "default": []},
            "memory": {"type": "path"},
            "remember": {"type": "dict", "default": {}},
        },
        supports_check_mode=True,
    )
    dest = Path(module.params["dest"])
    files: dict[str, str] = module.params["files"]
    prune: list[str] = module.params["prune"]
    backup = set(module.params["backup"])
    escaping = [name for name in (*files, *prune) if name.startswith("/") or ".." in Path(name).parts]
    if escaping:
        module.fail_json(msg=f"a path leaves {dest}: {escaping[0]}")

    removed = surplus(dest, prune, set(files) | {f"{name}.bak" for name in backup})
    unseen = behind(files, removed)
    found = {name: (None, 0) if name in unseen else current(dest / name) for name in files}
    written = {n: content for n, content in files.items() if found[n] != (content, mode_of(content))}
    memory = Memory(Path(module.params["memory"]), dest) if module.params["memory"] else None
    obstacle, kept = obstruction(dest, files, set(removed)), []
    if memory and not obstacle:
        replaced = [n for n, content in written.items() if found[n][0] != content and n not in unseen]
        kept = [name for name in (*removed, *replaced) if memory.is_persons(name)]
        obstacle = obstruction(memory.directory / "edited", kept, set())
    if obstacle:
        module.fail_json(msg=obstacle)

    diff = [difference(dest / name, current(dest / name)[0], None) for name in removed]
    diff += [difference(dest / name, found[name][0], content) for name, content in written.items()]
    if not module.check_mode:
        try:
            if memory:
                memory.keep(kept)
            apply(dest, removed, written, prune, backup)
            if memory:
                memory.write(files, module.params["remember"])
        except OSError as error:
            module.fail_json(msg=f"{error.filename or dest} cannot be written: {error.strerror}")
    module.exit_json(
        changed=bool(written or removed), changed_files=[*written], removed_files=removed, kept_files=kept, diff=diff
    )


if __name__ == "__main__":
    main()
