"""The JSON report: one object, stable keys, for programs."""

from __future__ import annotations

import json

from inception_check.model import Severity
from inception_check.reports.grade import grade
from inception_check.runner import Report


def render(report: Report) -> str:
    """Render the report as JSON."""
    counted = grade(report)
    document = {
        "project": report.project,
        "findings": [
            {
                "rule": finding.rule,
                "requirements": list(finding.requirements),
                "severity": finding.severity.value,
                "path": finding.path,
                "line": finding.line,
                "message": finding.message,
                "fix": finding.fix,
                "suppressed": finding.suppressed,
            }
            for finding in report.findings
        ],
        "checked": report.checked,
        "summary": {severity.value: report.count(severity) for severity in Severity},
        "grade": {"most": counted.most, "bonus": counted.bonus, "failed": counted.failed, "open": counted.open},
        "undecided": report.undecided,
        "crashed": [{"rule": crash.rule, "error": crash.error} for crash in report.crashes],
        "external": report.external,
        "date": report.context.today.isoformat(),
        "subject": report.context.subject,
    }
    return json.dumps(document, ensure_ascii=True, indent=2) + "\n"
