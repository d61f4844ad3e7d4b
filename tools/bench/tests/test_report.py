"""Table and plot."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bench_sample import result
from inception_bench.cases import CASES
from inception_bench.cli import main
from inception_bench.plot import WIDTH, decades, plot, short, steps
from inception_bench.report import markdown, number, seconds, table, write
from inception_bench.targets import TARGETS

SVG = "{http://www.w3.org/2000/svg}"


def drawn(run: dict[str, Any]) -> ElementTree.Element:
    """Return the plot of a run, parsed."""
    return ElementTree.fromstring(plot(run))  # noqa: S314 -- our own text


def tables(text: str) -> list[list[str]]:
    """Return the tables of a Markdown text, as lines."""
    return [block.splitlines() for block in re.findall(r"(?:^\|.*\n)+", text, re.MULTILINE)]


def test_every_target_and_every_case_is_told() -> None:
    text = markdown(result())
    for target in TARGETS:
        assert f"| {target.title} " in text
        assert target.wanted in text
    for case in CASES:
        assert case.group == "parts" or f"| {case.title} " in text


def test_what_each_part_of_our_configuration_costs_is_told() -> None:
    found = next(lines for lines in tables(markdown(result())) if lines[0].startswith("| what ") and "1/s" in lines[0])
    told = [[cell.strip() for cell in line.split("|")[2:4]] for line in found[2:]]
    assert told == [["31,000", "1"], ["29,500", "0.95"], ["28,000", "0.90"], ["26,000", "0.84"]]


def test_met_missed_and_not_measured() -> None:
    run = result()
    run["verdicts"][0] |= {"value": None, "met": None}
    lines = tables(markdown(run))[0]
    told = {line.split("|")[1].strip(): line.split("|")[4].strip() for line in lines}
    assert told["anonymous page / limit"] == "not measured"
    assert told["cold start with first initialisation"] == "NOT MET"
    assert told["warm start to the first 200"] == "met"


def test_tables_are_even() -> None:
    for lines in tables(markdown(result())):
        assert len({line.count("|") - line.count("\\|") for line in lines}) == 1
        assert len({len(line) for line in lines}) == 1, lines[0]


def test_an_unsteady_ratio_is_marked() -> None:
    run = result()
    run["loads"][0]["ratios"]["ours/limit"]["steady"] = False
    assert re.search(r"^\| anonymous page +\| en_US .*0\.84 ±\d+% \*", markdown(run), re.MULTILINE)


def test_what_went_wrong_is_told() -> None:
    run = result()
    run["left_behind"] = ["the network x is in use"]
    text = markdown(run)
    assert "- a make that changes nothing: make would change 2 things" in text
    assert "- Left behind: the network x is in use" in text


def test_a_run_of_nothing_still_has_a_report() -> None:
    run = result()
    run |= {"loads": [], "figures": {}, "problems": [], "metrics": {}}
    run["verdicts"] = [{**verdict, "value": None, "met": None} for verdict in run["verdicts"]]
    text = markdown(run)
    assert text.count("not measured") == len(TARGETS)
    assert drawn(run).tag == f"{SVG}svg"


def test_a_quick_run_says_so() -> None:
    run = result()
    assert "QUICK" not in markdown(run)
    run["quick"] = True
    assert "too few and too short runs" in markdown(run)
    assert "QUICK" in plot(run)


def test_the_plot_is_svg_and_nothing_leaves_it() -> None:
    root = drawn(result())
    height = float(root.attrib["height"])
    for shape in root.iter():
        for name in ("x", "x1", "x2", "cx"):
            if name in shape.attrib:
                assert 0 <= float(shape.attrib[name]) <= WIDTH, ElementTree.tostring(shape)
        for name in ("y", "y1", "y2", "cy"):
            if name in shape.attrib:
                assert 0 <= float(shape.attrib[name]) <= height, ElementTree.tostring(shape)
    texts = [text.text or "" for text in root.iter(f"{SVG}text")]
    assert any("<with> signs & such" in text for text in texts)
    for case in CASES:
        assert case.group == "parts" or f"{case.title} · {case.locale[:2]}" in texts


def test_the_faster_dot_lies_further_to_the_right() -> None:
    run = result()
    run["loads"] = run["loads"][:1]
    run["figures"] = {}
    dots = [d for d in drawn(run).iter(f"{SVG}circle") if float(d.attrib["cy"]) > 100]
    places = {dot.attrib["fill"]: float(dot.attrib["cx"]) for dot in dots}
    assert places["#7a828e"] < places["#0a7d77"] < places["#d08700"]


@pytest.mark.parametrize("broken", [0.0])
def test_a_stack_that_answered_nothing_has_no_dot(broken: float) -> None:
    run = result()
    run["loads"][0]["variants"]["ours"]["rate"] = broken
    run["loads"][0]["ratios"] = {}
    assert drawn(run).tag == f"{SVG}svg"
    assert "–" in markdown(run)


@pytest.mark.parametrize(
    ("value", "unit", "expected"),
    [
        (None, "s", "–"), (0.8123, "×", "0.81 ×"), (812.4, "", "812"), (31_900.2, "", "31,900"), (24.75, "MB", "24.8 MB"),
        (2.0, "s", "2 s"), (0.0, "", "0"),
    ],
)  # fmt: skip
def test_numbers(value: float | None, unit: str, expected: str) -> None:
    assert number(value, unit) == expected


def test_durations() -> None:
    assert seconds(0.0213) == "21.3 ms"
    assert seconds(1.5) == "1.50 s"
    assert seconds(None) == "–"


def test_a_bar_in_a_cell_is_escaped() -> None:
    assert table(["a"], [["x|y"]], 1)[2] == "| x\\|y |"


@pytest.mark.parametrize(
    ("value", "expected"), [(31_900, "31.9k"), (1234, "1.23k"), (30, "30"), (2.51, "2.5"), (0.8123, "0.81")]
)
def test_short_numbers(value: float, expected: str) -> None:
    assert short(value) == expected


@given(st.floats(0.0001, 1e6), st.floats(1, 1e6))
def test_decades_enclose(low: float, factor: float) -> None:
    first, last = decades(low, low * factor)
    assert first < last
    assert 10.0**first <= low * 1.0000001
    assert low * factor <= 10.0**last * 1.0000001


@given(st.floats(0.01, 1e6))
def test_steps_are_few_and_reach_beyond(high: float) -> None:
    found = steps(high)
    assert found[0] == 0
    assert found[-1] >= high * 0.9999999
    assert 2 <= len(found) <= 7


def test_all_three_files_and_the_command_that_writes_them_anew(tmp_path: Path) -> None:
    run: dict[str, Any] = result()
    write(run, tmp_path / "one")
    assert json.loads((tmp_path / "one/bench.json").read_text(encoding="utf-8")) == json.loads(json.dumps(run))
    assert main([str(tmp_path / "one/bench.json"), "--report", str(tmp_path / "two")]) == 0
    for name in ("bench.json", "bench.md", "bench.svg"):
        assert (tmp_path / "one" / name).read_bytes() == (tmp_path / "two" / name).read_bytes()
