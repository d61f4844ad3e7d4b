"""From outcomes to the sheet: merges what the files showed with what the stack showed, line by line."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace

from inception_check import subject
from inception_check.model import Finding, Severity, Undecided
from inception_check.runner import Report
from inception_evaluate.model import Check, Shot, Verdict
from inception_evaluate.rule import Absent, LiveOutcome, LiveRule, Saw

#: Lines of the sheet that people decide in conversation; a project's files and stack give the answers.
SPOKEN = {
    "E2": "The group is there, and the work is its own",
    "E4": "The repository is the group's own, cloned anew",
    "E17": "How Docker and Docker Compose work",
    "E18": "The difference between an image used with and without Docker Compose",
    "E19": "The benefit of Docker compared with virtual machines",
    "E20": "Why the directories are as they are",
    "E38": "What a Docker network is, in simple words",
}
#: Lines that only a bonus service can decide, or nobody: without one they are no part of the sheet.
_OPTIONAL = frozenset({"E60", "E61", "E62", "E63", "E64", "R50", "R51", "R52", "R53", "R54", "R55", "R56", "R58", "R1"})
#: What a running stack shows better than its files: what was read may still hold, but it does not come true.
_SHOWN = frozenset({"E35", "R20", "R24"})
_RANK = (Severity.INFO, Severity.WARNING, Severity.ERROR)


@dataclass
class Judged:
    """What the live rules said.

    Attributes:
        outcomes: for each rule that was asked, what it said.
        crashes: rule to the error that it raised.

    """

    outcomes: dict[str, list[LiveOutcome]] = field(default_factory=dict)
    crashes: dict[str, str] = field(default_factory=dict)


def findings_of(judged: Judged) -> list[Finding]:
    """Return every finding of the live rules."""
    return [one for outcomes in judged.outcomes.values() for one in outcomes if isinstance(one, Finding)]


def checks(
    report: Report,
    rules: Iterable[LiveRule],
    judged: Judged,
    findings: Iterable[Finding],
    wanted: frozenset[str],
    seconds: Mapping[str, float],
) -> tuple[Check, ...]:
    """Make the lines of the sheet, in its order.

    A line that a live rule decides passes only when every such rule saw something for it and nothing speaks
    against it; a line that the files decide passes as ``make check`` would let it pass.

    Args:
        report: what the files showed.
        rules: the live rules that belong to this evaluation.
        judged: what they said.
        findings: the findings of files and stack together, after suppression.
        wanted: the ids to show; empty for all.
        seconds: rule to the seconds that its evidence took.

    """
    by_id: dict[str, list[Finding]] = defaultdict(list)
    for finding in findings:
        for name in finding.requirements:
            by_id[name].append(finding)
    deciding: dict[str, list[LiveRule]] = defaultdict(list)
    for rule in rules:
        for name in rule.decides:
            deciding[name].append(rule)
    applicable = subject.applicable(report.context.subject)
    made = []
    for requirement in subject.REQUIREMENTS.values():
        name = requirement.id
        if name not in applicable or (wanted and name not in wanted):
            continue
        mine = by_id.get(name, [])
        evidence = _Line()
        for rule in deciding[name]:
            evidence.add(name, rule, judged)
        if name in _OPTIONAL and not (mine or evidence.spoke):
            continue
        if not deciding[name]:
            _ask_the_files(evidence, name, report, live=requirement.live)
        verdict = _verdict(_active(name, mine, evidence, {rule.id for rule in deciding[name]}), evidence)
        made.append(
            Check(
                name,
                requirement.title,
                requirement.ends,
                verdict,
                tuple(dict.fromkeys(evidence.seen or evidence.absent)),
                tuple(mine),
                tuple(dict.fromkeys(evidence.reasons)) if verdict is Verdict.UNDECIDED else (),
                tuple(dict.fromkeys(evidence.shots)),
                max((seconds.get(rule.id, 0.0) for rule in deciding[name]), default=0.0),
            )
        )
    return _with_spoken(made, wanted)


def _active(name: str, mine: list[Finding], evidence: _Line, live: set[str]) -> list[Finding]:
    """Return the findings that count for a line, as grave as they are beside what was seen to run."""
    active = [one for one in mine if one.suppressed is None]
    if name in _SHOWN and evidence.seen and not any(one.rule in live for one in active):
        return [replace(one, severity=min(one.severity, Severity.WARNING, key=_RANK.index)) for one in active]
    return active


def _ask_the_files(evidence: _Line, name: str, report: Report, *, live: bool) -> None:
    """Let the files decide a line that no live rule decides."""
    if live:
        evidence.reasons.append("nothing looks at it yet")
    elif name in report.checked:
        evidence.seen.append("The project's files hold it, as `make check` reads them.")
    else:
        evidence.reasons += report.undecided.get(name, ["the files do not tell"])


@dataclass
class _Line:
    seen: list[str] = field(default_factory=list)
    reasons: list[str] = field(default_factory=list)
    absent: list[str] = field(default_factory=list)
    shots: list[Shot] = field(default_factory=list)

    @property
    def spoke(self) -> bool:
        """Whether any rule said anything for the line."""
        return bool(self.seen or self.reasons or self.absent)

    def add(self, name: str, rule: LiveRule, judged: Judged) -> None:
        """Add what one rule says for one line."""
        if rule.id in judged.crashes:
            self.reasons.append(f"the rule {rule.id} crashed: {judged.crashes[rule.id]}")
            return
        spoke = False
        for outcome in judged.outcomes.get(rule.id, []):
            if name not in outcome.requirements:
                continue
            spoke = True
            if isinstance(outcome, Saw):
                self.seen.append(outcome.sentence)
                self.shots.extend(outcome.shots)
            elif isinstance(outcome, Absent):
                self.absent.append(outcome.sentence)
            elif isinstance(outcome, Undecided):
                self.reasons.append(outcome.reason)
        if not spoke and name not in _OPTIONAL:
            self.reasons.append(f"the rule {rule.id} saw nothing that would decide it")


def _verdict(active: list[Finding], evidence: _Line) -> Verdict:
    if any(one.severity is Severity.ERROR for one in active):
        return Verdict.FAIL
    if evidence.absent and not (evidence.reasons or evidence.seen or active):
        return Verdict.ABSENT
    if evidence.reasons or not evidence.seen:
        return Verdict.UNDECIDED
    return Verdict.WARN if any(one.severity is Severity.WARNING for one in active) else Verdict.PASS


def _with_spoken(made: list[Check], wanted: frozenset[str]) -> tuple[Check, ...]:
    spoken = [
        Check(name, title, ends=False, verdict=Verdict.SPOKEN)
        for name, title in SPOKEN.items()
        if not wanted or name in wanted
    ]
    return tuple(sorted([*made, *spoken], key=lambda check: _place(check.id)))


def _place(name: str) -> tuple[bool, int]:
    """Return the place of an id in the sheet; the subject's own requirements come after its lines."""
    return not name.startswith("E"), int(name[1:])


def in_order(names: Iterable[str]) -> tuple[str, ...]:
    """Put ids into the order of the sheet."""
    return tuple(sorted(names, key=_place))
