"""Live rules: frozen metadata and one pure function from live evidence to outcomes, like the rules of the files."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from inception_check.model import Finding, Severity, Undecided
from inception_evaluate.evidence import Evidence
from inception_evaluate.model import Shot


@dataclass(frozen=True, slots=True)
class Saw:
    """Something seen that speaks for requirements; without it nothing passes.

    Attributes:
        requirements: the ids that it speaks for.
        sentence: what was seen.
        shots: screenshots that show it.

    """

    requirements: tuple[str, ...]
    sentence: str
    shots: tuple[Shot, ...] = ()


@dataclass(frozen=True, slots=True)
class Absent:
    """What requirements are about is not there, and need not be.

    Attributes:
        requirements: the ids that it speaks about.
        sentence: what was looked through.

    """

    requirements: tuple[str, ...]
    sentence: str


LiveOutcome = Finding | Undecided | Saw | Absent


@dataclass(frozen=True, slots=True)
class LiveRule:
    """A rule about what runs.

    Attributes:
        id: a stable slug; its documentation page is called the same.
        title: what must hold, as a short sentence.
        decides: the requirement ids that it decides; each of them passes only when the rule saw something for it.
        needs: the parts of the evidence that it judges; when one is missing, the rule is undecided for its reason.
        check: the function.
        severity: the severity of its findings when the function does not say otherwise.
        wants_all: whether it looks at what a service does that may have wanted a download first: what it finds then
            decides nothing while the machine does not reach the address.

    """

    id: str
    title: str
    decides: tuple[str, ...]
    needs: tuple[str, ...]
    check: Callable[[Evidence], Iterable[LiveOutcome]] = field(repr=False)
    severity: Severity = Severity.ERROR
    wants_all: bool = False

    def finding(
        self, message: str, fix: str, *, requirements: tuple[str, ...] | None = None, severity: Severity | None = None
    ) -> Finding:
        """Make a finding of this rule; by default it speaks about all that the rule decides."""
        return Finding(
            rule=self.id,
            requirements=self.decides if requirements is None else requirements,
            severity=self.severity if severity is None else severity,
            path="",
            line=None,
            message=message,
            fix=fix,
        )

    def saw(self, sentence: str, *requirements: str, shots: tuple[Shot, ...] = ()) -> Saw:
        """Say what was seen; by default it speaks for all that the rule decides."""
        return Saw(requirements or self.decides, sentence, shots)

    def absent(self, sentence: str, *requirements: str) -> Absent:
        """Say that some (by default all) of its requirements are about something that is not there."""
        return Absent(requirements or self.decides, sentence)

    def undecided(self, reason: str, *requirements: str) -> Undecided:
        """Say that the rule cannot decide some (by default all) of its requirements."""
        return Undecided(requirements or self.decides, reason)
