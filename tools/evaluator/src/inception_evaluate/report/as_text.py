"""The text report: the sheet in its own order, for a terminal."""

from __future__ import annotations

from inception_check.model import Finding, Severity
from inception_check.reports.clean import printable
from inception_evaluate.model import Check, Evaluation, Verdict
from inception_evaluate.report import facts
from inception_evaluate.report.sections import sections
from inception_evaluate.report.units import quantity

WORDS = {
    Verdict.PASS: "PASS",
    Verdict.FAIL: "FAIL",
    Verdict.WARN: "WARN",
    Verdict.UNDECIDED: "?",
    Verdict.SPOKEN: "talk",
    Verdict.ABSENT: "none",
}
_COLOURS = {"PASS": "32", "FAIL": "31", "WARN": "33", "note": "36", "?": "35", "talk": "36", "none": "36"}
_SEVERITIES = {Severity.ERROR: "FAIL", Severity.WARNING: "WARN", Severity.INFO: "note"}


class _Writer:
    def __init__(self, *, colour: bool) -> None:
        self.colour = colour
        self.lines: list[str] = []

    def paint(self, word: str, width: int = 0, colour: str = "") -> str:
        padded = word.ljust(width)
        code = colour or _COLOURS.get(word, "")
        return f"\x1b[{code}m{padded}\x1b[0m" if self.colour and code else padded

    def add(self, line: str = "") -> None:
        self.lines.append(line)


def render_text(evaluation: Evaluation, *, colour: bool = False) -> str:
    """Render an evaluation as text for a person.

    Args:
        evaluation: what was found.
        colour: whether the text goes to a terminal that shows colours.

    """
    writer = _Writer(colour=colour)
    writer.add(f"Inception evaluation of {printable(evaluation.project)}: {printable(evaluation.url or '-')}")
    writer.add(
        f"subject {printable(evaluation.subject)}, {printable(evaluation.began)}, {quantity(evaluation.seconds, 's')}"
    )
    partial = facts.partial(evaluation)
    if partial:
        writer.add(writer.paint(printable(partial), colour="33"))
    for note in evaluation.notes:
        writer.add(f"note: {printable(note)}")
    sentence = facts.common(evaluation)
    if sentence:
        writer.add(f"where a line says nothing more: {printable(sentence)}")
    shown: dict[Finding, str] = {}
    for section in sections(evaluation.checks):
        writer.add()
        title = section.title if section.part == section.title else f"{section.part}: {section.title}"
        writer.add(writer.paint(title, colour="1"))
        for check in section.checks:
            _check(writer, check, facts.evidence(check, sentence), shown)
    _beyond(writer, evaluation)
    _end(writer, evaluation)
    return "\n".join(writer.lines) + "\n"


def _check(writer: _Writer, check: Check, evidence: tuple[str, ...], shown: dict[Finding, str]) -> None:
    word = WORDS[check.verdict]
    writer.add(
        f"{writer.paint(word, 4)} {printable(check.id):>4}{' !' if check.ends else '  '} {printable(check.title)}"
    )
    for seen in evidence:
        writer.add(f"         {printable(seen)}")
    for reason in check.reasons:
        writer.add(f"         not decided: {printable(reason)}")
    for finding in facts.active(check):
        if finding in shown:
            writer.add(f"         see {shown[finding]}: {printable(finding.message)}")
        else:
            shown[finding] = check.id
            _finding(writer, finding, "         ")


def _finding(writer: _Writer, finding: Finding, before: str) -> None:
    place = printable(facts.place(finding))
    writer.add(f"{before}{place + '  ' if place else ''}{printable(finding.message)}  [{printable(finding.rule)}]")
    if finding.fix:
        writer.add(f"{before}    > {printable(finding.fix)}")


def _beyond(writer: _Writer, evaluation: Evaluation) -> None:
    rest = [finding for finding in evaluation.beyond if finding.suppressed is None]
    if rest:
        writer.add()
        writer.add(writer.paint("Beyond the sheet", colour="1"))
        for finding in rest:
            writer.add(writer.paint(_SEVERITIES[finding.severity]))
            _finding(writer, finding, "         ")
    hidden = facts.suppressed(evaluation)
    if hidden:
        writer.add()
        writer.add(writer.paint("Suppressed", colour="1"))
        for finding in hidden:
            _finding(writer, finding, "  ")
            writer.add(f"      because: {printable(finding.suppressed or '')}")


def _end(writer: _Writer, evaluation: Evaluation) -> None:
    writer.add()
    verdict, sentence = facts.headline(evaluation)
    words = {Verdict.UNDECIDED: "not decided", Verdict.SPOKEN: "spoken", Verdict.ABSENT: "not present"}
    counts = ", ".join(f"{evaluation.count(one)} {words.get(one, WORDS[one])}" for one in Verdict)
    writer.add(counts)
    writer.add(writer.paint(sentence, colour=_COLOURS[WORDS[verdict]]))
