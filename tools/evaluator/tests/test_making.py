"""``make`` at a terminal: its questions are answered, it may stay in the foreground, and it ends in time."""

from __future__ import annotations

import os
import signal
import time
from pathlib import Path

import pytest

from inception_evaluate import making
from inception_evaluate.evidence import Step
from inception_evaluate.machine import this_machine
from inception_evaluate.making import Made, answers, complaint
from inception_evaluate.throwaway.from_nothing import judge


@pytest.fixture(autouse=True)
def docker(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Put a command `docker` first that knows one container."""
    program = tmp_path / "docker"
    program.write_text("#!/bin/sh\necho 0123456789ab\n")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    return program


def made(directory: Path, recipe: str, *, limit: float = 30, stands: bool = False) -> Made:
    lines = "".join(f"\t@{line}\n" for line in recipe.splitlines())
    (directory / "Makefile").write_text(f"SHELL := /bin/bash\nall:\n{lines}")
    return making.run(
        this_machine(), str(directory), [], {}, limit, answers("wil", "wil.42.fr"), lambda: stands
    )  # fmt: skip


def step(done: Made) -> Step:
    return judge(this_machine(), done, 5)


def test_it_has_a_terminal(tmp_path: Path) -> None:
    done = made(tmp_path, 'test -t 0 && test -t 1 && echo "a terminal of $$TERM"')
    assert (done.code, done.log) == (0, "a terminal of dumb\n")
    assert step(done).good
    assert not step(done).doubt


def test_variables_of_another_make_do_not_reach_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MAKEFLAGS", " -- WORD=another")
    monkeypatch.setenv("MAKELEVEL", "1")
    assert made(tmp_path, 'echo "$(WORD)/$(MAKELEVEL)"').log == "/0\n"


def test_its_questions_are_answered_and_told(tmp_path: Path) -> None:
    recipe = (
        'read -p "Your login: " name; read -s -p "Database password: " word; echo; '
        'read -p "Go on? [y/N] " go; echo "$$name/$$go/$${#word}/$$word" | tee answers'
    )
    done = made(tmp_path, recipe)
    name, go, length, word = (tmp_path / "answers").read_text().strip().split("/")
    assert (name, go) == ("wil", "y")
    assert int(length) >= 15
    assert done.asked == (
        ("Your login:", "wil"),
        ("Database password:", "a made-up value"),
        ("Go on? [y/N]", "y"),
    )
    told = step(done)
    assert told.good
    assert "`make` asked questions" in told.doubt
    assert word not in told.doubt


def test_what_asks_again_and_again_is_ended(tmp_path: Path) -> None:
    done = made(tmp_path, 'while read -p "Type the magic word: " word; do :; done')
    assert done.stopped == "asks"
    assert step(done).good is False
    assert "asks again and again: “Type the magic word:”" in step(done).sentence


def test_what_never_ends_is_ended_with_all_that_it_started(tmp_path: Path) -> None:
    began = time.monotonic()
    done = made(tmp_path, "echo $$$$ >pid; while :; do sleep 1; done", limit=2)
    assert time.monotonic() - began < 15
    assert done.stopped == "limit"
    assert step(done).good is False
    assert "make did not end within 5 s" in step(done).sentence
    with pytest.raises(ProcessLookupError):
        os.kill(int((tmp_path / "pid").read_text()), 0)


def test_a_make_that_makes_no_container_has_not_made_all_of_it(tmp_path: Path, docker: Path) -> None:
    docker.write_text("#!/bin/sh\n")
    told = step(made(tmp_path, "echo Usage: make up"))
    assert told.good is False
    assert "and made no container" in told.sentence


def test_the_foreground_is_no_failure_and_is_left_running(tmp_path: Path, docker: Path) -> None:
    docker.write_text(
        "#!/bin/sh\ncase $1 in ps) echo 0123456789ab ;; *) echo $$ >pid; while :; do sleep 1; done ;; esac\n"
    )
    done = made(tmp_path, "docker compose up --build", stands=True)
    number = int((tmp_path / "pid").read_text())
    try:
        assert done.foreground
        told = step(done)
        assert told.good
        assert "stays in the foreground" in told.doubt
        os.kill(number, 0)
    finally:
        os.kill(number, signal.SIGKILL)


def test_detached_is_not_the_foreground(tmp_path: Path, docker: Path) -> None:
    docker.write_text("#!/bin/sh\ncase $1 in ps) echo 0123456789ab ;; *) sleep 8 ;; esac\n")
    done = made(tmp_path, "docker compose up --build -d", stands=True)
    assert done.code == 0


def test_a_failure_is_quoted_and_no_line_of_help(tmp_path: Path) -> None:
    done = made(tmp_path, "echo 'cp: cannot stat x: No such file'; exit 3")
    assert done.code == 2
    assert step(done).sentence == "make failed (2): cp: cannot stat x: No such file"
    log = (
        "unknown shorthand flag: 'f' in -f\n\nUsage:  docker [OPTIONS] COMMAND [ARG...]\n\n"
        "Run 'docker --help' for more information\nmake: *** [Makefile:3: all] Error 125\n"
    )
    assert complaint(log, 2) == "make failed (2): unknown shorthand flag: 'f' in -f"
    assert (
        complaint("make: *** [Makefile:3: all] Error 1\n", 2) == "make failed (2): make: *** [Makefile:3: all] Error 1"
    )
    assert complaint("", 2) == "make failed (2): it said nothing"


def test_the_missing_internet_is_not_the_projects_fault() -> None:
    away = Made(2, "curl: (6) Could not resolve host: wordpress.example.org\n", (), "", 3.0)
    told = judge(this_machine(), away, 60)
    assert told.good is None
    assert "this machine cannot reach wordpress.example.org" in told.sentence
    gone = Made(
        2, "Error response from daemon: pull access denied for wordpres, repository does not exist\n", (), "", 3.0
    )
    told = judge(this_machine(), gone, 60)
    assert told.good is False
    assert "wordpres" in told.sentence
