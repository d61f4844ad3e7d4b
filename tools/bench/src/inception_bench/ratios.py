"""Statistics of interleaved runs: medians, their intervals, and when a ratio is steady.

Wall-clock figures of a shared machine are noisy and skewed, so nothing here assumes a normal
distribution. In each round every variant is measured once, one right after the other; the ratio of
two variants is taken within the round, and the median is taken over the rounds.
"""

from __future__ import annotations

import dataclasses
import math
import statistics
from collections.abc import Sequence

#: A ratio counts as steady when half the width of its interval is at most this share of its median.
STEADY = 0.05
#: The least coverage of an interval that is looked for. The range of five rounds has 93.75 %.
CONFIDENCE = 0.93


@dataclasses.dataclass(frozen=True)
class Interval:
    """A median with the interval around it. The unit is that of the samples.

    Attributes:
        median: the median of the samples.
        low: the lower end of the interval.
        high: the upper end of the interval.
        coverage: the probability that such an interval holds the true median, between 0 and 1.
        rounds: the number of samples.
    """

    median: float
    low: float
    high: float
    coverage: float
    rounds: int

    @property
    def half_width(self) -> float:
        """Half the width of the interval as a share of the median; infinite for a median of zero."""
        return (self.high - self.low) / 2 / self.median if self.median else math.inf

    @property
    def steady(self) -> bool:
        """Whether there are enough rounds for an interval, and it is narrow enough."""
        return self.coverage >= CONFIDENCE and self.half_width <= STEADY


def coverage(rounds: int, rank: int) -> float:
    """Return how probable it is that the true median lies between two order statistics.

    Each sample lies below the true median with a probability of one half, so that the number of those
    which do is binomial: the sign test's interval (David and Nagaraja, Order Statistics, section 7.1).

    Args:
        rounds: the number of samples, at least 1.
        rank: the interval reaches from the ``rank``-th smallest to the ``rank``-th largest sample, from 1.

    Returns:
        A probability between 0 and 1.
    """
    outside = sum(math.comb(rounds, below) for below in range(rank)) / 2 ** (rounds - 1)
    return max(0.0, 1.0 - float(outside))


def interval(samples: Sequence[float]) -> Interval:
    """Return the median of samples with the narrowest interval that covers it well enough.

    With fewer than five samples no interval does; it is then the whole range, with the coverage it has.

    Args:
        samples: at least one number, all of the same unit.

    Raises:
        ValueError: there is no sample.
    """
    if not samples:
        raise ValueError("there is nothing to take the median of")
    ordered = sorted(samples)
    rounds = len(ordered)
    rank = 1
    while rank + 1 <= (rounds + 1) // 2 and coverage(rounds, rank + 1) >= CONFIDENCE:
        rank += 1
    return Interval(statistics.median(ordered), ordered[rank - 1], ordered[-rank], coverage(rounds, rank), rounds)


def ratio(ours: Sequence[float], other: Sequence[float]) -> Interval | None:
    """Return the median ratio of two variants, round by round.

    Args:
        ours: one rate for each round, in requests per second.
        other: the same of the variant to compare with.

    Returns:
        None where no round has both rates, or one to divide by.
    """
    ratios = [mine / theirs for mine, theirs in zip(ours, other, strict=False) if theirs > 0]
    return interval(ratios) if ratios else None
