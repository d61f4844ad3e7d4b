"""Markdown documents: headings, sections, and what is left without them."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from inception_check.evidence.markdown import has_text, parse_markdown, plain


def test_headings_of_every_kind() -> None:
    text = "# One #\n\nTwo\n===\n\nThree\n---\n\n<h2 align='center'>Four</h2>\n\n**Five**\n\n### [Six](x) `7`\n"
    assert [(s.title, s.level, s.line) for s in parse_markdown(text).sections] == [
        ("One", 1, 1),
        ("Two", 1, 3),
        ("Three", 2, 6),
        ("Four", 2, 9),
        ("Five", 6, 11),
        ("Six 7", 3, 13),
    ]


def test_code_holds_no_headings() -> None:
    document = parse_markdown("# a\n```sh\n# no heading\n```\n~~~~\n# nor this\n~~~\n~~~~\n## b\ntext\n")
    assert [s.title for s in document.sections] == ["a", "b"]
    assert "no heading" not in document.prose
    assert "no heading" in document.text


def test_sections_end_at_the_next_heading_of_their_level() -> None:
    first, inner, second = parse_markdown("# a\nx\n## b\ny\n# c\n").sections
    assert first.text == "x\n## b\ny"
    assert inner.text == "y"
    assert not has_text(second)


def test_a_heading_without_text_has_no_substance() -> None:
    document = parse_markdown("# How to start\n\n# How to stop\nmake down\n")
    assert "start" not in document.substance
    assert "stop" in document.substance


def test_numbers_tell_which_headings_belong_together() -> None:
    document = parse_markdown("# 1. Description:\n# Inception\ntext\n# 2. Instructions\n# 3. Resources\nlinks\n")
    assert [has_text(s) for s in document.sections] == [True, True, False, True]
    assert "links" not in document.sections[0].text


def test_plain() -> None:
    assert plain("**a** [b](c) <i>d</i> &amp; `e`") == "a b d & e"


@settings(deadline=None)  # a busy machine is no mistake
@given(st.text(alphabet=st.sampled_from("#=-`~*_<h1>/ \n[]()ab"), max_size=200))
def test_it_never_raises_and_positions_stay_in_the_file(text: str) -> None:
    document = parse_markdown(text)
    assert all(1 <= s.line <= len(document.lines) for s in document.sections)
    assert "\n".join(document.lines) == text
    document.substance  # noqa: B018 - it must not raise either
