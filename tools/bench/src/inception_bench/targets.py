"""What has to be reached: one table, and how a value is judged by it."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Mapping


@dataclasses.dataclass(frozen=True)
class Target:
    """One line of the table.

    Attributes:
        title: what is measured.
        metric: the name of the value among the metrics of a run.
        bound: what it has to reach, in ``unit``.
        at_least: whether more is better. Otherwise ``bound`` is the most that it may be.
        unit: the unit of the value, for people: ``×``, ``s``, ``MB``, or nothing for a count.
        strict: whether the bound itself is already too much.
    """

    title: str
    metric: str
    bound: float
    at_least: bool
    unit: str
    strict: bool = False

    def met(self, value: float) -> bool:
        """Tell whether a value reaches the target. What is no number does not."""
        if math.isnan(value):
            return False
        if self.at_least:
            return value >= self.bound
        return value < self.bound if self.strict else value <= self.bound

    @property
    def wanted(self) -> str:
        """The bound, for people."""
        sign = "≥" if self.at_least else "<" if self.strict else "≤"
        return f"{sign} {self.bound:g}{' ' + self.unit if self.unit else ''}"


TARGETS = (
    Target("anonymous page / limit", "anonymous.en_US.ours/limit", 0.8, at_least=True, unit="×"),
    Target("anonymous page / reference", "anonymous.en_US.ours/reference", 500, at_least=True, unit="×"),
    Target("signed-in page / reference, en_US", "signed-in.en_US.ours/reference", 1, at_least=True, unit="×"),
    Target("signed-in page / reference, ko_KR", "signed-in.ko_KR.ours/reference", 1, at_least=True, unit="×"),
    Target("new TLS connection per request / limit", "new-tls.en_US.ours/limit", 0.9, at_least=True, unit="×"),
    Target("1,000 connections: errors", "connections-1000.errors", 0, at_least=False, unit=""),
    Target("1,000 connections: 99th percentile", "connections-1000.p99", 1.0, at_least=False, unit="s", strict=True),
    Target("warm start to the first 200", "warm", 2.0, at_least=False, unit="s"),
    Target("cold start with first initialisation", "cold", 8.0, at_least=False, unit="s"),
    Target("SIGKILL of nginx → site answers", "recovery.nginx", 1.3, at_least=False, unit="s"),
    Target("SIGKILL of php-fpm → site answers", "recovery.wordpress", 1.3, at_least=False, unit="s"),
    Target("SIGKILL of mariadbd → site answers", "recovery.mariadb", 1.3, at_least=False, unit="s"),
    Target("cached pages served while php-fpm is down", "recovery.wordpress.served", 100, at_least=True, unit="%"),
    Target("cached pages served while mariadbd is down", "recovery.mariadb.served", 100, at_least=True, unit="%"),
    Target("idle memory of all three (PSS)", "memory", 150, at_least=False, unit="MB"),
    Target("make that changes nothing / empty local play", "unchanged", 10, at_least=False, unit="×"),
)


@dataclasses.dataclass(frozen=True)
class Verdict:
    """A target with what came out.

    Attributes:
        target: the line of the table.
        value: what was measured, in the target's unit, or None where it was not.
        met: None where nothing was measured.
    """

    target: Target
    value: float | None
    met: bool | None


def judge(metrics: Mapping[str, float]) -> list[Verdict]:
    """Hold the metrics of a run against all targets, in their order."""
    verdicts = []
    for target in TARGETS:
        value = metrics.get(target.metric)
        verdicts.append(Verdict(target, value, None if value is None else target.met(value)))
    return verdicts
