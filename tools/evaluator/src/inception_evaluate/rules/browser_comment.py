"""The ordinary user signs in and comments, in a real browser (E48)."""

from __future__ import annotations

from collections.abc import Iterator

from inception_evaluate.evidence import Evidence
from inception_evaluate.rule import LiveOutcome, LiveRule
from inception_evaluate.rules._common import judge_step, seen


def _check(evidence: Evidence) -> Iterator[LiveOutcome]:
    fix = "Allow comments on a published entry, and see that wp-comments-post.php reaches PHP."
    yield from judge_step(RULE, seen(evidence.browsing).step("comment"), "the comment", fix)


RULE = LiveRule("browser-comment", "The ordinary user can comment", ("E48",), ("browsing",), _check, wants_all=True)
