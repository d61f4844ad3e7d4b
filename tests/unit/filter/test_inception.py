from __future__ import annotations

from datetime import date

import pytest
from ansible.errors import AnsibleFilterError

from support import load_plugin

inception = load_plugin("filter/inception")


def test_the_filters_have_these_names() -> None:
    filters = inception.FilterModule().filters()
    assert {"env_quote", "find_obstacles", "penultimate_image"} <= set(filters)
    assert all(function.__doc__ for function in filters.values())


def test_env_quote_quotes() -> None:
    assert inception.env_quote("It's $5 #1") == '"It\'s \\$5 #1"'
    assert inception.env_quote(443) == "443"


def test_env_quote_refuses_as_a_filter_does() -> None:
    with pytest.raises(AnsibleFilterError, match="line breaks"):
        inception.env_quote("a\nb")


@pytest.mark.parametrize(
    ("distribution", "on", "image"),
    [
        ("debian", "2026-11-23", "debian:12-slim"),
        ("alpine", "2026-11-23", "alpine:3.23"),
        ("debian", "2024-01-01", "debian:11-slim"),
    ],
)
def test_penultimate_image(distribution: str, on: str, image: str) -> None:
    assert inception.penultimate_image(distribution, on) == image


def test_penultimate_image_of_today() -> None:
    assert inception.penultimate_image("debian") == inception.penultimate_image("debian", date.today().isoformat())


@pytest.mark.parametrize(("distribution", "on"), [("arch", "2026-11-23"), ("debian", "1999-01-01"), ("debian", "soon")])
def test_penultimate_image_that_is_not_known(distribution: str, on: str) -> None:
    with pytest.raises(AnsibleFilterError):
        inception.penultimate_image(distribution, on)


def test_obstacles_are_those_of_the_package() -> None:
    host = {
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
        "database": "",
        "core_version": "",
        "content_owner": -1,
        "docker": {"settings_problem": ""},
        "foreign_containers": {},
        "volumes": {},
        "supply": {"resolved": "upstream", "source": "probed", "unreachable": []},
    }
    wanted = {
        "https_port": 443,
        "project_name": "inception",
        "project_dir": "/p",
        "data_dir": "/d",
        "login": "wil",
        "database": "shop",
        "base": "debian",
        "wordpress_version": "7.1.4",
        "wordpress_url": "https://wordpress.org/wordpress-7.1.4.tar.gz",
    }
    (obstacle,) = inception.obstacles(host, **wanted)
    assert "Root rights" in obstacle
