"""Dockerfiles are read as BuildKit reads them."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from inception_check.evidence.dockerfile import copies, parse_dockerfile, split_words, unquote


def names(text: str) -> list[str]:
    return [instruction.name for instruction in parse_dockerfile(text).instructions]


def test_continuations_skip_comments_and_empty_lines() -> None:
    parsed = parse_dockerfile("FROM debian:12\nRUN one && \\\n    # a comment\n\n    two \\\n three\nCMD x\n")
    run = parsed.instructions[1]
    assert run.value.split() == ["one", "&&", "two", "three"]
    assert (run.line, run.end_line) == (2, 6)
    assert parsed.instructions[2].line == 7
    assert not parsed.problems


def test_a_backslash_before_the_last_one_is_no_continuation() -> None:
    assert names("FROM a\nRUN echo \\\\\nCMD x\n") == ["FROM", "RUN", "CMD"]


def test_the_escape_directive_changes_the_character() -> None:
    parsed = parse_dockerfile("# escape=`\nFROM a\nRUN one `\n two\nRUN c:\\\nCMD x\n")
    assert [i.name for i in parsed.instructions] == ["FROM", "RUN", "RUN", "CMD"]
    assert parsed.instructions[1].value == "one  two"


def test_a_directive_below_another_line_is_a_comment() -> None:
    assert parse_dockerfile("FROM a\n# escape=`\nRUN x\n").escape == "\\"


def test_heredocs_are_no_instructions() -> None:
    parsed = parse_dockerfile('FROM a\nRUN <<EOF\nFROM b\nEOF\nCOPY <<-A <<"B" /x/\n\tone\n\tA\ntwo $x\nB\nCMD y\n')
    assert [i.name for i in parsed.instructions] == ["FROM", "RUN", "COPY", "CMD"]
    run, copy = parsed.instructions[1:3]
    assert [(h.name, h.content, h.line) for h in run.heredocs] == [("EOF", "FROM b\n", 3)]
    assert [(h.content, h.expand) for h in copy.heredocs] == [("one\n", True), ("two $x\n", False)]


def test_an_open_heredoc_is_a_problem() -> None:
    assert "never closed" in parse_dockerfile("FROM a\nRUN <<EOF\nx\n").problems[0].message


def test_a_heredoc_sign_in_quotes_or_other_instructions_opens_nothing() -> None:
    assert names("FROM a\nRUN echo '<<EOF'\nENV A=<<EOF\nCMD x\n") == ["FROM", "RUN", "ENV", "CMD"]


def test_forms() -> None:
    parsed = parse_dockerfile('FROM a\nCMD ["a", "b c"]\nENTRYPOINT [ "a",\\\n "b" ]\nCMD [\'a\']\nCMD a b\n')
    assert [i.arguments for i in parsed.instructions[1:]] == [("a", "b c"), ("a", "b"), None, None]


def test_flags() -> None:
    parsed = parse_dockerfile(
        "FROM --platform=linux/amd64 a AS b\nCOPY --from=b --chown=1:2 \\\n  /x /y\nRUN --mount=type=cache x --y\n"
    )
    assert parsed.stages[0].instruction.flags == (("platform", "linux/amd64"),)
    assert parsed.instructions[1].flag("from") == "b"
    assert parsed.instructions[1].words() == ["/x", "/y"]
    assert parsed.instructions[2].value == "x --y"


def test_stages_and_global_arguments() -> None:
    text = "ARG V=12\nARG IMAGE=debian:${V}\nFROM ${IMAGE} AS Build\nFROM build\nFROM debian:${MISSING}\n"
    parsed = parse_dockerfile(text)
    first, second, third = parsed.stages
    assert (first.resolved, first.alias) == ("debian:12", "build")
    assert parsed.is_stage(second.resolved, 1)
    assert [s.index for s in parsed.lineage(second)] == [0, 1]
    assert third.unknown == ("MISSING",)
    assert parsed.stage("BUILD") is first
    assert parsed.stage(None) is third


def test_pairs_know_their_lines() -> None:
    parsed = parse_dockerfile('FROM a\nENV A=1 \\\n    B="two words" C=\nENV OLD some text\nARG X\n')
    assert parsed.instructions[1].pairs() == [("A", "1", 2), ("B", "two words", 3), ("C", "", 3)]
    assert parsed.instructions[2].pairs() == [("OLD", "some text", 4)]
    assert parsed.instructions[3].pairs() == [("X", None, 5)]


def test_problems() -> None:
    assert "unknown instruction" in parse_dockerfile("FROM a\nRUNN x\n").problems[0].message
    assert "before the first FROM" in parse_dockerfile("RUN x\nFROM a\n").problems[0].message
    assert "no FROM" in parse_dockerfile("ARG x\n").problems[-1].message
    assert parse_dockerfile("").problems == ()


def test_copies_follow_the_working_directory() -> None:
    parsed = parse_dockerfile(
        "FROM a\nWORKDIR /srv\nWORKDIR app\nCOPY tools/x.sh .\nCOPY a b /etc/\nCOPY --from=y q /q\n"
    )
    found = [(c.source, c.target, c.into) for c in copies(list(parsed.instructions))]
    assert found == [("tools/x.sh", "/srv/app", True), ("a", "/etc", True), ("b", "/etc", True)]


def test_words() -> None:
    assert split_words("a 'b c' \"d e\" f\\ g") == ["a", "'b c'", '"d e"', "f\\ g"]
    assert unquote("'b c'\"d\"e") == "b cde"


@settings(deadline=None)  # a busy machine is no mistake
@given(st.text(alphabet=st.sampled_from("FROM RUNCPYEV\n\\#<>EOF\"'[]=$ {}`\t-a1"), max_size=300))
def test_it_never_raises_and_positions_stay_in_the_file(text: str) -> None:
    parsed = parse_dockerfile(text)
    lines = text.count("\n") + 1
    last = 0
    for instruction in parsed.instructions:
        assert last < instruction.line <= instruction.end_line <= lines
        last = instruction.line
        assert instruction.body_line >= instruction.line
        instruction.words()
        instruction.pairs()
    copies(list(parsed.instructions))


@settings(deadline=None)  # a busy machine is no mistake
@given(
    st.lists(
        st.sampled_from(["RUN a", "RUN a \\\n b", "ENV A=b", "RUN <<X\nq\nX", "# c", "", 'CMD ["a"]']), max_size=12
    )
)
def test_joining_and_parsing_gives_back_the_instructions(parts: list[str]) -> None:
    parsed = parse_dockerfile("\n".join(["FROM a", *parts]))
    wanted = [part.split(" ", 1)[0] for part in parts if part and not part.startswith("#")]
    assert [i.name for i in parsed.instructions[1:]] == wanted
    assert not parsed.problems
