#!/usr/bin/env python3
"""Puts the checker and what it needs into one file that any Python of the same version and machine runs.

    python tools/checker/one_file.py inception-check.pyz

Run it with a Python that has inception-check installed; the same versions always give the same bytes.
"""

from __future__ import annotations

import hashlib
import platform
import sys
import zipfile
from importlib.metadata import Distribution, distribution
from pathlib import Path

HERE = Path(__file__).parent
DEPENDENCIES = ("pathspec", "PyYAML", "tree-sitter", "tree-sitter-bash")
_MAIN = '''\
"""Unpacks the checker into a folder of the user's cache, for parts of it are no Python, and starts it."""

import os
import platform
import shutil
import stat
import sys
import tempfile
import zipfile
from pathlib import Path

BUILT_FOR = {built_for!r}
NAME = {name!r}


def _is_ours(folder):
    state = os.lstat(folder)
    return stat.S_ISDIR(state.st_mode) and state.st_uid == os.geteuid() and not state.st_mode & 0o022


def _unpack(target):
    with zipfile.ZipFile(sys.path[0]) as archive:
        archive.extractall(target, [name for name in archive.namelist() if name.startswith("lib/")])


def _library():
    """Return the folder, and whether it has to go afterwards."""
    base = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "inception-check"
    final = base / NAME
    try:
        base.mkdir(mode=0o700, parents=True, exist_ok=True)
        if not _is_ours(base):
            raise OSError
        if not final.exists():
            made = Path(tempfile.mkdtemp(dir=base))
            try:
                _unpack(made)
                made.rename(final)
            except OSError:
                shutil.rmtree(made, ignore_errors=True)
        if _is_ours(final):
            return final, False
    except (OSError, RuntimeError):
        pass
    made = Path(tempfile.mkdtemp(prefix="inception-check."))
    _unpack(made)
    return made, True


def main():
    here = [platform.python_implementation(), *map(str, sys.version_info[:2]), platform.system(), platform.machine()]
    if here != BUILT_FOR:
        name = "{{}} {{}}.{{}} on {{}} {{}}".format
        sys.exit(f"inception-check: this file is for {{name(*BUILT_FOR)}}, and this is {{name(*here)}}; "
                 "install it with: pipx install ./tools/checker")
    folder, passing = _library()
    sys.path[0] = str(folder / "lib")
    try:
        from inception_check.cli import main as run

        return run()
    finally:
        if passing:
            shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    sys.exit(main())
'''


def _of(found: Distribution) -> dict[str, Path]:
    """Return the files of an installed distribution by their names below ``lib``."""
    files = {}
    for file in found.files or []:
        if ".." not in file.parts and file.suffix != ".pyc" and not file.is_absolute():
            files[str(file)] = Path(str(file.locate()))
    return files


def build(target: Path) -> None:
    """Write the file."""
    files = {
        str(path.relative_to(HERE / "src")): path
        for path in (HERE / "src" / "inception_check").rglob("*")
        if path.is_file() and path.suffix in {".py", ".md", ".css", ".yml"}
    }
    version = distribution("inception-check").version
    for name in DEPENDENCIES:
        files |= {
            n: p for n, p in _of(distribution(name)).items() if not n.endswith(("/RECORD", "/INSTALLER", "/REQUESTED"))
        }
    contents = {f"lib/{name}": path.read_bytes() for name, path in sorted(files.items())}
    contents[f"lib/inception_check-{version}.dist-info/METADATA"] = (
        f"Metadata-Version: 2.1\nName: inception-check\nVersion: {version}\n".encode()
    )
    digest = hashlib.sha256()
    for name, content in contents.items():
        digest.update(f"{name}\0{len(content)}\0".encode() + content)
    here = [platform.python_implementation(), *map(str, sys.version_info[:2]), platform.system(), platform.machine()]
    contents["__main__.py"] = _MAIN.format(built_for=here, name=digest.hexdigest()[:32]).encode()
    whole = target.with_name(f"{target.name}.new")
    with whole.open("wb") as stream:
        stream.write(f"#!/usr/bin/env python{sys.version_info[0]}.{sys.version_info[1]}\n".encode())
        with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
            for name, content in contents.items():
                entry = zipfile.ZipInfo(name, (1980, 1, 1, 0, 0, 0))
                entry.external_attr = 0o644 << 16
                entry.compress_type = zipfile.ZIP_DEFLATED
                archive.writestr(entry, content)
    whole.chmod(0o755)
    whole.replace(target)


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit("usage: one_file.py FILE")
    build(Path(sys.argv[1]))
