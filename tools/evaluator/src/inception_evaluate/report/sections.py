"""The parts of the evaluation sheet: which checks stand under which heading."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

from inception_evaluate.model import Check, Verdict

_ID = re.compile(r"([A-Z])(\d+)\Z")


@dataclass(frozen=True, slots=True)
class Section:
    """One heading of the sheet with its checks.

    Attributes:
        key: a stable name, fit for an anchor.
        part: the part of the sheet that it belongs to, for example ``Mandatory part``.
        title: the heading; equal to the part where that has one section only.
        checks: in the order of the sheet.

    """

    key: str
    part: str
    title: str
    checks: tuple[Check, ...]

    def count(self, verdict: Verdict) -> int:
        """Count the checks with a verdict."""
        return sum(1 for check in self.checks if check.verdict is verdict)


# Anchor, part, heading, and the first and the last number of the checks below it, as the sheet has them.
_SECTIONS: tuple[tuple[str, str, str, str, int, int], ...] = (
    ("preliminaries", "Preliminaries", "Preliminaries", "E", 1, 4),
    ("general", "General instructions", "General instructions", "E", 5, 16),
    ("overview", "Mandatory part", "Project overview", "E", 17, 20),
    ("documents", "Mandatory part", "Documents", "E", 21, 26),
    ("setup", "Mandatory part", "Simple set-up", "E", 27, 30),
    ("basics", "Mandatory part", "Docker basics", "E", 31, 35),
    ("network", "Mandatory part", "Docker network", "E", 36, 38),
    ("nginx", "Mandatory part", "NGINX with TLS", "E", 39, 43),
    ("wordpress", "Mandatory part", "WordPress with php-fpm and its volume", "E", 44, 50),
    ("mariadb", "Mandatory part", "MariaDB and its volume", "E", 51, 57),
    ("persistence", "Mandatory part", "Persistence", "E", 58, 58),
    ("modification", "Mandatory part", "Changing the configuration", "E", 59, 59),
    ("bonus", "Bonus", "Bonus", "E", 60, 64),
    ("infrastructure", "The subject's own requirements", "The infrastructure", "R", 1, 36),
    ("subject-documents", "The subject's own requirements", "Documents of the submission", "R", 37, 49),
    ("subject-bonus", "The subject's own requirements", "Bonus and defence", "R", 50, 58),
)
_OTHER = ("other", "Further checks", "Further checks")


def sections(checks: Iterable[Check]) -> tuple[Section, ...]:
    """Put checks under the headings of the sheet.

    Headings without a check are left out; a check that no heading claims stands under the last one, so that none
    is ever lost. Within a heading the given order stays.
    """
    filed: dict[str, list[Check]] = {}
    for check in checks:
        filed.setdefault(_key(check.id), []).append(check)
    headings = [entry[:3] for entry in _SECTIONS] + [_OTHER]
    return tuple(Section(key, part, title, tuple(filed[key])) for key, part, title in headings if key in filed)


def _key(name: str) -> str:
    match = _ID.match(name)
    if match:
        for key, _part, _title, letter, first, last in _SECTIONS:
            if match[1] == letter and first <= int(match[2]) <= last:
                return key
    return _OTHER[0]
