"""The text report: the verdict, then what fails and what to do about it, then the rest in as few lines as it takes."""

from __future__ import annotations

import re
import textwrap
from collections import Counter, defaultdict

from inception_check import subject
from inception_check.model import Finding, Severity
from inception_check.reports.clean import printable
from inception_check.reports.grade import grade
from inception_check.runner import Report

_COLOURS = {"PASS": "32", "FAIL": "31", "WARN": "33", "NOTE": "36", "OPEN": "35"}
_WORDS = {Severity.ERROR: "FAIL", Severity.WARNING: "WARN", Severity.INFO: "NOTE"}
#: Findings of one rule, and of one severity, that are shown unless everything is asked for.
_OF_A_RULE = 3
_AT_MOST = {Severity.ERROR: 100, Severity.WARNING: 6, Severity.INFO: 4}


class _Writer:
    def __init__(self, *, colour: bool) -> None:
        self.colour = colour
        self.lines: list[str] = []

    def add(self, word: str = "", text: str = "") -> None:
        """Add a line; a word in front of it gets its colour."""
        padded = word.ljust(4)
        shown = f"\x1b[{_COLOURS[word]}m{padded}\x1b[0m" if self.colour and word in _COLOURS else padded
        self.lines.append(f"{shown}  {text}".rstrip() if word else text)

    def wrapped(self, word: str, text: str) -> None:
        """Add a text over as many lines as it needs."""
        for number, line in enumerate(textwrap.wrap(text, 110, break_on_hyphens=False) or [""]):
            self.add(word if number == 0 else "    ", line)


def ending(report: Report) -> list[str]:
    """Return the ids of the lines at which the evaluation would end, in the order of the sheet."""
    found = {
        name
        for finding in report.active
        if finding.severity is Severity.ERROR
        for name in finding.requirements
        if subject.REQUIREMENTS[name].ends
    }
    return sorted(found, key=subject.ORDER.__getitem__)


def render(report: Report, *, colour: bool = False, verbose: bool = False) -> str:
    """Render the report as text for a person.

    Args:
        report: what was found.
        colour: whether the text goes to a terminal that shows colours.
        verbose: whether every line of the sheet, every id and every finding is shown.

    """
    writer = _Writer(colour=colour)
    _verdict(writer, report)
    for severity in Severity:
        _findings(writer, report, severity, verbose=verbose)
    _sheet(writer, report, verbose=verbose)
    _rest(writer, report, verbose=verbose)
    return "\n".join(writer.lines) + "\n"


def verdict(report: Report) -> str:
    """Return the verdict in one sentence."""
    ends = ending(report)
    if ends:
        more = f" (and at {' '.join(ends[1:])})" if len(ends) > 1 else ""
        return f"The evaluation would end at {ends[0]}: {_title(ends[0])}{more}"
    if report.count(Severity.ERROR):
        return "The evaluation would not end, and lose points, by what the files show"
    return "Nothing in the files would fail the evaluation"


def _verdict(writer: _Writer, report: Report) -> None:
    writer.add("", verdict(report))
    counts = ", ".join(
        f"{count} {severity.value}{'' if count == 1 else 's'}"
        for severity in Severity
        if (count := report.count(severity)) or severity is not Severity.INFO
    )
    day = report.context.today.isoformat()
    writer.add("", f"{counts} in {printable(report.project)} (subject {report.context.subject}, releases as of {day})")
    writer.add("", grade(report).sentence)


def _title(name: str) -> str:
    return subject.REQUIREMENTS[name].title


def ids(finding: Finding, *, verbose: bool) -> str:
    """Return the lines of the sheet that a finding is about; requirements of the subject when there are none, or on request."""
    names = sorted(finding.requirements, key=subject.ORDER.__getitem__)
    shown = names if verbose else [name for name in names if name.startswith("E")] or names
    return " ".join(f"{name}!" if subject.REQUIREMENTS[name].ends else name for name in shown)


def _findings(writer: _Writer, report: Report, severity: Severity, *, verbose: bool) -> None:
    findings = [finding for finding in report.active if finding.severity is severity]
    of_a_rule: Counter[str] = Counter()
    left: Counter[str] = Counter()
    shown = 0
    if findings:
        writer.add()
    for finding in findings:
        of_a_rule[finding.rule] += 1
        if not verbose and (of_a_rule[finding.rule] > _OF_A_RULE or shown >= _AT_MOST[severity]):
            left[finding.rule] += 1
            continue
        shown += 1
        place = printable(finding.path) if finding.path else "the repository"
        place += f":{finding.line}" if finding.line is not None else ""
        names = ids(finding, verbose=verbose)
        writer.add(
            _WORDS[severity],
            f"{names}{'  ' if names else ''}{place}  {printable(finding.message)}  [{printable(finding.rule)}]",
        )
        text = line_of(report, finding)
        if text:
            writer.add("    ", f"| {printable(text, 110)}")
        if severity is not Severity.INFO:
            writer.add("    ", f"> {printable(finding.fix)}")
    for rule, count in left.items():
        writer.add("    ", f"… and {count} more of {printable(rule)} (--verbose shows them)")


def line_of(report: Report, finding: Finding) -> str:
    """Return the text of a finding's line; nothing for a note, and for a line that may hold a secret."""
    place = (finding.path, finding.line or 0)
    if finding.severity is Severity.INFO or any(
        _is_secret(f) for f in report.findings if (f.path, f.line or 0) == place
    ):
        return ""
    # A login in an address is a secret, whatever the finding is about, and a remark may hold one.
    return re.sub(
        r"://[^/@\s]+@|\s+#.*", lambda m: "://" if m[0].startswith(":") else "", report.lines.get(place, "").strip()
    )


def _is_secret(finding: Finding) -> bool:
    """Tell whether the line of a finding may hold a secret, which no report repeats."""
    return bool({"E1", "R33"} & set(finding.requirements))


def _sheet(writer: _Writer, report: Report, *, verbose: bool) -> None:
    """Say which lines pass and which are open."""
    touched = {name for f in report.active if f.severity is not Severity.INFO for name in f.requirements}
    passed = [name for name in report.checked if name not in touched and (verbose or name.startswith("E"))]
    writer.add()
    if verbose:
        for name in passed:
            writer.add("PASS", f"{name}  {_title(name)}")
    elif passed:
        writer.wrapped("PASS", " ".join(passed))
    reasons: dict[str, list[str]] = defaultdict(list)
    for name, given in report.undecided.items():
        for reason in given:
            reasons[reason].append(name)
    for reason, names in reasons.items():
        sheet = names if verbose else [name for name in names if name.startswith("E")] or names
        writer.wrapped("OPEN", f"{' '.join(sheet)}: {printable(reason)}")
    applicable = subject.applicable(report.context.subject)
    known = {*report.checked, *report.undecided, *touched}
    alive = [n for n in subject.REQUIREMENTS if n in applicable - known and (verbose or n.startswith("E"))]
    if alive:
        writer.wrapped("OPEN", f"{' '.join(alive)}: only the running stack or a person can tell")


def _rest(writer: _Writer, report: Report, *, verbose: bool) -> None:
    suppressed = [finding for finding in report.findings if finding.suppressed is not None]
    if suppressed and not verbose:
        reasons = Counter(printable(finding.suppressed or "", 80) for finding in suppressed)
        for reason, count in reasons.items():
            writer.add("", f"Suppressed: {count} finding{'' if count == 1 else 's'}, because: {reason}")
    for finding in suppressed if verbose else ():
        place = f"{printable(finding.path)}:{finding.line}" if finding.line else printable(finding.path)
        writer.add(
            "",
            f"Suppressed: {place}  {printable(finding.message)}  [{finding.rule}], because: {printable(finding.suppressed or '')}",
        )
    for line in [*report.notes, *(report.details if verbose else [])]:
        writer.add("", printable(line))
    for program, state in report.external.items():
        if state != "run" and (verbose or state != "not asked for"):
            writer.add("", f"{program}: {printable(state)}")
    for crash in report.crashes:
        writer.add("", f"CRASH in the rule {crash.rule}: {printable(crash.error)}")
    if report.active:
        first = report.active[0]
        names = sorted(first.requirements, key=subject.ORDER.__getitem__)
        writer.add("", f"What a line is about: inception-check --explain {names[0] if names else first.rule}")
