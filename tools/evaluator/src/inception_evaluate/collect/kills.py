"""Kills each daemon from outside, as a crash would, and watches what becomes of it (R19)."""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable

from inception_evaluate.collect.site import fetch
from inception_evaluate.evidence import Kill, Stack
from inception_evaluate.machine import Machine, UnseenError

#: Seconds that a container has to run again, and the site to answer.
LIMIT = 60.0


def _state(machine: Machine, identifier: str) -> tuple[bool, int, int]:
    done = machine.docker(
        "inspect", "--format", "{{.State.Running}} {{.State.Restarting}} {{.RestartCount}} {{.State.Pid}}", identifier
    )
    words = done.out.split()
    if done.code != 0 or len(words) != 4:
        raise UnseenError(f"the engine does not tell of the container: {done.complaint}")
    return words[0] == "true" and words[1] == "false", int(words[2]), int(words[3])


def _wait(condition: Callable[[], bool], began: float, limit: float) -> float | None:
    while True:
        if condition():
            return time.monotonic() - began
        if time.monotonic() - began > limit:
            return None
        time.sleep(0.2)


def collect(machine: Machine, stack: Stack, port: int, domain: str, limit: float = LIMIT) -> tuple[Kill, ...]:
    """Kill the first process of each container with SIGKILL and wait until the site answers again.

    A container that does not come back is started by hand at the end, so that the evaluation leaves what it found.

    Raises:
        UnseenError: a process cannot be killed, or the site does not answer to begin with.

    """

    def answers() -> bool:
        # A search is answered by the database and held by no cache, which would hide that the rest is gone.
        page = fetch(machine.address, port, domain, f"/?s={secrets.token_hex(6)}", timeout=5)
        return page.status == 200 and not page.installer

    if _wait(answers, time.monotonic(), 20) is None:
        raise UnseenError("the site does not answer, so that nothing can be told about its coming back")
    found = []
    for container in stack.containers:
        identifier = stack.ids[container.service]
        running, before, pid = _state(machine, identifier)
        if not running or pid <= 0:
            continue
        began = time.monotonic()
        done = machine.run("sh", "-c", f"kill -KILL {pid}")
        if done.code != 0:
            raise UnseenError(f"the daemon of {container.name} cannot be killed: {done.complaint}")

        def back(identifier: str = identifier, pid: int = pid) -> bool:
            alive, _, now = _state(machine, identifier)
            return alive and now not in (0, pid)

        # Without a policy nothing will come; that needs no minute to be seen.
        patience = limit if container.restart_policy != "no" else 5.0
        running_after = _wait(back, began, patience)
        _, after, _ = _state(machine, identifier)
        site_after = _wait(answers, began, limit) if running_after is not None else None
        if running_after is None:
            machine.docker("start", identifier)
            _wait(answers, time.monotonic(), limit)
        found.append(
            Kill(
                container.service,
                container.pid_one,
                restarted=running_after is not None,
                counted=after - before,
                running_after=running_after,
                site_after=site_after,
                limit=patience,
            )
        )
    if not found:
        raise UnseenError("no container runs whose daemon could be killed")
    return tuple(found)
