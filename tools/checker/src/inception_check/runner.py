"""Runs the rules over a repository; a rule that crashes is named and takes nothing else down."""

from __future__ import annotations

import traceback
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from datetime import date
from pathlib import Path

from inception_check import external, subject
from inception_check.baseline import accept, read_baseline
from inception_check.evidence.project import Project
from inception_check.evidence.source import Problem
from inception_check.model import Context, Finding, Rule, Severity, Undecided
from inception_check.rules import all_rules, documented_rules
from inception_check.suppress import RULE_ID as SUPPRESSIONS
from inception_check.suppress import read_suppressions

#: Ids that findings may carry besides those of the rules.
PSEUDO_RULES = frozenset({SUPPRESSIONS, "unreadable"})


@dataclass(frozen=True, slots=True)
class Crash:
    """A rule that raised an exception."""

    rule: str
    error: str
    trace: str


@dataclass
class Report:
    """What one run found out.

    Attributes:
        project: the directory as it was given.
        context: day and version of the subject.
        findings: in the order of the evaluation sheet.
        checked: the requirement ids that were decided, in the same order.
        undecided: for the other ids of the rules that ran, why not.
        crashes: the rules that crashed.
        external: for each external program, what became of it.
        notes: what rules want to be told without being findings, such as the list of downloads.
        lines: the text of each finding's line.
        details: the same, for those who want everything.
        denied: the files and directories that the system did not let us read.

    """

    project: str
    context: Context
    findings: list[Finding] = field(default_factory=list)
    checked: list[str] = field(default_factory=list)
    undecided: dict[str, list[str]] = field(default_factory=dict)
    crashes: list[Crash] = field(default_factory=list)
    external: dict[str, str] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    lines: dict[tuple[str, int], str] = field(default_factory=dict)
    details: list[str] = field(default_factory=list)
    denied: list[str] = field(default_factory=list)

    @property
    def active(self) -> list[Finding]:
        """The findings that are not suppressed."""
        return [finding for finding in self.findings if finding.suppressed is None]

    def count(self, severity: Severity) -> int:
        """Count the findings of a severity that are not suppressed."""
        return sum(1 for finding in self.active if finding.severity is severity)

    @property
    def exit_code(self) -> int:
        """0 clean, 1 errors or warnings, 2 a rule crashed or a file could not be read."""
        return self.status(Severity.WARNING)

    def status(self, fail_on: Severity) -> int:
        """Return the exit status when findings of a severity, or of a higher one, count as a failure."""
        if self.crashes or self.denied:
            return 2
        counted = {Severity.ERROR, fail_on}
        return 1 if any(finding.severity in counted for finding in self.active) else 0


def check(
    root: Path,
    *,
    today: date,
    version: str = subject.NEWEST,
    rules: tuple[Rule, ...] | None = None,
    run_external: bool = True,
    skipped: tuple[Rule, ...] = (),
    baseline: Path | None = None,
    live: Iterable[Finding] = (),
    live_rules: Iterable[str] = (),
) -> Report:
    """Check a repository.

    Args:
        root: its directory.
        today: the day for "penultimate release".
        version: the version of the subject.
        rules: the rules to run; by default all.
        run_external: whether hadolint and ShellCheck are run when they are there.
        skipped: rules that are left out on request; what they decide stays open.
        baseline: a file with findings that are known and accepted.
        live: what was found on the running stack; it is suppressed and ordered with the rest.
        live_rules: the ids of the live rules that were asked.

    Raises:
        NotReadableError: the directory cannot be read at all.
        BaselineError: the baseline cannot be read.

    """
    whole = Project(root)
    place = whole.subfolders[0] if len(whole.subfolders) == 1 else ""
    project = Project(root / place, outer=whole) if place else whole
    report = Report(str(root), Context(today, version))
    ran = all_rules() if rules is None else rules
    judged = _run_rules(report, ran, whole, project)
    for rule in skipped:
        for name in rule.decides:
            judged.reasons[name].append(f"the rule {rule.id} was left out")
    if run_external:
        more, report.external = external.run(project)
        judged.findings.extend(more)
    else:
        report.external = dict.fromkeys(external.PROGRAMS, "not asked for")
    if place:
        judged.findings = [_placed(finding, place, whole) for finding in judged.findings]
    report.problems = whole.problems
    for one in dict.fromkeys((whole, project)):
        report.notes.extend(one.memo.get("notes", []))
        report.details.extend(one.memo.get("details", []))
    found = [*judged.findings, *_unreadable(whole), *live]
    suppressions = read_suppressions(whole.tree, documented_rules() | PSEUDO_RULES, found)
    findings = suppressions.apply(dict.fromkeys(found))
    findings.extend(suppressions.findings)
    findings.extend(suppressions.unused({rule.id for rule in ran} | PSEUDO_RULES | set(live_rules)))
    if baseline is not None:
        findings = accept(findings, read_baseline(baseline), baseline.name)
    report.findings = sorted(findings, key=_order)
    _sum_up(report, judged)
    for finding in report.findings:
        source = whole.tree.get(finding.path)
        if finding.line is not None and source is not None:
            report.lines[finding.path, finding.line] = source.line(finding.line)
    report.denied = list(whole.tree.denied)
    return report


@dataclass
class _Judged:
    """What the rules say: findings, what they decide, and why they cannot decide the rest."""

    findings: list[Finding] = field(default_factory=list)
    decided: set[str] = field(default_factory=set)
    reasons: dict[str, list[str]] = field(default_factory=lambda: defaultdict(list))


def _run_rules(report: Report, rules: tuple[Rule, ...], whole: Project, project: Project) -> _Judged:
    """Run the rules; one that crashes is noted, and what it decides stays open."""
    judged = _Judged()
    applicable = subject.applicable(report.context.subject)
    for rule in rules:
        if rule.requirements and not applicable.intersection(rule.requirements):
            continue
        try:
            outcomes = list(rule.check(whole if rule.whole else project, report.context))
        except Exception as error:
            report.crashes.append(Crash(rule.id, f"{type(error).__name__}: {error}", traceback.format_exc()))
            for name in rule.decides:
                judged.reasons[name].append(f"the rule {rule.id} crashed")
            continue
        judged.decided.update(rule.decides)
        for outcome in outcomes:
            if isinstance(outcome, Undecided):
                for name in outcome.requirements:
                    judged.reasons[name].append(outcome.reason)
                continue
            kept = tuple(name for name in outcome.requirements if name in applicable)
            if kept or not outcome.requirements:
                judged.findings.append(replace(outcome, requirements=kept))
    return judged


def _placed(finding: Finding, place: str, whole: Project) -> Finding:
    """Count the path of a finding from the root of the repository, where the project lies below it."""
    inside = f"{place}/{finding.path}" if finding.path else place
    if finding.path.startswith(f"{place}/") or finding.path == place:
        return finding
    return (
        finding
        if finding.path in whole.tree.files and inside not in whole.tree.files
        else replace(finding, path=inside)
    )


def _sum_up(report: Report, judged: _Judged) -> None:
    """Tell which requirements are decided, and why the others are not."""
    applicable = subject.applicable(report.context.subject)
    refuted = {name for finding in report.active if finding.severity is Severity.ERROR for name in finding.requirements}
    checked = ((judged.decided - judged.reasons.keys()) | refuted) & applicable
    report.checked = sorted(checked, key=subject.ORDER.__getitem__)
    report.undecided = {
        name: sorted(set(judged.reasons[name]))
        for name in sorted(judged.reasons, key=lambda n: subject.ORDER.get(n, 999))
        if name in applicable and name not in checked
    }


def _order(finding: Finding) -> tuple[int, int, str, str, int]:
    weight = {Severity.ERROR: 0, Severity.WARNING: 1, Severity.INFO: 2}[finding.severity]
    first = min((subject.ORDER.get(name, 999) for name in finding.requirements), default=999)
    return first, weight, finding.rule, finding.path, finding.line or 0


def _unreadable(project: Project) -> list[Finding]:
    """Say which files of the infrastructure could not be read, or only in part."""
    fix = "Nothing has to be done when the file is no part of the infrastructure."
    return [
        Finding("unreadable", (), Severity.INFO, problem.path, problem.line, problem.message, fix)
        for problem in project.tree.problems
    ]
