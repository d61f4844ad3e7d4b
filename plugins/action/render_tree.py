"""Action: render a directory of a role and make a directory on the target equal to it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from ansible.errors import AnsibleActionFail
from ansible.module_utils.parsing.convert_bool import boolean
from ansible.plugins.action import ActionBase
from ansible.template import trust_as_template

TEMPLATE_SUFFIX = ".j2"
BUNDLE = Path(__file__).resolve().parents[2]


class ActionModule(ActionBase):
    """Render on the controller, write by the module ``managed_tree`` on the target.

    One call stands for a whole tree: a run that changes nothing costs one module instead of one
    for each file. Without ``dest`` nothing is written and the target is not asked: the result has the
    contents in ``files``, and another task writes them ``below`` its own tree. So a role brings what is
    its own, and a project of many roles is still written by one call.
    """

    TRANSFERS_FILES = False
    _VALID_ARGS = frozenset({"src", "dest", "below", "prune", "backup", "memory", "remember"})

    def run(self, tmp: str | None = None, task_vars: dict[str, Any] | None = None) -> dict[str, Any]:
        """Render ``src``, one directory or several, of which a later one replaces files of an earlier one, and hand the contents to ``managed_tree``.

        ``below`` has, by directory relative to ``dest``, what such a call without ``dest`` returned; the directory will
        hold nothing else. ``prune`` says the same of ``dest`` itself. All contents are returned in ``files``, and in
        ``messages`` a sentence for each version of a person that was kept.
        """
        result: dict[str, Any] = super().run(tmp, task_vars)
        del tmp
        variables = task_vars or {}
        arguments = self._task.args
        unknown = set(arguments) - self._VALID_ARGS
        if unknown or "src" not in arguments:
            raise AnsibleActionFail(f"render_tree takes {sorted(self._VALID_ARGS)}; src is required")
        sources = arguments["src"] if isinstance(arguments["src"], list) else [arguments["src"]]
        roots = [self._source(str(source)) for source in sources]
        files = {
            str(path.relative_to(root)).removesuffix(TEMPLATE_SUFFIX): self._content(path, variables)
            for root in roots
            for path in sorted(root.rglob("*"))
            # What Python compiles beside a program is no part of it.
            if path.is_file() and path.parent.name != "__pycache__"
        }
        below: dict[str, dict[str, Any]] = arguments.get("below", {})
        for directory, brought in below.items():
            files.update({f"{directory}/{name}": content for name, content in brought["files"].items()})
        if "dest" not in arguments:
            result.update(changed=False, files=files, roots=[str(root) for root in roots])
            return result
        result.update(
            self._execute_module(
                module_name="managed_tree",
                module_args={
                    "dest": str(arguments["dest"]),
                    "files": files,
                    "prune": ["."] if boolean(arguments.get("prune", True)) else sorted(below),
                    "backup": arguments.get("backup", []),
                    "memory": arguments.get("memory"),
                    "remember": arguments.get("remember", {}),
                },
                task_vars=variables,
            )
        )
        result["files"] = files
        result["messages"] = []
        for name in result.get("kept_files", []):
            directory = next((d for d in below if name.startswith(f"{d}/")), "")
            sources = [Path(root) for root in below[directory]["roots"]] if directory else roots
            place = (
                ""
                if name in arguments.get("remember", {})
                else self._place(sources, name.removeprefix(f"{directory}/"))
            )
            result["messages"].append(
                f"{arguments['dest']}/{name} was {'changed' if name in files else 'added'} by hand: that version "
                f"{'would be' if self._task.check_mode else 'is'} kept as {arguments['memory']}/edited/{name}."
                + (f" To have it in the project for good, edit {place}." if place else "")
            )
        return result

    @staticmethod
    def _place(roots: list[Path], name: str) -> Path:
        """Return where a file is edited, or belongs, relative to the bundle."""
        # A template replaces a file of an earlier directory.
        found = (root / f"{name}{suffix}" for root in reversed(roots) for suffix in (TEMPLATE_SUFFIX, ""))
        path = next((path for path in found if path.is_file()), roots[0] / name)
        return path.relative_to(BUNDLE) if path.is_relative_to(BUNDLE) else path

    def _source(self, src: str) -> Path:
        """Return the directory to render, looked up in the role that the task belongs to."""
        role = self._task._role
        path = Path(src) if src.startswith("/") else Path(role._role_path if role else ".") / src
        if not path.is_dir():
            raise AnsibleActionFail(f"render_tree: {path} is not a directory")
        return path

    def _content(self, path: Path, variables: dict[str, Any]) -> str:
        """Return the text of a file, rendered when it is a template."""
        try:
            text = path.read_text(encoding="utf-8")
        except UnicodeDecodeError as error:
            raise AnsibleActionFail(f"{path} is not UTF-8 text, which all files of srcs/ are; remove it.") from error
        if path.suffix != TEMPLATE_SUFFIX:
            return text
        templar = self._templar.copy_with_new_env(
            searchpath=[str(path.parent), self._loader.get_basedir()], available_variables=variables
        )
        rendered = templar.template(
            trust_as_template(text),
            escape_backslashes=False,
            overrides={"trim_blocks": True, "lstrip_blocks": True, "keep_trailing_newline": True},
        )
        return "" if rendered is None else str(rendered)
