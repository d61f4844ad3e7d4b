"""What a walk makes of pages: what is doubtful about one that shows, and what must be found after a reboot."""

from __future__ import annotations

from pathlib import Path
from typing import Any, cast

import pytest

from inception_evaluate.collect.browser import persistence, steps
from inception_evaluate.collect.browser.persistence import Marks
from inception_evaluate.collect.browser.steps import Part, faults
from inception_evaluate.collect.browser.walk import Walk, WalkError, until
from inception_evaluate.machine import UnseenError

ORIGIN = "https://wil.42.fr"
GOOD = (
    Part(f"{ORIGIN}/", 200, "text/html", "document"),
    Part(f"{ORIGIN}/style.css", 200, "text/css; charset=UTF-8", "stylesheet"),
    Part(f"{ORIGIN}/logo.png", 200, "image/png", "image"),
    # Somebody else's server is not the project.
    Part("https://fonts.example.org/a.woff2", 404, "", "font"),
)


def test_a_sound_page_has_no_fault() -> None:
    assert faults(GOOD, ORIGIN, ()) == []


@pytest.mark.parametrize(
    ("part", "plain", "said"),
    [
        (Part(f"{ORIGIN}/a.css", 200, "text/plain", "stylesheet"), (), "not styled as it should be: no browser takes https://wil.42.fr/a.css (200, text/plain) for CSS"),
        (Part(f"{ORIGIN}/a.css", 404, "text/html", "stylesheet"), (), "a.css (404, text/html)"),
        (Part(f"{ORIGIN}/a.js", 502, "text/html", "script"), (), "parts of the page are missing: https://wil.42.fr/a.js (502)"),
        (GOOD[0], ("http://wil.42.fr/wp-content/a.png",), "refers to what is not: http://wil.42.fr/wp-content/a.png"),
    ],
)  # fmt: skip
def test_a_page_that_shows_may_be_faulty(part: Part, plain: tuple[str, ...], said: str) -> None:
    found = faults((*GOOD, part), ORIGIN, plain)
    assert len(found) == 1
    assert said in found[0]


class Later:
    """A page where something becomes true at the third look, and whose policy forbids evaluating within it."""

    url = f"{ORIGIN}/"

    def __init__(self) -> None:
        self.looks = 0

    def evaluate(self, expression: str) -> bool:
        assert expression.startswith("() =>")
        self.looks += 1
        return self.looks > 2

    def wait_for_timeout(self, _milliseconds: float) -> None:
        pass


def test_waiting_needs_no_leave_of_the_pages_policy() -> None:
    page = Later()
    until(page, "window.ready")
    assert page.looks == 3
    with pytest.raises(WalkError, match="was not ready within -1 s"):
        until(Later(), "window.ready", -1)


def test_no_step_evaluates_within_the_page() -> None:
    for file in Path(steps.__file__).parent.glob("*.py"):
        assert ".wait_for_function(" not in file.read_text(), file.name


class FakeWalk:
    """A walk whose site takes some kinds of writing and refuses others."""

    mark = "evaluation 1"
    administrator = None


@pytest.mark.parametrize("refused", [{"upload"}, {"post"}, {"comment", "upload"}])
def test_what_could_be_written_is_enough(refused: set[str], monkeypatch: pytest.MonkeyPatch) -> None:
    def writer(what: str) -> Any:
        def write(_walk: Walk, marks: Marks) -> None:
            if what in refused:
                raise WalkError(f"no {what}")
            setattr(marks, {"post": "words", "comment": "comment", "upload": "upload"}[what], what)

        return write

    for what in ("post", "comment", "upload"):
        monkeypatch.setattr(persistence, f"_{what}", writer(what))
    marks = persistence.leave(cast(Walk, FakeWalk()))
    assert marks.unwritten == {what: f"no {what}" for what in refused}


def test_where_nothing_can_be_written_it_is_told_why(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(_walk: Walk, _marks: Marks) -> None:
        raise UnseenError("the password of wil is nowhere")

    for what in ("post", "comment", "upload"):
        monkeypatch.setattr(persistence, f"_{what}", refuse)
    with pytest.raises(
        UnseenError, match=r"nothing could be written before the reboot: the password of wil is nowhere$"
    ):
        persistence.leave(cast(Walk, FakeWalk()))
