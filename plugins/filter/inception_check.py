"""Filters over the checker: a directory's report, and what of it is still wrong."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from datetime import date
from pathlib import Path
from typing import Any

from ansible.errors import AnsibleFilterError

from inception_rules import subject as subjects
from inception_rules.reports.clean import printable

# Ansible loads every filter anew for each task. The checker with its parsers, 0.2 s of them, is imported
# where it is used.


def inception_check(path: str, on: str = "", subject: str = subjects.NEWEST) -> dict[str, Any]:
    """Return the report on an Inception repository, with the keys of the JSON report.

    Args:
        path: its directory.
        on: the day for "penultimate release", in the form ``YYYY-MM-DD``; today when empty.
        subject: the version of the subject.
    """
    from inception_rules.engine import check
    from inception_rules.evidence.source import NotReadableError
    from inception_rules.reports import as_json

    if subject not in subjects.VERSIONS:
        raise AnsibleFilterError(f"there is no version {subject} of the subject")
    try:
        day = date.fromisoformat(str(on)) if on else date.today()
        report = check(Path(str(path)), today=day, version=str(subject), run_external=False)
    except (NotReadableError, ValueError) as error:
        raise AnsibleFilterError(str(error)) from error
    rendered: dict[str, Any] = json.loads(as_json.render(report))
    return rendered


def inception_sentences(report: Mapping[str, Any], severity: str = "error") -> list[str]:
    """Return the findings of a report that are not suppressed, one sentence each.

    Args:
        report: what ``inception_check`` returned.
        severity: the least severity that counts, ``error``, ``warning`` or ``info``.
    """
    order = ("error", "warning", "info")
    if severity not in order:
        raise AnsibleFilterError(f"{severity!r} is none of {', '.join(order)}")
    counted = order[: order.index(severity) + 1]
    sentences = []
    for finding in report["findings"]:
        if finding["suppressed"] is None and finding["severity"] in counted:
            place = finding["path"] if finding["line"] is None else f"{finding['path']}:{finding['line']}"
            sentences.append(printable(f"{place}: {finding['message']} [{finding['rule']}]"))
    return sentences


class FilterModule:
    """The filters of the checker."""

    def filters(self) -> dict[str, Callable[..., Any]]:
        """Return the filters by name."""
        return {"inception_check": inception_check, "inception_sentences": inception_sentences}
