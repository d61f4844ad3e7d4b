from __future__ import annotations

import copy
from typing import Any

import pytest

from filter.find_obstacles import MINIMUM_DISK_MB, MINIMUM_MEMORY_MB, find_obstacles

MACHINE: dict[str, Any] = {
    "bundle": {},
    "distribution": "debian",
    "distribution_version": "13",
    "architecture": "x86_64",
    "uid": 0,
    "memory_mb": 3920,
    "docker": {"settings_problem": ""},
    "deployed": False,
    "disks": [{"path": "/", "free_mb": 20000}],
    "listeners": [],
    "secrets": {},
    "filled_directories": [],
    "core_version": "",
    "content_owner": -1,
    "foreign_containers": {},
    "volumes": {},
    "supply": {"resolved": "distribution", "source": "probed", "unreachable": []},
}
WANTED = {
    "bundle": {"version": "0.2.0", "commit": "", "older": False},
    "services": [
        {"ports": [], "secrets": [{"file": "db_password.txt", "owner": 0, "data": "mariadb"}]},
        {"ports": [], "secrets": [{"file": "credentials.txt", "owner": 0, "data": "mariadb"}]},
        {
            "ports": [{"published": "inception_https_port", "published_number": 443}],
            "secrets": [{"file": "tls.key", "owner": 33, "data": None}],
        },
    ],
    "project_name": "inception",
    "project_dir": "/opt/inception",
    "data_dir": "/home/wil/data",
    "login": "wil",
    "database": "wordpress",
    "former_database": "",
    "base": "debian",
    "wordpress_version": "7.1.4",
    "wordpress_url": "https://wordpress.org/wordpress-7.1.4.tar.gz",
}
UPSTREAM = {"resolved": "upstream", "source": "setting", "unreachable": []}
SECRETS = {name: {"problem": "", "owner": 0} for name in ("credentials.txt", "db_password.txt")}


def machine(**changes: Any) -> dict[str, Any]:
    return {**copy.deepcopy(MACHINE), **changes}


def test_a_good_machine_has_no_obstacle() -> None:
    assert find_obstacles(machine(), WANTED) == []
    assert find_obstacles(machine(distribution_version="12", architecture="aarch64"), WANTED) == []


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        (
            {"distribution": "ubuntu", "distribution_version": "24.04"},
            "runs ubuntu 24.04; supported are Debian 12 and 13",
        ),
        ({"distribution_version": "11"}, "runs debian 11"),
        ({"distribution_version": ""}, "runs debian (rolling)"),
        ({"architecture": "riscv64"}, "is a riscv64; supported are aarch64, x86_64"),
        ({"uid": 1000}, "run as root, or install sudo"),
        (
            {"docker": {"settings_problem": "Expecting value: line 1 column 2 (char 1)"}},
            "/etc/docker/daemon.json is not what the Docker engine can read (Expecting value: line 1 column 2 (char 1)): mend it",
        ),
        ({"memory_mb": MINIMUM_MEMORY_MB - 1}, f"at least {MINIMUM_MEMORY_MB} are needed"),
        ({"disks": [{"path": "/home", "free_mb": MINIMUM_DISK_MB - 1}]}, "/home has 4095 MiB free"),
        (
            {"listeners": [{"port": 443, "process": "apache2 (pid 77)", "container": "", "project": ""}]},
            "Port 443 is taken by the process apache2 (pid 77); stop it, or choose another inception_https_port",
        ),
        (
            {"listeners": [{"port": 443, "process": "", "container": "proxy", "project": "other"}]},
            "Port 443 is taken by the container proxy",
        ),
        (
            {"listeners": [{"port": 443, "process": "", "container": "", "project": ""}]},
            "a process that cannot be named",
        ),
        (
            {"secrets": {**SECRETS, "db_password.txt": {"problem": "is empty", "owner": 0}}},
            "/opt/inception/secrets/db_password.txt is empty; write a better value into it, or remove the file",
        ),
        (
            {"secrets": {**SECRETS, "credentials.txt": {"problem": "", "owner": 1000}}},
            "credentials.txt belongs to the user 1000",
        ),
        (
            {"filled_directories": ["/home/wil/data/mariadb"]},
            "/home/wil/data/mariadb holds data, but /opt/inception/secrets/db_password.txt is gone",
        ),
        ({"content_owner": 82}, "was made with alpine, whose users have other numbers: set it back to alpine"),
        (
            {"core_version": "7.2", "supply": UPSTREAM},
            "wordpress_version is 7.1.4, but the site runs WordPress 7.2, whose database knows no way back: set it to 7.2",
        ),
        ({"core_version": "7.1.10", "supply": UPSTREAM}, "restore the backup that was made before 7.1.10"),
        (
            {"foreign_containers": {"nginx": ""}},
            "The container nginx exists and is not ours; remove it (docker rm -f nginx)",
        ),
        (
            {
                "foreign_containers": {"nginx": "shop", "mariadb": "shop"},
                "volumes": {"mariadb": {"device": "/home/wil/data/mariadb", "project": "shop"}},
            },
            "containers of the project shop bear the names that are needed: set it back to shop if that is this site",
        ),
        (
            {"volumes": {"mariadb": {"device": "", "project": "shop"}}},
            "The volume mariadb exists and is not ours",
        ),
        (
            {"volumes": {"mariadb": {"device": "/home/tux/data/mariadb", "project": "inception"}}},
            "set inception_data_dir to /home/tux/data; to begin anew for wil",
        ),
        (
            {"supply": {"resolved": "upstream", "source": "setting", "unreachable": ["https://registry.example/"]}},
            "inception_supply is upstream, but https://registry.example/ cannot be reached; set inception_supply",
        ),
        (
            {"supply": {"resolved": "distribution", "source": "setting", "unreachable": ["http://mirror.example/"]}},
            "set inception_apt_mirror",
        ),
    ],
)
def test_each_obstacle_is_one_sentence(changes: dict[str, Any], says: str) -> None:
    (sentence,) = find_obstacles(machine(**changes), WANTED)
    assert says in sentence
    assert sentence.endswith(".")
    assert "\n" not in sentence


def test_our_own_deployment_is_no_obstacle() -> None:
    ours = machine(
        deployed=True,
        disks=[{"path": "/", "free_mb": 10}],
        listeners=[{"port": 443, "process": "", "container": "nginx", "project": "inception"}],
        secrets=SECRETS,
        filled_directories=["/home/wil/data/mariadb", "/home/wil/data/wordpress"],
        volumes={"mariadb": {"device": "/home/wil/data/mariadb", "project": "inception"}},
    )
    assert find_obstacles(ours, {**WANTED, "former_database": "wordpress"}) == []


def test_the_database_of_a_site_keeps_its_name() -> None:
    wanted = {**WANTED, "former_database": "shop"}
    ours = machine(secrets=SECRETS, filled_directories=["/home/wil/data/mariadb"])
    (sentence,) = find_obstacles(ours, wanted)
    assert sentence.startswith("mariadb_database is wordpress, but the site is in the database shop")
    assert find_obstacles(machine(), wanted) == [], "there is no site yet"


@pytest.mark.parametrize("former", ["", "6.1.9", "7.1", "7.1.4", "7.1.4-RC1"])
def test_the_same_core_or_a_newer_one_is_no_obstacle(former: str) -> None:
    assert find_obstacles(machine(core_version=former, supply=UPSTREAM), WANTED) == []


def test_a_core_whose_version_the_settings_do_not_tell_is_left_to_its_image() -> None:
    assert find_obstacles(machine(core_version="7.2"), WANTED) == []
    mirror = {**WANTED, "wordpress_url": "https://mirror.example/latest.tar.gz"}
    assert find_obstacles(machine(core_version="7.2", supply=UPSTREAM), mirror) == []


def test_all_obstacles_are_told_at_once() -> None:
    assert len(find_obstacles(machine(uid=1000, memory_mb=1, architecture="s390x"), WANTED)) == 3


LAST = {"version": "0.3.0", "commit": "0123456789abcdef", "project_dir": "/home/wil/inception"}


def test_an_older_bundle_is_told_with_both_ways_out() -> None:
    wanted = {**WANTED, "bundle": {"version": "0.2.0", "commit": "", "older": True}}
    assert find_obstacles(machine(bundle=LAST), wanted) == [
        "This bundle is version 0.2.0, but version 0.3.0 (0123456789) was here last, in /home/wil/inception: run make there, or "
        "`make update` here; `make OLDER=1` (-e inception_older=true) goes back all the same."
    ]


def test_of_secrets_that_are_gone_it_is_told_where_they_may_be() -> None:
    filled = {"filled_directories": ["/home/wil/data/mariadb"]}
    (told,) = find_obstacles(machine(**filled, bundle=LAST), WANTED)
    assert "put the secrets of that installation back (it was made from /home/wil/inception), or" in told
    (told,) = find_obstacles(machine(**filled, bundle={**LAST, "project_dir": "/opt/inception"}), WANTED)
    assert "it was made from" not in told
