"""Gathers the evidence, each part with what it builds upon. A collector that cannot see leaves the reason behind."""

from __future__ import annotations

import dataclasses
import time
import traceback
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any, TypeVar

from inception_check import subject
from inception_check.evidence.project import Project
from inception_evaluate import sources
from inception_evaluate.collect import bonus, browser, database, docker, kills, reach, secrets, site, sockets, tls
from inception_evaluate.collect.processes import Look
from inception_evaluate.evidence import Database, Missing, Site, Stack
from inception_evaluate.machine import Machine, UnseenError
from inception_evaluate.rule import LiveRule

T = TypeVar("T")
#: The parts of the evidence that only an option brings.
OPTIONS = {
    "reboot": "a reboot was not asked for: REBOOT=1, on a throw-away machine (PROJECT=dir) or a server",
    "rebuild": "a changed port was not asked for: PORT=8443",
    "fresh": "the stack was there already; PROJECT=. runs make on a machine where nothing was",
}
#: The parts without which a part cannot be gathered.
_BEFORE = {
    "inside": ("stack",),
    "ports": ("stack",),
    "site": ("stack",),
    "tls": ("stack", "site"),
    "database": ("stack", "site"),
    "reach": ("stack",),
    "browsing": ("stack", "site", "database"),
    "bonus": ("stack", "site", "database"),
    "kills": ("stack", "site"),
    "reboot": ("site", "database"),
    "rebuild": ("stack", "site"),
}


@dataclass(frozen=True, slots=True)
class Settings:
    """What an evaluation is asked for.

    Attributes:
        project: the directory of the project's files, here.
        directory: the same directory on the machine.
        output: where the evaluation and its screenshots go.
        login: whose project it is; empty to find out.
        domain: the site's name; empty to find out.
        compose_project: the name of the Compose project; empty to find out.
        credentials: user name to password, when given.
        keep: whether what is written on the site stays.
        kill: whether daemons are killed.
        wanted: the ids to decide; empty for all.
        today: the day for "penultimate release".
        version: the version of the subject.
        notes: what the reader must know from before.
        complaint: why the project could not be made, when it could not: the reason why nothing runs.

    """

    project: Path
    directory: str
    output: Path
    login: str = ""
    domain: str = ""
    compose_project: str = ""
    credentials: tuple[tuple[str, str], ...] = field(default=(), repr=False)
    keep: bool = False
    kill: bool = True
    wanted: frozenset[str] = frozenset()
    today: date = field(default_factory=lambda: datetime.now(tz=UTC).date())
    version: str = subject.NEWEST
    notes: tuple[str, ...] = ()
    complaint: str = ""


@dataclass
class Gathering:
    """The evidence while it is gathered, with the time that each part took."""

    machine: Machine
    settings: Settings
    project: Project
    say: Callable[[str], None]
    parts: dict[str, Any] = field(default_factory=dict)
    seconds: dict[str, float] = field(default_factory=dict)
    looks: dict[str, Look] = field(default_factory=dict)
    candidates: tuple[secrets.Candidate, ...] = ()
    domain: str = ""
    login: str = ""

    def part(self, name: str, collector: Callable[[], T], saying: str = "") -> T | Missing:
        """Gather one part; what cannot be seen becomes ``Missing``."""
        if saying:
            self.say(saying)
        began = time.monotonic()
        try:
            found: T | Missing = collector()
        except UnseenError as error:
            found = Missing(str(error))
        except Exception as error:
            # A collector that crashes is a fault of ours; the line is then undecided, and the fault is named.
            place = traceback.extract_tb(error.__traceback__)[-1]
            found = Missing(
                f"the evaluator failed while it looked ({type(error).__name__} in {Path(place.filename).name}:{place.lineno}): {error}"
            )
        self.parts[name] = found
        self.seconds[name] = time.monotonic() - began
        return found


def needed(rules: tuple[LiveRule, ...]) -> frozenset[str]:
    """Return the parts of the evidence that some rules need, with those that lead to them."""
    found: set[str] = set()
    waiting = [need for rule in rules for need in rule.needs]
    while waiting:
        name = waiting.pop()
        if name not in found:
            found.add(name)
            waiting += _BEFORE.get(name, ())
    return frozenset(found)


def gather(
    machine: Machine, settings: Settings, project: Project, parts: frozenset[str], say: Callable[[str], None]
) -> Gathering:
    """Gather the parts of the evidence that are needed, in an order in which each finds what it builds upon."""
    it = Gathering(machine, settings, project, say)

    def containers() -> Stack:
        stack, it.looks = docker.collect(machine, settings.directory, settings.compose_project)
        if not stack.declared and project.compose is not None:
            # Compose itself may refuse, for example without a variable that make had given it.
            names = [name for name, service in project.compose.services.items() if not service.profiles]
            stack = dataclasses.replace(stack, declared=tuple(sorted(names)))
        return stack

    stack = it.part("stack", containers, "containers, networks, volumes, processes")
    if isinstance(stack, Missing):
        if settings.complaint:
            stack = it.parts["stack"] = Missing(f"nothing runs: {settings.complaint}")
        for name in parts - {"stack", *OPTIONS}:
            it.parts.setdefault(name, stack)
        it.login = settings.login
        it.domain = settings.domain or (f"{settings.login}.42.fr" if settings.login else "")
        return it
    it.parts["inside"] = {name: look.inside for name, look in it.looks.items()}
    known = sources.domains(project, stack)
    it.domain = settings.domain or _domain(settings.login, known)
    it.login = settings.login or sources.login_of(it.domain, stack, project)
    with ThreadPoolExecutor(1) as pool:
        scan: Future[Any] | None = None
        if "ports" in parts:
            # It takes long and waits for nothing else.
            scan = pool.submit(
                it.part, "ports", lambda: sockets.collect(machine, stack.gateways), "every TCP port of the machine"
            )
        _outside(it, stack, parts)
        _inside(it, stack, parts)
        if scan is not None:
            scan.result()
    if "kills" in parts:
        if settings.kill:
            met = it.parts.get("site")
            it.part(
                "kills",
                lambda: kills.collect(machine, stack, _needs(met).port, it.domain),
                "each daemon is killed, and has to come back",
            )
        else:
            it.parts["kills"] = Missing("killing the daemons was not wanted (KILL=0)")
    return it


def _domain(login: str, known: list[str]) -> str:
    """Choose the site's name: that of the login, unless the project has a name of another kind, such as blog.example.org."""
    usual = f"{login}.42.fr" if login else ""
    if usual and (not known or usual in known or any(name.endswith(".42.fr") for name in known)):
        return usual
    return next(iter(known), "")


def _needs(part: T | Missing | None) -> T:
    if isinstance(part, Missing):
        raise UnseenError(part.reason)
    if part is None:
        raise UnseenError("what it builds upon was not looked at")
    return part


def _outside(it: Gathering, stack: Stack, parts: frozenset[str]) -> None:
    """Meet the site from outside: page and handshakes."""
    if "site" in parts:

        def meet() -> Site:
            if not it.domain:
                raise UnseenError("the site's name could not be found out; give LOGIN=… or DOMAIN=…")
            return site.collect(it.machine, stack, it.domain)

        it.part("site", meet, "the front page")
    if "tls" in parts:
        it.part(
            "tls",
            lambda: tls.collect(it.machine.address, _needs(it.parts.get("site")).port, it.domain),
            "TLS handshakes with every version",
        )


def _inside(it: Gathering, stack: Stack, parts: frozenset[str]) -> None:
    """Look inside: database, networks, the walk in the browser, the bonus services."""
    has_bonus = "bonus" in parts and bool(bonus.present(stack))
    if "database" in parts or has_bonus:
        try:
            it.candidates = secrets.collect(it.machine, stack, it.settings.directory)
        except UnseenError:
            it.candidates = ()

        def ask() -> Database:
            found = database.collect(it.machine, stack, it.looks, it.candidates, it.domain)
            return _with_given(found, it.settings.credentials)

        it.part("database", ask, "the database and its users")
    if "reach" in parts:
        it.part("reach", lambda: reach.collect(it.machine, stack, it.looks), "who reaches database and php-fpm")
    known = it.parts.get("database")
    asked = known if isinstance(known, Database) else None
    if "browsing" in parts:
        it.part(
            "browsing",
            lambda: browser.collect(
                it.machine.address,
                _answering(_needs(it.parts.get("site"))),
                asked,
                it.settings.output,
                keep=it.settings.keep,
                only=_steps(it.settings.wanted),
            ),
            "a walk through the site in a real browser",
        )
    if has_bonus:
        met = it.parts.get("site")
        it.part(
            "bonus",
            lambda: bonus.collect(it.machine, stack, met if isinstance(met, Site) else None, asked, it.candidates),
            "the bonus services",
        )
    elif "bonus" in parts:
        it.parts["bonus"] = ()


#: The steps of the walk that a line of the sheet needs; without a choice all are taken.
_STEPS = {
    "E29": ("front",),
    "E42": ("front",),
    # The administrator removes the comment again.
    "E48": ("comment", "dashboard"),
    "E49": ("dashboard", "upload", "health"),
    "E50": ("dashboard", "edit"),
}


def _steps(wanted: frozenset[str]) -> frozenset[str]:
    return frozenset(step for name in wanted for step in _STEPS.get(name, ()))


def _answering(met: Site) -> Site:
    if not met.front.status:
        raise UnseenError(f"{met.front.url} does not answer: {met.front.error}")
    return met


def _with_given(found: Database, given: tuple[tuple[str, str], ...]) -> Database:
    """Put in the passwords that were given by hand."""
    passwords = dict(given)
    users = tuple(
        dataclasses.replace(user, password=passwords[user.name], source="the file that was given")
        if user.name in passwords
        else user
        for user in found.users
    )
    return dataclasses.replace(found, users=users)
