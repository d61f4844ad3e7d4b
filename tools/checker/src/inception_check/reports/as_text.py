"""The text report: the evaluation sheet in its own order, with evidence."""

from __future__ import annotations

from collections import defaultdict

from inception_check import subject
from inception_check.model import Finding, Severity
from inception_check.reports.clean import printable
from inception_check.runner import Report

_COLOURS = {"PASS": "32", "FAIL": "31", "WARN": "33", "note": "36", "?": "35"}


class _Writer:
    def __init__(self, *, colour: bool) -> None:
        self.colour = colour
        self.lines: list[str] = []

    def paint(self, word: str, width: int = 0) -> str:
        padded = word.ljust(width)
        return f"\x1b[{_COLOURS[word]}m{padded}\x1b[0m" if self.colour and word in _COLOURS else padded

    def add(self, line: str = "") -> None:
        self.lines.append(line)


def _state(requirement: str, findings: list[Finding], report: Report) -> str:
    if any(f.severity is Severity.ERROR for f in findings):
        return "FAIL"
    if any(f.severity is Severity.WARNING for f in findings):
        return "WARN"
    return "PASS" if requirement in report.checked else "?"


def _evidence(writer: _Writer, finding: Finding, report: Report) -> None:
    place = printable(finding.path) if finding.path else "-"
    if finding.line is not None:
        place += f":{finding.line}"
    writer.add(f"         {place}  {printable(finding.message)}  [{printable(finding.rule)}]")
    text = report.lines.get((finding.path, finding.line)) if finding.line is not None else None
    if text and text.strip():
        writer.add(f"             | {printable(text.strip(), 160)}")
    writer.add(f"             > {printable(finding.fix)}")


def render(report: Report, *, colour: bool = False) -> str:
    """Render the report as text for a person.

    Args:
        report: what was found.
        colour: whether the text goes to a terminal that shows colours.

    """
    writer = _Writer(colour=colour)
    writer.add(f"Inception check of {printable(report.project)}")
    writer.add(f"subject {report.context.subject}, penultimate releases as of {report.context.today.isoformat()}")
    writer.add()
    by_requirement: dict[str, list[Finding]] = defaultdict(list)
    for finding in report.active:
        for name in finding.requirements:
            by_requirement[name].append(finding)
    shown: dict[Finding, str] = {}
    undecided: list[str] = []
    applicable = subject.applicable(report.context.subject)
    for requirement in subject.REQUIREMENTS.values():
        if requirement.id not in applicable:
            continue
        findings = by_requirement.get(requirement.id, [])
        state = _state(requirement.id, findings, report)
        if state == "?" and requirement.id not in report.undecided:
            undecided.append(requirement.id)
            continue
        mark = " !" if requirement.ends else "  "
        writer.add(f"{writer.paint(state, 4)} {requirement.id:>4}{mark} {requirement.title}")
        if state == "?":
            for reason in report.undecided[requirement.id]:
                writer.add(f"         cannot be decided: {printable(reason)}")
        for finding in findings:
            if finding in shown:
                writer.add(f"         see {shown[finding]}: {printable(finding.message)}")
            else:
                shown[finding] = requirement.id
                _evidence(writer, finding, report)
    _beyond(writer, report, shown)
    _rest(writer, report, undecided)
    return "\n".join(writer.lines) + "\n"


def _beyond(writer: _Writer, report: Report, shown: dict[Finding, str]) -> None:
    rest = [finding for finding in report.active if finding not in shown]
    if rest:
        writer.add()
        writer.add("Beyond the subject:")
        for finding in rest:
            word = (
                "note"
                if finding.severity is Severity.INFO
                else "FAIL"
                if finding.severity is Severity.ERROR
                else "WARN"
            )
            writer.add(f"  {writer.paint(word, 4)}")
            _evidence(writer, finding, report)
    suppressed = [finding for finding in report.findings if finding.suppressed is not None]
    if suppressed:
        writer.add()
        writer.add("Suppressed:")
        for finding in suppressed:
            place = f"{printable(finding.path)}:{finding.line}" if finding.line else printable(finding.path)
            writer.add(f"  {place}  {printable(finding.message)}  [{finding.rule}]")
            writer.add(f"      because: {printable(finding.suppressed or '')}")


def _rest(writer: _Writer, report: Report, undecided: list[str]) -> None:
    writer.add()
    if undecided:
        writer.add(f"Only the running stack or a person can tell: {' '.join(undecided)}")
    for line in report.notes:
        writer.add(printable(line))
    for program, state in report.external.items():
        if state != "run":
            writer.add(f"{program}: {printable(state)}")
    for crash in report.crashes:
        writer.add(f"CRASH in the rule {crash.rule}: {printable(crash.error)}")
    counts = [(report.count(severity), severity.value) for severity in Severity]
    ends = sorted(
        {
            name
            for finding in report.active
            if finding.severity is Severity.ERROR
            for name in finding.requirements
            if subject.REQUIREMENTS[name].ends
        },
        key=subject.ORDER.__getitem__,
    )
    writer.add(", ".join(f"{count} {word}{'' if count == 1 else 's'}" for count, word in counts))
    if ends:
        writer.add(f"The evaluation would end at: {' '.join(ends)}")
