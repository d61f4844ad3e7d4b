"""The words that the checker speaks: findings, undecided requirements, rules and their metadata."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from datetime import date
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from inception_check.evidence.project import Project


class Severity(StrEnum):
    """How much a finding weighs.

    An ``error`` breaks a requirement of the subject, a ``warning`` is doubtful or beyond the subject,
    an ``info`` is worth knowing.
    """

    ERROR = "error"
    WARNING = "warning"
    INFO = "info"


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that a rule found, at one place.

    Attributes:
        rule: the id of the rule.
        requirements: the requirement ids that the finding speaks about, a subset of the rule's.
        severity: how much it weighs.
        path: the file, relative to the checked directory; empty when no file is the place.
        line: the line, counted from 1, or None when the file as a whole is meant.
        message: what is wrong, in one sentence.
        fix: how to mend it, in one sentence.
        suppressed: the reason of the suppression that covers it, or None.

    """

    rule: str
    requirements: tuple[str, ...]
    severity: Severity
    path: str
    line: int | None
    message: str
    fix: str
    suppressed: str | None = None

    def suppressed_for(self, reason: str) -> Finding:
        """Return the same finding, suppressed for a reason."""
        return replace(self, suppressed=reason)


@dataclass(frozen=True, slots=True)
class Undecided:
    """Requirements that a rule cannot decide from the files at hand, and why."""

    requirements: tuple[str, ...]
    reason: str


Outcome = Finding | Undecided


@dataclass(frozen=True, slots=True)
class Context:
    """What a rule needs to know besides the files.

    Attributes:
        today: the day that "penultimate release" is asked for.
        subject: the version of the subject, one of ``subject.VERSIONS``.

    """

    today: date
    subject: str


@dataclass(frozen=True, slots=True)
class Rule:
    """A rule: frozen metadata and one pure function from evidence to outcomes.

    Attributes:
        id: a stable slug; its documentation page and its fixtures are called the same.
        title: what must hold, as a short sentence.
        decides: the requirement ids that are met when the rule finds nothing.
        check: the function.
        refutes: further ids that a finding shows to fail, although silence does not show that they hold
            (they need the running stack).
        severity: the severity of its findings when the function does not say otherwise.
        whole: whether it looks at the whole repository also where the project lies in a subfolder of it.

    """

    id: str
    title: str
    decides: tuple[str, ...]
    check: Callable[[Project, Context], Iterable[Outcome]] = field(repr=False)
    refutes: tuple[str, ...] = ()
    severity: Severity = Severity.ERROR
    whole: bool = False

    @property
    def requirements(self) -> tuple[str, ...]:
        """Every requirement id that the rule can speak about."""
        return self.decides + self.refutes

    def finding(
        self,
        path: str,
        line: int | None,
        message: str,
        fix: str,
        *,
        severity: Severity | None = None,
        requirements: tuple[str, ...] | None = None,
    ) -> Finding:
        """Make a finding of this rule; by default it speaks about all of the rule's requirements."""
        return Finding(
            rule=self.id,
            requirements=self.requirements if requirements is None else requirements,
            severity=self.severity if severity is None else severity,
            path=path,
            line=line,
            message=message,
            fix=fix,
        )

    def undecided(self, reason: str, requirements: tuple[str, ...] | None = None) -> Undecided:
        """Say that the rule cannot decide some (by default all) of its requirements."""
        return Undecided(self.decides if requirements is None else requirements, reason)
