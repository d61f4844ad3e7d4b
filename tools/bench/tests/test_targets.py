"""The table of what has to be reached."""

from __future__ import annotations

import pytest

from inception_bench.cases import CASES
from inception_bench.targets import TARGETS, Target, judge


def test_the_table() -> None:
    told = {target.title: target.wanted for target in TARGETS}
    assert told["anonymous page / limit"] == "≥ 0.8 ×"
    assert told["anonymous page / reference"] == "≥ 500 ×"
    assert told["signed-in page / reference, en_US"] == "≥ 1 ×"
    assert told["signed-in page / reference, ko_KR"] == "≥ 1 ×"
    assert told["new TLS connection per request / limit"] == "≥ 0.9 ×"
    assert told["1,000 connections: errors"] == "≤ 0"
    assert told["1,000 connections: 99th percentile"] == "< 1 s"
    assert told["warm start to the first 200"] == "≤ 2 s"
    assert told["cold start with first initialisation"] == "≤ 8 s"
    assert told["SIGKILL of mariadbd → site answers"] == "≤ 1.3 s"
    assert told["idle memory of all three (PSS)"] == "≤ 150 MB"
    assert told["make that changes nothing / empty local play"] == "≤ 10 ×"


def test_metrics_are_unique_and_each_ratio_is_measured() -> None:
    metrics = [target.metric for target in TARGETS]
    assert len(set(metrics)) == len(metrics)
    measured = {f"{case.key}.{a}/{b}" for case in CASES for a, b in case.pairs}
    assert {metric for metric in metrics if "/" in metric} <= measured


@pytest.mark.parametrize(
    ("bound", "at_least", "strict", "value", "met"),
    [
        (0.8, True, False, 0.8, True),
        (0.8, True, False, 0.79, False),
        (2.0, False, False, 2.0, True),
        (2.0, False, False, 2.01, False),
        (1.0, False, True, 1.0, False),
        (1.0, False, True, 0.99, True),
        (1.0, False, False, float("nan"), False),
        (1.0, True, False, float("nan"), False),
    ],
)
def test_met(bound: float, at_least: bool, strict: bool, value: float, met: bool) -> None:
    assert Target("", "", bound, at_least, "s", strict).met(value) is met


def test_what_was_not_measured_is_neither_met_nor_missed() -> None:
    verdicts = judge({"warm": 1.9, "cold": 9.0})
    assert len(verdicts) == len(TARGETS)
    found = {verdict.target.metric: verdict for verdict in verdicts}
    assert found["warm"].met is True
    assert found["cold"].met is False
    assert found["memory"].met is None
    assert found["memory"].value is None
