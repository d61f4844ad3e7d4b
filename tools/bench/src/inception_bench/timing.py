"""How long a stack takes to start, and to answer again after a daemon was killed."""

from __future__ import annotations

import contextlib
import dataclasses
import os
import shutil
import signal
import subprocess
import threading
import time
from collections.abc import Callable

from inception_bench.engine import Project, environment, inspect
from inception_bench.errors import BenchError
from inception_bench.site import Site

#: The pause between two attempts, in seconds. It is the resolution of all figures here.
INTERVAL = 0.02
#: A start that takes longer has failed, in seconds.
START_LIMIT = 180.0
#: A site that does not answer again after so many seconds has not recovered.
RECOVERY_LIMIT = 60.0
#: The engine delays restarts of a container more and more, unless it has run for ten seconds.
SETTLE = 10.5
#: A daemon counts as back when nothing has failed for so many seconds.
CALM = 1.0


@dataclasses.dataclass(frozen=True)
class Start:
    """One start of a stack, in seconds from the command on.

    Attributes:
        first: until the first whole page.
        rendered: until the first page that no cache can have.
        command: until Compose came back.
    """

    first: float
    rendered: float
    command: float


def start(project: Project, site: Site, *arguments: str) -> Start:
    """Start a stack by a command of Compose, and watch for its pages.

    Raises:
        BenchError: Compose failed, or no page came.
    """
    began = time.monotonic()
    with subprocess.Popen(
        project.command(*arguments),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
        env=environment(),
        start_new_session=True,
    ) as child:
        try:
            return _watch(child, project.name, site, began)
        except BaseException:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(child.pid, signal.SIGKILL)
            raise


def _watch(child: subprocess.Popen[str], name: str, site: Site, began: float) -> Start:
    """Look for the pages of a stack that is being started.

    Raises:
        BenchError: see :func:`start`.
    """
    first = rendered = command = 0.0
    while not (first and rendered and command):
        elapsed = time.monotonic() - began
        if elapsed > START_LIMIT:
            raise BenchError(f"{name} did not answer within {START_LIMIT:.0f} s.")
        if not command and child.poll() is not None:
            command = elapsed
            if child.returncode != 0:
                complaint = child.stderr.read() if child.stderr else ""
                raise BenchError(f"{name} did not start: {complaint.strip()[-600:]}")
        if not first and site.answers("/"):
            first = time.monotonic() - began
        elif first and not rendered and site.answers(f"/?bench={time.monotonic_ns()}"):
            rendered = time.monotonic() - began
        else:
            time.sleep(INTERVAL)
    return Start(first, rendered, command)


def cold_start(project: Project, site: Site) -> Start:
    """Start a stack that has never been there: no container, no network, no data."""
    project.compose("down", "--volumes", "--timeout", "10")
    for path in project.data():
        shutil.rmtree(path)
        path.mkdir(parents=True)
    return start(project, site, "up", "--detach")


def warm_start(project: Project, site: Site) -> Start:
    """Take the containers and the network of a stack away, and start it with the data that it has."""
    project.compose("down")
    return start(project, site, "up", "--detach")


def restart(project: Project, site: Site) -> Start:
    """Stop the containers of a stack, and start the same ones again."""
    project.compose("stop")
    return start(project, site, "start")


@dataclasses.dataclass(frozen=True)
class Recovery:
    """What a visitor noticed of a killed daemon.

    Attributes:
        seconds: from the kill until pages that no cache has are answered for good.
        served: the share of requests for the front page that were answered meanwhile, in percent.
        asked: how many these were.
    """

    seconds: float
    served: float
    asked: int


@dataclasses.dataclass(frozen=True)
class Attempt:
    """One request: when it began and ended, in seconds of one clock, and whether it was answered."""

    began: float
    ended: float
    answered: bool


def recovery_of(killed: float, rendered: list[Attempt], cached: list[Attempt]) -> Recovery:
    """Judge two series of requests around a kill.

    Args:
        killed: when the signal was sent, in seconds of the clock of the attempts.
        rendered: requests that only PHP can answer. They go on until the site is well again.
        cached: requests for a page that a cache may have.

    Raises:
        BenchError: the site is not well again at the end.
    """
    after = [attempt for attempt in rendered if attempt.ended >= killed]
    failed = [number for number, attempt in enumerate(after) if not attempt.answered]
    last = failed[-1] if failed else -1
    if last + 1 >= len(after):
        raise BenchError(f"The site did not answer again within {RECOVERY_LIMIT:.0f} s.")
    # Nothing failed: then the visitor has noticed nothing.
    seconds = after[last + 1].ended - killed if failed else 0.0
    meanwhile = [a for a in cached if killed <= a.began <= killed + seconds]
    served = 100.0 * sum(a.answered for a in meanwhile) / len(meanwhile) if meanwhile else 100.0
    return Recovery(seconds, served, len(meanwhile))


def recovery(project: Project, site: Site, service: str) -> Recovery:
    """Kill the daemon of a service, and watch until the site answers again.

    Raises:
        BenchError: it does not answer, before or after.
    """
    wait = SETTLE - project.uptime(service)
    if wait > 0:
        time.sleep(wait)
    if not site.answers("/"):
        raise BenchError(f"{project.name} does not answer, so nothing can be killed there.")
    pid = int(inspect(project.container(service))["State"]["Pid"])
    over = threading.Event()

    def watch(path: Callable[[], str], attempts: list[Attempt]) -> None:
        while not over.is_set():
            began = time.monotonic()
            answered = site.answers(path(), timeout=2)
            attempts.append(Attempt(began, time.monotonic(), answered))
            over.wait(INTERVAL)

    rendered: list[Attempt] = []
    cached: list[Attempt] = []
    watchers = [
        threading.Thread(target=watch, args=(lambda: f"/?bench={time.monotonic_ns()}", rendered), daemon=True),
        threading.Thread(target=watch, args=(lambda: "/", cached), daemon=True),
    ]
    for watcher in watchers:
        watcher.start()
    try:
        time.sleep(0.5)
        killed = time.monotonic()
        os.kill(pid, signal.SIGKILL)
        while time.monotonic() < killed + RECOVERY_LIMIT:
            time.sleep(0.1)
            since = max((a.ended for a in rendered if not a.answered), default=killed)
            if time.monotonic() - max(since, killed) > CALM and any(a.began > since and a.answered for a in rendered):
                break
    finally:
        over.set()
        for watcher in watchers:
            watcher.join(10)
    return recovery_of(killed, rendered, cached)
