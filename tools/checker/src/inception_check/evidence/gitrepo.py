"""What git knows: the tracked files from the index, and what the ignore files say.

Git itself is never run, because a repository's own configuration can make it start programs. The index is read
directly (versions 2, 3 and 4).
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from pathlib import Path

from pathspec import GitIgnoreSpec

from inception_check.evidence.source import Tree

_MAX_INDEX = 20_000_000


@dataclass(frozen=True)
class GitState:
    """The answers about git.

    Attributes:
        tracked: the tracked paths, relative to the checked directory; None when no index is there to tell.
        ignores: the ignore files' patterns, by directory.
        contents: the names of the tracked contents.
        directory: where the objects and the references are; None without a repository.
        prefix: where the checked directory is in the repository, ending in ``/``; empty at its root.

    """

    tracked: frozenset[str] | None = None
    ignores: tuple[tuple[str, GitIgnoreSpec], ...] = field(default=(), repr=False)
    contents: frozenset[str] = field(default=frozenset(), repr=False)
    directory: Path | None = None
    prefix: str = ""

    def ignored(self, path: str) -> bool:
        """Tell whether the ignore files keep a path out of git."""
        verdict = False
        for directory, spec in self.ignores:
            prefix = f"{directory}/" if directory else ""
            if not path.startswith(prefix):
                continue
            relative = path[len(prefix) :]
            for parent in _parents(relative):
                found = spec.check_file(parent).include
                if found is not None:
                    verdict = found
                if verdict and parent.endswith("/"):
                    return True
        return verdict

    def in_git(self, path: str) -> bool:
        """Tell whether a file is, or without an index would be, part of the repository."""
        if self.tracked is not None:
            return path in self.tracked
        return not self.ignored(path)


def _parents(path: str) -> list[str]:
    parts = path.split("/")
    return ["/".join(parts[:count]) + "/" for count in range(1, len(parts))] + [path]


def read_git(tree: Tree) -> GitState:
    """Read the index and the ignore files of a tree."""
    ignores = []
    for path in sorted(tree.files, key=lambda p: (p.count("/"), p)):
        if path.rpartition("/")[2] == ".gitignore":
            source = tree.files[path]
            try:
                spec = GitIgnoreSpec.from_lines(source.text.split("\n"))
            except (ValueError, re.error):
                # One pattern that cannot be read must not lose the others.
                spec = GitIgnoreSpec.from_lines(_readable(source.text.split("\n")))
            ignores.append((source.directory, spec))
    return _state(tree.root, tuple(ignores))


def _readable(lines: list[str]) -> list[str]:
    good = []
    for line in lines:
        try:
            GitIgnoreSpec.from_lines([line])
        except (ValueError, re.error):
            continue
        good.append(line)
    return good


def _state(root: Path, ignores: tuple[tuple[str, GitIgnoreSpec], ...]) -> GitState:
    """Say what is tracked below a directory, by its own or by an enclosing repository's index."""
    for directory in (root, *root.parents):
        index = _index_of(directory)
        if index is None:
            continue
        entries = _read_index(index)
        if not entries:
            return GitState(None, ignores)
        contents = frozenset(oid for _, oid in entries)
        objects = _common(index.parent)
        if directory == root:
            return GitState(frozenset(path for path, _ in entries), ignores, contents, objects)
        prefix = root.relative_to(directory).as_posix() + "/"
        inside = frozenset(path[len(prefix) :] for path, _ in entries if path.startswith(prefix))
        # A directory that merely lies inside somebody's repository is not part of it.
        return GitState(inside, ignores, contents, objects, prefix) if inside else GitState(None, ignores)
    return GitState(None, ignores)


def _common(directory: Path) -> Path:
    """Return the directory with the objects, which a further worktree shares with the first one."""
    try:
        file = directory / "commondir"
        if file.is_file() and not file.is_symlink():
            return (directory / file.read_text(errors="replace")[:4096].strip()).resolve()
    except (OSError, ValueError, RuntimeError):
        pass
    return directory


def _index_of(directory: Path) -> Path | None:
    """Find the index of a repository; ``.git`` may be a file that names the real directory."""
    git = directory / ".git"
    try:
        if git.is_symlink():
            return None
        if git.is_file():
            text = git.read_text(errors="replace")[:4096]
            match = re.match(r"gitdir:\s*(.+)", text)
            if match is None:
                return None
            git = (directory / match.group(1).strip()).resolve()
        index = git / "index"
        usable = not index.is_symlink() and index.is_file() and (git / "HEAD").exists()
    except (OSError, ValueError, RuntimeError):
        return None
    return index if usable else None


def _read_index(index: Path) -> list[tuple[str, str]]:
    """Return the paths of an index and the names of their contents; empty when it is broken."""
    try:
        if index.stat().st_size > _MAX_INDEX:
            return []
        data = index.read_bytes()
        return parse_entries(data)
    except (OSError, ValueError):
        return []


def parse_index(data: bytes) -> list[str]:
    """Return the paths of a git index.

    Raises:
        ValueError: the bytes are no index.

    """
    return [path for path, _ in parse_entries(data)]


def parse_entries(data: bytes) -> list[tuple[str, str]]:
    """Parse the bytes of a git index: each path and the name of its content.

    Raises:
        ValueError: they are no index.

    """
    if len(data) < 12 or data[:4] != b"DIRC":
        raise ValueError("no git index")
    version = int.from_bytes(data[4:8], "big")
    count = int.from_bytes(data[8:12], "big")
    if version not in (2, 3, 4):
        raise ValueError(f"git index version {version} is not known")
    entries: list[tuple[str, str]] = []
    offset, previous = 12, b""
    for _ in range(count):
        start = offset
        if offset + 62 > len(data):
            raise ValueError("the git index ends early")
        oid = data[offset + 40 : offset + 60].hex()
        flags = int.from_bytes(data[offset + 60 : offset + 62], "big")
        offset += 62
        if flags & 0x4000 and version >= 3:
            offset += 2
        if version == 4:
            strip, offset = _varint(data, offset)
            end = data.find(b"\0", offset)
            if end < 0 or strip > len(previous):
                raise ValueError("the git index ends early")
            name = previous[: len(previous) - strip] + data[offset:end]
            offset = end + 1
            previous = name
        else:
            end = data.find(b"\0", offset)
            if end < 0:
                raise ValueError("the git index ends early")
            name = data[offset:end]
            offset = start + ((end - start) // 8 + 1) * 8
        entries.append((name.decode("utf-8", "backslashreplace"), oid))
    return entries


def _varint(data: bytes, offset: int) -> tuple[int, int]:
    value, first = 0, True
    while True:
        if offset >= len(data):
            raise ValueError("the git index ends early")
        byte = data[offset]
        offset += 1
        if not first:
            value += 1
        value = (value << 7) | (byte & 0x7F)
        first = False
        if not byte & 0x80:
            return value, offset
