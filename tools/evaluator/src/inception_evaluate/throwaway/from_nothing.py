"""Making a project where nothing was, as its owner would (E7, E8, E16)."""

from __future__ import annotations

import posixpath
import time
from collections.abc import Callable
from pathlib import Path

from inception_evaluate import internet, making
from inception_evaluate.collect import docker, site
from inception_evaluate.evidence import Step
from inception_evaluate.machine import Machine, UnseenError
from inception_evaluate.making import Made
from inception_evaluate.model import Figure
from inception_evaluate.throwaway import copying
from inception_evaluate.throwaway.trial import PLACE, Trial, is_bundle

#: Lists what an evaluator removes before the run (E7, E8); base images that were supplied are told in a note.
_LEFT = (
    "docker ps --all --format 'container:{{{{.Names}}}}' 2>/dev/null; "
    "docker volume ls --format 'volume:{{{{.Name}}}}' 2>/dev/null; "
    "docker network ls --filter type=custom --format 'network:{{{{.Name}}}}' 2>/dev/null; "
    "ls -d /home/{login}/data/* 2>/dev/null; true"
)


def settle(machine: Machine, directory: str, domain: str, limit: float = 180.0) -> None:
    """Give a stack that was just started the time to install itself: until the site answers, or the limit in seconds."""
    end = time.monotonic() + limit
    while time.monotonic() < end and _containers(machine) and not _stands(machine, directory, domain):
        time.sleep(3)


def _containers(machine: Machine) -> list[str]:
    return machine.docker("ps", "--all", "--quiet").out.split()


def _stands(machine: Machine, directory: str, domain: str) -> bool:
    try:
        stack, _ = docker.collect(machine, directory)
        page = site.fetch(machine.address, site.https_port(stack), domain, timeout=10)
    except UnseenError:
        return False
    return page.status == 200 and not page.installer


def make(
    trial: Trial, root: Path, login: str, domain: str, limit: float, log: Path, say: Callable[[str], None]
) -> None:
    """Run the project's Makefile, as its owner would.

    Args:
        trial: the machine; the steps, and why it could not be made, are noted there.
        root: the project's directory here.
        login: whose project it is.
        domain: the site's name.
        limit: seconds after which it is ended.
        log: where its output goes.
        say: is told what is going on.

    Raises:
        UnseenError: the machine is gone.

    """
    if not any((root / name).is_file() for name in ("Makefile", "makefile", "GNUmakefile")):
        trial.complaint = "the project has no Makefile at its root"
        trial.steps.append(Step("make", good=False, sentence=trial.complaint))
        return
    say(f"running its Makefile, at most {limit / 60:.0f} min; the output goes to {log}")
    before = trial.machine.run("sh", "-c", _LEFT.format(login=login)).out.split()
    bare = "Before make there was no container, volume or network of anybody on the machine, and no data."
    found = f"before make there was already: {', '.join(before[:6])}"
    trial.steps.append(Step("bare", good=None if before else True, sentence=found if before else bare))
    done = _run(trial, root, login, domain, limit)
    wanted = [path for path in trial.pending if posixpath.basename(path) in done.log]
    if done.code and not done.stopped and wanted:
        say(f"its Makefile wants {', '.join(wanted)}; they are supplied, and it is run again")
        copying.write(trial, {path: text for path, (text, _) in trial.pending.items()})
        trial.notes += [note for _, note in trial.pending.values()]
        done = _run(trial, root, login, domain, limit)
    log.parent.mkdir(parents=True, exist_ok=True)
    log.write_text(done.log, encoding="utf-8")
    trial.figures.append(Figure("make, from nothing", done.seconds, "s", "start-up"))
    step = judge(trial.machine, done, limit)
    trial.steps.append(step)
    if not step.good:
        trial.complaint = step.sentence


def environment(root: Path, login: str) -> dict[str, str]:
    """Return the variables that ``make`` has on the machine: those of the project's owner, who may do what root may."""
    plain = {"LC_ALL": "C.UTF-8"}
    return plain if is_bundle(root) else {**plain, "HOME": f"/home/{login}", "USER": login, "LOGNAME": login}


def _run(trial: Trial, root: Path, login: str, domain: str, limit: float) -> Made:
    return making.run(
        trial.machine,
        PLACE,
        [f"LOGIN={login}"] if is_bundle(root) else [],
        environment(root, login),
        limit,
        making.answers(login, domain),
        lambda: _stands(trial.machine, PLACE, domain),
    )


def judge(machine: Machine, done: Made, limit: float) -> Step:
    """Say what became of ``make``; what the missing internet alone has prevented is not decided."""
    doubts = []
    if done.asked:
        doubts.append(f"`make` asked questions; they were answered: {making.quoted(done.asked)}")
    if done.foreground:
        doubts.append("`make` stays in the foreground and follows the containers' output; end it, and they stop")
        sentence = f"`make` started all of it within {done.seconds:.0f} s."
        return Step("make", good=True, sentence=sentence, doubt="; ".join(doubts))
    if done.stopped == "asks":
        return Step("make", good=False, sentence=f"make asks again and again: “{done.asked[-1][0]}”")
    if done.stopped:
        sentence = f"make did not end within {limit:.0f} s"
        if _containers(machine):
            sentence += "; what it had started by then is evaluated"
        return Step("make", good=False, sentence=sentence)
    if done.code == 0 and not _containers(machine):
        sentence = f"`make` ended well after {done.seconds:.0f} s, and made no container"
        return Step("make", good=False, sentence=sentence)
    if done.code == 0:
        sentence = f"`make` made all of it; it ended well after {done.seconds:.0f} s."
        return Step("make", good=True, sentence=sentence, doubt="; ".join(doubts))
    away = internet.unreachable(machine, done.log)
    if away:
        sentence = (
            f"make failed ({done.code}), because this machine cannot reach {', '.join(away[:6])}; "
            "evaluate where there is internet"
        )
        return Step("make", good=None, sentence=sentence)
    sentence = making.complaint(done.log, done.code or 0)
    gone = [one.address for one in internet.downloads(done.log)]
    if gone:
        sentence += f"; these downloads failed, although this machine reaches their hosts: {', '.join(gone[:6])}"
    return Step("make", good=False, sentence=sentence)
