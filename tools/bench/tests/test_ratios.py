"""Medians, their intervals, and when a ratio is steady."""

from __future__ import annotations

import itertools
import math
import random
import statistics

import pytest
from hypothesis import given
from hypothesis import strategies as st

from inception_bench.ratios import CONFIDENCE, STEADY, coverage, interval, ratio


@pytest.mark.parametrize(
    ("rounds", "rank", "expected"),
    # Conover, Practical Nonparametric Statistics: the sign test's intervals.
    [(5, 1, 0.9375), (6, 1, 0.96875), (8, 2, 0.9296875), (9, 2, 0.9609375), (10, 2, 0.978515625), (15, 4, 0.96484375)],
)
def test_coverage_is_that_of_the_sign_test(rounds: int, rank: int, expected: float) -> None:
    assert coverage(rounds, rank) == pytest.approx(expected)


def test_coverage_holds_in_a_simulation() -> None:
    draw = random.Random(42)  # noqa: S311 -- the same numbers in each run, and no secret
    hits = 0
    for _ in range(4000):
        found = interval([draw.lognormvariate(0, 1) for _ in range(9)])
        hits += found.low <= 1.0 <= found.high
    assert hits / 4000 == pytest.approx(0.961, abs=0.015)


def test_few_samples_never_count_as_steady() -> None:
    for rounds in range(1, 5):
        found = interval([1.0] * rounds)
        assert found.half_width == 0
        assert not found.steady


def test_five_equal_samples_are_steady() -> None:
    assert interval([0.8] * 5).steady


def test_one_outlier_does_not_spoil_many_samples() -> None:
    found = interval([1.0] * 8 + [50.0])
    assert found.median == 1.0
    assert found.high == 1.0
    assert found.steady


def test_a_wide_interval_is_not_steady() -> None:
    found = interval([1.0, 1.1, 1.2, 1.3, 1.4])
    assert (found.low, found.median, found.high) == (1.0, 1.2, 1.4)
    assert found.half_width == pytest.approx(0.2 / 1.2)
    assert found.half_width > STEADY
    assert not found.steady


def test_nothing_has_no_median() -> None:
    with pytest.raises(ValueError, match="nothing"):
        interval([])


def test_a_median_of_zero_is_never_steady() -> None:
    assert interval([0.0] * 9).half_width == math.inf


@given(st.lists(st.floats(0.001, 1e6), min_size=1, max_size=40))
def test_the_interval_encloses_the_median(samples: list[float]) -> None:
    found = interval(samples)
    assert found.median == statistics.median(samples)
    assert min(samples) <= found.low <= found.median <= found.high <= max(samples)
    assert found.rounds == len(samples)
    if len(samples) >= 5:
        assert found.coverage >= CONFIDENCE


def test_the_interval_is_the_narrowest_that_covers_enough() -> None:
    for rounds in range(5, 40):
        found = interval([float(n) for n in range(rounds)])
        rank = int(found.low) + 1
        assert coverage(rounds, rank) >= CONFIDENCE
        assert rank + 1 > (rounds + 1) // 2 or coverage(rounds, rank + 1) < CONFIDENCE


def test_a_ratio_is_taken_within_the_round() -> None:
    # The machine slows down from round to round; the ratio does not.
    ours = [100.0, 50.0, 20.0, 10.0, 5.0]
    found = ratio(ours, [rate / 2 for rate in ours])
    assert found is not None
    assert (found.low, found.median, found.high) == (2.0, 2.0, 2.0)


def test_a_round_without_an_answer_is_left_out() -> None:
    found = ratio([10.0, 10.0, 10.0], [5.0, 0.0, 2.0])
    assert found is not None
    assert found.rounds == 2
    assert ratio([10.0], [0.0]) is None
    assert ratio([], []) is None


def test_rounds_of_unequal_length_are_cut_to_the_shorter() -> None:
    found = ratio([4.0, 4.0, 4.0], [2.0])
    assert found is not None
    assert found.rounds == 1


def test_the_order_of_rounds_does_not_matter() -> None:
    assert len({interval(list(order)) for order in itertools.permutations([1.0, 2.0, 3.0, 4.0])}) == 1
