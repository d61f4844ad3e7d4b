"""JUnit and text: the sheet in its order, counts that agree, nothing that breaks the format."""

from __future__ import annotations

import dataclasses
from xml.etree import ElementTree

import pytest

from evaluation_sample import sample
from inception_check.model import Finding, Severity
from inception_evaluate.model import Check, Evaluation, Verdict
from inception_evaluate.report import facts, render_junit, render_text
from inception_evaluate.report.sections import sections
from inception_evaluate.report.units import quantity


def _read(text: str) -> ElementTree.Element:
    return ElementTree.fromstring(text)  # noqa: S314 -- our own text


NASTY = "]]>\0\x1b[31m<a>&\ud800\u202e"


def _nasty(evaluation: Evaluation) -> Evaluation:
    finding = Finding("live-x", ("E27",), Severity.ERROR, NASTY, 3, NASTY, NASTY)
    check = Check("E27", NASTY, True, Verdict.FAIL, (NASTY,), (finding,))
    return dataclasses.replace(evaluation, project=NASTY, url=NASTY, notes=(NASTY,), checks=(check,))


def test_junit_counts_agree_with_its_cases(broken: Evaluation) -> None:
    root = _read(render_junit(broken))
    assert root.tag == "testsuites"
    cases = root.findall("testsuite/testcase")
    assert len(cases) == len(broken.checks) == int(root.attrib["tests"])
    assert int(root.attrib["failures"]) == broken.count(Verdict.FAIL) == 4
    assert int(root.attrib["skipped"]) == sum(
        broken.count(one) for one in (Verdict.UNDECIDED, Verdict.SPOKEN, Verdict.ABSENT)
    )
    assert root.attrib["errors"] == "0"
    for suite in root:
        inner = suite.findall("testcase")
        assert int(suite.attrib["tests"]) == len(inner)
        assert int(suite.attrib["failures"]) == len(suite.findall("testcase/failure"))
        assert int(suite.attrib["skipped"]) == len(suite.findall("testcase/skipped"))
        assert suite.attrib["timestamp"] == "2026-11-24T01:48:16"
        assert float(suite.attrib["time"]) >= 0


def test_junit_has_the_shape_that_services_read(broken: Evaluation) -> None:
    """Element and attribute names and their order are those of Jenkins' junit-10.xsd."""
    root = _read(render_junit(broken))
    assert set(root.attrib) <= {"name", "time", "tests", "failures", "disabled", "errors", "skipped"}
    for suite in root:
        assert suite.tag == "testsuite"
        assert {"name", "tests", "failures", "errors", "skipped", "time"} <= set(suite.attrib)
        assert all(case.tag == "testcase" for case in suite)
    for case in root.iter("testcase"):
        assert set(case.attrib) == {"classname", "name", "time"}
        children = [child.tag for child in case]
        assert children in (
            [],
            ["failure"],
            ["skipped"],
            ["system-out"],
            ["failure", "system-out"],
            ["skipped", "system-out"],
        )
    names = [f"{case.attrib['classname']} {case.attrib['name']}" for case in root.iter("testcase")]
    assert len(names) == len(set(names))


def test_junit_says_what_failed_and_why_not_decided(broken: Evaluation) -> None:
    root = _read(render_junit(broken))
    cases = {case.attrib["name"].split()[0]: case for case in root.iter("testcase")}
    failure = cases["E27"].find("failure")
    assert failure is not None
    assert failure.attrib["type"] == "live-ports"
    assert (failure.text or "").startswith("srcs/docker-compose.yml:58: port 80 of 172.17.0.5 answers")
    skipped = cases["E58"].find("skipped")
    assert skipped is not None
    assert "REBOOT=1" in skipped.attrib["message"]
    assert cases["E15"].find("failure") is None
    assert "waits for the database" in (cases["E15"].findtext("system-out") or "")
    assert cases["E27"].attrib["classname"] == "inception.setup"


def test_junit_beyond_the_sheet(good: Evaluation) -> None:
    bad = Finding("privileged", (), Severity.ERROR, "x", 1, "nginx is privileged", "Don't.")
    root = _read(render_junit(dataclasses.replace(good, beyond=(bad, bad.suppressed_for("why")))))
    assert root.attrib["failures"] == "1"
    assert len(root.findall("testsuite[@name='Beyond the sheet']/testcase/failure")) == 1


def test_nasty_text_breaks_nothing(good: Evaluation) -> None:
    nasty = _nasty(good)
    root = _read(render_junit(nasty))
    assert root.attrib["failures"] == "1"
    text = render_text(nasty)
    assert "\x1b" not in text
    assert "\u202e" not in text
    assert "\\x1b[31m" in text
    text.encode()


def test_the_text_follows_the_sheet(broken: Evaluation) -> None:
    text = render_text(broken)
    assert "\x1b" not in text
    places = [text.index(f" {check.id:>4}{' !' if check.ends else '  '} {check.title}") for check in broken.checks]
    assert places == sorted(places)
    assert "FAIL  E27 ! The site answers on port 443 only\n" in text
    assert "srcs/docker-compose.yml:58  port 80 of 172.17.0.5 answers" in text
    assert "see E27: port 80" in text
    assert "not decided: not asked for: make evaluate REBOOT=1" in text
    assert "because: a fixture of the tests, never built" in text
    assert text.index("Mandatory part: Simple set-up") < text.index("Mandatory part: Docker basics")
    assert text.endswith(
        "101 PASS, 4 FAIL, 1 WARN, 2 not decided, 8 spoken, 5 not present\n4 checks fail. The evaluation would end at E27.\n"
    )


def test_colour_only_on_demand(broken: Evaluation) -> None:
    assert "\x1b[31mFAIL\x1b[0m" in render_text(broken, colour=True)
    plain = render_text(broken)
    assert plain == "".join(
        part.partition("m")[2] if index else part
        for index, part in enumerate(render_text(broken, colour=True).split("\x1b["))
    )


def test_no_check_is_lost() -> None:
    checks = (*sample().checks, Check("X9", "a new one", False, Verdict.PASS), Check("", "", False, Verdict.PASS))
    filed = [check for section in sections(checks) for check in section.checks]
    assert sorted(c.id for c in filed) == sorted(c.id for c in checks)
    assert sections(checks)[-1].title == "Further checks"
    assert sections(()) == ()


@pytest.mark.parametrize(
    ("verdicts", "verdict", "sentence"),
    [
        ([], Verdict.UNDECIDED, "Nothing could be decided."),
        (["undecided", "spoken"], Verdict.UNDECIDED, "Nothing could be decided."),
        (["pass", "pass", "spoken"], Verdict.PASS, "Nothing fails."),
        (["pass", "absent"], Verdict.PASS, "Nothing fails."),
        (["absent"], Verdict.UNDECIDED, "Nothing could be decided."),
        (["pass", "undecided"], Verdict.WARN, "Nothing fails. 1 check could not be decided."),
        (["pass", "warn"], Verdict.WARN, "Nothing fails. 1 check holds with something doubtful."),
        (["pass", "fail"], Verdict.FAIL, "1 check fails. That does not end the evaluation."),
        (["pass", "fail!", "fail"], Verdict.FAIL, "2 checks fail. The evaluation would end at E1."),
    ],
)
def test_headline(good: Evaluation, verdicts: list[str], verdict: Verdict, sentence: str) -> None:
    checks = tuple(Check(f"E{n}", "x", v.endswith("!"), Verdict(v.rstrip("!"))) for n, v in enumerate(verdicts))
    assert facts.headline(dataclasses.replace(good, checks=checks)) == (verdict, sentence)


def test_a_part_is_not_taken_for_the_whole(good: Evaluation) -> None:
    checks = tuple(check for check in good.checks if check.id in ("E27", "E41"))
    part = dataclasses.replace(good, checks=checks, only=("E27", "E41"))
    said = "A partial run: only E27, E41 were asked for (ONLY=). Of every other line of the sheet it says nothing."
    assert facts.headline(part) == (Verdict.WARN, "Of the 2 lines that were asked for: nothing fails.")
    text = render_text(part)
    assert text.index(said) < text.index("E27 !")
    assert text.endswith("Of the 2 lines that were asked for: nothing fails.\n")
    root = _read(render_junit(part))
    assert root.attrib["name"] == "inception-evaluate (partial: only E27, E41)"
    for suite in root:
        # The schema wants the properties before the cases.
        assert next(child.tag for child in suite) == "properties"
        only = suite.find("properties/property[@name='only']")
        assert only is not None
        assert only.attrib["value"] == "E27,E41"
    assert Evaluation.from_json(part.to_json()).only == ("E27", "E41")
    assert "partial" not in render_text(good).lower()
    assert _read(render_junit(good)).attrib["name"] == "inception-evaluate"


def test_a_bonus_service_that_is_not_there_is_told(good: Evaluation) -> None:
    assert "none  E60   Bonus: Redis works\n         None of the containers is it.\n" in render_text(good)
    cases = {case.attrib["name"].split()[0]: case for case in _read(render_junit(good)).iter("testcase")}
    skipped = cases["E60"].find("skipped")
    assert skipped is not None
    assert skipped.attrib["message"].startswith("not present")


@pytest.mark.parametrize(
    ("value", "unit", "text"),
    [
        (0, "B", "0 B"),
        (512, "B", "512 B"),
        (1536, "B", "1.5 KiB"),
        (180 * 1024**2, "B", "180 MiB"),
        (5 * 1024**5, "B", "5120 TiB"),
        (0, "s", "0 s"),
        (0.0384, "s", "38 ms"),
        (4.123, "s", "4.12 s"),
        (61.26, "s", "61.3 s"),
        (151.3, "s", "2 min 31 s"),
        (3, "", "3"),
    ],
)
def test_quantity(value: float, unit: str, text: str) -> None:
    assert quantity(value, unit) == text


def test_why_reads_the_page_of_a_rule_and_nothing_else() -> None:
    assert facts.why("published-ports").startswith("NGINX is the only way in.")
    assert facts.why("../../../etc/passwd") == ""
    assert facts.why("no-such-rule") == ""
