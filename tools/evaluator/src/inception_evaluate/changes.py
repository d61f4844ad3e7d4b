"""The checks that change something: a reboot of the machine (E58), and a port that is changed and changed back (E59)."""

from __future__ import annotations

import dataclasses
import shlex
import time
from collections.abc import Callable
from pathlib import Path

from inception_evaluate.collect import browser, docker, site
from inception_evaluate.collect.browser import persistence
from inception_evaluate.collect.browser.walk import WalkError
from inception_evaluate.evidence import Database, Missing, Persisted, Site, Step
from inception_evaluate.machine import Machine, UnseenError, container_address, this_machine
from inception_evaluate.model import Figure

#: Seconds that the machine has to come up, and the site to answer, without anybody's help.
BOOT = 300.0
#: Seconds that a rebuild may take.
BUILD = 900.0


def _answers(machine: Machine, port: int, domain: str, limit: float) -> float | None:
    """Wait until the site answers; returns the seconds, or None."""
    began = time.monotonic()
    while True:
        page = site.fetch(machine.address, port, domain, timeout=10)
        if page.status == 200 and not page.installer:
            return time.monotonic() - began
        if time.monotonic() - began > limit:
            return None
        time.sleep(1)


def _boot(machine: Machine) -> str:
    """Return something that changes with every boot."""
    done = machine.run(
        "sh",
        "-c",
        "cat /proc/sys/kernel/random/boot_id; stat -c %Y /proc/1; sed 's/.*) //' /proc/1/stat | cut -d' ' -f20",
    )
    if done.code != 0:
        raise UnseenError(f"{machine.name} does not tell when it booted: {done.complaint}")
    return done.out


def restart(machine: Machine, container: str) -> Machine:
    """Reboot a machine and wait until it is up again; its address may change.

    Args:
        machine: the machine; never the one that the evaluator runs on.
        container: the name of the container that it is, or empty for a server.

    Raises:
        UnseenError: it cannot be rebooted, or did not come up.

    """
    if machine.here:
        raise UnseenError(
            "this machine carries out the evaluation itself; reboot a throw-away machine (PROJECT=.) or a server (SSH=user@host)"
        )
    before = _boot(machine)
    end = time.monotonic() + BOOT
    if container:
        done = this_machine().docker("restart", "--time", "60", container, timeout=BOOT)
        if done.code != 0:
            raise UnseenError(f"{machine.name} cannot be rebooted: {done.complaint}")
        machine = dataclasses.replace(machine, address=container_address(container))
    else:
        machine.run("sh", "-c", "sudo -n systemctl reboot 2>/dev/null || systemctl reboot || reboot")
    while time.monotonic() < end:
        try:
            if _boot(machine) != before:
                return machine
        except UnseenError:
            pass
        time.sleep(2)
    raise UnseenError(f"{machine.name} did not come up again within {BOOT:.0f} s")


def reboot(
    machine: Machine,
    container: str,
    met: Site | Missing | None,
    database: Database | Missing | None,
    output: Path,
    *,
    keep: bool,
    say: Callable[[str], None],
) -> Persisted | Missing:
    """Write a post, a comment and an upload, reboot, and find them (E58).

    Args:
        machine: the machine.
        container: the name of the container that it is, or empty for a server.
        met: how the site answered before.
        database: who its users are.
        output: where the screenshots go.
        keep: whether what is written stays.
        say: is told what is going on.

    """
    if not isinstance(met, Site):
        return Missing(met.reason if isinstance(met, Missing) else "the site was not met")
    known = database if isinstance(database, Database) else None
    try:
        if machine.here:
            restart(machine, container)
        say("writing a post, a comment and an upload, for the reboot")
        with browser.session(machine.address, met, known, output, keep=keep) as walk:
            marks = persistence.leave(walk)
        say("rebooting the machine")
        machine = restart(machine, container)
        say("waiting until the site answers by itself")
        took = _answers(machine, met.port, met.domain, BOOT)
        if took is None:
            return Persisted(
                (Step("reboot", good=False, sentence=f"after the reboot the site did not answer within {BOOT:.0f} s"),)
            )
        with browser.session(machine.address, met, known, output, keep=keep) as walk:
            walk.take("found", lambda: persistence.find(walk, marks))
            found = walk.steps[-1]
        came = Step(
            "reboot",
            good=True,
            sentence=f"The machine was rebooted, and the site answered by itself {took:.0f} s after it was up.",
        )
        return Persisted(
            (came, found),
            (Figure("site after a reboot", took, "s", "start-up"),),
        )
    except (UnseenError, WalkError) as error:
        return Missing(str(error))


def rebuild(
    machine: Machine, directory: str, met: Site | Missing | None, port: int, inner: int, say: Callable[[str], None]
) -> Persisted | Missing:
    """Change the published port and the database's port of our own project, rebuild, look, and change them back (E59).

    Args:
        machine: the machine.
        directory: the project's directory on it.
        met: how the site answered before.
        port: the published port to change to.
        inner: the database's port to change to.
        say: is told what is going on.

    """
    if not isinstance(met, Site):
        return Missing(met.reason if isinstance(met, Missing) else "the site was not met")
    if port == met.port:
        return Missing(f"the site is published on port {port} already; choose another one")
    probe = machine.run("sh", "-c", f"test -f {shlex.quote(directory)}/roles/nginx/tasks/main.yml")
    if probe.code != 0:
        return Missing(
            "which setting is changed is for its author to say: this project has no setting that is known here"
        )
    steps, figures = [], []
    try:
        began = time.monotonic()
        say(f"changing the published port to {port} and the database's to {inner}, and building")
        _make(machine, directory, f"-e inception_https_port={port} -e mariadb_port={inner}")
        figures.append(Figure(f"make with port {port}", time.monotonic() - began, "s", "start-up"))
        steps.append(_look(machine, directory, met, port, met.port, inner))
    except UnseenError as error:
        steps.append(Step("changed", good=False, sentence=str(error)))
    try:
        began = time.monotonic()
        say(f"changing the ports back to {met.port} and building")
        _make(machine, directory, "")
        figures.append(Figure(f"make back to port {met.port}", time.monotonic() - began, "s", "start-up"))
        steps.append(_look(machine, directory, met, met.port, port, None))
    except UnseenError as error:
        steps.append(Step("back", good=False, sentence=str(error)))
    return Persisted(tuple(steps), tuple(figures))


def _make(machine: Machine, directory: str, arguments: str) -> None:
    script = f"cd {shlex.quote(directory)} && exec make {shlex.quote(f'ARGS={arguments}') if arguments else ''}"
    done = machine.run("sh", "-c", script, timeout=BUILD)
    if done.code != 0:
        raise UnseenError(f"make failed with the changed ports: {done.complaint}")


def _look(machine: Machine, directory: str, met: Site, port: int, closed: int, inner: int | None) -> Step:
    took = _answers(machine, port, met.domain, 60)
    origin = f"https://{met.domain}{'' if port == 443 else f':{port}'}/"
    if took is None:
        return Step("port", good=False, sentence=f"{origin} does not answer after the rebuild")
    page = site.fetch(machine.address, port, met.domain)
    if not page.wordpress:
        return Step("port", good=False, sentence=f"{origin} answers after the rebuild, but not with the site")
    old = site.fetch(machine.address, closed, met.domain, timeout=5)
    if old.status:
        return Step("port", good=False, sentence=f"port {closed} still answers after the port was changed to {port}")
    sentence = f"After the rebuild {origin} shows “{page.title}”, and port {closed} is closed."
    if inner is not None:
        stack, looks = docker.collect(machine, directory)
        database = stack.role("mariadb")
        listening = looks[database.service].inside.listening if database is not None else ()
        if inner not in listening:
            return Step(
                "port",
                good=False,
                sentence=f"the database does not listen on port {inner} after the rebuild, but on {listening}",
            )
        sentence += f" The database listens on {inner}, and WordPress reaches it there."
    return Step("port", good=True, sentence=sentence)
