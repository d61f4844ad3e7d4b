"""Models of the stacks that are measured."""

from __future__ import annotations

import copy
import json
import re
from pathlib import Path
from typing import Any

import pytest

from inception_bench import stacks
from inception_bench.engine import PREFIX, Project

MODEL: dict[str, Any] = {
    "name": "inception",
    "services": {
        "nginx": {
            "container_name": "nginx",
            "image": "nginx:1.0",
            "build": {"context": "/srv/nginx"},
            "ports": [{"mode": "ingress", "target": 8443, "published": "443", "protocol": "tcp"}],
            "healthcheck": {"test": ["CMD", "healthcheck.sh"], "interval": "2s"},
            "networks": {"inception": {"aliases": ["ours-en-us.bench.test"]}},
        },
        "wordpress": {
            "container_name": "wordpress",
            "image": "wordpress:1.0",
            "build": {"context": "/srv/wordpress", "args": {"WORDPRESS_SUPPLY": "distribution"}},
        },
        "ftp": {"image": "ftp:1.0", "ports": [{"target": 21, "published": "21"}]},
    },
    "networks": {"inception": {"name": "inception", "driver": "bridge"}},
    "volumes": {"wordpress": {"name": "wordpress", "driver_opts": {"device": "/home/wil/data/wordpress"}}},
    "secrets": {"tls_key": {"name": "inception_tls_key", "file": "/srv/secrets/tls.key"}},
}


def names(value: Any) -> set[str]:
    """Return all values of ``name``, ``container_name`` and ``image`` in a model."""
    found: set[str] = set()
    if isinstance(value, dict):
        for key, inner in value.items():
            if key in ("name", "container_name", "image") and isinstance(inner, str):
                found.add(inner)
            found |= names(inner)
    elif isinstance(value, list):
        for inner in value:
            found |= names(inner)
    return found


def test_no_name_is_one_of_the_users() -> None:
    name = stacks.project_name("ours", "ko_KR")
    made = stacks.apart(MODEL, name, {8443: 18443})
    assert all(one.startswith(f"{PREFIX}-ours-ko-kr") for one in names(made)), names(made)


def test_every_port_is_on_the_loopback_address() -> None:
    made = stacks.apart(MODEL, "inception-bench-ours", {8443: 18443})
    assert made["services"]["nginx"]["ports"] == [
        {"mode": "ingress", "target": 8443, "published": "18443", "protocol": "tcp", "host_ip": "127.0.0.1"}
    ]
    other = made["services"]["ftp"]["ports"][0]
    assert other["host_ip"] == "127.0.0.1"
    assert other["published"] != "21"


def test_nothing_else_is_changed() -> None:
    before = copy.deepcopy(MODEL)
    made = stacks.apart(MODEL, "inception-bench-ours", {8443: 18443})
    assert before == MODEL
    for service, content in MODEL["services"].items():
        kept = {key: value for key, value in content.items() if key not in ("container_name", "image", "ports")}
        assert kept == {key: made["services"][service][key] for key in kept}
    assert made["volumes"]["wordpress"]["driver_opts"] == MODEL["volumes"]["wordpress"]["driver_opts"]


@pytest.mark.parametrize("locale", ["en_US", "ko_KR"])
def test_the_reference_is_a_usual_inception(tmp_path: Path, locale: str) -> None:
    made = stacks.reference(locale, "debian:12-slim", MODEL, tmp_path / "secrets", tmp_path, "word", 18443)
    assert set(made["services"]) == {"mariadb", "wordpress", "nginx"}
    assert all(one.startswith(f"{PREFIX}-reference-") for one in names(made))
    assert made["services"]["wordpress"]["build"]["args"] == {
        "WORDPRESS_SUPPLY": "distribution",
        "BASE": "debian:12-slim",
    }
    assert made["services"]["nginx"]["ports"][0]["host_ip"] == "127.0.0.1"
    for service in ("mariadb", "nginx"):
        assert (Path(made["services"][service]["build"]["context"]) / "Dockerfile").is_file()


def test_its_passwords_are_new_each_time(tmp_path: Path) -> None:
    seen = {
        stacks.reference("en_US", "debian:12-slim", MODEL, tmp_path, tmp_path, "word", 1)["services"]["mariadb"][
            "environment"
        ]["DB_PASSWORD"]
        for _ in range(3)
    }
    assert len(seen) == 3


def test_the_limit_runs_our_image_with_our_tls(tmp_path: Path) -> None:
    image = "inception-bench-ours-en-us-nginx:bench"
    made = stacks.limit("limit", image, 33, tmp_path, tmp_path / "limit", tmp_path / "content", 18443)
    assert made["services"]["nginx"]["image"] == image
    text = (tmp_path / "limit/nginx.conf").read_text(encoding="utf-8")
    assert "include /etc/nginx/tls.conf;" in text
    assert not re.search(r"^\s*ssl_", text, re.MULTILINE)
    assert f"server_name {stacks.domain('limit', 'en_US')};" in text
    assert "access_log off;" in text
    assert "lua" not in text


@pytest.mark.parametrize("kind", stacks.LIMITS)
def test_parts_of_our_configuration_are_our_own_files(kind: str, tmp_path: Path) -> None:
    stacks.limit(kind, "image", 33, tmp_path, tmp_path, tmp_path / "content", 18443)
    text = (tmp_path / "nginx.conf").read_text(encoding="utf-8")
    assert "@" not in re.sub(r"#.*", "", text)
    assert f"server_name {stacks.domain(kind, 'en_US')};" in text
    assert ("include /etc/nginx/log.conf;" in text) is ("log" in kind)
    assert ("generation.read(" in text) is ("word" in kind)


def test_the_load_generator_ends_by_itself(tmp_path: Path) -> None:
    made = stacks.load("debian:12-slim", tmp_path)
    assert made["services"]["load"]["command"] == ["sleep", str(stacks.LOAD_LIFETIME)]
    assert "ports" not in made["services"]["load"]


def test_a_project_is_closed_to_others_and_brings_its_directories(tmp_path: Path) -> None:
    model = copy.deepcopy(MODEL)
    model["volumes"]["wordpress"]["driver_opts"]["device"] = str(tmp_path / "data/wordpress")
    project = stacks.model_project("inception-bench-x", model, tmp_path)
    assert (tmp_path / "data/wordpress").is_dir()
    assert project.file.stat().st_mode & 0o777 == 0o600
    assert json.loads(project.file.read_text(encoding="utf-8"))["name"] == "inception-bench-x"
    assert isinstance(project, Project)


def test_the_packages_of_the_reference_are_those_of_our_own_image() -> None:
    ours = (Path(__file__).parents[3] / "srcs/requirements/wordpress/Dockerfile").read_text(encoding="utf-8")
    theirs = (stacks.DATA / "reference/wordpress/Dockerfile").read_text(encoding="utf-8")
    extensions = {name.split("-", 1)[1] for name in re.findall(r"\bphp8\.\d-\w+", ours)} - {"cli", "opcache"}
    assert {name.split("-", 1)[1] for name in re.findall(r"\bphp-\w+", theirs)} == extensions
