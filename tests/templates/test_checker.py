"""What the roles render passes the checker; what a setting does against the subject, the checker says."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date

import pytest

from inception_check.model import Severity
from inception_check.runner import check
from support.scenarios import Project

TODAY = date(2026, 11, 23)


def found(project: Project) -> set[str]:
    """Return the rules that find something in the rendered files."""
    report = check(project.root, today=TODAY, run_external=False)
    assert report.crashes == []
    return {f.rule for f in report.findings if f.path.startswith("srcs/") and f.severity is not Severity.INFO}


@pytest.mark.parametrize("name", ["default", "alpine"])
def test_both_bases_pass(name: str, rendering: Callable[[str], Project]) -> None:
    assert found(rendering(name)) == set()


def test_a_port_and_a_place_that_the_subject_forbids_are_named(export: Project) -> None:
    assert found(export) == {"published-ports", "volume-path"}
