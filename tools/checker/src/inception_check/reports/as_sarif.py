"""The SARIF 2.1.0 report, for code-scanning services and editors."""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import quote

from inception_check import subject
from inception_check.model import Finding, Severity
from inception_check.reports.clean import printable
from inception_check.rules import all_rules
from inception_check.runner import Report

_LEVELS = {Severity.ERROR: "error", Severity.WARNING: "warning", Severity.INFO: "note"}


def _rules(report: Report) -> list[dict[str, Any]]:
    made = []
    known = set()
    for rule in all_rules():
        known.add(rule.id)
        ends = any(subject.REQUIREMENTS[name].ends for name in rule.requirements)
        made.append(
            {
                "id": rule.id,
                "shortDescription": {"text": rule.title},
                "defaultConfiguration": {"level": _LEVELS[rule.severity]},
                "properties": {"requirements": list(rule.requirements), "endsEvaluation": ends},
            }
        )
    others = sorted({finding.rule for finding in report.findings} - known)
    made += [{"id": name, "shortDescription": {"text": name}} for name in others]
    return made


def _result(finding: Finding, index: dict[str, int]) -> dict[str, Any]:
    made: dict[str, Any] = {
        "ruleId": finding.rule,
        "ruleIndex": index[finding.rule],
        "level": _LEVELS[finding.severity],
        "message": {"text": f"{printable(finding.message)}. {printable(finding.fix)}"},
        "properties": {"requirements": list(finding.requirements)},
    }
    location: dict[str, Any] = {"artifactLocation": {"uri": quote(finding.path or "."), "uriBaseId": "PROJECTROOT"}}
    if finding.line is not None:
        location["region"] = {"startLine": finding.line}
    made["locations"] = [{"physicalLocation": location}]
    if finding.suppressed is not None:
        made["suppressions"] = [{"kind": "inSource", "justification": printable(finding.suppressed)}]
    return made


def render(report: Report) -> str:
    """Render the report as SARIF."""
    rules = _rules(report)
    index = {rule["id"]: number for number, rule in enumerate(rules)}
    run: dict[str, Any] = {
        "tool": {"driver": {"name": "inception-check", "rules": rules}},
        "originalUriBaseIds": {"PROJECTROOT": {"description": {"text": "The checked directory."}}},
        "results": [_result(finding, index) for finding in report.findings],
        "invocations": [
            {
                "executionSuccessful": not report.crashes,
                "toolExecutionNotifications": [
                    {
                        "level": "error",
                        "message": {"text": f"the rule {c.rule} crashed: {printable(c.error)}"},
                    }
                    for c in report.crashes
                ],
            }
        ],
        "properties": {"checked": report.checked, "subject": report.context.subject},
    }
    document = {
        "$schema": "https://json.schemastore.org/sarif-2.1.0.json",
        "version": "2.1.0",
        "runs": [run],
    }
    return json.dumps(document, ensure_ascii=True, indent=2) + "\n"
