"""Baselines: findings that are known and accepted for now, so that only new ones are reported."""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

from inception_check.model import Finding

_MAX_BYTES = 10_000_000


class BaselineError(Exception):
    """The file is no baseline, or cannot be read or written."""


def fingerprints(findings: Iterable[Finding]) -> list[str]:
    """Return a fingerprint for each finding, in order.

    It survives that lines move: rule, file and message count, and which one of several alike it is. No line of a
    file is part of it, since that may hold a secret.
    """
    seen: Counter[tuple[str, str, str]] = Counter()
    made = []
    for finding in findings:
        key = (finding.rule, finding.path, finding.message)
        seen[key] += 1
        made.append(hashlib.sha256("\0".join([*key, str(seen[key])]).encode("utf-8", "replace")).hexdigest()[:32])
    return made


def write_baseline(path: Path, findings: Iterable[Finding]) -> int:
    """Write the findings that are not suppressed to a file; returns their number.

    Raises:
        BaselineError: the file cannot be written.

    """
    active = [finding for finding in findings if finding.suppressed is None]
    entries = [
        {"rule": finding.rule, "path": finding.path, "fingerprint": fingerprint}
        for finding, fingerprint in zip(active, fingerprints(active), strict=True)
    ]
    try:
        path.write_text(json.dumps({"version": 1, "findings": entries}, indent=2) + "\n", encoding="utf-8")
    except OSError as error:
        raise BaselineError(f"the baseline {path} cannot be written: {error.strerror}") from error
    return len(entries)


def read_baseline(path: Path) -> frozenset[str]:
    """Read the fingerprints of a baseline.

    Raises:
        BaselineError: the file cannot be read, or is none.

    """
    try:
        with path.open("rb") as stream:
            document = json.loads(stream.read(_MAX_BYTES).decode("utf-8"))
        return frozenset(str(entry["fingerprint"]) for entry in document["findings"])
    except OSError as error:
        raise BaselineError(
            f"the baseline {path} cannot be read: {error.strerror}; make one with --write-baseline"
        ) from error
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise BaselineError(f"{path} is no baseline; make one with --write-baseline") from error


def accept(findings: list[Finding], known: frozenset[str], name: str) -> list[Finding]:
    """Return the findings, those of a baseline suppressed."""
    active = [finding for finding in findings if finding.suppressed is None]
    marks = dict(zip(map(id, active), fingerprints(active), strict=True))
    return [
        replace(finding, suppressed=f"it is in the baseline {name}") if marks.get(id(finding)) in known else finding
        for finding in findings
    ]
