"""The engine's end is not the site's."""

from __future__ import annotations

import time

import pytest

from support.stack import SERVICES, Settings, Stack
from support.web import Browser


@pytest.mark.requirement("E58", "R19", "C2")
def test_containers_outlive_a_killed_engine(stack: Stack, settings: Settings, visitor: Browser) -> None:
    before = {service: stack.inspect(service)["State"]["StartedAt"] for service in SERVICES}
    # Of the machine's own: engines of machines inside of it would not be in this file.
    stack.shell("kill -KILL $(cat /run/docker.pid)")
    for container in ("mariadbd", "php-fpm", "nginx"):
        assert stack.attempt("sh", "-c", f"cat /proc/[0-9]*/comm | grep -q '^{container}'").returncode == 0
    if stack.attempt("test", "-d", "/run/systemd/system").returncode != 0:
        # Where nobody else starts an engine.
        stack.execute("make", "--directory", settings.project_dir, f"LOGIN={settings.login}")
    until = time.monotonic() + 120
    while stack.attempt("docker", "version").returncode != 0:
        assert time.monotonic() < until, "no engine came back"
        time.sleep(0.5)
    assert {service: stack.inspect(service)["State"]["StartedAt"] for service in SERVICES} == before
    assert all(stack.inspect(service)["State"]["Running"] for service in SERVICES)
    # A search is in no cache: it takes all three, and names that the engine resolves.
    while visitor.get(f"/?s={time.monotonic_ns()}").status != 200:
        assert time.monotonic() < until, "the site does not answer"
        time.sleep(0.5)
