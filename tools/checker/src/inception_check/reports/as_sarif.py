"""The SARIF 2.1.0 report, for code-scanning services and editors."""

from __future__ import annotations

import json
import re
from typing import Any
from urllib.parse import quote

from inception_check import subject, version
from inception_check.baseline import fingerprints
from inception_check.model import Finding, Severity
from inception_check.reports.clean import printable
from inception_check.rules import PAGES, all_rules
from inception_check.runner import Report

_LEVELS = {Severity.ERROR: "error", Severity.WARNING: "warning", Severity.INFO: "note"}


def _rules(report: Report) -> list[dict[str, Any]]:
    made = []
    known = set()
    for rule in all_rules():
        known.add(rule.id)
        ends = any(subject.REQUIREMENTS[name].ends for name in rule.requirements)
        page = (PAGES / f"{rule.id}.md").read_text(encoding="utf-8")
        address = re.search(r"^- <(https?://[^>]+)>$", page, re.MULTILINE)
        made.append(
            {
                "id": rule.id,
                **({"helpUri": address.group(1)} if address else {}),
                "help": {"text": page, "markdown": page},
                "shortDescription": {"text": rule.title},
                "defaultConfiguration": {"level": _LEVELS[rule.severity]},
                "properties": {"requirements": list(rule.requirements), "endsEvaluation": ends},
            }
        )
    others = sorted({finding.rule for finding in report.findings} - known)
    made += [{"id": name, "shortDescription": {"text": name}} for name in others]
    return made


def _result(finding: Finding, index: dict[str, int], fingerprint: str) -> dict[str, Any]:
    made: dict[str, Any] = {
        "ruleId": finding.rule,
        "ruleIndex": index[finding.rule],
        "level": _LEVELS[finding.severity],
        "message": {"text": f"{printable(finding.message)}. {printable(finding.fix)}"},
        "partialFingerprints": {"inceptionCheck/v1": fingerprint},
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
        "tool": {"driver": {"name": "inception-check", "version": version(), "rules": rules}},
        "originalUriBaseIds": {"PROJECTROOT": {"description": {"text": "The checked directory."}}},
        "results": [
            _result(finding, index, fingerprint)
            for finding, fingerprint in zip(report.findings, fingerprints(report.findings), strict=True)
        ],
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
