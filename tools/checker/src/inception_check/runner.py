"""Runs the rules over a repository; a rule that crashes is named and takes nothing else down."""

from __future__ import annotations

import traceback
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from datetime import date
from pathlib import Path

from inception_check import external, subject
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

    @property
    def active(self) -> list[Finding]:
        """The findings that are not suppressed."""
        return [finding for finding in self.findings if finding.suppressed is None]

    def count(self, severity: Severity) -> int:
        """Count the findings of a severity that are not suppressed."""
        return sum(1 for finding in self.active if finding.severity is severity)

    @property
    def exit_code(self) -> int:
        """0 clean, 1 errors or warnings, 2 a rule crashed."""
        if self.crashes:
            return 2
        return 1 if any(f.severity is not Severity.INFO for f in self.active) else 0


def check(
    root: Path,
    *,
    today: date,
    version: str = subject.NEWEST,
    rules: tuple[Rule, ...] | None = None,
    run_external: bool = True,
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
        live: what was found on the running stack; it is suppressed and ordered with the rest.
        live_rules: the ids of the live rules that were asked.

    Raises:
        NotReadableError: the directory cannot be read at all.

    """
    project = Project(root)
    context = Context(today, version)
    report = Report(str(root), context)
    applicable = subject.applicable(version)
    decided: set[str] = set()
    refuted: set[str] = set()
    reasons: dict[str, list[str]] = defaultdict(list)
    findings: list[Finding] = []
    ran = all_rules() if rules is None else rules
    for rule in ran:
        if rule.requirements and not applicable.intersection(rule.requirements):
            continue
        try:
            outcomes = list(rule.check(project, context))
        except Exception as error:
            report.crashes.append(Crash(rule.id, f"{type(error).__name__}: {error}", traceback.format_exc()))
            for name in rule.decides:
                reasons[name].append(f"the rule {rule.id} crashed")
            continue
        decided.update(rule.decides)
        for outcome in outcomes:
            if isinstance(outcome, Undecided):
                for name in outcome.requirements:
                    reasons[name].append(outcome.reason)
                continue
            kept = tuple(name for name in outcome.requirements if name in applicable)
            if outcome.requirements and not kept:
                continue
            findings.append(replace(outcome, requirements=kept))
    if run_external:
        more, report.external = external.run(project)
        findings.extend(more)
    else:
        report.external = dict.fromkeys(external.PROGRAMS, "not asked for")
    findings.extend(_unreadable(project))
    report.problems = project.problems
    report.notes = project.memo.get("notes", [])
    findings.extend(live)
    known = documented_rules() | PSEUDO_RULES
    suppressions = read_suppressions(project.tree, known, findings)
    findings = suppressions.apply(dict.fromkeys(findings))
    ran_ids = {rule.id for rule in ran} | PSEUDO_RULES | set(live_rules)
    findings.extend(suppressions.findings)
    findings.extend(suppressions.unused(ran_ids))
    for finding in findings:
        if finding.severity is Severity.ERROR and finding.suppressed is None:
            refuted.update(finding.requirements)
    report.findings = sorted(findings, key=_order)
    checked = ((decided - reasons.keys()) | refuted) & applicable
    report.checked = sorted(checked, key=subject.ORDER.__getitem__)
    report.undecided = {
        name: sorted(set(reasons[name]))
        for name in sorted(reasons, key=lambda n: subject.ORDER.get(n, 999))
        if name in applicable and name not in checked
    }
    for finding in report.findings:
        if finding.line is not None:
            source = project.tree.get(finding.path)
            if source is not None:
                report.lines[finding.path, finding.line] = source.line(finding.line)
    return report


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
