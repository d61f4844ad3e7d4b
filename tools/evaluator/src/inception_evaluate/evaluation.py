"""Carries out an evaluation: collectors gather, rules judge, and the files' findings are merged in.

A rule that crashes is named, and does not take the rest down.
"""

from __future__ import annotations

import dataclasses
import time
from collections.abc import Callable
from datetime import UTC, datetime

from inception_check import runner as files
from inception_check.evidence.project import Project
from inception_check.model import Finding, Severity, Undecided
from inception_evaluate import sheet, sources
from inception_evaluate.collect import machine as about
from inception_evaluate.evidence import Database, Evidence, Missing, Persisted, Site, Stack
from inception_evaluate.gathering import OPTIONS, Gathering, Settings, gather, needed
from inception_evaluate.machine import Machine, UnseenError
from inception_evaluate.model import Evaluation, Figure, Topology
from inception_evaluate.model import Machine as About
from inception_evaluate.rule import LiveOutcome, LiveRule
from inception_evaluate.rules import all_live_rules


def judge(rules: tuple[LiveRule, ...], evidence: Evidence) -> sheet.Judged:
    """Ask each rule; one that needs what was not seen is undecided for that reason."""
    judged = sheet.Judged()
    for rule in rules:
        missing = [part for need in rule.needs if isinstance(part := getattr(evidence, need), Missing)]
        if missing:
            judged.outcomes[rule.id] = [Undecided(rule.decides, missing[0].reason)]
            continue
        try:
            outcomes: list[LiveOutcome] = list(rule.check(evidence))
        except Exception as error:
            judged.crashes[rule.id] = f"{type(error).__name__}: {error}"
            continue
        judged.outcomes[rule.id] = _excused(outcomes, evidence) if rule.wants_all else outcomes
    return judged


def _excused(outcomes: list[LiveOutcome], evidence: Evidence) -> list[LiveOutcome]:
    """Leave undecided what a rule found against a project whose services could not download what they need."""
    stack = evidence.stack
    if isinstance(stack, Missing) or not stack.cut_off:
        return outcomes
    why = "; ".join(f"{service} cannot reach {', '.join(found)}" for service, found in stack.cut_off.items())
    return [
        Undecided(one.requirements, f"{one.message}; but {why} from this machine: evaluate where there is internet")
        if isinstance(one, Finding) and one.severity is Severity.ERROR
        else one
        for one in outcomes
    ]


def evidence_of(it: Gathering, more: dict[str, Persisted | Missing]) -> Evidence:
    """Freeze what was gathered."""
    names = [one.name for one in dataclasses.fields(Evidence) if one.name != "login"]
    parts = {
        name: it.parts.get(name, more.get(name, Missing(OPTIONS.get(name, "it was not looked at")))) for name in names
    }
    return Evidence(**parts, login=it.login)


def conclude(
    it: Gathering, rules: tuple[LiveRule, ...], more: dict[str, Persisted | Missing], began: float, moment: str
) -> Evaluation:
    """Judge what was gathered, merge it with what the files show, and put it all together."""
    settings = it.settings
    evidence = evidence_of(it, more)
    judged = judge(rules, evidence)
    report = files.check(
        settings.project,
        today=settings.today,
        version=settings.version,
        # What the linters find belongs to no line, and a choice of lines was made.
        run_external=not settings.wanted,
        live=sheet.findings_of(judged),
        live_rules=[rule.id for rule in rules],
    )
    spent = {rule.id: max((it.seconds.get(need, 0.0) for need in rule.needs), default=0.0) for rule in rules}
    lines = sheet.checks(report, rules, judged, report.findings, settings.wanted, spent)
    covered = {one for check in lines for one in check.findings}
    beyond = tuple(
        one
        for one in report.findings
        if one not in covered and one.severity is not Severity.INFO and not settings.wanted
    )
    stack, met = it.parts.get("stack"), it.parts.get("site")
    browsing, asked = it.parts.get("browsing"), it.parts.get("database")
    notes = list(settings.notes)
    notes += [f"The rule {crash.rule} crashed: {crash.error}" for crash in report.crashes]
    notes += [f"The rule {name} crashed: {error}" for name, error in judged.crashes.items()]
    if isinstance(asked, Database):
        notes += [f"Of WordPress's users: {note}." for note in asked.notes]
    notes += [f"On the site: {left}." for left in getattr(browsing, "left", ())]
    figures = measured(it) + tuple(
        figure for part in more.values() if isinstance(part, Persisted) for figure in part.figures
    )
    return Evaluation(
        project=str(settings.project),
        title=met.front.title if isinstance(met, Site) else "",
        login=it.login,
        domain=it.domain,
        url=f"{met.origin}/" if isinstance(met, Site) else (f"https://{it.domain}/" if it.domain else ""),
        began=moment,
        seconds=time.monotonic() - began,
        subject=settings.version,
        machine=_about(it),
        checks=lines,
        topology=_topology(it, stack) if isinstance(stack, Stack) else Topology(),
        figures=figures,
        sources=sources.read(
            it.project,
            stack if isinstance(stack, Stack) else Missing("no stack"),
            asked if isinstance(asked, Database) else Missing("no database"),
        ),
        beyond=beyond,
        notes=tuple(dict.fromkeys(notes)),
        only=sheet.in_order(settings.wanted),
    )


def _about(it: Gathering) -> About:
    try:
        return about.collect(it.machine)
    except UnseenError:
        return About()


def _topology(it: Gathering, stack: Stack) -> Topology:
    containers = tuple(
        dataclasses.replace(one, base=sources.base_of(it.project, one.service)) for one in stack.containers
    )
    return Topology(containers, stack.networks, stack.volumes)


def measured(it: Gathering) -> tuple[Figure, ...]:
    """Return the figures that fell out of looking."""
    found: list[Figure] = []
    stack = it.parts.get("stack")
    if isinstance(stack, Stack):
        found += [
            Figure(f"image {one.service}", one.image_bytes, "B", "sizes") for one in stack.containers if one.image_bytes
        ]
        found += [Figure(f"volume {one.name}", one.size, "B", "sizes") for one in stack.volumes if one.size]
        found += [Figure(one.service, one.memory_bytes, "B", "memory") for one in stack.containers if one.memory_bytes]
    met = it.parts.get("site")
    if isinstance(met, Site) and met.front.status:
        found.append(Figure("front page", met.front.seconds, "s", "answers"))
    killed = it.parts.get("kills")
    if isinstance(killed, tuple):
        found += [Figure(one.service, one.site_after, "s", "restart") for one in killed if one.site_after is not None]
    return tuple(found)


def selected(wanted: frozenset[str]) -> tuple[LiveRule, ...]:
    """Return the live rules that decide the ids that are wanted."""
    return tuple(rule for rule in all_live_rules() if not wanted or wanted.intersection(rule.decides))


def evaluate(
    machine: Machine,
    settings: Settings,
    say: Callable[[str], None],
    more: Callable[[Gathering], dict[str, Persisted | Missing]] | None = None,
) -> Evaluation:
    """Evaluate a running stack.

    Args:
        machine: where it runs.
        settings: what is asked for.
        say: is told what is going on.
        more: gathers what only an option brings, once the rest is gathered.

    Raises:
        NotReadableError: the project's directory cannot be read at all.

    """
    began = time.monotonic()
    moment = datetime.now(tz=UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    project = Project(settings.project)
    rules = selected(settings.wanted)
    it = gather(machine, settings, project, needed(rules), say)
    extra = more(it) if more is not None else {}
    return conclude(it, rules, extra, began, moment)
