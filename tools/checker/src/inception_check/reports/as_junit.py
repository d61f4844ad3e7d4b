"""The JUnit report: one test case per requirement, for continuous integration."""

from __future__ import annotations

import re

# Only written, never parsed: the parser's weaknesses do not matter here.
from xml.etree.ElementTree import Element, SubElement, indent, tostring

from inception_check import subject
from inception_check.model import Finding, Severity
from inception_check.reports.clean import printable
from inception_check.runner import Report

_NOT_XML = re.compile(r"[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def _text(text: str) -> str:
    return _NOT_XML.sub("\ufffd", text)


def _line(finding: Finding) -> str:
    place = f"{finding.path}:{finding.line}" if finding.line is not None else finding.path
    return _text(
        f"{printable(place)}: {printable(finding.message)} [{printable(finding.rule)}] {printable(finding.fix)}"
    )


def render(report: Report) -> str:  # noqa: C901 -- one test case after the other, as JUnit counts them
    """Render the report as JUnit XML."""
    suites = Element("testsuites", name="inception-check")
    suite = SubElement(suites, "testsuite", name=_text(printable(report.project)))
    counts = {"tests": 0, "failures": 0, "errors": 0, "skipped": 0}
    covered: set[Finding] = set()
    applicable = subject.applicable(report.context.subject)
    for requirement in subject.REQUIREMENTS.values():
        if requirement.id not in applicable:
            continue
        findings = [f for f in report.active if requirement.id in f.requirements]
        covered.update(findings)
        decided = requirement.id in report.checked
        if not findings and not decided and requirement.id not in report.undecided:
            continue
        case = SubElement(suite, "testcase", classname="inception", name=f"{requirement.id} {requirement.title}")
        counts["tests"] += 1
        errors = [f for f in findings if f.severity is Severity.ERROR]
        others = [f for f in findings if f.severity is not Severity.ERROR]
        if errors:
            counts["failures"] += 1
            failure = SubElement(case, "failure", message=_text(printable(errors[0].message)), type=errors[0].rule)
            failure.text = "\n".join(_line(f) for f in errors)
        elif not decided:
            counts["skipped"] += 1
            SubElement(case, "skipped", message=_text(printable("; ".join(report.undecided.get(requirement.id, [])))))
        if others:
            SubElement(case, "system-out").text = "\n".join(_line(f) for f in others)
    rest = [f for f in report.active if f not in covered]
    if rest:
        case = SubElement(suite, "testcase", classname="inception", name="beyond the subject")
        counts["tests"] += 1
        if any(f.severity is Severity.ERROR for f in rest):
            counts["failures"] += 1
            SubElement(case, "failure", message="see the text").text = "\n".join(_line(f) for f in rest)
        else:
            SubElement(case, "system-out").text = "\n".join(_line(f) for f in rest)
    for crash in report.crashes:
        case = SubElement(suite, "testcase", classname="inception.rules", name=crash.rule)
        counts["tests"] += 1
        counts["errors"] += 1
        SubElement(case, "error", message=_text(printable(crash.error)))
    for element in (suites, suite):
        for name, count in counts.items():
            element.set(name, str(count))
    indent(suites)
    return '<?xml version="1.0" encoding="utf-8"?>\n' + tostring(suites, encoding="unicode") + "\n"
