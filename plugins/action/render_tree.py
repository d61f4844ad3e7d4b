"""Action: render a directory of a role and make a directory on the target equal to it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from ansible.errors import AnsibleActionFail
from ansible.module_utils.parsing.convert_bool import boolean
from ansible.plugins.action import ActionBase
from ansible.template import trust_as_template

TEMPLATE_SUFFIX = ".j2"


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
        """Render ``src``, one directory or several, and hand the contents to ``managed_tree``.

        ``below`` has, by directory relative to ``dest``, the files of that directory by their relative path;
        it will hold nothing else. ``prune`` says the same of ``dest`` itself. All contents are returned in ``files``.
        """
        result: dict[str, Any] = super().run(tmp, task_vars)
        del tmp
        variables = task_vars or {}
        arguments = self._task.args
        unknown = set(arguments) - self._VALID_ARGS
        if unknown or "src" not in arguments:
            raise AnsibleActionFail(f"render_tree takes {sorted(self._VALID_ARGS)}; src is required")
        sources = arguments["src"] if isinstance(arguments["src"], list) else [arguments["src"]]
        files = {
            str(path.relative_to(root)).removesuffix(TEMPLATE_SUFFIX): self._content(path, variables)
            for root in (self._source(str(source)) for source in sources)
            for path in sorted(root.rglob("*"))
            # What Python compiles beside a program is no part of it.
            if path.is_file() and path.parent.name != "__pycache__"
        }
        if "dest" not in arguments:
            result.update(changed=False, files=files)
            return result
        below: dict[str, dict[str, str]] = arguments.get("below", {})
        for directory, contents in below.items():
            files.update({f"{directory}/{name}": content for name, content in contents.items()})
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
        return result

    def _source(self, src: str) -> Path:
        """Return the directory to render, looked up in the role that the task belongs to."""
        role = self._task._role
        path = Path(src) if src.startswith("/") else Path(role._role_path if role else ".") / src
        if not path.is_dir():
            raise AnsibleActionFail(f"render_tree: {path} is not a directory")
        return path

    def _content(self, path: Path, variables: dict[str, Any]) -> str:
        """Return the text of a file, rendered when it is a template."""
        text = path.read_text(encoding="utf-8")
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
