"""What is read of a machine, and why a run cannot take place."""

from __future__ import annotations

from inception_bench.machine import memory_sizes, obstacles, os_release, processor

DEBIAN = {"ID": "debian", "PRETTY_NAME": "Debian GNU/Linux 13 (trixie)"}
MEMORY = {"MemAvailable": 4 * 10**9}
DISKS = {"/var/tmp": 10**11}  # noqa: S108 -- a name in a test


def test_nothing_is_in_the_way() -> None:
    assert obstacles(DEBIAN, MEMORY, DISKS) == []


def test_another_system() -> None:
    found = obstacles({"ID": "ubuntu", "PRETTY_NAME": "Ubuntu 24.04"}, MEMORY, DISKS)
    assert found == ["The benchmark measures Debian's packages and runs on Debian only; this is Ubuntu 24.04."]


def test_a_small_disk_and_little_memory() -> None:
    found = obstacles(DEBIAN, {"MemAvailable": 300 * 10**6}, {"/var/lib/docker": 10**9, "/var/tmp": 10**10})  # noqa: S108
    assert found == [
        "The benchmark needs 1200 MB of free memory, and there are 300: stop something, or use a larger machine.",
        "The benchmark needs 4 GB free in /var/lib/docker, and there are 1.0: make room.",
    ]


def test_os_release() -> None:
    assert os_release('# a comment\nID=debian\nPRETTY_NAME="Debian GNU/Linux 12 (bookworm)"\n') == {
        "ID": "debian",
        "PRETTY_NAME": "Debian GNU/Linux 12 (bookworm)",
    }


def test_meminfo() -> None:
    assert memory_sizes("MemTotal:        2048 kB\nHugePages_Total:       0\nMemAvailable:   1024 kB\n") == {
        "MemTotal": 2097152,
        "MemAvailable": 1048576,
    }


def test_processor() -> None:
    assert (
        processor("processor\t: 0\nmodel name\t: AMD EPYC 7763\nprocessor\t: 1\nmodel name\t: other\n")
        == "AMD EPYC 7763"
    )
    assert processor("processor\t: 0\nBogoMIPS\t: 50.00\n")
