"""The checks that change something: a reboot of the machine (E58), and a port that is changed and changed back (E59)."""

from __future__ import annotations

import dataclasses
import shlex
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from inception_evaluate import internet, making
from inception_evaluate.collect import browser, site
from inception_evaluate.collect.browser import persistence
from inception_evaluate.collect.browser.walk import WalkError
from inception_evaluate.evidence import Database, Missing, Persisted, Site, Stack, Step
from inception_evaluate.machine import Machine, UnseenError, container_address, this_machine
from inception_evaluate.model import Figure
from inception_evaluate.published_port import Edit, plan

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


class _CutOffError(UnseenError):
    """A rebuild wanted to download what the machine does not reach."""


def rebuild(
    machine: Machine,
    directory: str,
    stack: Stack | Missing | None,
    met: Site | Missing | None,
    port: int,
    environment: Mapping[str, str],
    replies: Sequence[tuple[str, str, bool]],
    say: Callable[[str], None],
) -> Persisted | Missing:
    """Change the published port where the project keeps it, make, look, and change it back (E59).

    Args:
        machine: the machine.
        directory: the project's directory on it.
        stack: what runs.
        met: how the site answered before.
        port: the published port to change to.
        environment: variables that ``make`` had when it made the stack.
        replies: what questions of ``make`` are answered with.
        say: is told what is going on.

    """
    if not isinstance(stack, Stack) or not isinstance(met, Site):
        reasons = [part.reason for part in (stack, met) if isinstance(part, Missing)]
        return Missing(reasons[0] if reasons else "the site was not met")
    if not met.front.status:
        return Missing(f"{met.front.url} did not answer before anything was changed: {met.front.error}")
    if port == met.port:
        return Missing(f"the site is published on port {port} already; choose another one")
    steps: list[Step] = []
    figures: list[Figure] = []
    try:
        edit = _edit(machine, stack, met.port, port)
    except UnseenError as error:
        return Missing(str(error))

    def change(text: str, wanted: int, closed: int, saying: str) -> None:
        began = time.monotonic()
        say(saying)
        try:
            _put(machine, edit.path, text)
            _make(machine, directory, met, wanted, environment, replies)
            figures.append(Figure(f"make with port {wanted}", time.monotonic() - began, "s", "start-up"))
            steps.append(_look(machine, met, wanted, closed, edit))
        except _CutOffError as error:
            steps.append(Step(f"port {wanted}", good=None, sentence=str(error)))
        except UnseenError as error:
            steps.append(Step(f"port {wanted}", good=False, sentence=str(error)))

    try:
        change(edit.after, port, met.port, f"changing {edit.what}, and building")
    finally:
        change(edit.before, met.port, port, f"changing the port back to {met.port} and building")
    return Persisted(tuple(steps), tuple(figures))


def _edit(machine: Machine, stack: Stack, old: int, new: int) -> Edit:
    front = stack.role("nginx")
    if front is None:
        raise UnseenError("no container of the project is NGINX, whose port could be changed")
    compose = {path: _text(machine, path) for path in stack.files}
    env = (stack.env_file, _text(machine, stack.env_file))
    edit = plan(compose, env, front.service, old, new)
    if edit is None:
        raise UnseenError(
            f"neither the Compose file nor {stack.env_file} tells where the port {old} of {front.service} comes from; "
            "let its author change it"
        )
    return edit


def _text(machine: Machine, path: str) -> str:
    done = machine.run("cat", "--", path)
    return done.out if done.code == 0 else ""


def _put(machine: Machine, path: str, text: str) -> None:
    """Write into the file itself, so that its owner and mode stay."""
    done = machine.run("sh", "-c", f"cat >{shlex.quote(path)}", data=text)
    if done.code != 0:
        raise UnseenError(f"{path} cannot be written on {machine.name}: {done.complaint}")


def _make(
    machine: Machine,
    directory: str,
    met: Site,
    port: int,
    environment: Mapping[str, str],
    replies: Sequence[tuple[str, str, bool]],
) -> None:
    done = making.run(
        machine, directory, [], environment, BUILD, replies,
        lambda: bool(site.fetch(machine.address, port, met.domain, timeout=10).status),
    )  # fmt: skip
    if done.stopped:
        raise UnseenError(f"make did not end within {BUILD:.0f} s with port {port}")
    if done.code:
        away = internet.unreachable(machine, done.log)
        if away:
            raise _CutOffError(f"with port {port} make failed, because this machine cannot reach {', '.join(away[:6])}")
        raise UnseenError(f"with port {port} {making.complaint(done.log, done.code)}")


def _look(machine: Machine, met: Site, port: int, closed: int, edit: Edit) -> Step:
    """Say what the site does on its port after the rebuild."""
    identifier = f"port {port}"
    origin = f"https://{met.domain}{'' if port == 443 else f':{port}'}/"
    end = time.monotonic() + 90
    page = site.fetch(machine.address, port, met.domain)
    while page.status in (0, 502, 503, 504) and time.monotonic() < end:
        time.sleep(1)
        page = site.fetch(machine.address, port, met.domain)
    if not page.status:
        return Step(identifier, good=False, sentence=f"{origin} does not answer after the rebuild: {page.error}")
    old = site.fetch(machine.address, closed, met.domain, timeout=5)
    if old.status:
        return Step(
            identifier, good=False, sentence=f"port {closed} still answers after the port was changed to {port}"
        )
    if page.status in (301, 302, 307, 308) and page.location.startswith("http") and port != met.port:
        return Step(
            identifier,
            good=True,
            sentence=f"After the rebuild NGINX answers on port {port}, and port {closed} is closed (changed: {edit.what}).",
            doubt=f"{origin} sends visitors to {page.location}, so WordPress's own address does not follow the port",
        )
    if page.status != 200 or not page.wordpress:
        what = f"with {page.status}" if page.status != 200 else "but not with the site"
        return Step(identifier, good=False, sentence=f"{origin} answers after the rebuild, {what}")
    sentence = f"After the rebuild {origin} shows “{page.title}”, and port {closed} is closed (changed: {edit.what})."
    return Step(identifier, good=True, sentence=sentence)
