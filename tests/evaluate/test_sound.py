"""Our own stack passes every line of the sheet that a running stack decides.

Not collected with the rest, because it needs a machine with a running stack:
``pytest tests/evaluate/test_sound.py --machine=NAME``.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from inception_evaluate import cli
from support.patient import Patient

#: What only a run from nothing, a reboot or a rebuild decides, and the file that is never in git.
LEFT_OPEN = {"E7", "E8", "E16", "E58", "E59", "R32"}


def test_every_line_passes(sound: Patient) -> None:
    evaluation = sound.evaluate("")
    lines = {check["id"]: check for check in evaluation["checks"]}
    told = {
        name: [one["message"] for one in check["findings"]] + check["reasons"]
        for name, check in lines.items()
        if check["verdict"] in ("fail", "undecided")
    }
    assert {name for name, check in lines.items() if check["verdict"] == "fail"} == set(), told
    assert {name for name, check in lines.items() if check["verdict"] == "undecided"} <= LEFT_OPEN, told
    # A change that visitors see, a comment, an upload: all in a real browser, with pictures.
    assert lines["E48"]["shots"]
    assert lines["E49"]["shots"]
    assert lines["E50"]["shots"]
    assert evaluation["notes"] == [], "something was left behind"


def test_a_machine_that_is_not_there_gets_one_sentence(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    # Here and not among the unit tests, because the engine is asked for the machine.
    assert cli.main(["--output", str(tmp_path / "report"), "--machine", "there-is-no-such-machine", "."]) == 2
    said = capsys.readouterr().err
    assert "there-is-no-such-machine" in said
    assert said.count("\n") == 1
