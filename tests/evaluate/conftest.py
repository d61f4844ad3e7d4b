"""Stacks that are broken on purpose, on a machine where the stack runs; each is mended again."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from support.patient import Patient


def pytest_addoption(parser: pytest.Parser) -> None:
    group = parser.getgroup("inception")
    group.addoption("--machine", required=False, help="name of the container that is the machine")
    group.addoption("--project-dir", default="/root/inception", help="where the project is on the machine")
    group.addoption("--login", default="wil")


@pytest.fixture(scope="session")
def sound(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Patient:
    machine = request.config.getoption("--machine")
    if not machine:
        pytest.exit("--machine says which machine is meant", returncode=2)
    return Patient(
        machine,
        request.config.getoption("--project-dir"),
        request.config.getoption("--login"),
        tmp_path_factory.mktemp("evaluate"),
    )


@pytest.fixture(scope="session")
def patient(sound: Patient) -> Iterator[Patient]:
    sound.mend()
    yield sound
    sound.mend()
