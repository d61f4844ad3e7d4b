"""Interrupt `make` while Compose builds or starts: Compose ends, and the next `make` brings the site at once.

Not collected with the rest, because everything is built anew: ``pytest tests/verify/interruptions.py``.
"""

from __future__ import annotations

import json
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from support.stack import PROCESSES, SERVICES, Settings, Stack, make
from support.web import Browser

LOG = "/var/log/inception/compose.log"

# Runs on the machine: a command in a terminal of its own, which is interrupted when the log tells of something.
TERMINAL = """
import json, os, pty, select, signal, sys, time
log, mark, way, *command = sys.argv[1:]
start = os.path.getsize(log)
pid, terminal = pty.fork()
if pid == 0:
    os.execvp(command[0], command)
printed, interrupted = b"", ""
deadline = time.monotonic() + 900
while time.monotonic() < deadline:
    if select.select([terminal], [], [], 0.1)[0]:
        try:
            printed += os.read(terminal, 65536)
        except OSError:
            break
    with open(log, "rb") as lines:
        lines.seek(start)
        if interrupted or mark.encode() not in lines.read():
            continue
    interrupted = way
    if way == "Ctrl-C":
        os.write(terminal, b"\\x03")
    elif way == "closed":
        os.close(terminal)
        break
    else:
        os.killpg(pid, getattr(signal, way))
        break
print(json.dumps({"interrupted": interrupted, "printed": printed.decode(errors="replace")}))
"""


def interrupt(stack: Stack, settings: Settings, mark: str, way: str, arguments: str = "") -> None:
    """Begin to make, and interrupt it when the log of Compose tells of something."""
    stack.execute("touch", LOG)
    before = ["python3", "-c", TERMINAL, LOG, mark, way]
    told = json.loads(make(stack, settings, before, arguments))
    assert told["interrupted"] == way, told["printed"][-2000:]


def at_work(stack: Stack) -> list[str]:
    """Return the commands of Compose that run on the machine."""
    processes = json.loads(stack.execute("python3", "-c", PROCESSES)).values()
    commands = [process["Command"] for process in processes]
    return [command for command in commands if "--project-name inception" in command]


def assert_all_is_well(stack: Stack, visitor: Browser) -> None:
    assert sorted(stack.docker("ps", "--all", "--format", "{{.Names}}").split()) == sorted(SERVICES)
    assert visitor.get("/").status == 200


@pytest.mark.requirement("E6", "R3")
def test_a_build_is_cancelled_and_begun_again(stack: Stack, settings: Settings, visitor: Browser) -> None:
    stack.shell("docker ps --all --quiet | xargs docker rm --force; docker images --quiet | xargs docker rmi --force")
    stack.docker("builder", "prune", "--all", "--force")
    interrupt(stack, settings, "apt-get install", "Ctrl-C")
    for _ in range(60):
        if not at_work(stack):
            break
        time.sleep(0.5)
    assert at_work(stack) == []
    assert "apt-get" not in stack.shell("cat /proc/[0-9]*/comm", check=False).split()
    make(stack, settings)
    assert_all_is_well(stack, visitor)


@pytest.mark.parametrize(
    ("mark", "way"),
    [
        ("Container mariadb  Recreate", "SIGKILL"),
        ("Container mariadb  Recreate", "Ctrl-C"),
        ("Container mariadb  Starting", "SIGTERM"),
        ("Container mariadb  Starting", "closed"),
    ],
)
def test_a_start_is_carried_on(stack: Stack, settings: Settings, visitor: Browser, mark: str, way: str) -> None:
    interrupt(stack, settings, mark, way, "-e mariadb_port=3307")
    make(stack, settings)
    assert_all_is_well(stack, visitor)


def test_what_an_interrupted_replacement_has_left_goes(stack: Stack, settings: Settings, visitor: Browser) -> None:
    # Compose makes the new container under such a name, and renames it when the old one is gone.
    labels = [f"--label={name}={value}" for name, value in stack.inspect("mariadb")["Config"]["Labels"].items()]
    image = stack.inspect("mariadb")["Config"]["Image"]
    stack.docker("create", "--name=0123456789ab_mariadb", *labels, image)
    make(stack, settings)
    assert_all_is_well(stack, visitor)


def test_two_at_once(stack: Stack, settings: Settings, visitor: Browser) -> None:
    stack.docker("rm", "--force", *SERVICES)
    with ThreadPoolExecutor() as pool:
        list(pool.map(lambda _: make(stack, settings), range(2)))
    assert_all_is_well(stack, visitor)
