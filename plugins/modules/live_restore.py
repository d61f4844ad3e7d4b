#!/usr/bin/python
"""Module: let containers run on while the Docker engine is away."""

from __future__ import annotations

DOCUMENTATION = r"""
module: live_restore
author: the Inception team
short_description: Let containers run on while the Docker engine is away
description:
  - Adds C(live-restore) to the settings of the Docker engine, keeps all others, and has a running engine read them
    again, which touches no container.
  - Without it the containers end with an engine that is killed, and the next one takes them for stopped by hand.
  - A C(live-restore) that is already there is somebody's decision and stays.
options:
  path:
    description: The settings of the engine.
    type: path
    default: /etc/docker/daemon.json
  pid_file:
    description: Where a running engine wrote its process number.
    type: path
    default: /run/docker.pid
  timeout:
    description: How many seconds a running engine may take to follow.
    type: int
    default: 15
attributes:
  check_mode:
    support: full
    description: Tells whether the settings would be changed.
  diff_mode:
    support: none
    description: The settings may hold credentials, for example of a proxy.
"""

EXAMPLES = r"""
- name: Let containers outlive the engine
  live_restore:
"""

RETURN = r"""
reason:
  description: Why the engine does not do it, as a sentence; empty when it does.
  returned: always
  type: str
"""

import json
import os
import signal
import tempfile
import time
from pathlib import Path

from ansible.module_utils.basic import AnsibleModule
from ansible.module_utils.docker_client import DockerError, Engine

KEY = "live-restore"


def with_live_restore(text: str) -> str:
    """Return the engine's settings with ours added; the very same text when they speak of it already.

    Raises:
        ValueError: the text holds no JSON object.
    """
    settings = json.loads(text) if text.strip() else {}
    if not isinstance(settings, dict):
        raise ValueError("it is no JSON object")  # noqa: TRY004 -- the caller treats both alike
    if KEY in settings:
        return text
    return json.dumps({**settings, KEY: True}, indent=4, ensure_ascii=False) + "\n"


def engine_process(pid_file: Path, proc: Path = Path("/proc")) -> int:
    """Return the number of the engine's process; 0 when it cannot be found."""
    try:
        pid = int(pid_file.read_text(encoding="ascii"))
        return pid if (proc / str(pid) / "comm").read_text(encoding="utf-8").strip() == "dockerd" else 0
    except (OSError, ValueError):
        return 0


def follows(seconds: int) -> bool:
    """Tell whether the engine lets containers run on, within some seconds."""
    end = time.monotonic() + seconds
    engine = Engine(timeout=10)
    while True:
        try:
            info = engine.get("/info")
        except DockerError:
            info = {}
        if info.get("LiveRestoreEnabled") or time.monotonic() > end:
            return bool(info.get("LiveRestoreEnabled"))
        time.sleep(0.2)


def write(module: AnsibleModule, path: Path, text: str) -> None:
    """Write the settings atomically; their owner and mode stay."""
    path.parent.mkdir(mode=0o755, parents=True, exist_ok=True)
    handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    with os.fdopen(handle, "w", encoding="utf-8") as file:
        file.write(text)
        os.fchmod(file.fileno(), 0o644)
    module.atomic_move(temporary, str(path))


def main() -> None:
    """Run the module."""
    module = AnsibleModule(
        argument_spec={
            "path": {"type": "path", "default": "/etc/docker/daemon.json"},
            "pid_file": {"type": "path", "default": "/run/docker.pid"},
            "timeout": {"type": "int", "default": 15},
        },
        supports_check_mode=True,
    )
    # It may be a link to where somebody keeps it.
    path = Path(module.params["path"]).resolve()
    existed = path.is_file()
    before = path.read_text(encoding="utf-8") if existed else ""
    try:
        after = with_live_restore(before)
    except ValueError as error:
        module.fail_json(msg=f"{path} is not what the Docker engine can read ({error}): mend it, or move it away.")
    if after == before and not json.loads(before)[KEY]:
        module.exit_json(changed=False, reason=f"{path} switches it off")
    if module.check_mode:
        module.exit_json(changed=True, reason="")
    if after != before:
        write(module, path, after)
    # Without an engine that is all: the next one begins with it.
    if pid := engine_process(Path(module.params["pid_file"])):
        os.kill(pid, signal.SIGHUP)
        if not follows(module.params["timeout"]):
            # Whatever it is, an engine that does not take a setting might not start with it either.
            if existed:
                write(module, path, before)
            else:
                path.unlink()
            module.exit_json(changed=False, reason=f"the engine does not take it from {path}")
    module.exit_json(changed=True, reason="")


if __name__ == "__main__":
    main()
