"""What is asked of the engine, and what becomes of its answers."""

from __future__ import annotations

import socket
from pathlib import Path
from typing import Any

import pytest

from recorded_engine import recorded_engine
from support import load_plugin

client = load_plugin("module_utils/docker_client")

OURS = "com.docker.compose.project=inception"


def project(tmp_path: Path) -> Any:
    return client.Project(tmp_path / "srcs", "inception")


def test_containers_are_those_of_services(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    answers = {
        "/containers/json": [{"Id": "1"}, {"Id": "2"}, {"Id": "gone"}],
        "/containers/1/json": {"Name": "/nginx", "Config": {"Labels": {"com.docker.compose.service": "nginx"}}},
        # What an interrupted replacement leaves.
        "/containers/2/json": {
            "Name": "/0123456789ab_nginx",
            "Config": {"Labels": {"com.docker.compose.service": "nginx"}},
        },
    }
    with recorded_engine(answers, monkeypatch) as asked:
        assert list(project(tmp_path).containers()) == ["nginx", "/0123456789ab_nginx"]
    labels = [OURS, "com.docker.compose.oneoff=False", "com.docker.compose.config-hash"]
    assert asked[0] == ("/containers/json", {"label": labels})


def test_images_that_are_missing_are_left_out(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    image = {"Id": "sha256:a"}
    with recorded_engine({"/images/registry:5000/a/nginx:1.0/json": image}, monkeypatch):
        found = project(tmp_path).images(["registry:5000/a/nginx:1.0", "mariadb:1.0"])
    assert found == {"registry:5000/a/nginx:1.0": image}


def test_what_somebody_built_from_an_image_is_not_ours(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    labels = {"com.docker.compose.service": "nginx"}
    images = [
        {"RepoTags": ["nginx:1.0", "shop:1.0"], "Labels": labels},
        {"RepoTags": ["<none>:<none>"], "Labels": labels},
        {"RepoTags": None, "Labels": labels},
    ]
    with recorded_engine({"/images/json": images}, monkeypatch) as asked:
        assert project(tmp_path).built_images("digest") == ["nginx:1.0"]
        assert project(tmp_path).has_replaced_images("digest")
    assert asked == [
        ("/images/json", {"label": [OURS, "digest"]}),
        ("/images/json", {"label": [OURS, "digest"], "dangling": ["true"]}),
    ]


def test_networks_come_with_who_is_on_them(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    network = {"Name": "inception", "Containers": {"1": {}}}
    with recorded_engine({"/networks": [{"Id": "n"}], "/networks/n": network}, monkeypatch) as asked:
        assert project(tmp_path).networks() == [network]
    assert asked[0] == ("/networks", {"label": [OURS]})


@pytest.mark.parametrize("volumes", [[{"Name": "mariadb"}], None])
def test_volumes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, volumes: Any) -> None:
    with recorded_engine({"/volumes": {"Volumes": volumes}}, monkeypatch) as asked:
        assert project(tmp_path).volumes() == (volumes or [])
    assert asked == [("/volumes", {"label": [OURS]})]


def test_an_engine_that_is_not_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DOCKER_HOST", f"unix://{tmp_path}/docker.sock")
    assert client.Engine().version() is None
    # What an engine leaves behind when it is killed.
    with socket.socket(socket.AF_UNIX) as left:
        left.bind(str(tmp_path / "docker.sock"))
    assert client.Engine().version() is None
    with pytest.raises(client.NoEngineError, match="The Docker engine does not answer at unix:"):
        client.Engine().get("/info")


def test_an_engine_elsewhere_is_not_ours(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DOCKER_HOST", "tcp://192.0.2.1:2375")
    refused = pytest.raises(client.DockerError, match=r"DOCKER_HOST is tcp://192\.0\.2\.1:2375.*; unset it")
    with refused:
        client.Engine().get("/info")
    # Also where it is only asked whether there is one: what follows would make another one this machine's.
    with refused:
        client.Engine().version()
