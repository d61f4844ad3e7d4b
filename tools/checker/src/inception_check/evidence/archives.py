"""The files inside archives, read in memory and within limits; nothing is ever unpacked to disk."""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import os
import re
import tarfile
import zipfile
from collections.abc import Iterator

from inception_check.evidence.source import Problem, SourceFile

IS_ARCHIVE = re.compile(r"\.(?:zip|tar|tgz|tbz2?|txz|tar\.(?:gz|bz2|xz))$", re.IGNORECASE)
#: An archive above this size is no backup of a configuration.
_MAX_BYTES = 20_000_000
#: What is unpacked of one archive, and of one file in it.
_MAX_UNPACKED, _MAX_MEMBER = 64_000_000, 100_000
_MAX_MEMBERS = 5_000


def members(source: SourceFile, wanted: re.Pattern[str]) -> Iterator[tuple[str, bytes]]:
    """Yield name and content of the files in an archive whose names match; a broken archive becomes a problem."""
    if source.size > _MAX_BYTES:
        source.tree.problems.append(Problem(source.path, None, f"an archive above {_MAX_BYTES} bytes; not looked into"))
        return
    try:
        handle = os.open(source.location, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
        with os.fdopen(handle, "rb") as stream:
            data = stream.read(_MAX_BYTES)
        if source.path.lower().endswith(".zip"):
            yield from _of_zip(data, wanted)
        else:
            yield from _of_tar(_unpacked(data), wanted)
    except (OSError, EOFError, ValueError, RuntimeError, NotImplementedError, lzma.LZMAError) as error:
        _problem(source, error)
    except (zipfile.BadZipFile, tarfile.TarError) as error:
        _problem(source, error)


def _problem(source: SourceFile, error: Exception) -> None:
    source.tree.problems.append(Problem(source.path, None, f"cannot be read as an archive: {error}"))


def _unpacked(data: bytes) -> bytes:
    packed = io.BytesIO(data)
    if data.startswith(b"\x1f\x8b"):
        with gzip.GzipFile(fileobj=packed) as opened:
            return opened.read(_MAX_UNPACKED)
    if data.startswith(b"BZh"):
        with bz2.BZ2File(packed) as opened_bz2:
            return opened_bz2.read(_MAX_UNPACKED)
    if data.startswith(b"\xfd7zXZ"):
        with lzma.LZMAFile(packed) as opened_xz:
            return opened_xz.read(_MAX_UNPACKED)
    return data


def _of_zip(data: bytes, wanted: re.Pattern[str]) -> Iterator[tuple[str, bytes]]:
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        for entry in archive.infolist()[:_MAX_MEMBERS]:
            # What is encrypted cannot be read, and is not lying open.
            if not entry.is_dir() and not entry.flag_bits & 1 and wanted.search(entry.filename):
                with archive.open(entry) as member:
                    yield entry.filename, member.read(_MAX_MEMBER)


def _of_tar(data: bytes, wanted: re.Pattern[str]) -> Iterator[tuple[str, bytes]]:
    with tarfile.open(fileobj=io.BytesIO(data), mode="r:") as archive:
        for count, entry in enumerate(archive):
            if count >= _MAX_MEMBERS:
                return
            member = archive.extractfile(entry) if entry.isfile() and wanted.search(entry.name) else None
            if member is not None:
                yield entry.name, member.read(_MAX_MEMBER)
