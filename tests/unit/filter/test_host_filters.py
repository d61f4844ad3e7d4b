"""What the role host works out: which directories it has to make, what it remembers, what the hosts file says."""

from __future__ import annotations

from typing import Any

import pytest

from filter.directory_record import directory_record
from filter.hosts_state import hosts_state
from filter.path_and_parents import path_and_parents
from filter.pending_directories import pending_directories

WANTED = {"name": "mariadb", "owner": 999, "group": "999", "mode": "0700"}
FOUND = {"uid": 999, "gid": 999, "mode": "0700"}
PATH = "/srv/data/mariadb"


@pytest.mark.parametrize(
    ("found", "filled", "state"),
    [
        ({}, [], "missing"),
        ({PATH: FOUND}, [], "empty"),
        ({PATH: {**FOUND, "uid": 0}}, [], "empty"),
        ({PATH: {**FOUND, "uid": 0}}, [PATH], "different"),
        ({PATH: {**FOUND, "gid": 0}}, [PATH], "different"),
        ({PATH: {**FOUND, "mode": "0755"}}, [PATH], "different"),
    ],
)
def test_a_directory_is_pending(found: dict[str, Any], filled: list[str], state: str) -> None:
    machine = {"directories": found, "filled_directories": filled}
    assert pending_directories([WANTED], machine, "/srv/data") == [{**WANTED, "path": PATH, "state": state}]


def test_a_directory_that_is_filled_and_as_it_must_be_is_not() -> None:
    assert (
        pending_directories([WANTED], {"directories": {PATH: FOUND}, "filled_directories": [PATH]}, "/srv/data") == []
    )


@pytest.mark.parametrize(
    ("text", "making", "filling", "wanted"),
    [
        ("", [], [], ("", False)),
        ("", ["/srv", "/srv/a"], ["/srv/b"], ("made /srv\nmade /srv/a\nfilled /srv/b\n", True)),
        ("made /srv/a\n", ["/srv/a"], [], ("made /srv/a\n", False)),
        # Made by us and still empty: it is removed, not emptied.
        ("made /srv/a\n", [], ["/srv/a"], ("made /srv/a\n", False)),
        ("made /srv/a b\nwhatever\n", ["/srv/c"], [], ("made /srv/a b\nwhatever\nmade /srv/c\n", True)),
    ],
)
def test_the_record(text: str, making: list[str], filling: list[str], wanted: tuple[str, bool]) -> None:
    record = directory_record(text, making, filling)
    assert (record["text"], record["extended"]) == wanted
    # What was written is read back.
    again = directory_record(record["text"])
    assert (again["made"], again["filled"]) == (record["made"], record["filled"])


def test_what_the_record_says() -> None:
    record = directory_record("made /srv\nfilled /srv/b\nmade /srv/a\n")
    assert (record["made"], record["filled"]) == (["/srv", "/srv/a"], ["/srv/b"])


@pytest.mark.parametrize(
    ("path", "wanted"),
    [("/home/wil/data", ["/home", "/home/wil", "/home/wil/data"]), ("/data", ["/data"]), ("/", [])],
)
def test_path_and_parents(path: str, wanted: list[str]) -> None:
    assert path_and_parents(path) == wanted


MARKER = "# {mark} inception, made by Ansible"
BLOCK = ["# BEGIN inception, made by Ansible", "127.0.0.1 wil.42.fr", "# END inception, made by Ansible"]


@pytest.mark.parametrize(
    ("lines", "right", "elsewhere"),
    [
        ([], False, False),
        (["127.0.0.1 localhost"], False, False),
        (BLOCK, True, False),
        (["::1 localhost", *BLOCK, "10.0.0.1 other"], True, False),
        # Somebody's own line does, while there is none of ours.
        (["127.0.0.1\tlocalhost wil.42.fr # mine"], True, False),
        (["# 127.0.0.1 wil.42.fr"], False, False),
        (["127.0.0.1 wil.42.fr.example"], False, False),
        # The first line wins.
        (["10.0.0.1 wil.42.fr", *BLOCK], False, True),
        ([*BLOCK, "10.0.0.1 wil.42.fr"], True, True),
        # A block of ours for another name or address is brought up to date.
        (["127.0.0.1 wil.42.fr", BLOCK[0], "127.0.0.1 tux.42.fr", BLOCK[2]], False, False),
        ([BLOCK[0], "127.0.0.2 wil.42.fr", BLOCK[2]], False, True),
        # An address is no name.
        (["wil.42.fr 127.0.0.1"], False, False),
    ],
)
def test_hosts_state(lines: list[str], *, right: bool, elsewhere: bool) -> None:
    assert hosts_state(lines, "wil.42.fr", "127.0.0.1", MARKER) == {"right": right, "elsewhere": elsewhere}


def test_hosts_state_of_several_names() -> None:
    lines = [BLOCK[0], "127.0.0.1 wil.42.fr tux.42.fr", BLOCK[2]]
    right = {"right": True, "elsewhere": False}
    assert hosts_state(lines, "wil.42.fr tux.42.fr", "127.0.0.1", MARKER) == right
    assert hosts_state(BLOCK, "wil.42.fr tux.42.fr", "127.0.0.1", MARKER) == {"right": False, "elsewhere": False}
    assert hosts_state(["10.0.0.1 tux.42.fr", *lines], "wil.42.fr tux.42.fr", "127.0.0.1", MARKER)["elsewhere"]
