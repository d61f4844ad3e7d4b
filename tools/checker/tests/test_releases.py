from __future__ import annotations

import itertools
from datetime import date, timedelta

import pytest

from inception_check.releases import RELEASES, penultimate


@pytest.mark.parametrize(
    ("distribution", "day", "version"),
    [
        ("debian", "2026-11-23", "12"),
        ("alpine", "2026-11-23", "3.23"),
        # A release counts from its very day.
        ("debian", "2025-08-08", "11"),
        ("debian", "2025-08-09", "12"),
        ("alpine", "2026-06-08", "3.22"),
        ("alpine", "2026-06-09", "3.23"),
    ],
)
def test_penultimate(distribution: str, day: str, version: str) -> None:
    assert penultimate(distribution, date.fromisoformat(day)).version == version


@pytest.mark.parametrize(
    ("distribution", "day"), [("debian", "2019-07-06"), ("alpine", "2000-01-01"), ("arch", "2026-01-01")]
)
def test_what_the_table_does_not_know(distribution: str, day: str) -> None:
    with pytest.raises(ValueError, match=f"no penultimate release of '{distribution}' is known for {day}"):
        penultimate(distribution, date.fromisoformat(day))


@pytest.mark.parametrize("distribution", ["debian", "alpine"])
def test_the_table_is_in_order_without_gaps(distribution: str) -> None:
    known = [release for release in RELEASES if release.distribution == distribution]
    assert [release.stable_since for release in known] == sorted({release.stable_since for release in known})
    numbers = [int(release.version.rsplit(".", 1)[-1]) for release in known]
    assert numbers == list(range(numbers[0], numbers[0] + len(numbers)))
    assert all(bool(release.codename) == (distribution == "debian") for release in known)


def test_the_penultimate_is_the_newest_of_the_day_before_its_successor() -> None:
    debian = [release for release in RELEASES if release.distribution == "debian"]
    for old, new in itertools.pairwise(debian):
        assert penultimate("debian", new.stable_since) == old
        if old is not debian[0]:
            assert penultimate("debian", new.stable_since - timedelta(days=1)) != old
