"""What a visitor notices of a killed daemon."""

from __future__ import annotations

import pytest

from inception_bench.errors import BenchError
from inception_bench.timing import Attempt, recovery_of


def series(*steps: tuple[float, bool]) -> list[Attempt]:
    """Return attempts that take a tenth of a second each."""
    return [Attempt(at, at + 0.1, answered) for at, answered in steps]


def test_it_counts_to_the_end_of_the_first_answer_after_the_last_failure() -> None:
    rendered = series((0.0, True), (1.1, False), (1.3, True), (1.5, False), (1.9, True), (2.1, True))
    found = recovery_of(1.0, rendered, [])
    assert found.seconds == pytest.approx(1.0)


def test_a_request_under_way_at_the_kill_counts() -> None:
    found = recovery_of(1.0, series((0.95, False), (1.2, True)), [])
    assert found.seconds == pytest.approx(0.3)


def test_a_failure_before_the_kill_does_not() -> None:
    found = recovery_of(1.0, series((0.2, False), (1.0, True), (1.2, True)), [])
    assert found.seconds == 0.0
    assert found.served == 100.0


def test_served_pages_are_those_until_the_site_is_well() -> None:
    rendered = series((1.0, False), (1.4, True))
    cached = series((0.5, False), (1.0, True), (1.2, True), (1.3, False), (1.4, True), (1.6, False))
    found = recovery_of(1.0, rendered, cached)
    assert found.asked == 4
    assert found.served == 75.0


def test_a_site_that_stays_away_is_an_error() -> None:
    with pytest.raises(BenchError, match="did not answer again"):
        recovery_of(1.0, series((1.0, False), (1.2, False)), [])
    with pytest.raises(BenchError, match="did not answer again"):
        recovery_of(1.0, series((0.0, True)), [])
