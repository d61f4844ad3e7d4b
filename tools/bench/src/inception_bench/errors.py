"""What can go wrong, each as a sentence for the user."""

from __future__ import annotations


class BenchError(Exception):
    """The benchmark, or one measurement, cannot go on. The message says what to do."""


class NoAnswerError(BenchError):
    """A load generator has had no answer at all in its time."""


class InterruptedRunError(BaseException):
    """Somebody has ended the run. Not an ``Exception``: no measurement may swallow it."""
