"""Which release of a distribution is stable, and which is the penultimate one, on a given date (R7).

The dates are those on which the distributions declared a release stable:
https://www.debian.org/releases/ and https://alpinelinux.org/releases/.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date


@dataclass(frozen=True, slots=True)
class Release:
    """One stable release of a distribution.

    Attributes:
        distribution: ``debian`` or ``alpine``.
        version: the number as image tags use it, for example ``12`` or ``3.23``.
        codename: Debian's code name; empty for Alpine, which has none.
        stable_since: the day on which it became the stable release.

    """

    distribution: str
    version: str
    codename: str
    stable_since: date


RELEASES: tuple[Release, ...] = (
    Release("debian", "10", "buster", date(2019, 7, 6)),
    Release("debian", "11", "bullseye", date(2021, 8, 14)),
    Release("debian", "12", "bookworm", date(2023, 6, 10)),
    Release("debian", "13", "trixie", date(2025, 8, 9)),
    Release("alpine", "3.15", "", date(2021, 11, 24)),
    Release("alpine", "3.16", "", date(2022, 5, 23)),
    Release("alpine", "3.17", "", date(2022, 11, 22)),
    Release("alpine", "3.18", "", date(2023, 5, 9)),
    Release("alpine", "3.19", "", date(2023, 12, 7)),
    Release("alpine", "3.20", "", date(2024, 5, 22)),
    Release("alpine", "3.21", "", date(2024, 12, 5)),
    Release("alpine", "3.22", "", date(2025, 5, 30)),
    Release("alpine", "3.23", "", date(2025, 12, 4)),
    Release("alpine", "3.24", "", date(2026, 6, 9)),
)


def penultimate(distribution: str, on: date) -> Release:
    """Return the penultimate stable release of a distribution on a day.

    Args:
        distribution: ``debian`` or ``alpine``.
        on: the day that the question is asked for.

    Raises:
        ValueError: the table knows fewer than two releases of it by that day.

    """
    known = [r for r in RELEASES if r.distribution == distribution and r.stable_since <= on]
    if len(known) < 2:
        raise ValueError(f"no penultimate release of {distribution!r} is known for {on.isoformat()}")
    return sorted(known, key=lambda release: release.stable_since)[-2]
