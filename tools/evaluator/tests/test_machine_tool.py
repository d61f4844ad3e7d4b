"""A throw-away machine has a network of its own, so that its engine takes the ranges that a stock one takes."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from inception_evaluate.machine_tool import machines
from inception_evaluate.machine_tool.outer_engine import MachineError


@pytest.fixture
def docker(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Put a command `docker` first, which notes its words and refuses so often as the file `refusals` says."""
    program = tmp_path / "docker"
    program.write_text(
        '#!/bin/sh\ncd $(dirname $0)\necho "$*" >>words\n'
        "if [ $(wc -l <words) -le $(cat refusals) ]; then echo Pool overlaps >&2; exit 1; fi\n"
        "case $* in *resolv.conf) echo search lan; echo nameserver 192.0.2.53; echo nameserver 192.0.2.54 ;; esac\n"
    )
    program.chmod(0o755)
    (tmp_path / "refusals").write_text("0")
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    return tmp_path


def test_a_range_that_is_taken_is_left_to_whom_it_belongs(docker: Path) -> None:
    (docker / "refusals").write_text("2")
    assert machines.make_network("inception-test-x") == ["--network=inception-test-x"]
    tried = [line.split() for line in (docker / "words").read_text().splitlines()]
    ranges = [words[words.index("--subnet") + 1] for words in tried]
    assert len(set(ranges)) == 3
    assert all(one.startswith("10.213.") for one in ranges), "not within 172.16.0.0/12, which engines take"


def test_an_engine_that_refuses_is_quoted(docker: Path) -> None:
    (docker / "refusals").write_text("99")
    with pytest.raises(MachineError, match="no network can be made for inception-test-x: Pool overlaps"):
        machines.make_network("inception-test-x")


def test_name_servers_are_those_of_a_usual_container(docker: Path) -> None:
    assert machines.name_servers("image") == ["192.0.2.53", "192.0.2.54"]
    assert "--network" not in (docker / "words").read_text()
