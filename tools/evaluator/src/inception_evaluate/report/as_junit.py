"""The JUnit report: a suite for each heading of the sheet, a test case for each check."""

from __future__ import annotations

import re

# Only written, never parsed: the parser's weaknesses do not matter here.
from xml.etree.ElementTree import Element, SubElement, indent, tostring

from inception_check.model import Finding, Severity
from inception_check.reports.clean import printable
from inception_evaluate.model import Check, Evaluation, Verdict
from inception_evaluate.report import facts
from inception_evaluate.report.sections import sections

_NOT_XML = re.compile(r"[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def _text(text: str) -> str:
    return _NOT_XML.sub("\ufffd", printable(text))


def _line(finding: Finding) -> str:
    place = facts.place(finding)
    return (
        _text(place)
        + (": " if place else "")
        + f"{_text(finding.message)} [{_text(finding.rule)}] {_text(finding.fix)}"
    )


def render_junit(evaluation: Evaluation) -> str:
    """Render an evaluation as JUnit XML.

    A failed check is a failure; one that could not be decided, that people decide in conversation, or that is about a
    bonus service which is not there, is skipped and says why. A partial run says so in the name of the whole and in a
    property of each suite. The evidence stands in ``system-out``. The order of elements and the attributes are those that Jenkins
    and GitLab read (junit-10.xsd of Jenkins' xUnit plugin).
    """
    partial = f" (partial: only {', '.join(evaluation.only)})" if evaluation.only else ""
    suites = Element("testsuites", name=_text(f"inception-evaluate{partial}"))
    every = {"tests": 0, "failures": 0, "errors": 0, "skipped": 0}
    for number, section in enumerate(sections(evaluation.checks)):
        suite = SubElement(suites, "testsuite", name=section.title, id=str(number))
        suite.set("timestamp", _text(evaluation.began.removesuffix("Z")))
        suite.set("time", f"{sum(check.seconds for check in section.checks):.3f}")
        if partial:
            SubElement(SubElement(suite, "properties"), "property", name="only", value=_text(",".join(evaluation.only)))
        counts = dict.fromkeys(every, 0)
        for check in section.checks:
            counts["tests"] += 1
            _case(suite, section.key, check, counts)
        _set(suite, counts)
        for name, count in counts.items():
            every[name] += count
    rest = [finding for finding in evaluation.beyond if finding.suppressed is None]
    if rest:
        suite = SubElement(suites, "testsuite", name="Beyond the sheet", time="0.000")
        case = SubElement(suite, "testcase", classname="inception.beyond", name="Beyond the sheet", time="0.000")
        broken = [finding for finding in rest if finding.severity is Severity.ERROR]
        counts = dict.fromkeys(every, 0) | {"tests": 1, "failures": 1 if broken else 0}
        if broken:
            failure = SubElement(case, "failure", message=_text(broken[0].message), type=_text(broken[0].rule))
            failure.text = "\n".join(_line(finding) for finding in broken)
        others = [finding for finding in rest if finding.severity is not Severity.ERROR]
        if others:
            SubElement(case, "system-out").text = "\n".join(_line(finding) for finding in others)
        _set(suite, counts)
        for name, count in counts.items():
            every[name] += count
    _set(suites, every)
    suites.set("time", f"{evaluation.seconds:.3f}")
    indent(suites)
    return '<?xml version="1.0" encoding="utf-8"?>\n' + tostring(suites, encoding="unicode") + "\n"


def _set(element: Element, counts: dict[str, int]) -> None:
    for name, count in counts.items():
        element.set(name, str(count))


def _case(suite: Element, key: str, check: Check, counts: dict[str, int]) -> None:
    name = f"{check.id} {check.title}"
    case = SubElement(suite, "testcase", classname=f"inception.{key}", name=_text(name), time=f"{check.seconds:.3f}")
    found = facts.active(check)
    if check.verdict is Verdict.FAIL:
        counts["failures"] += 1
        broken = [finding for finding in found if finding.severity is Severity.ERROR] or list(found)
        message = broken[0].message if broken else "it fails"
        failure = SubElement(case, "failure", message=_text(message), type=_text(broken[0].rule if broken else "check"))
        failure.text = "\n".join(_line(finding) for finding in broken)
        found = tuple(finding for finding in found if finding not in broken)
    elif check.verdict in (Verdict.UNDECIDED, Verdict.SPOKEN, Verdict.ABSENT):
        counts["skipped"] += 1
        usual = {
            Verdict.SPOKEN: "people decide this in conversation",
            Verdict.ABSENT: "not present: no bonus service of this kind is in the stack",
        }
        reason = "; ".join(check.reasons) or usual.get(check.verdict, "it was not decided")
        SubElement(case, "skipped", message=_text(reason))
    out = [_text(seen) for seen in check.seen] + [_line(finding) for finding in found]
    if out:
        SubElement(case, "system-out").text = "\n".join(out)
