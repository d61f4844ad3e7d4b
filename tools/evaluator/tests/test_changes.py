"""A changed port: in the project's own file, made by its own Makefile, looked at, and changed back whatever happens."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from inception_evaluate import changes, making
from inception_evaluate.collect import site
from inception_evaluate.evidence import Missing, Page, Persisted, Site
from inception_evaluate.machine import this_machine
from inception_evaluate.making import Made
from live_evidence import GOOD, STACK

COMPOSE = 'services:\n  nginx:\n    ports:\n      - "${HTTPS_PORT}:443"\n'


class Project:
    """A project on this very machine, whose make is played and whose site answers as a test wants it."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.log = ""
        self.code = 0
        self.port = 443
        self.moved = ""
        (root / "docker-compose.yml").write_text(COMPOSE)
        (root / ".env").write_text("HTTPS_PORT=443\n")

    def make(self, *_: object) -> Made:
        self.port = int((self.root / ".env").read_text().strip().partition("=")[2])
        return Made(self.code, self.log, (), "", 1.0)

    def fetch(self, _address: str, port: int, domain: str, *_: object, **__: object) -> Page:
        url = f"https://{domain}:{port}/"
        if port != self.port:
            return Page(url, 0, error="connection refused")
        if self.moved and port != 443:
            return Page(url, 301, location=self.moved)
        return Page(url, 200, title="Inception", wordpress=True)

    def rebuild(self, port: int = 8443) -> Persisted | Missing:
        stack = replace(STACK, files=(f"{self.root}/docker-compose.yml",), env_file=f"{self.root}/.env")
        machine = this_machine()
        return changes.rebuild(machine, str(self.root), stack, GOOD.site, port, {}, (), lambda _: None)

    def steps(self) -> list[tuple[bool | None, str, str]]:
        found = self.rebuild()
        assert isinstance(found, Persisted), found
        return [(one.good, one.sentence, one.doubt) for one in found.steps]


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Project]:
    found = Project(tmp_path)
    monkeypatch.setattr(making, "run", found.make)
    monkeypatch.setattr(site, "fetch", found.fetch)
    yield found
    assert (tmp_path / ".env").read_text() == "HTTPS_PORT=443\n", "the port is changed back"


def test_a_port_that_one_variable_leads_everywhere(project: Project) -> None:
    changed, back = project.steps()
    assert (changed[0], back[0]) == (True, True)
    assert "After the rebuild https://wil.42.fr:8443/ shows “Inception”, and port 443 is closed" in changed[1]
    assert f"HTTPS_PORT=443 to HTTPS_PORT=8443 in {project.root}/.env" in changed[1]
    assert "After the rebuild https://wil.42.fr/ shows" in back[1]
    assert not changed[2]


def test_an_address_that_does_not_follow_is_a_doubt(project: Project) -> None:
    project.moved = "https://wil.42.fr/"
    changed, back = project.steps()
    assert (changed[0], back[0]) == (True, True)
    assert "WordPress's own address does not follow the port" in changed[2]


def test_a_make_that_fails_is_quoted_and_the_port_changed_back(project: Project) -> None:
    project.code, project.log = 2, "nginx: [emerg] invalid port\n"
    changed, _ = project.steps()
    assert changed[0] is False
    assert "with port 8443 make failed (2): nginx: [emerg] invalid port" in changed[1]


def test_the_missing_internet_is_not_decided(project: Project) -> None:
    project.code, project.log = 2, "curl: (6) Could not resolve host: wordpress.example.org\n"
    changed, _ = project.steps()
    assert changed[0] is None
    assert "cannot reach wordpress.example.org" in changed[1]


def test_where_the_port_stands_nowhere_nothing_is_changed(project: Project) -> None:
    (project.root / "docker-compose.yml").write_text('services:\n  nginx:\n    ports: ["${PORT}:443"]\n')
    found = project.rebuild()
    assert isinstance(found, Missing)
    assert "tells where the port 443 of nginx comes from" in found.reason


def test_the_port_it_has_already_is_no_change(project: Project) -> None:
    assert project.rebuild(443) == Missing("the site is published on port 443 already; choose another one")


def test_a_site_that_did_not_answer_before_is_not_judged_by_a_change(project: Project) -> None:
    assert isinstance(GOOD.site, Site)
    dark = replace(GOOD.site, front=Page("https://wil.42.fr/", 0, error="connection refused"))
    found = changes.rebuild(this_machine(), str(project.root), STACK, dark, 8443, {}, (), lambda _: None)
    assert isinstance(found, Missing)
    assert "did not answer before anything was changed: connection refused" in found.reason
