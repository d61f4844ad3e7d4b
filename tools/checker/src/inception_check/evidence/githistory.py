"""What git still knows of earlier commits: the files that were once in the repository.

Like the index, the objects are read directly and git is never run. Everything is limited by counts, because a pack
may be large and may be made to be slow; what cannot be read is left out.
"""

from __future__ import annotations

import heapq
import re
import zlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

MAX_COMMITS = 2_000
MAX_TREES = 20_000
MAX_FILES = 3_000
#: A file above this size is not looked at; the rules skip it in the present tree too.
MAX_OBJECT = 400_000
#: Everything together that is unpacked.
MAX_BYTES = 100_000_000
_MAX_PACK_INDEX = 60_000_000
_MAX_DELTAS = 100
_OID = re.compile(r"[0-9a-f]{40}")
_KINDS = {1: "commit", 2: "tree", 3: "blob", 4: "tag"}


@dataclass(frozen=True, slots=True)
class PastFile:
    """A file of an earlier commit.

    Attributes:
        path: where it was.
        commit: the newest commit that has it with this content.
        oid: the name of its content.
        data: its content.

    """

    path: str
    commit: str
    oid: str
    data: bytes = field(repr=False)


class _TooMuch(Exception):  # noqa: N818 - the end of a walk, no error
    """A limit is reached."""


@dataclass
class History:
    """The objects of one repository.

    Attributes:
        directory: the directory with ``HEAD``, ``refs`` and ``objects``.
        complete: whether everything was seen; False when a limit ended the walk.

    """

    directory: Path
    complete: bool = True
    _packs: list[_Pack] | None = field(default=None, repr=False)
    _bytes: int = 0

    def files(self, known: frozenset[str], wanted: re.Pattern[str]) -> Iterator[PastFile]:
        """Walk through the commits, newest first, and yield each path with each content once.

        Args:
            known: the contents that need not be shown, by name.
            wanted: what a path must match.

        """
        seen: set[tuple[str, str]] = set()
        trees: set[tuple[str, str]] = set()
        shown = 0
        try:
            for commit, root in self._commits():
                for path, oid in self._tree(root, "", trees, 0):
                    if oid in known or (path, oid) in seen or not wanted.search(path):
                        continue
                    seen.add((path, oid))
                    data = self._read(oid, "blob")
                    if data is None:
                        continue
                    if shown == MAX_FILES:
                        self.complete = False
                        return
                    shown += 1
                    yield PastFile(path, commit, oid, data)
        except _TooMuch:
            self.complete = False

    def _commits(self) -> Iterator[tuple[str, str]]:
        """Yield the names of the commits and of their trees, newest first."""
        queue: list[tuple[int, str, str, list[str]]] = []
        seen: set[str] = set()

        def add(oid: str) -> None:
            if oid in seen:
                return
            seen.add(oid)
            if len(seen) > MAX_COMMITS:
                raise _TooMuch
            data = self._read(oid, "commit")
            if data is None:
                return
            head = data.partition(b"\n\n")[0].decode("latin-1")
            tree = re.search(r"^tree ([0-9a-f]{40})$", head, re.MULTILINE)
            when = re.search(r"^committer .*> (\d{1,12}) ", head, re.MULTILINE)
            parents = re.findall(r"^parent ([0-9a-f]{40})$", head, re.MULTILINE)
            if tree:
                heapq.heappush(queue, (-int(when.group(1)) if when else 0, oid, tree.group(1), parents))

        for oid in self._heads():
            add(oid)
        while queue:
            _, oid, tree, parents = heapq.heappop(queue)
            yield oid, tree
            for parent in parents:
                add(parent)

    def _heads(self) -> list[str]:
        """Return what a clone would start from: HEAD, the branches and the tags, also the remote ones."""
        heads: dict[str, None] = {}
        head = _text(self.directory / "HEAD")
        if _OID.fullmatch(head.strip()):
            heads[head.strip()] = None
        packed = _text(self.directory / "packed-refs")
        for match in re.finditer(r"^([0-9a-f]{40}) refs/(?:heads|remotes|tags)/", packed, re.MULTILINE):
            heads[match.group(1)] = None
        for match in re.finditer(r"^\^([0-9a-f]{40})$", packed, re.MULTILINE):
            heads[match.group(1)] = None
        for kind in ("heads", "remotes", "tags"):
            base = self.directory / "refs" / kind
            try:
                files = sorted(base.rglob("*"))[:1_000] if base.is_dir() and not base.is_symlink() else []
            except OSError:
                files = []
            for file in files:
                oid = _text(file).strip()
                if _OID.fullmatch(oid):
                    heads[oid] = None
        return [self._commit_of(oid) for oid in heads]

    def _commit_of(self, oid: str) -> str:
        """Follow an annotated tag to its commit."""
        for _ in range(5):
            data = self._read(oid, "tag")
            match = re.match(rb"object ([0-9a-f]{40})\n", data or b"")
            if match is None:
                break
            oid = match.group(1).decode()
        return oid

    def _tree(self, oid: str, prefix: str, trees: set[tuple[str, str]], depth: int) -> Iterator[tuple[str, str]]:
        if depth > 32 or (prefix, oid) in trees:
            return
        trees.add((prefix, oid))
        if len(trees) > MAX_TREES:
            raise _TooMuch
        data = self._read(oid, "tree")
        if data is None:
            return
        offset = 0
        while offset < len(data):
            end = data.find(b"\0", offset)
            if end < 0 or end + 21 > len(data):
                return
            mode, _, name = data[offset:end].partition(b" ")
            entry = data[end + 1 : end + 21].hex()
            offset = end + 21
            path = prefix + name.decode("utf-8", "backslashreplace")
            if mode in {b"40000", b"040000"}:
                if name not in {b"node_modules", b"vendor", b"wp-includes", b"wp-admin", b".venv"}:
                    yield from self._tree(entry, f"{path}/", trees, depth + 1)
            elif mode.startswith(b"100"):
                yield path, entry

    def _read(self, oid: str, kind: str) -> bytes | None:
        """Return an object of a kind; None when it is missing, broken, of another kind or too large."""
        try:
            found = self._loose(oid) or self._packed(bytes.fromhex(oid), 0)
        except (OSError, ValueError, zlib.error, RecursionError, IndexError):
            return None
        if found is None or found[0] != kind:
            return None
        self._bytes += len(found[1])
        if self._bytes > MAX_BYTES:
            raise _TooMuch
        return found[1]

    def _loose(self, oid: str) -> tuple[str, bytes] | None:
        file = self.directory / "objects" / oid[:2] / oid[2:]
        if file.is_symlink() or not file.is_file() or file.stat().st_size > 4 * MAX_OBJECT:
            return None
        data = _inflate(file.read_bytes(), MAX_OBJECT + 64)
        head, _, body = data.partition(b"\0")
        return head.split(b" ")[0].decode("latin-1"), body

    def _packed(self, oid: bytes, depth: int) -> tuple[str, bytes] | None:
        if self._packs is None:
            folder = self.directory / "objects" / "pack"
            names = sorted(folder.glob("*.idx"))[:50] if folder.is_dir() and not folder.is_symlink() else []
            self._packs = [pack for name in names if (pack := _Pack.open(name)) is not None]
        for pack in self._packs:
            offset = pack.find(oid)
            if offset is not None:
                return self._at(pack, offset, depth)
        return None

    def _at(self, pack: _Pack, offset: int, depth: int) -> tuple[str, bytes] | None:
        """Return the object at an offset of a pack, with the deltas that it is made of applied."""
        deltas: list[bytes] = []
        base: tuple[str, bytes] | None = None
        while base is None:
            if len(deltas) + depth > _MAX_DELTAS:
                return None
            kind, size, start, head = pack.header(offset)
            if size > MAX_OBJECT:
                return None
            if kind in _KINDS:
                base = (_KINDS[kind], pack.inflate(start, size))
            elif kind == 6:
                back, length = _offset(head)
                deltas.append(pack.inflate(start + length, size))
                offset -= back
            elif kind == 7:
                deltas.append(pack.inflate(start + 20, size))
                inner = pack.find(head[:20])
                if inner is None:
                    base = self._loose(head[:20].hex()) or self._packed(head[:20], depth + len(deltas))
                    if base is None:
                        return None
                else:
                    offset = inner
            else:
                return None
        name, data = base
        for delta in reversed(deltas):
            data = _patch(data, delta)
        return name, data


@dataclass
class _Pack:
    """One pack and its index (version 2)."""

    path: Path
    index: bytes = field(repr=False)
    count: int
    size: int

    @classmethod
    def open(cls, name: Path) -> _Pack | None:
        path = name.with_suffix(".pack")
        try:
            if name.is_symlink() or path.is_symlink() or name.stat().st_size > _MAX_PACK_INDEX:
                return None
            index = name.read_bytes()
            size = path.stat().st_size
        except OSError:
            return None
        if index[:8] != b"\xfftOc\x00\x00\x00\x02" or len(index) < 8 + 1024:
            return None
        count = int.from_bytes(index[8 + 1020 : 8 + 1024], "big")
        return cls(path, index, count, size) if len(index) >= 1032 + count * 28 else None

    def find(self, oid: bytes) -> int | None:
        """Return the offset of an object in the pack."""
        first = oid[0]
        low = int.from_bytes(self.index[8 + 4 * (first - 1) : 12 + 4 * (first - 1)], "big") if first else 0
        high = min(int.from_bytes(self.index[8 + 4 * first : 12 + 4 * first], "big"), self.count)
        while low < high:
            middle = (low + high) // 2
            here = self.index[1032 + 20 * middle : 1052 + 20 * middle]
            if here == oid:
                at = 1032 + 24 * self.count + 4 * middle
                offset = int.from_bytes(self.index[at : at + 4], "big")
                if offset & 0x80000000:
                    at = 1032 + 28 * self.count + 8 * (offset & 0x7FFFFFFF)
                    offset = int.from_bytes(self.index[at : at + 8], "big")
                return offset
            if here < oid:
                low = middle + 1
            else:
                high = middle
        return None

    def header(self, offset: int) -> tuple[int, int, int, bytes]:
        """Return kind and size of the object at an offset, where its content starts, and the bytes there."""
        if not 12 <= offset < self.size:
            raise ValueError("outside the pack")
        with self.path.open("rb") as stream:
            stream.seek(offset)
            head = stream.read(64)
        kind, size, shift, used = head[0] >> 4 & 7, head[0] & 15, 4, 1
        while head[used - 1] & 0x80:
            size |= (head[used] & 0x7F) << shift
            shift += 7
            used += 1
        return kind, size, offset + used, head[used:]

    def inflate(self, start: int, size: int) -> bytes:
        """Unpack what starts at an offset."""
        with self.path.open("rb") as stream:
            stream.seek(start)
            # Deflate makes nothing much larger than it was.
            return _inflate(stream.read(size + size // 500 + 256), size)


def _text(file: Path) -> str:
    try:
        if file.is_symlink() or not file.is_file() or file.stat().st_size > 5_000_000:
            return ""
        return file.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ""


def _inflate(data: bytes, limit: int) -> bytes:
    """Unpack zlib data up to a limit.

    Raises:
        ValueError: it is larger.

    """
    machine = zlib.decompressobj()
    result = machine.decompress(data, limit + 1)
    if len(result) > limit:
        raise ValueError("too large")
    return result


def _offset(head: bytes) -> tuple[int, int]:
    """Read how far before a delta its base is, and how many bytes say so."""
    value, used = head[0] & 0x7F, 1
    while head[used - 1] & 0x80:
        value = ((value + 1) << 7) | (head[used] & 0x7F)
        used += 1
    if value <= 0:
        raise ValueError("a delta of itself")
    return value, used


def _patch(base: bytes, delta: bytes) -> bytes:
    """Apply a delta.

    Raises:
        ValueError: the result would be too large, or the delta is broken.

    """
    position = 0
    for _ in range(2):
        while delta[position] & 0x80:
            position += 1
        position += 1
    result = bytearray()
    while position < len(delta):
        command = delta[position]
        position += 1
        if command & 0x80:
            numbers = []
            for bits, count in ((0x01, 4), (0x10, 3)):
                number = 0
                for byte in range(count):
                    if command & bits << byte:
                        number |= delta[position] << 8 * byte
                        position += 1
                numbers.append(number)
            start, size = numbers[0], numbers[1] or 0x10000
            result += base[start : start + size]
        elif command:
            result += delta[position : position + command]
            position += command
        else:
            raise ValueError("a broken delta")
        if len(result) > MAX_OBJECT:
            raise ValueError("too large")
    return bytes(result)
