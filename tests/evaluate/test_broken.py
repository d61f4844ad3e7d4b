"""A broken stack is judged FAIL for exactly the right reason.

Not collected with the rest, because it needs a machine with a running stack:
``pytest tests/evaluate --machine=NAME``.
"""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import Any

import pytest

from support.broken import ROUNDS, Broken, Round
from support.patient import Patient

KINDS = [pytest.param(one, kind, id=kind.name) for one in ROUNDS for kind in one.kinds]
#: What became of each round: its evaluation, or why there is none. Its kinds are so many tests of one look.
Looked = dict[str, dict[str, Any] | Exception]


@pytest.fixture(scope="module")
def looked() -> Looked:
    return {}


@pytest.fixture
def evaluation(broken: Round, patient: Patient, looked: Looked, tmp_path: Path) -> dict[str, Any]:
    """Return what the evaluation says of a round; the first of its kinds that is asked for makes it."""
    if broken.name not in looked:
        try:
            looked[broken.name] = evaluate(broken, patient, tmp_path)
        except Exception as error:
            looked[broken.name] = error
    found = looked[broken.name]
    if isinstance(found, Exception):
        raise found
    return found


def evaluation_options(broken: Round, patient: Patient, scratch: Path) -> list[str]:
    """Return the options of the evaluation; WRONG stands for a file of credentials that are not right."""
    wrong = scratch / "credentials"
    wrong.write_text(f"{patient.login}:not the password\n")
    return [str(wrong) if option == "WRONG" else option for option in broken.options]


def break_stack(broken: Round, patient: Patient) -> None:
    """Break the stack in all ways of the round: before the Compose file is changed, by it, and afterwards."""
    for kind in broken.kinds:
        if kind.before:
            patient.shell(kind.before)
    if broken.compose:
        files = "-f docker-compose.yml -f broken.yml"
        # Compose may rightly complain of such a stack; what counts is what the evaluation says of it.
        # What it says is shown where the round fails.
        print(
            patient.shell(
                f"printf %s {shlex.quote(broken.compose)} >broken.yml; docker compose {files} up --detach 2>&1 || true"
            )
        )
    if broken.ready:
        patient.shell(broken.ready)
    for kind in broken.kinds:
        if kind.then:
            patient.shell(kind.then)
    for kind in broken.kinds:
        if kind.sql:
            patient.sql(kind.sql)


def evaluate(broken: Round, patient: Patient, scratch: Path) -> dict[str, Any]:
    """Break the stack in all ways of the round, evaluate it once, and mend it."""
    try:
        break_stack(broken, patient)
        return patient.evaluate(broken.only, *evaluation_options(broken, patient, scratch))
    finally:
        if broken.compose:
            patient.mend()
        for kind in broken.kinds:
            if kind.unsql:
                patient.sql(kind.unsql)
            if kind.after:
                patient.shell(kind.after)


@pytest.mark.parametrize(("broken", "kind"), KINDS)
def test_broken_stack(broken: Round, kind: Broken, evaluation: dict[str, Any]) -> None:
    failed = {c["id"]: c["findings"] for c in evaluation["checks"] if c["verdict"] == "fail"}
    undecided = {c["id"]: c["reasons"] for c in evaluation["checks"] if c["verdict"] == "undecided"}
    print([c for c in evaluation["checks"] if c["id"] in broken.fails and c["verdict"] != "fail"])
    # Nothing else fails, whatever else is broken in the same round.
    assert {name: {f["rule"] for f in findings} for name, findings in failed.items()} == broken.fails
    assert set(undecided) == broken.undecided, undecided
    # What this kind breaks is failed by its own rules, and one of them says what it is.
    told = [f["message"] for name, rules in kind.fails.items() for f in failed[name] if f["rule"] in rules]
    warned = {c["id"]: c["findings"] for c in evaluation["checks"] if c["verdict"] == "warn"}
    told += [f["message"] for name, rules in kind.warns.items() for f in warned[name] if f["rule"] in rules]
    told += [reason for name in kind.undecided & undecided.keys() for reason in undecided[name]]
    assert any(kind.says in text for text in told), told
    assert evaluation["only"], "a partial run says that it is one"


def test_whole_stack_passes(patient: Patient) -> None:
    """The mended stack is good again; otherwise the tests above would prove nothing."""
    evaluation = patient.evaluate(
        "E27,E28,E29,E30,E35,E37,E40,E41,E43,E46,E47,E53,E54,E55,E56,E57,R16,R17,R18,R20,R24,R25,R26,R28"
    )
    assert {check["verdict"] for check in evaluation["checks"]} == {"pass"}
