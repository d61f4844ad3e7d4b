"""The tests that playbooks ask of names, images and files."""

from __future__ import annotations

import pytest
from ansible.errors import AnsibleFilterError

from support import load_plugin

plugin = load_plugin("test/inception")


def test_every_test_is_offered() -> None:
    assert set(plugin.TestModule().tests()) == {
        "allowed_admin_name",
        "penultimate_base",
        "tagged_image",
        "valid_dotenv",
    }


@pytest.mark.parametrize(
    ("name", "allowed"), [("captain", True), ("wil-ADMIN", False), ("Administrator", False), ("", False)]
)
def test_allowed_admin_name(name: str, allowed: bool) -> None:
    assert plugin.allowed_admin_name(name) is allowed


@pytest.mark.parametrize(
    ("reference", "tagged"),
    [
        ("nginx:1.0", True),
        ("nginx", False),
        ("nginx:latest", False),
        ("host:5000/nginx", False),
        ("nginx@sha256:ab", True),
    ],
)
def test_tagged_image(reference: str, tagged: bool) -> None:
    assert plugin.tagged_image(reference) is tagged


@pytest.mark.parametrize(
    ("reference", "on", "right"),
    [
        ("debian:12-slim", "2026-11-23", True),
        ("debian:bookworm", "2026-11-23", True),
        ("debian:12", "2025-01-01", False),
        ("alpine:3.23.1", "2026-11-23", True),
        ("alpine:latest", "2026-11-23", False),
        ("ubuntu:24.04", "2026-11-23", False),
    ],
)
def test_penultimate_base(reference: str, on: str, right: bool) -> None:
    assert plugin.penultimate_base(reference, on) is right


def test_penultimate_base_wants_a_day() -> None:
    with pytest.raises(AnsibleFilterError):
        plugin.penultimate_base("debian:12", "tomorrow")
    assert plugin.penultimate_base("debian:unknown") is False


def test_valid_dotenv() -> None:
    assert plugin.valid_dotenv("A=b\n")
    assert not plugin.valid_dotenv("no setting\n")
