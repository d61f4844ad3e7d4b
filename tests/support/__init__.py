"""What several tests need: where things lie, and how to run them as Ansible does."""

from __future__ import annotations

import contextlib
import importlib.util
import io
import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from types import ModuleType
from typing import Any

import ansible.module_utils
import pytest
import yaml
from ansible.module_utils.testing import patch_module_args

ROOT = Path(__file__).resolve().parents[2]
PLUGINS = ROOT / "plugins"
ROLES = ROOT / "roles"
#: The programs of the virtualenv that runs the tests.
BIN = Path(sys.executable).parent


# As Ansible finds them for a module.
ansible.module_utils.__path__.append(str(PLUGINS / "module_utils"))


def load_plugin(name: str) -> ModuleType:
    """Import a plugin's file, for example ``modules/managed_tree``, as Ansible does: by its path."""
    path = PLUGINS / f"{name}.py"
    spec = importlib.util.spec_from_file_location(f"plugin_{name.replace('/', '_')}", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    # As Ansible does it; dataclasses look their module up here.
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


def run_module(
    module: ModuleType, arguments: Mapping[str, Any], *, check: bool = False, diff: bool = False
) -> dict[str, Any]:
    """Run a loaded module on its arguments, as ``main()`` of its file does it, and return its answer."""
    order = {**arguments, "_ansible_check_mode": check, "_ansible_diff": diff}
    printed = io.StringIO()
    with patch_module_args(order), contextlib.redirect_stdout(printed), pytest.raises(SystemExit) as exit_info:
        module.main()
    answer: dict[str, Any] = json.loads(printed.getvalue())
    assert exit_info.value.code == (1 if answer.get("failed") else 0)
    return answer


#: Runs a module's file where it finds our module_utils.
_RUN_MODULE = """
import runpy, sys, ansible.module_utils
module_utils, module = sys.argv[1:]
sys.argv[1:] = []
ansible.module_utils.__path__.append(module_utils)
runpy.run_path(module, run_name="__main__")
"""


def run_module_process(name: str, arguments: Mapping[str, Any], *, check: bool = False) -> dict[str, Any]:
    """Run a module's file as a process of its own, with its arguments as JSON on standard input."""
    done = subprocess.run(
        [sys.executable, "-c", _RUN_MODULE, str(PLUGINS / "module_utils"), str(PLUGINS / "modules" / f"{name}.py")],
        input=json.dumps({"ANSIBLE_MODULE_ARGS": {**arguments, "_ansible_check_mode": check}}),
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert done.stdout.strip(), done.stderr
    answer: dict[str, Any] = json.loads(done.stdout)
    assert done.returncode == (1 if answer.get("failed") else 0)
    return answer


def own_environment() -> dict[str, str]:
    """Return an environment without a person's own settings, which must not reach the tests."""
    return {
        name: value for name, value in os.environ.items() if not name.startswith(("ANSIBLE_", "COMPOSE_", "INCEPTION_"))
    }


def run(
    command: Sequence[str], *, cwd: Path, env: Mapping[str, str], timeout: int = 120
) -> subprocess.CompletedProcess[str]:
    """Run a program to its end and return how it went."""
    return subprocess.run(command, cwd=cwd, env=env, capture_output=True, text=True, check=False, timeout=timeout)


def play(
    playbook: str, *arguments: str, environment: Mapping[str, str] | None = None
) -> subprocess.CompletedProcess[str]:
    """Run one of our playbooks and return how it went."""
    return run(
        [str(BIN / "ansible-playbook"), *arguments, str(ROOT / "playbooks" / playbook)],
        cwd=ROOT,
        env={**own_environment(), "ANSIBLE_CONFIG": str(ROOT / "ansible.cfg"), **(environment or {})},
    )


def wait_until(condition: Callable[[], bool]) -> None:
    """Return when something has come to pass; within a minute, for machines are slow at times."""
    for _ in range(600):
        if condition():
            return
        time.sleep(0.1)
    pytest.fail("it did not come to pass within a minute")


def render(directory: Path, settings: Mapping[str, Any], playbook: str = "render.yml") -> Path:
    """Render the project with some settings other than the defaults; return where it lies."""
    name = {"render.yml": "render_dir", "export.yml": "export_dir"}[playbook]
    done = play(playbook, "-i", "localhost,", "-e", json.dumps({**settings, name: str(directory)}, ensure_ascii=False))
    assert done.returncode == 0, done.stdout + done.stderr
    return directory


def copy_bundle(root: Path) -> None:
    """Copy what a run needs of the bundle to a new directory, with the virtualenv of the tests."""
    root.mkdir()
    for name in (
        "Makefile",
        "ansible.cfg",
        "inventory",
        "languages",
        "playbooks",
        "plugins",
        "requirements",
        "roles",
        "srcs",
        "tools",
    ):
        copy = shutil.copytree if (ROOT / name).is_dir() else shutil.copy
        copy(ROOT / name, root / name)
    (root / "docs").symlink_to(ROOT / "docs")
    (root / ".venv").mkdir()
    (root / ".venv/bin").symlink_to(BIN)
    (root / ".venv/.ready").touch()


def need(program: str, why: str) -> str:
    """Return the path of a program. Without it the test is skipped, but fails where CI runs it."""
    path = shutil.which(program)
    if path is None:
        miss(f"{program} is missing: {why}")
    return str(path)


def compose(project: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run Docker Compose on a project; it needs no engine to read its files."""
    present = subprocess.run(["docker", "compose", "version"], capture_output=True, check=False).returncode == 0
    if not present:
        miss("Docker Compose 2 is missing: the .env file must be read by the real reader")
    # Compose prefers the environment to .env; only what programs need to run may reach it.
    environment = {name: value for name, value in os.environ.items() if name in {"PATH", "HOME", "DOCKER_CONFIG"}}
    return subprocess.run(
        ["docker", "compose", "--project-directory", str(project), *arguments],
        capture_output=True,
        text=True,
        check=False,
        env=environment,
        timeout=60,
    )


def miss(what: str) -> None:
    """Give a test up: by skipping it on a developer's machine, by failing in CI."""
    if os.environ.get("CI") == "true":
        pytest.fail(what)
    pytest.skip(what)


def roles() -> Sequence[str]:
    """Return the names of all roles."""
    return sorted(path.name for path in ROLES.iterdir() if (path / "meta").is_dir())


def role_yaml(role: str, path: str) -> Any:
    """Return the content of a role's YAML file; an empty mapping when there is no such file."""
    file = ROLES / role / path
    return (yaml.safe_load(file.read_text(encoding="utf-8")) or {}) if file.is_file() else {}
