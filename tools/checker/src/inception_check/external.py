"""Merges the findings of hadolint and ShellCheck, when they are installed; they read, and start nothing.

Both are run in an empty directory with their configuration files switched off, so that the checked repository
cannot change what they report.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from inception_check.evidence.project import Project
from inception_check.model import Finding, Severity

PROGRAMS = ("hadolint", "shellcheck")
_TIMEOUT = 60
_MAX_FILES = 200
#: Findings that contradict the subject or only repeat one of our own rules.
#: DL3008 and DL3018 ask for exact versions of distribution packages, which the archives drop with each update.
_DROPPED = frozenset({"DL3006", "DL3007", "DL3008", "DL3018", "DL3026", "DL1000"})
_LEVELS = {
    "error": Severity.WARNING,
    "warning": Severity.WARNING,
    "info": Severity.INFO,
    "style": Severity.INFO,
}


def find_program(name: str) -> str | None:
    """Find a program next to the running interpreter, then on the search path."""
    beside = Path(sys.executable).parent / name
    if beside.is_file() and os.access(beside, os.X_OK):
        return str(beside)
    return shutil.which(name)


def run(project: Project) -> tuple[list[Finding], dict[str, str]]:
    """Run both programs over the Dockerfiles and the shell scripts."""
    findings: list[Finding] = []
    states: dict[str, str] = {}
    dockerfiles = [d.path for d in project.dockerfiles if d.path in project.tree.files][:_MAX_FILES]
    base = f"{project.srcs}/" if project.srcs is not None else None
    scripts = [
        s.path
        for s in project.script_files
        if (base is not None and s.path.startswith(base)) or any(part.holds(s.path) for part in project.parts)
    ][:_MAX_FILES]
    jobs = (
        ("hadolint", ["--no-fail", "--format", "json"], dockerfiles),
        ("shellcheck", ["--norc", "--format", "json", "--severity", "warning"], scripts),
    )
    for name, options, paths in jobs:
        program = find_program(name)
        if program is None:
            states[name] = "not run: the program is not installed"
        elif not paths:
            states[name] = "not run: there is nothing for it to read"
        else:
            made, states[name] = _run(project, name, [program, *options], paths)
            findings.extend(made)
    return findings, states


def _run(project: Project, name: str, command: list[str], paths: list[str]) -> tuple[list[Finding], str]:
    by_location = {str(project.tree.files[path].location): path for path in paths}
    with tempfile.TemporaryDirectory(prefix="inception-check-") as empty:
        environment = {
            "PATH": os.environ.get("PATH", ""),
            "HOME": empty,
            "XDG_CONFIG_HOME": empty,
            "LC_ALL": "C.UTF-8",
        }
        try:
            # The command is ours, and the paths are absolute, so that none of them can be read as an option.
            done = subprocess.run(  # noqa: S603
                [*command, *by_location],
                cwd=empty,
                env=environment,
                stdin=subprocess.DEVNULL,
                capture_output=True,
                timeout=_TIMEOUT,
                check=False,
            )
        except (OSError, subprocess.TimeoutExpired, ValueError) as error:
            return [], f"not run: {type(error).__name__}"
    try:
        items: list[dict[str, Any]] = json.loads(done.stdout.decode("utf-8", "replace") or "[]")
    except ValueError:
        return [], f"not run: it ended with {done.returncode} and no readable answer"
    findings = []
    for item in items:
        code = f"SC{item['code']}" if isinstance(item.get("code"), int) else str(item.get("code"))
        path = by_location.get(str(item.get("file")))
        if path is None or code in _DROPPED:
            continue
        line = item.get("line")
        findings.append(
            Finding(
                f"{name}/{code}",
                ("R24",) if name == "hadolint" else (),
                _LEVELS.get(str(item.get("level")), Severity.INFO),
                path,
                line if isinstance(line, int) and line > 0 else None,
                str(item.get("message")),
                f"{_WIKI[name]}{code}",
            )
        )
    return findings, "run"


_WIKI = {
    "hadolint": "See https://github.com/hadolint/hadolint/wiki/",
    "shellcheck": "See https://www.shellcheck.net/wiki/",
}
