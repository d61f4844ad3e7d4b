"""The grade as the sheet counts it: a failing line that ends the evaluation is 0, else each line counts the same."""

from __future__ import annotations

from dataclasses import dataclass

from inception_check import subject
from inception_check.model import Severity
from inception_check.runner import Report

_BONUS_POINTS = 5


@dataclass(frozen=True, slots=True)
class Grade:
    """What the files say about the grade.

    Attributes:
        most: the points of 100 that are still possible.
        bonus: the points that the bonus can add; 0 when the mandatory part has a failure.
        failed: the ids of the mandatory lines that fail.
        open: how many mandatory lines the files do not decide.
        lines: how many mandatory lines there are.
        ends: the id of the first failing line that ends the evaluation, or empty.

    """

    most: int
    bonus: int
    failed: tuple[str, ...]
    open: int
    lines: int
    ends: str

    @property
    def sentence(self) -> str:
        """Say it in one line."""
        if self.ends:
            return f"Grade: 0 of 100, because the evaluation ends at {self.ends}; the bonus does not count"
        undecided = f"{self.open} of {self.lines} lines are for the running stack or a person"
        if self.failed:
            fails = f"{len(self.failed)} line{' fails' if len(self.failed) == 1 else 's fail'}"
            return f"Grade: at most {self.most} of 100 ({fails}, {undecided}); the bonus does not count"
        return f"Grade: at most 100 of 100 ({undecided}); bonus apart, at most {self.bonus}"


def grade(report: Report) -> Grade:
    """Count the lines of the sheet for a report."""
    applicable = [name for name in subject.applicable(report.context.subject) if name.startswith("E")]
    bonus = [name for name in applicable if subject.REQUIREMENTS[name].title.startswith("Bonus:")]
    lines = sorted(set(applicable) - set(bonus), key=subject.ORDER.__getitem__)
    failing = {name for f in report.active if f.severity is Severity.ERROR for name in f.requirements}
    failed = tuple(name for name in lines if name in failing)
    ends = next((name for name in failed if subject.REQUIREMENTS[name].ends), "")
    most = 0 if ends else 100 * (len(lines) - len(failed)) // len(lines)
    possible = _BONUS_POINTS * sum(1 for name in bonus if name not in failing)
    still_open = sum(1 for name in lines if name not in failing and name not in report.checked)
    return Grade(most, 0 if failed else possible, failed, still_open, len(lines), ends)
