"""After the teardown: nothing of ours is left, and nothing of anybody else's is gone.

Not collected with the rest: ``-k foreign_things_are_put``, then the teardown, then the others.
"""

from __future__ import annotations

from support.stack import SERVICES, Settings, Stack

FOREIGN = "somebody-elses"


def test_foreign_things_are_put(stack: Stack) -> None:
    stack.shell(
        f"""set -e
        tar -c -C / etc/hostname | docker import - {FOREIGN}:1
        docker volume create {FOREIGN}
        docker network create {FOREIGN}
        docker create --name {FOREIGN} --network {FOREIGN} --volume {FOREIGN}:/data {FOREIGN}:1 /bin/true
        printf '192.0.2.1\\t{FOREIGN}.example.org\\n' >>/etc/hosts"""
    )


def test_no_container(stack: Stack) -> None:
    assert stack.docker("ps", "--all", "--format", "{{.Names}}").split() == [FOREIGN]


def test_no_image(stack: Stack) -> None:
    images = stack.docker("images", "--all", "--format", "{{.Repository}}").split()
    assert images == [FOREIGN]


def test_no_volume(stack: Stack) -> None:
    assert stack.docker("volume", "ls", "--quiet").split() == [FOREIGN]


def test_no_network(stack: Stack) -> None:
    names = stack.docker("network", "ls", "--format", "{{.Name}}").split()
    assert sorted(names) == sorted(["bridge", "host", "none", FOREIGN])


def test_no_data(stack: Stack, settings: Settings) -> None:
    for service in SERVICES:
        assert stack.attempt("test", "-e", f"/home/{settings.login}/data/{service}").returncode == 1
    assert stack.attempt("test", "-e", f"/home/{settings.login}/data").returncode == 1


def test_no_hosts_entry(stack: Stack, settings: Settings) -> None:
    hosts = stack.read("/etc/hosts")
    assert settings.domain not in hosts
    assert f"{FOREIGN}.example.org" in hosts
    assert "localhost" in hosts


def test_no_daemon(stack: Stack) -> None:
    names = stack.shell("cat /proc/[0-9]*/comm", check=False).split()
    assert not [name for name in names if name.startswith(("mariadbd", "php-fpm", "nginx"))]
