from __future__ import annotations

import time
from datetime import date

import pytest
from ansible.errors import AnsibleFilterError

from filter.apt_source import apt_source
from filter.env_quote import FilterModule as EnvQuote
from filter.env_quote import env_quote
from filter.find_obstacles import FilterModule as Obstacles
from filter.find_obstacles import obstacles
from filter.kept_archive import kept_archive
from filter.penultimate_image import FilterModule as PenultimateImage
from filter.penultimate_image import penultimate_image


@pytest.mark.parametrize("plugin", [EnvQuote, Obstacles, PenultimateImage])
def test_a_filter_is_named_like_its_file(plugin: type) -> None:
    assert list(plugin().filters()) == [plugin.__module__.split(".")[-1]]


def test_env_quote_quotes() -> None:
    assert env_quote("It's $5 #1") == '"It\'s \\$5 #1"'
    assert env_quote(443) == "443"


def test_env_quote_refuses_as_a_filter_does() -> None:
    with pytest.raises(AnsibleFilterError, match="line breaks"):
        env_quote("a\nb")


@pytest.mark.parametrize(
    ("distribution", "on", "image"),
    [
        ("debian", "2026-11-23", "debian:12-slim"),
        ("alpine", "2026-11-23", "alpine:3.23"),
        ("debian", "2024-01-01", "debian:11-slim"),
    ],
)
def test_penultimate_image(distribution: str, on: str, image: str) -> None:
    assert penultimate_image(distribution, on) == image


def test_penultimate_image_of_today() -> None:
    assert penultimate_image("debian") == penultimate_image("debian", date.today().isoformat())


@pytest.mark.parametrize(("distribution", "on"), [("arch", "2026-11-23"), ("debian", "1999-01-01"), ("debian", "soon")])
def test_penultimate_image_that_is_not_known(distribution: str, on: str) -> None:
    with pytest.raises(AnsibleFilterError):
        penultimate_image(distribution, on)


def test_obstacles_are_those_of_the_package() -> None:
    machine = {
        "distribution": "debian",
        "distribution_version": "13",
        "architecture": "x86_64",
        "uid": 1000,
        "memory_mb": 4096,
        "deployed": False,
        "disks": [],
        "listeners": [],
        "secrets": {},
        "filled_directories": [],
        "bundle": {},
        "core_version": "",
        "content_owner": -1,
        "docker": {"settings_problem": ""},
        "foreign_containers": {},
        "volumes": {},
        "supply": {"resolved": "upstream", "source": "probed", "unreachable": []},
    }
    wanted = {
        "bundle": {"older": False},
        "services": [],
        "project_name": "inception",
        "project_dir": "/p",
        "data_dir": "/d",
        "login": "wil",
        "database": "shop",
        "former_database": "",
        "base": "debian",
        "wordpress_version": "7.1.4",
        "wordpress_url": "https://wordpress.org/wordpress-7.1.4.tar.gz",
    }
    (obstacle,) = obstacles(machine, **wanted)
    assert "Root rights" in obstacle


def test_an_archive_is_whole_with_its_checksum() -> None:
    files = {"a.tar": {"mtime": int(time.time()) - 3 * 86400}, "a.tar.sha256": {"mtime": 0}, "b.tar": {"mtime": 0}}
    assert 3 <= kept_archive(files, "a")["days"] < 3.1
    assert kept_archive(files, "b") == kept_archive(files, "c") == {}


TARGETS = [
    "bookworm-updates main http://deb.example/debian /etc/apt/sources.list.d/debian.sources:1",
    "bookworm contrib http://deb.example/debian /etc/apt/sources.list.d/debian.sources:1",
    "bookworm main http://deb.example/debian /etc/apt/sources.list.d/debian.sources:1",
    "bookworm main http://other.example/debian /etc/apt/sources.list:7",
]


def test_apt_source_is_the_first_one_of_the_release_s_main_packages() -> None:
    found = {"uri": "http://deb.example/debian", "file": "/etc/apt/sources.list.d/debian.sources"}
    assert apt_source(TARGETS, "bookworm") == found
    assert apt_source(TARGETS, "trixie") == apt_source(["bookworm main"], "bookworm") == {}
