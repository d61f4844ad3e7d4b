"""Shell scripts: commands, loops, background jobs, and their places."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from inception_check.evidence.shell import inline_script, is_shell, parse_shell


def loops(text: str) -> list[tuple[str, bool, bool]]:
    return [(loop.kind, loop.constant, loop.leaves) for loop in parse_shell(text).loops]


@pytest.mark.parametrize(
    "text",
    ["while true; do x; done", "while :; do x; done", "until false; do x; done", "for ((;;)); do x; done",
     "while [ 1 ]; do x; done", "while [[ true ]]; do x; done", "while ((1)); do x; done", "while /bin/true; do x; done",
     "while ! false; do x; done", "while [ 1 -eq 1 ]; do x; done", "until [ 0 -eq 1 ]; do x; done",
     "while test 1; do x; done", 'while [ "a" = "a" ]; do x; done'],
)  # fmt: skip
def test_endless(text: str) -> None:
    assert [(constant, leaves) for _, constant, leaves in loops(text)] == [(True, False)]


@pytest.mark.parametrize(
    "text",
    ["while read -r line; do x; done", "until x; do y; done", "for i in 1 2; do x; done", "while [ $i -lt 3 ]; do x; done",
     "for ((i=0; i<3; i++)); do x; done", 'while [ "$1" ]; do shift; done'],
)  # fmt: skip
def test_not_endless(text: str) -> None:
    assert all(not constant for _, constant, _ in loops(text))


@pytest.mark.parametrize(
    ("body", "leaves"),
    [("break", True), ("if x; then break; fi", True), ("exit 1", True), ("exec y", True), ("for i in 1; do break; done", False),
     ("for i in 1; do break 2; done", True), ("(exit 1)", False), ("x=$(exit 1)", False), ("f() { return; }", True)],
)  # fmt: skip
def test_ways_out(body: str, leaves: bool) -> None:
    found = [loop for loop in parse_shell(f"while true; do {body}; done").loops if loop.constant]
    assert [loop.leaves for loop in found] == [leaves]


def test_background() -> None:
    text = "a &\nb && c &\nif x; then\n  d > /dev/null 2>&1 &\nfi\n(e; f) &\ng &> log\necho 'h &'\ni |& j\n"
    assert [(job.line, job.text.split()[0]) for job in parse_shell(text).backgrounds] == [
        (1, "a"),
        (2, "b"),
        (4, "d"),
        (6, "(e;"),
    ]


def test_words() -> None:
    command = parse_shell("x 'a b' \"c $D\" e\\ f $(g) ${H:-i} j=k").commands[0]
    assert command.values == ["x", "a b", "c $D", "e f", "$(g)", "${H:-i}", "j=k"]
    assert [w.literal for w in command.words] == [True, True, False, True, False, False, True]
    assert command.words[2].variables == ("D",)
    assert command.words[4].substituted


def test_heredocs_and_redirects() -> None:
    script = parse_shell("cat > /etc/x <<EOF\none $A\nEOF\nmysql <<'Q' | tee log\nselect\nQ\necho a >> b\n")
    cat, mysql, tee, echo = script.commands
    assert (cat.redirects[0].target.value, cat.heredocs[0].content, cat.heredocs[0].line) == ("/etc/x", "one $A\n", 2)
    assert cat.heredocs[0].expand
    assert (mysql.heredocs[0].content, mysql.heredocs[0].expand) == ("select\n", False)
    assert tee.name == "tee"
    assert echo.redirects[0].operator == ">>"


def test_assignments() -> None:
    script = parse_shell("A=1\nexport B='2 3' C=$D\nlocal_() { local E=4; }\nF=5 command x\n")
    assert [(a.name, a.value.value if a.value else None) for a in script.assignments] == [
        ("A", "1"), ("B", "2 3"), ("C", "$D"), ("E", "4"), ("F", "5"),
    ]  # fmt: skip


def test_contexts() -> None:
    script = parse_shell("f() { a; }\nif b; then c; fi\n(d)\ne $(g) | h\ni && j\n")
    contexts = {c.name: c.context for c in script.commands}
    assert contexts["a"] == ("function f",)
    assert contexts["b"] == ("if 11", "condition")
    assert contexts["c"] == ("if 11",)
    assert contexts["d"] == ("subshell",)
    assert "substitution" in contexts["g"]
    assert contexts["h"] == ("pipeline",)
    assert contexts["j"] == ("and",)


def test_nested_scripts_keep_their_lines() -> None:
    script = parse_shell("\ntimeout 5 bash -c '\nuntil x; do\n sleep 1\ndone'\n")
    nested = next(script.nested())
    assert [(loop.line, loop.context) for loop in nested.loops] == [(3, ("timeout", "inline"))]


@pytest.mark.parametrize(
    ("text", "inner"),
    [
        ("sh -c 'a'", "a"),
        ("bash -lc 'a' b", "a"),
        ("su wil -c 'a'", "a"),
        ("eval 'a'", "a"),
        ("sh a.sh -c b", None),
        ("a -c b", None),
    ],
)
def test_inline_scripts(text: str, inner: str | None) -> None:
    word = inline_script(parse_shell(text).commands[0].words)
    assert (word.value if word else None) == inner


def test_is_shell() -> None:
    assert is_shell("x", "#!/usr/bin/env bash\n")
    assert is_shell("x.sh", "")
    assert not is_shell("x", "#!/usr/bin/python3\n")
    assert not is_shell("x.py", "")


@settings(deadline=None)  # a busy machine is no mistake
@given(st.text(alphabet=st.sampled_from("while true do done;if fi&|<>(){}$'\"\n\\ =#EOF"), max_size=200))
def test_it_never_raises_and_positions_stay_in_the_file(text: str) -> None:
    lines = text.count("\n") + 1
    for script in parse_shell(text).everything():
        places = [c.line for c in script.commands] + [loop.line for loop in script.loops]
        places += [job.line for job in script.backgrounds] + [a.line for a in script.assignments]
        assert all(1 <= line <= lines + 1 for line in places)


def test_deep_nesting_is_no_danger() -> None:
    parse_shell("$(" * 3000)
    parse_shell("(" * 3000 + ")" * 3000)
    parse_shell("if x; then " * 500)
