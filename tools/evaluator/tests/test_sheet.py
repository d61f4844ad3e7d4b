"""The sheet: which lines it has, and what becomes of each."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import pytest

from checker_trees import copy_clean
from inception_check import runner as files
from inception_check.model import Finding, Severity
from inception_check.runner import Report
from inception_evaluate import sheet
from inception_evaluate.evaluation import judge, selected
from inception_evaluate.evidence import Evidence, Missing
from inception_evaluate.model import Check, Verdict
from inception_evaluate.report.sections import sections
from live_evidence import BONUS, GOOD


@pytest.fixture(scope="module")
def report(tmp_path_factory: pytest.TempPathFactory) -> Report:
    project = copy_clean(tmp_path_factory.mktemp("project"))
    return files.check(project, today=date(2026, 11, 24), run_external=False)


def lines(report: Report, evidence: Evidence = GOOD, *wanted: str) -> dict[str, Check]:
    rules = selected(frozenset(wanted))
    judged = judge(rules, evidence)
    findings = [*report.findings, *sheet.findings_of(judged)]
    return {check.id: check for check in sheet.checks(report, rules, judged, findings, frozenset(wanted), {})}


def test_every_line_of_the_sheet_is_there_and_in_its_place(report: Report) -> None:
    found = list(lines(report))
    assert [name for name in found if name.startswith("E")] == [f"E{number}" for number in range(1, 65)]
    filed = {check.id: section.title for section in sections(lines(report).values()) for check in section.checks}
    assert {filed[name] for name in ("E1", "E2", "E3", "E4")} == {"Preliminaries"}


def test_talk_is_said_to_be_talk(report: Report) -> None:
    spoken = {name for name, check in lines(report).items() if check.verdict is Verdict.SPOKEN}
    assert spoken == {"E2", "E4", "E17", "E18", "E19", "E20", "E38"}


def test_a_choice_keeps_the_order(report: Report) -> None:
    assert list(lines(report, GOOD, "R19", "E38", "E41", "E2", "E1")) == ["E1", "E2", "E38", "E41", "R19"]
    assert sheet.in_order(["R19", "E38", "E41", "E2", "E1"]) == ("E1", "E2", "E38", "E41", "R19")


def test_a_bonus_service_is_there_or_it_is_not_or_nobody_knows(report: Report) -> None:
    names = ("E60", "E61", "E62", "E63", "E64")
    some = lines(report)
    assert [some[name].verdict for name in names] == [Verdict.PASS, *[Verdict.ABSENT] * 4]
    assert "None of the containers is an FTP server" in some["E61"].seen[0]
    bad = lines(report, replace(GOOD, bonus=(replace(BONUS, good=False),)))
    assert bad["E60"].verdict is Verdict.FAIL
    dark = lines(report, replace(GOOD, bonus=Missing("it was dark")))
    assert {dark[name].verdict for name in names} == {Verdict.UNDECIDED}
    assert dark["E61"].reasons == ("it was dark",)


@pytest.mark.parametrize(
    ("name", "verdict"), [("R24", Verdict.WARN), ("R20", Verdict.WARN), ("E35", Verdict.WARN), ("E12", Verdict.FAIL)]
)
def test_what_runs_outweighs_what_the_files_let_expect(report: Report, name: str, verdict: Verdict) -> None:
    """Where PID 1 was seen to be the daemon, reading that it would be a shell is a doubt and no failure."""
    read = Finding("pid-one", (name,), Severity.ERROR, "srcs/Dockerfile", 3, "PID 1 would be a shell", "Use exec.")
    rules = selected(frozenset())
    judged = judge(rules, GOOD)
    (check,) = sheet.checks(report, rules, judged, [read], frozenset({name}), {})
    assert check.verdict is verdict
    if name == "R24":
        inside = GOOD.inside
        assert not isinstance(inside, Missing)
        first = replace(inside["nginx"].processes[0], command=("sh", "-c", "nginx"))
        shell = replace(GOOD, inside={**inside, "nginx": replace(inside["nginx"], processes=(first,))})
        judged = judge(rules, shell)
        (check,) = sheet.checks(report, rules, judged, [read, *sheet.findings_of(judged)], frozenset({name}), {})
        assert check.verdict is Verdict.FAIL
