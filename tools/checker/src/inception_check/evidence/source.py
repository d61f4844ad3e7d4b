"""Reading a directory tree that nobody vouches for: with limits, without leaving it, without running anything."""

from __future__ import annotations

import codecs
import os
import posixpath
import stat
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

#: A file above this size is listed but not read: no hand-written file of an Inception comes near it.
MAX_FILE_BYTES = 400_000
#: The walk stops here, and says so. Ten thousand files are far above any Inception.
MAX_FILES = 20_000
#: Directories deeper than this are not entered.
MAX_DEPTH = 32
#: All text together that is read from one tree.
MAX_TOTAL_BYTES = 200_000_000
#: Directories that hold other people's code or no code at all; only their names are seen.
SKIPPED_DIRECTORIES = frozenset(
    {
        ".git", ".hg", ".svn", ".venv", "venv", "node_modules", "__pycache__", ".tox", ".mypy_cache",
        ".pytest_cache", ".ruff_cache", ".idea", ".vscode",
    }
)  # fmt: skip
#: Files of these kinds are large by nature and hold nothing that a rule reads.
_NOT_TEXT = frozenset(
    [
        ".7z",
        ".avif",
        ".bin",
        ".bmp",
        ".bz2",
        ".deb",
        ".doc",
        ".docx",
        ".eot",
        ".gif",
        ".gz",
        ".ico",
        ".iso",
        ".jar",
        ".jpeg",
        ".jpg",
        ".mov",
        ".mp3",
        ".mp4",
        ".odt",
        ".ogg",
        ".otf",
        ".ova",
        ".pdf",
        ".phar",
        ".png",
        ".ppt",
        ".pptx",
        ".psd",
        ".svg",
        ".tar",
        ".tgz",
        ".tif",
        ".tiff",
        ".ttf",
        ".vdi",
        ".wav",
        ".webm",
        ".webp",
        ".woff",
        ".woff2",
        ".xls",
        ".xlsx",
        ".xz",
        ".zip",
    ]
)


class NotReadableError(Exception):
    """The directory cannot be checked at all: it does not exist, or is none, or may not be read."""


@dataclass(frozen=True, slots=True)
class Problem:
    """Something that kept a file, or a part of it, from being read as intended."""

    path: str
    line: int | None
    message: str


def decode(data: bytes) -> tuple[str, str]:
    r"""Decode bytes as text: byte order marks first, then UTF-8, then Latin-1, which never fails.

    Returns:
        The text with ``\n`` line ends and without byte order mark, and the name of the encoding.

    """
    for mark, encoding in (
        (codecs.BOM_UTF8, "utf-8"),
        (codecs.BOM_UTF32_LE, "utf-32-le"),
        (codecs.BOM_UTF32_BE, "utf-32-be"),
        (codecs.BOM_UTF16_LE, "utf-16-le"),
        (codecs.BOM_UTF16_BE, "utf-16-be"),
    ):
        if data.startswith(mark):
            text = data[len(mark) :].decode(encoding, errors="replace")
            name = "utf-8-sig" if encoding == "utf-8" else encoding
            return text.replace("\r\n", "\n").replace("\r", "\n"), name
    try:
        text, name = data.decode("utf-8"), "utf-8"
    except UnicodeDecodeError:
        text, name = data.decode("latin-1"), "latin-1"
    return text.replace("\r\n", "\n").replace("\r", "\n"), name


@dataclass(eq=False)
class SourceFile:
    """One regular file of the tree; its content is read when it is first asked for.

    Attributes:
        path: relative to the tree, with ``/``; bytes that are no UTF-8 are escaped.
        location: where it is on disk.
        size: in bytes.
        executable: whether its owner may execute it.

    """

    path: str
    location: Path = field(repr=False)
    size: int
    executable: bool
    tree: Tree = field(repr=False)

    @property
    def name(self) -> str:
        """The last part of the path."""
        return self.path.rpartition("/")[2]

    @property
    def directory(self) -> str:
        """The path without its last part, empty at the root."""
        return self.path.rpartition("/")[0]

    @cached_property
    def data(self) -> bytes:
        """The content, empty when the file is too large or cannot be read (a problem says so)."""
        if self.size > MAX_FILE_BYTES:
            return b""
        if not self.tree.spend(self.size):
            self.tree.problems.append(Problem(self.path, None, "the limit for all files together is reached; not read"))
            return b""
        try:
            # O_NOFOLLOW and O_NONBLOCK: the file may have become a link or a pipe since the walk.
            handle = os.open(self.location, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
        except OSError as error:
            self.tree.deny(self.path, "read", error)
            return b""
        with os.fdopen(handle, "rb") as stream:
            if not stat.S_ISREG(os.fstat(handle).st_mode):
                return b""
            try:
                return stream.read(MAX_FILE_BYTES + 1)
            except OSError as error:
                self.tree.deny(self.path, "read", error)
                return b""

    @cached_property
    def is_binary(self) -> bool:
        """Whether the content is no text (a NUL byte outside UTF-16 and UTF-32)."""
        head = self.data[:8192]
        wide = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE, codecs.BOM_UTF32_LE, codecs.BOM_UTF32_BE)
        return b"\0" in head and not head.startswith(wide)

    @cached_property
    def _decoded(self) -> tuple[str, str]:
        return ("", "binary") if self.is_binary else decode(self.data)

    @property
    def text(self) -> str:
        r"""The content as text with ``\n`` line ends; empty for a binary file."""
        return self._decoded[0]

    @property
    def encoding(self) -> str:
        """The encoding that the text was found to be in."""
        return self._decoded[1]

    @cached_property
    def lines(self) -> list[str]:
        """The text's lines without their ends."""
        return self.text.split("\n")

    def line(self, number: int | None) -> str:
        """Return one line, counted from 1; empty when there is none."""
        return self.lines[number - 1] if number is not None and 1 <= number <= len(self.lines) else ""


class Tree:
    """The files below one directory, found without following a symbolic link out of it."""

    def __init__(self, root: Path) -> None:
        try:
            if not root.is_dir():
                raise NotReadableError(f"{root} is not a directory" if root.exists() else f"{root} does not exist")
            self.root = root.resolve()
            with os.scandir(self.root):
                pass
        except (OSError, ValueError) as error:
            raise NotReadableError(f"{root} cannot be read: {error}") from error
        self.problems: list[Problem] = []
        self.denied: list[str] = []
        self.files: dict[str, SourceFile] = {}
        self.directories: set[str] = {""}
        self.links: dict[str, str] = {}
        self._spent = 0
        self._walk()

    @property
    def nothing(self) -> str:
        """Why there is nothing to check here; empty when there is something."""
        if not self.files:
            return f"{self.root} holds no file to check"
        bare = {"objects", "refs"} <= self.directories and {"HEAD", "config"} <= self.files.keys()
        return f"{self.root} is a bare git repository; check a clone of it" if bare else ""

    def deny(self, path: str, verb: str, error: OSError) -> None:
        """Note a file or directory that the system does not let us read."""
        self.denied.append(path)
        self.problems.append(Problem(path, None, f"cannot be {verb}: {error.strerror}"))

    def spend(self, size: int) -> bool:
        """Account for bytes about to be read; False when the tree's budget is used up."""
        self._spent += size
        return self._spent <= MAX_TOTAL_BYTES

    def _relative(self, path: str) -> str:
        relative = os.path.relpath(path, self.root)
        return relative.replace(os.sep, "/").encode("utf-8", "backslashreplace").decode("utf-8")

    def _walk(self) -> None:
        stack: list[tuple[str, int]] = [(str(self.root), 0)]
        while stack:
            directory, depth = stack.pop()
            try:
                entries = sorted(os.scandir(directory), key=lambda entry: entry.name)
            except OSError as error:
                self.deny(self._relative(directory), "listed", error)
                continue
            for entry in entries:
                if len(self.files) >= MAX_FILES:
                    self.problems.append(Problem("", None, f"more than {MAX_FILES} files; the rest is not looked at"))
                    return
                self._visit(entry, depth, stack)

    def _visit(self, entry: os.DirEntry[str], depth: int, stack: list[tuple[str, int]]) -> None:
        path = self._relative(entry.path)
        try:
            if entry.is_symlink():
                self._link(entry, path)
            elif entry.is_dir(follow_symlinks=False):
                self.directories.add(path)
                if entry.name in SKIPPED_DIRECTORIES:
                    return
                if depth >= MAX_DEPTH:
                    self.problems.append(Problem(path, None, f"deeper than {MAX_DEPTH} directories; not entered"))
                    return
                stack.append((entry.path, depth + 1))
            elif entry.is_file(follow_symlinks=False):
                status = entry.stat(follow_symlinks=False)
                self._add(path, Path(entry.path), status)
        except OSError as error:
            self.problems.append(Problem(path, None, f"cannot be looked at: {error.strerror}"))

    def _add(self, path: str, location: Path, status: os.stat_result) -> None:
        if status.st_size > MAX_FILE_BYTES and posixpath.splitext(path)[1].lower() not in _NOT_TEXT:
            message = f"{status.st_size} bytes are above the limit of {MAX_FILE_BYTES}; not read"
            self.problems.append(Problem(path, None, message))
        self.files[path] = SourceFile(path, location, status.st_size, bool(status.st_mode & stat.S_IXUSR), self)

    def _link(self, entry: os.DirEntry[str], path: str) -> None:
        """Take a link to a file inside the tree as that file; note every other link and leave it alone."""
        self.links[path] = str(Path(entry.path).readlink()).encode("utf-8", "backslashreplace").decode("utf-8")
        try:
            target = Path(entry.path).resolve(strict=True)
        except (OSError, RuntimeError):
            self.problems.append(Problem(path, None, "is a symbolic link that leads nowhere"))
            return
        if not target.is_relative_to(self.root):
            self.problems.append(Problem(path, None, "is a symbolic link out of the repository; not followed"))
        elif target.is_file() and ".git" not in target.relative_to(self.root).parts:
            self._add(path, target, target.stat())

    def get(self, path: str) -> SourceFile | None:
        """Return the file at a path, or None."""
        return self.files.get(path)

    def below(self, directory: str) -> Iterator[SourceFile]:
        """Yield the files below a directory, in order of their paths."""
        prefix = f"{directory}/" if directory else ""
        for path in sorted(self.files):
            if path.startswith(prefix):
                yield self.files[path]
