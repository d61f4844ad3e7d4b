"""The administrator signs in to a dashboard that works: it uploads, and its Site Health is good (E49)."""

from __future__ import annotations

from collections.abc import Iterator

from inception_check.model import Severity
from inception_evaluate.evidence import Evidence
from inception_evaluate.rule import LiveOutcome, LiveRule
from inception_evaluate.rules._common import judge_step, seen


def _check(evidence: Evidence) -> Iterator[LiveOutcome]:
    browsing = seen(evidence.browsing)
    signed_in = browsing.step("dashboard")
    yield from judge_step(
        RULE, signed_in, "signing in", "See that the administrator's password is that of the secrets."
    )
    if signed_in is None or not signed_in.good:
        return
    fixes = {
        "upload": "See that WordPress may write wp-content/uploads and that the upload limits fit.",
        "health": "Open Tools, Site Health in the dashboard; it says what to do.",
    }
    for name, fix in fixes.items():
        step = browsing.step(name)
        if step is not None and step.good:
            yield RULE.saw(step.sentence, shots=step.shots)
        elif step is not None and step.good is False:
            # The sheet asks for the sign-in; a dashboard that lacks something is worth a warning.
            yield RULE.finding(step.sentence, fix, severity=Severity.WARNING)


RULE = LiveRule(
    "browser-dashboard", "The administrator's dashboard works", ("E49",), ("browsing",), _check, wants_all=True
)
