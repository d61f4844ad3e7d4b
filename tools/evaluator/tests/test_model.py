"""An evaluation survives being written and read, and what is none is refused with the place."""

from __future__ import annotations

import json

import pytest

from inception_check.model import Finding, Severity
from inception_evaluate.model import (
    Attachment,
    Check,
    Container,
    DockerfileFacts,
    Evaluation,
    Figure,
    Machine,
    Mount,
    Network,
    Port,
    Shot,
    Sources,
    Topology,
    Verdict,
    Volume,
)

FINDING = Finding("open-ports", ("E27",), Severity.ERROR, "", None, "port 80 answers", "Close it.", None)
WHOLE = Evaluation(
    project="/home/wil/inception",
    title="Inception «ü»",
    login="wil",
    domain="wil.42.fr",
    url="https://wil.42.fr/",
    began="2026-11-24T01:48:16Z",
    seconds=73.5,
    subject="5.4",
    machine=Machine("6.12", "Debian 13", "kvm", "26.1.5", "2.26.1", 2, 8 << 30),
    checks=(
        Check("E27", "Port 443 only", ends=True, verdict=Verdict.FAIL, findings=(FINDING,), seconds=2.0),
        Check("E50", "Edits show", ends=True, verdict=Verdict.PASS, seen=("It did.",), shots=(Shot("Edit", "1.png"),)),
        Check("E58", "Reboot", ends=True, verdict=Verdict.UNDECIDED, reasons=("REBOOT=1 was not given",)),
        Check("E17", "How Docker works", ends=False, verdict=Verdict.SPOKEN),
    ),
    topology=Topology(
        (
            Container(
                service="nginx",
                role="nginx",
                name="nginx",
                image="nginx:1.0",
                exposed=("443/tcp",),
                ports=(Port(443, 443),),
                networks=(Attachment("inception", "172.18.0.4", ("wil.42.fr",)),),
                mounts=(Mount("volume", "wordpress", "/var/www/html", read_only=True),),
            ),
        ),
        (Network("inception", "bridge", "172.18.0.0/16"),),
        (Volume("wordpress", "local", "/home/wil/data/wordpress", ("type=none",), 5),),
    ),
    figures=(Figure("nginx", 1e6, "B", "sizes"),),
    sources=Sources(dockerfiles=(DockerfileFacts("nginx", "srcs/requirements/nginx/Dockerfile", ("FROM debian:12",)),)),
    beyond=(FINDING,),
    notes=("srcs/.env was supplied",),
)


def test_what_was_written_is_read_again() -> None:
    assert Evaluation.from_json(WHOLE.to_json()) == WHOLE
    assert WHOLE.to_json().isascii()


def test_verdicts_are_counted() -> None:
    assert [WHOLE.count(verdict) for verdict in Verdict] == [1, 1, 0, 1, 1, 0]


@pytest.mark.parametrize(
    ("path", "value", "said"),
    [
        (("schema",), 99, "no evaluation of schema"),
        (("checks",), {}, r"evaluation\.checks: a list"),
        (("checks", 0, "seconds"), "long", r"evaluation\.checks\[0\]\.seconds: float"),
        (("checks", 0, "verdict"), "perhaps", "perhaps"),
        (("machine", "cores"), True, r"machine\.cores: int"),
        (("machine", "colour"), "red", "no colour"),
    ],
)
def test_what_is_no_evaluation_is_refused(path: tuple[str | int, ...], value: object, said: str) -> None:
    document = json.loads(WHOLE.to_json())
    place = document
    for step in path[:-1]:
        place = place[step]
    place[path[-1]] = value
    with pytest.raises(ValueError, match=said):
        Evaluation.from_json(json.dumps(document))


def test_a_missing_part_is_named() -> None:
    document = json.loads(WHOLE.to_json())
    del document["checks"][0]["title"]
    with pytest.raises(ValueError, match=r"checks\[0\].*title"):
        Evaluation.from_json(json.dumps(document))
