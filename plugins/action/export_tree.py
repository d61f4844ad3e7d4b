"""Action: write a stand-alone project, and touch nothing in its directory that was not written the same way."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from ansible.errors import AnsibleActionFail
from ansible.module_utils.parsing.convert_bool import boolean
from ansible.plugins.action import ActionBase

#: Beside the project: which files were written, and what they held. It is the mark of an export.
RECORD = ".inception-export.json"
#: More names than this are not listed in a message.
NAMES = 10


def digest(content: bytes) -> str:
    """Return what the record keeps of a file."""
    return hashlib.sha256(content).hexdigest()


def holds(path: Path) -> bytes | None:
    """Return the content of a file; None for a link, a directory, and what cannot be read."""
    try:
        return None if path.is_symlink() or not path.is_file() else path.read_bytes()
    except OSError:
        return None


def read_record(dest: Path) -> dict[str, str] | None:
    """Return the digests of an earlier export by path; None where there was none."""
    try:
        files = json.loads(holds(dest / RECORD) or b"")["files"]
        paths = [Path(name) for name in files]
    except (ValueError, TypeError, LookupError):
        return None
    inside = all(not path.is_absolute() and ".." not in path.parts for path in paths)
    return files if inside and isinstance(files, dict) else None


def place(text: str, bundle: Path) -> Path:
    """Return the directory that a person names.

    Raises:
        AnsibleActionFail: nothing may be written there.

    """
    try:
        # A shell leaves the tilde of DIR=~/x as it is.
        dest = Path(os.path.realpath(Path(text).expanduser()))
    except RuntimeError:
        raise AnsibleActionFail(
            f"{text} begins with the name of no user; write the directory as a full path."
        ) from None
    if dest.exists() and not dest.is_dir():
        raise AnsibleActionFail(f"{dest} is not a directory; name an empty one.")
    # By device and inode, so that no link and no second mount leads in.
    around = [path for path in (dest, *dest.parents) if path.exists() and path.samefile(bundle)]
    if around or (dest.exists() and any(parent.samefile(dest) for parent in bundle.parents)):
        raise AnsibleActionFail(
            f"{dest} is this bundle, lies in it or holds it; name a directory outside: make export DIR=../inception"
        )
    return dest


def present(dest: Path) -> Iterator[str]:
    """Yield the files and links below a directory, without git's own."""
    for directory, directories, files in os.walk(dest):
        here = Path(directory)
        if here == dest:
            directories[:] = [name for name in directories if name != ".git"]
        links = [name for name in directories if (here / name).is_symlink()]
        for name in sorted((*files, *links)):
            relative = str((here / name).relative_to(dest))
            if relative != ".git":
                yield relative


def obstacle(dest: Path, name: str) -> str:
    """Return what keeps a file from being written and is no file that could be put aside; empty without."""
    if (dest / name).is_dir() and not (dest / name).is_symlink():
        return name
    # A link on the way could lead out of the directory.
    way = [dest / parent for parent in Path(name).parents if parent != Path()]
    return next((str(path.relative_to(dest)) for path in way if path.is_symlink() or path.is_file()), "")


def listed(names: list[str]) -> str:
    """Return names for a message."""
    more = len(names) - NAMES
    return ", ".join(names[:NAMES]) + (f" and {more} more" if more > 0 else "")


def aside(path: Path) -> Path:
    """Return a free name beside a file."""
    candidate, number = path.with_name(f"{path.name}.bak"), 1
    while os.path.lexists(candidate):
        number += 1
        candidate = path.with_name(f"{path.name}.bak{number}")
    return candidate


class ActionModule(ActionBase):
    """Judge the whole directory first; refuse with one sentence, or write by the module ``managed_tree``."""

    TRANSFERS_FILES = False
    _VALID_ARGS = frozenset({"dest", "files", "below", "bundle", "force"})

    def run(self, tmp: str | None = None, task_vars: dict[str, Any] | None = None) -> dict[str, Any]:
        """Write ``files``, and those of ``below`` by directory, into ``dest``, which must not touch ``bundle``.

        With ``force`` a file that somebody else wrote is no reason to refuse: it is renamed, never lost. What an
        earlier export wrote and this one does not is removed, unless it was changed since.
        """
        result: dict[str, Any] = super().run(tmp, task_vars)
        del tmp
        arguments = self._task.args
        files: dict[str, str] = dict(arguments["files"])
        for directory, contents in arguments.get("below", {}).items():
            files.update({f"{directory}/{name}": content for name, content in contents.items()})
        try:
            dest = place(str(arguments["dest"]), Path(str(arguments["bundle"])).resolve())
            done = self._make_room(dest, files, force=boolean(arguments.get("force", False)))
        except OSError as error:
            raise AnsibleActionFail(f"The export cannot be written: {error}") from error
        # Last, so that the record never promises more than there is.
        files[RECORD] = json.dumps({"files": {n: digest(files[n].encode()) for n in sorted(files)}}, indent=1) + "\n"
        module_args = {"dest": str(dest), "files": files, "prune": []}
        written = self._execute_module(module_name="managed_tree", module_args=module_args, task_vars=task_vars)
        if written.get("failed"):
            raise AnsibleActionFail(f"{written['msg']}; name another directory: make export DIR=../inception")
        result.update(written)
        result.update(dest=str(dest), **done)
        result["changed"] = bool(result.get("changed") or done["removed"] or done["kept"])
        return result

    def _make_room(self, dest: Path, files: Mapping[str, str], *, force: bool) -> dict[str, list[str]]:
        """Refuse, or put aside what is not ours and remove what is; return what is replaced, removed and kept."""
        blocked = sorted({found for name in (*files, RECORD) if (found := obstacle(dest, name))})
        if blocked:
            raise AnsibleActionFail(f"{dest} has something in the way: {listed(blocked)}. Move it away.")
        recorded = read_record(dest)
        wanted = {name: content.encode() for name, content in files.items()}
        surplus = [name for name in recorded or {} if name not in wanted and not obstacle(dest, name)]
        foreign = self._foreign(dest, wanted, recorded or {}, [*wanted, *surplus])
        if not force:
            self._refuse(dest, recorded, wanted, foreign)
        there = [name for name in (*wanted, *surplus) if name not in foreign and os.path.lexists(dest / name)]
        removed = [name for name in there if name not in wanted]
        replaced = [name for name in there if name in wanted and holds(dest / name) != wanted[name]]
        kept = []
        for name in foreign:
            new = aside(dest / name)
            kept.append(f"{name} as {new.name}")
            if not self._task.check_mode:
                (dest / name).rename(new)
        if not self._task.check_mode:
            for name in removed:
                self._remove(dest, name)
        return {"replaced": replaced, "removed": removed, "kept": kept}

    @staticmethod
    def _foreign(dest: Path, wanted: Mapping[str, bytes], recorded: Mapping[str, str], names: list[str]) -> list[str]:
        """Return which of the files hold neither what was written nor what is to be written."""
        found = []
        for name in names:
            if not os.path.lexists(dest / name):
                continue
            content = holds(dest / name)
            if content is None or (content != wanted.get(name) and digest(content) != recorded.get(name)):
                found.append(name)
        return found

    @staticmethod
    def _refuse(
        dest: Path, recorded: Mapping[str, str] | None, wanted: Mapping[str, bytes], foreign: list[str]
    ) -> None:
        """Fail where something would be replaced that was not written by an export."""
        if recorded is None:
            others = []
            for name in present(dest) if dest.is_dir() else ():
                if name not in wanted or holds(dest / name) != wanted[name]:
                    others.append(name)
                if len(others) > NAMES:
                    break
            if others:
                more = " and more" if len(others) > NAMES else ""
                raise AnsibleActionFail(
                    f"{dest} holds what no earlier export is known to have written: {', '.join(others[:NAMES])}{more}. Name an empty "
                    f"directory; FORCE=1 writes here all the same, renames what it replaces to *.bak and removes nothing."
                )
        elif foreign:
            raise AnsibleActionFail(
                f"{dest} was changed by hand since the last export: {listed(foreign)}. Name another directory; FORCE=1 writes "
                "these files anew and keeps the changed ones beside them as *.bak."
            )

    @staticmethod
    def _remove(dest: Path, name: str) -> None:
        """Remove a file, and the directories that are empty then."""
        (dest / name).unlink()
        for parent in (dest / name).parents:
            if parent == dest or any(parent.iterdir()):
                break
            parent.rmdir()
