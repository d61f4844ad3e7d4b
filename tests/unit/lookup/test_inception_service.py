"""What a service may say of itself, and what is refused."""

from __future__ import annotations

from typing import Any

import pytest
import yaml

from lookup.inception_service import read_service, refuse_collisions
from support import ROLES

SOUND: dict[str, Any] = {
    "description": "a cache",
    "ports": [{"setting": "redis_port"}],
    "networks": [{"name": "cache"}],
    "volumes": [{"name": "redis", "owner": 999, "group": 999, "mode": "0700"}],
    "backup": ["redis"],
    "secrets": [{"name": "redis_password", "file": "redis_password.txt", "description": "What opens the cache."}],
}


def test_what_is_left_out_has_a_default() -> None:
    assert read_service("redis", {"description": "a cache"}) == {
        "name": "redis",
        "description": "a cache",
        "ports": [],
        "networks": [],
        "volumes": [],
        "backup": [],
        "dump": "",
        "backup_except": [],
        "secrets": [],
        "upstream_urls": [],
    }
    service = read_service("redis", SOUND)
    assert service["networks"] == [{"name": "cache", "internal": False}]
    (secret,) = service["secrets"]
    assert {key: secret[key] for key in ("owner", "mode", "length", "names", "data")} == {
        "owner": 0,
        "mode": "0400",
        "length": None,
        "names": [],
        "data": None,
    }


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"description": None}, "description"),
        ({"port": 6379}, "has the unknown key port;"),
        ({"volumes": [{"name": "redis", "owner": 999, "group": 999}]}, "mode found in volumes"),
        ({"volumes": [{"name": "redis", "owner": "redis", "group": 0, "mode": "0700"}]}, "owner"),
        ({"ports": 6379}, "ports"),
        ({"ports": [{"setting": "redis_port", "publish": "x"}]}, "has the unknown key ports.publish;"),
        ({"backup": ["wordpress"]}, "backup names wordpress, which is none of its volumes"),
    ],
)
def test_what_is_refused(change: dict[str, Any], says: str) -> None:
    with pytest.raises(ValueError, match=r"^roles/redis/meta/service\.yml:? .*\.$") as refused:
        read_service("redis", {key: value for key, value in {**SOUND, **change}.items() if value is not None})
    assert says in str(refused.value)
    assert "\n" not in str(refused.value)


def test_a_file_without_keys_is_refused() -> None:
    with pytest.raises(ValueError, match="must be a mapping"):
        read_service("redis", None)


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"networks": [{"name": "database"}]}, "networks has the name database twice"),
        ({"volumes": [{"name": "mariadb"}]}, "volumes has the name mariadb twice"),
        ({"secrets": [{"name": "a", "file": "db_password.txt"}]}, "secrets has the file db_password.txt twice"),
        ({"secrets": [{"name": "db_password", "file": "a"}]}, "secrets has the name db_password twice"),
    ],
)
def test_two_services_bring_nothing_of_the_same_name(change: dict[str, Any], says: str) -> None:
    mariadb = {
        "name": "mariadb",
        "networks": [{"name": "database"}],
        "volumes": [{"name": "mariadb"}],
        "secrets": [{"name": "db_password", "file": "db_password.txt"}],
    }
    other = {"name": "redis", "networks": [], "volumes": [], "secrets": []}
    refuse_collisions([mariadb, other])
    with pytest.raises(ValueError, match=f"meta/service.yml of mariadb and redis: {says}"):
        refuse_collisions([mariadb, {**other, **change}])


@pytest.mark.parametrize("path", sorted(ROLES.glob("*/meta/service.yml")), ids=lambda path: path.parents[1].name)
def test_the_description_fits_into_a_table(path: Any) -> None:
    document = yaml.safe_load(path.read_text(encoding="utf-8"))
    assert not document["description"].endswith(".")
    assert all(secret["description"].endswith(".") for secret in document.get("secrets", []))
