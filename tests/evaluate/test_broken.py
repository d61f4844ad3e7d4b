"""A broken stack is judged FAIL for exactly the right reason.

Not collected with the rest, because it needs a machine with a running stack:
``pytest tests/evaluate --machine=NAME``.
"""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import pytest
from broken import KINDS, Broken
from patient import Patient


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.name)
def test_broken_stack(kind: Broken, patient: Patient, tmp_path: Path) -> None:
    options = list(kind.options)
    if "WRONG" in options:
        wrong = tmp_path / "credentials"
        wrong.write_text(f"{patient.login}:not the password\n")
        options[options.index("WRONG")] = str(wrong)
    try:
        if kind.before:
            patient.shell(kind.before)
        if kind.sql:
            patient.sql(kind.sql)
        if kind.compose:
            files = "-f docker-compose.yml -f broken.yml"
            patient.shell(
                f"printf %s {shlex.quote(kind.compose)} >broken.yml; docker compose {files} up --detach 2>&1 || true"
            )
        evaluation = patient.evaluate(kind.only, *options)
    finally:
        if kind.unsql:
            patient.sql(kind.unsql)
        if kind.after:
            patient.shell(kind.after)
        patient.mend()
    failed = {c["id"]: {f["rule"] for f in c["findings"]} for c in evaluation["checks"] if c["verdict"] == "fail"}
    assert failed == {name: set(rules) for name, rules in kind.fails.items()}
    undecided = {check["id"] for check in evaluation["checks"] if check["verdict"] == "undecided"}
    assert undecided == kind.undecided, [c["reasons"] for c in evaluation["checks"] if c["verdict"] == "undecided"]
    told = [f["message"] for c in evaluation["checks"] for f in c["findings"]]
    told += [reason for check in evaluation["checks"] for reason in check["reasons"]]
    assert any(re.search(re.escape(kind.says), text) for text in told), told


def test_whole_stack_passes(patient: Patient) -> None:
    """The mended stack is good again; otherwise the tests above would prove nothing."""
    evaluation = patient.evaluate(
        "E27,E28,E29,E30,E35,E37,E40,E41,E43,E46,E47,E53,E54,E55,E56,E57,R16,R17,R18,R20,R24,R25,R26,R28"
    )
    assert {check["verdict"] for check in evaluation["checks"]} == {"pass"}
