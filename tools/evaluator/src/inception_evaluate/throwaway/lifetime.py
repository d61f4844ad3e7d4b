"""A throw-away machine's life."""

from __future__ import annotations

import secrets
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from inception_evaluate.machine import Machine, UnseenError, container_machine
from inception_evaluate.throwaway.trial import PLACE

_PREFIX = "inception-test-"


@contextmanager
def machine(say: Callable[[str], None], *, keep: bool) -> Iterator[tuple[Machine, str]]:
    """Make a machine, and remove it again unless it is to be kept.

    Raises:
        UnseenError: none can be made here.

    """
    name = f"{_PREFIX}evaluate-{secrets.token_hex(3)}"
    say(f"making the machine {name}; its image is bootstrapped the first time")
    try:
        _tool("create", name, "--kind", "debian13-systemd", "--cold", "--own-network", timeout=900)
        yield container_machine(name), name
    finally:
        if keep:
            say(
                f"the machine is kept: `docker exec -it {name} bash`, the project is in {PLACE}; remove it with `inception-machine destroy {name}`"
            )
        else:
            say(f"removing the machine {name}")
            _tool("destroy", name, "--caches", timeout=300)


def _tool(*arguments: str, timeout: float) -> None:
    command = [sys.executable, "-m", "inception_evaluate.machine_tool", *arguments]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=timeout)  # noqa: S603 -- our own tool
    except subprocess.TimeoutExpired as error:
        raise UnseenError(f"a throw-away machine was not ready within {timeout:.0f} s") from error
    if done.returncode != 0:
        lines = [line for line in done.stderr.splitlines() if line.strip()]
        raise UnseenError(f"a throw-away machine cannot be made here: {(lines or ['no reason given'])[-1][:300]}")
