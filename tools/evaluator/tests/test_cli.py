"""The command: what it refuses in one sentence, and what it writes when nothing can be looked at."""

from __future__ import annotations

import dataclasses
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from checker_trees import copy_clean
from evaluation_sample import sample
from inception_check.evidence.project import Project
from inception_evaluate import cli, gathering
from inception_evaluate.evaluation import selected
from inception_evaluate.evidence import Missing
from inception_evaluate.machine import Machine
from inception_evaluate.model import Check, Evaluation, Verdict


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["/nowhere"], "there is no directory /nowhere"),
        (["--only", "E99", "."], "E99: there is no such requirement"),
        (["--login", "Wil;rm", "."], "'Wil;rm' is no login"),
        (["--domain", "x_y", "."], "'x_y' is no domain"),
        (["--port", "70000", "."], "70000 is no port"),
        (["--machine", "a", "--ssh", "b", "."], "give one of"),
        (["--credentials", "/nowhere", "."], "cannot be read"),
    ],
)
def test_wrong_use_gets_one_sentence(
    arguments: list[str], said: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.main(["--output", str(tmp_path / "report"), *arguments]) == 2
    captured = capsys.readouterr()
    assert captured.out == ""
    assert said in captured.err
    assert captured.err.count("\n") == 1
    assert not (tmp_path / "report").exists()


def test_a_file_of_credentials_without_any_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "credentials"
    file.write_text("nothing\n")
    assert cli.main(["--credentials", str(file), "."]) == 2
    assert "no line name:password" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("variable", "value", "said"),
    [
        ("DOCKER_HOST", "unix:///nowhere/docker.sock", "the Docker engine does not answer"),
        ("PATH", "/nowhere", "there is no program docker here"),
    ],
)
def test_without_an_engine_nothing_of_the_stack_is_decided(
    variable: str,
    value: str,
    said: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    project = copy_clean(tmp_path)
    output = tmp_path / "report"
    monkeypatch.setenv(variable, value)
    assert cli.main(["--output", str(output), "--login", "wil", str(project)]) in (1, 2)
    assert "Traceback" not in capsys.readouterr().err
    evaluation = Evaluation.from_json((output / "evaluation.json").read_text())
    lines = {check.id: check for check in evaluation.checks}
    for name in ("E27", "E29", "E35", "E40", "E47", "E48", "E49", "E50", "E56", "E57", "R19"):
        assert lines[name].verdict is Verdict.UNDECIDED, name
        assert any(said in reason for reason in lines[name].reasons), lines[name].reasons
    # What the files tell is told all the same.
    assert lines["E13"].verdict is Verdict.PASS
    assert {path.name for path in output.iterdir()} >= {"evaluation.json", "evaluation.xml", "evaluation.html"}


@pytest.mark.parametrize(
    ("complaint", "said"),
    [
        ("", "the Docker engine refuses: it ended with 1"),
        ("make did not end within 60 s", "nothing runs: make did not end within 60 s"),
    ],
)
def test_why_a_project_could_not_be_made_is_why_nothing_is_decided(complaint: str, said: str, tmp_path: Path) -> None:
    settings = gathering.Settings(tmp_path, str(tmp_path), tmp_path, login="wil", complaint=complaint)
    dark = Machine("127.0.0.1", ("false",))
    found = gathering.gather(dark, settings, Project(tmp_path), frozenset({"stack", "site"}), lambda _: None)
    assert found.parts["stack"] == found.parts["site"] == Missing(said)


@pytest.mark.parametrize("name", ["E2", "E38", "r19"])
def test_any_line_of_the_sheet_can_be_asked_for(name: str, tmp_path: Path) -> None:
    options = cli.parser().parse_args(["--only", name, str(tmp_path)])
    assert cli.settings_of(options).wanted == {name.upper()}


@pytest.mark.parametrize(
    ("verdicts", "code"),
    [
        ([Verdict.PASS, Verdict.UNDECIDED], 0),
        ([Verdict.SPOKEN], 0),
        ([Verdict.FAIL, Verdict.PASS], 1),
        # Not a line was decided: that must not look like success.
        ([Verdict.UNDECIDED, Verdict.UNDECIDED], 2),
        ([Verdict.UNDECIDED, Verdict.SPOKEN], 2),
        ([Verdict.UNDECIDED, Verdict.ABSENT], 2),
    ],
)
def test_exit_code(verdicts: list[Verdict], code: int) -> None:
    checks = tuple(Check(f"E{n}", "x", ends=False, verdict=verdict) for n, verdict in enumerate(verdicts))
    assert cli.exit_code(dataclasses.replace(sample(), checks=checks)) == code


def test_login_and_domain_are_found_in_the_files(tmp_path: Path) -> None:
    project = copy_clean(tmp_path)
    login, domain = cli.found_out(project, "")
    assert domain == f"{login}.42.fr"
    assert json.dumps(login) != '""'


def test_the_login_is_found_in_the_documents_at_last(tmp_path: Path) -> None:
    text = "See https://cdn.intra.42.fr/subject.pdf.\nUse login.42.fr or <login>.42.fr; mine is upolat.42.fr, so https://upolat.42.fr.\n"
    (tmp_path / "README.md").write_text(text)
    assert cli.found_out(tmp_path, "") == ("upolat", "upolat.42.fr")


def test_files_that_do_not_tell_the_login_say_so(tmp_path: Path) -> None:
    (tmp_path / "Makefile").write_text("all:\n\ttrue\n")
    with pytest.raises(cli.UsageError, match="LOGIN="):
        cli.found_out(tmp_path, "")


#: Makes no real machine, and notes what it was asked to do.
_ENDED = """
import sys, time
from pathlib import Path
from inception_evaluate import cli
from inception_evaluate.machine import Machine
from inception_evaluate.throwaway import lifetime

notes = Path(sys.argv[1])

def tool(*arguments, timeout):
    with notes.open("a") as file:
        file.write(f"{arguments[0]}\\n")

lifetime._tool = tool
lifetime.container_machine = lambda name: Machine("127.0.0.1", name=name)
cli.prepare = lambda *_: time.sleep(60)
sys.exit(cli.main(["--fresh", "--login", "wil", "--output", sys.argv[2], sys.argv[2]]))
"""


@pytest.mark.parametrize("number", [signal.SIGHUP, signal.SIGTERM, signal.SIGINT])
def test_a_closed_terminal_leaves_no_machine_behind(number: signal.Signals, tmp_path: Path) -> None:
    notes = tmp_path / "notes"
    reading, writing = os.pipe()
    child = subprocess.Popen([sys.executable, "-c", _ENDED, str(notes), str(tmp_path)], stderr=writing)
    os.close(writing)
    try:
        for _ in range(600):
            if notes.exists():
                break
            time.sleep(0.1)
        time.sleep(0.5)
        # The terminal is gone: nobody reads any more what is said.
        os.close(reading)
        child.send_signal(number)
        assert child.wait(timeout=60) == 2
    finally:
        child.kill()
    assert notes.read_text().split() == ["create", "destroy"]


@pytest.mark.parametrize(("name", "parts"), [("E58", {"stack", "site", "database"}), ("E59", {"stack", "site"})])
def test_what_a_change_builds_upon_is_gathered_for_it_alone(name: str, parts: set[str]) -> None:
    assert gathering.needed(selected(frozenset({name}))) >= parts
