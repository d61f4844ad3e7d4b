"""What the module decides, and what it says where it cannot act; a real stack runs in Molecule."""

from __future__ import annotations

import copy
import functools
import json
import os
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from recorded_engine import recorded_engine
from support import compose, load_plugin, need, run_module, run_module_process

stack = load_plugin("modules/compose_plan")

BUILD = {"context": "/srcs/requirements/nginx", "dockerfile": "Dockerfile", "args": {"SUPPLY": "upstream"}}
BASES = {"debian:12-slim": "sha256:aaa"}


@pytest.fixture
def context(tmp_path: Path) -> Path:
    root = tmp_path / "context"
    (root / "conf").mkdir(parents=True)
    (root / "Dockerfile").write_text("FROM debian:12-slim\n", encoding="utf-8")
    (root / "conf/nginx.conf").write_text("events {}\n", encoding="utf-8")
    return root


class TestContextDigest:
    def digest(self, context: Path, build: dict[str, Any] = BUILD, bases: dict[str, str] = BASES) -> str:
        digest: str = stack.context_digest(context, build, bases)
        return digest

    def test_the_same_context_elsewhere_and_later_is_the_same(self, context: Path, tmp_path: Path) -> None:
        before = self.digest(context)
        (context / "Dockerfile").touch()
        moved = context.rename(tmp_path / "elsewhere")
        assert self.digest(moved, {**BUILD, "context": str(moved)}) == before

    def test_all_that_an_image_depends_on_counts(self, context: Path) -> None:
        digests = [self.digest(context)]
        digests.append(self.digest(context, {**BUILD, "args": {"SUPPLY": "distribution"}}))
        digests.append(self.digest(context, bases={"debian:12-slim": "sha256:bbb"}))
        (context / "conf/nginx.conf").write_text("events { }\n", encoding="utf-8")
        digests.append(self.digest(context))
        (context / "conf/nginx.conf").chmod(0o755)
        digests.append(self.digest(context))
        (context / "conf/new.conf").touch()
        digests.append(self.digest(context))
        (context / "conf/new.conf").rename(context / "conf/other.conf")
        digests.append(self.digest(context))
        assert len(set(digests)) == len(digests)

    def test_where_a_file_ends_cannot_be_blurred(self, tmp_path: Path) -> None:
        for name, files in {"one": {"a": "x", "b": "y"}, "two": {"a": "", "b": "xy"}}.items():
            (tmp_path / name).mkdir()
            for file, text in files.items():
                (tmp_path / name / file).write_text(text, encoding="utf-8")
        assert self.digest(tmp_path / "one") != self.digest(tmp_path / "two")

    def test_a_mode_that_no_image_keeps_does_not_count(self, context: Path) -> None:
        before = self.digest(context)
        (context / "Dockerfile").chmod(0o600)
        assert self.digest(context) == before


@pytest.mark.parametrize(
    ("dockerfile", "bases"),
    [
        ("FROM debian:12-slim\nRUN true\n", ["debian:12-slim"]),
        ("FROM debian:12-slim AS build\nRUN x\nFROM build\n", ["debian:12-slim"]),
        ("from debian:12-slim as Build\nFROM alpine:3.23\nCOPY --from=build / /\n", ["debian:12-slim", "alpine:3.23"]),
        ("FROM --platform=$BUILDPLATFORM debian:12-slim AS a\nFROM a AS b\nFROM b\n", ["debian:12-slim"]),
        ("FROM debian:12-slim AS a\nFROM debian:12-slim\n", ["debian:12-slim"]),
        ("# FROM comment:1\nFROM debian:12-slim\nRUN echo FROM here\n", ["debian:12-slim"]),
        ("FROM debian:12-slim   \n", ["debian:12-slim"]),
        ("", []),
    ],
)
def test_base_images(dockerfile: str, bases: list[str]) -> None:
    assert stack.base_images(dockerfile) == bases


CONFIG: dict[str, Any] = {"services": {"mariadb": {"image": "mariadb:1.0"}, "nginx": {"image": "nginx:1.0"}}}
HASHES = {"mariadb": "h1", "nginx": "h2"}
IMAGES = {"mariadb": "sha256:m", "nginx": "sha256:n"}
# Of `docker inspect`, what is read.
CONTAINERS: dict[str, Any] = {
    "mariadb": {
        "Image": "sha256:m",
        "State": {"Running": True, "Status": "running", "ExitCode": 0, "Health": {"Status": "healthy"}},
        "Config": {"Labels": {"com.docker.compose.config-hash": "h1"}},
    },
    "nginx": {
        "Image": "sha256:n",
        "State": {"Running": True, "Status": "running", "ExitCode": 0},
        "Config": {"Labels": {"com.docker.compose.config-hash": "h2"}},
    },
}


def test_a_stack_that_is_as_wanted_has_nothing_outdated() -> None:
    assert stack.outdated(CONFIG, HASHES, CONTAINERS, IMAGES) == []


@pytest.mark.parametrize(
    ("path", "value"),
    [
        (["State", "Status"], "exited"),
        (["State", "Health", "Status"], "starting"),
        (["Config", "Labels", "com.docker.compose.config-hash"], "other"),
        (["Config", "Labels"], {}),
        (["Image"], "sha256:old"),
    ],
)
def test_each_difference_is_outdated(path: list[str], value: Any) -> None:
    containers = copy.deepcopy(CONTAINERS)
    place = containers["mariadb"]
    for step in path[:-1]:
        place = place[step]
    place[path[-1]] = value
    assert stack.outdated(CONFIG, HASHES, containers, IMAGES) == ["mariadb"]


@pytest.mark.parametrize(
    ("state", "restart"),
    [
        ({"Status": "running", "Health": {"Status": "unhealthy"}}, {"mariadb"}),
        ({"Status": "paused", "Health": {"Status": "healthy"}}, {"mariadb"}),
        ({"Status": "running", "Health": {"Status": "healthy"}}, set()),
        ({"Status": "running"}, set()),
    ],
)
def test_what_is_stuck_is_restarted(state: dict[str, Any], restart: set[str]) -> None:
    containers = copy.deepcopy(CONTAINERS)
    containers["mariadb"]["State"] = state
    assert stack.outdated(CONFIG, HASHES, containers, IMAGES) == []
    assert stack.due_as_they_are(containers, [], set()) == (restart, set())
    # One that is made anew has no need of it.
    assert stack.due_as_they_are(containers, [], {"mariadb"}) == (set(), set())


def test_a_missing_container_is_outdated() -> None:
    assert stack.outdated(CONFIG, HASHES, {"mariadb": CONTAINERS["mariadb"]}, IMAGES) == ["nginx"]


def project(root: Path, env: str = "TITLE=mine\n") -> Path:
    directory = root / "srcs"
    directory.mkdir()
    (directory / ".env").write_text(env, encoding="utf-8")
    (directory / "docker-compose.yml").write_text(
        "name: stacktest\nservices:\n  web:\n    image: web:1.0\n    environment:\n      TITLE: ${TITLE}\n",
        encoding="utf-8",
    )
    return directory


def test_the_hashes_are_those_that_compose_prints(tmp_path: Path) -> None:
    directory = project(tmp_path)
    printed = compose(directory, "config", "--hash", "*").stdout.split()
    _config, hashes = stack.Project(directory, "stacktest").config()
    assert [*hashes.items()] == [tuple(printed)]
    assert len(hashes["web"]) == 64


def test_nothing_around_overrides_the_settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    compose(tmp_path, "version")
    directory = project(tmp_path, "# TITLE\nTITLE='mine = \"exactly\"'\n")
    monkeypatch.setenv("TITLE", "of the shell")
    monkeypatch.setenv("COMPOSE_FILE", "/nowhere/docker-compose.yml")
    monkeypatch.setenv("COMPOSE_PROFILES", "other")
    config, _hashes = stack.Project(directory, "stacktest").config()
    assert config["services"]["web"]["environment"]["TITLE"] == 'mine = "exactly"'


def arguments(root: Path, **changes: Any) -> dict[str, Any]:
    return {
        "project_dir": str(root / "srcs"),
        "project_name": "stacktest",
        "log_file": str(root / "compose.log"),
        **changes,
    }


class TestWithoutDocker:
    @pytest.fixture(autouse=True)
    def _no_docker(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        (tmp_path / "bin").mkdir()
        monkeypatch.setenv("PATH", str(tmp_path / "bin"))

    def test_check_mode_foretells_the_start(self, tmp_path: Path) -> None:
        project(tmp_path)
        answer = run_module(stack, arguments(tmp_path), check=True)
        assert answer["pending"] is True
        assert answer["sentences"] == ["Docker is not installed yet."]

    def test_the_start_says_what_is_missing(self, tmp_path: Path) -> None:
        project(tmp_path)
        answer = run_module(stack, arguments(tmp_path))
        assert answer["failed"]
        assert answer["msg"] == "The docker command is missing; the role docker_engine installs it."

    @pytest.mark.parametrize("check", [True, False])
    def test_nothing_is_there_to_take_down(self, tmp_path: Path, check: bool) -> None:
        answer = run_module(stack, arguments(tmp_path, goal="removed"), check=check)
        assert (answer["pending"], answer["running"]) == (False, [])


class TestWithoutEngine:
    @pytest.fixture(autouse=True)
    def _no_engine(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        need("docker", "its command must be met where no engine answers")
        monkeypatch.setenv("DOCKER_HOST", f"unix://{tmp_path}/no-engine")

    @pytest.mark.parametrize("goal", ["started", "removed", "explained"])
    def test_the_failure_is_one_message(self, tmp_path: Path, goal: str) -> None:
        project(tmp_path)
        answer = run_module(stack, arguments(tmp_path, goal=goal))
        assert answer["failed"]
        assert "no-engine" in answer["msg"] or "Docker daemon" in answer["msg"]
        assert "Traceback" not in answer["msg"]

    def test_check_mode_before_the_engine_runs(self, tmp_path: Path) -> None:
        project(tmp_path)
        answer = run_module(stack, arguments(tmp_path), check=True)
        assert answer["pending"] is True
        assert answer["sentences"] == ["The engine does not run yet."]
        assert not (tmp_path / "compose.log").exists()


def test_before_the_project_is_written(tmp_path: Path) -> None:
    told = run_module_process("compose_plan", arguments(tmp_path), check=True)
    assert (told["pending"], told["sentences"]) == (True, ["The project is not written yet."])
    failed = run_module(stack, arguments(tmp_path))
    assert failed["msg"].endswith("holds no docker-compose.yml with .env; deploy writes them first.")


def test_a_context_that_does_not_exist_is_named(tmp_path: Path) -> None:
    compose(tmp_path, "version")
    directory = project(tmp_path)
    (directory / "docker-compose.yml").write_text(
        "services:\n  web:\n    image: web:1.0\n    build: ./missing\n", encoding="utf-8"
    )
    answer = run_module(stack, arguments(tmp_path))
    assert answer["failed"]
    assert "The build context of web is not complete" in answer["msg"]
    assert f"{directory}/missing/Dockerfile" in answer["msg"]


def test_a_container_on_another_network_is_misplaced() -> None:
    config = {
        "services": {"nginx": {"networks": {"inception": None}}, "mariadb": {"networks": {"inception": None}}},
        "networks": {"inception": {"name": "other"}},
    }
    containers: dict[str, dict[str, Any]] = {
        "nginx": {"NetworkSettings": {"Networks": {"inception": {}}}},
        "mariadb": {"NetworkSettings": {"Networks": {"other": {}}}},
    }
    assert stack.misplaced(config, containers, []) == ["nginx"]
    # A network that is made anew takes its containers along.
    assert stack.misplaced(config, containers, ["other"]) == ["nginx", "mariadb"]


def test_a_network_of_another_form_is_made_anew() -> None:
    closed = {"com.docker.network.bridge.inhibit_ipv4": "true"}
    config = {
        "networks": {
            "inception": {"name": "inception", "driver": "bridge", "ipam": {}},
            "database": {"name": "inception-database", "driver": "bridge", "internal": True, "driver_opts": closed},
            "fastcgi": {"name": "inception-fastcgi", "internal": True, "driver_opts": closed},
        }
    }

    def inspected(internal: bool, options: dict[str, str] | None) -> dict[str, Any]:
        return {"Driver": "bridge", "Internal": internal, "Options": options}

    there = {"inception": inspected(False, None), "inception-database": inspected(True, closed)}
    # What is not there yet is made by Compose.
    assert stack.redefined(config, there) == []
    assert stack.redefined(config, {**there, "inception": inspected(True, {})}) == ["inception"]
    assert stack.redefined(config, {**there, "inception-database": inspected(False, closed)}) == ["inception-database"]
    assert stack.redefined(config, {**there, "inception-fastcgi": inspected(True, {})}) == ["inception-fastcgi"]
    assert stack.redefined(config, {**there, "inception": inspected(False, closed)}) == ["inception"]
    # What the engine adds by itself, as default-network-opts in daemon.json.
    assert (
        stack.redefined(config, {**there, "inception": inspected(False, {"com.docker.network.driver.mtu": "1400"})})
        == []
    )


@pytest.fixture
def mounted(tmp_path: Path) -> tuple[Path, Path]:
    """A file, and the same file inside a container: the same inode under another path, as a hard link is."""
    source = tmp_path / "tls.crt"
    source.write_text("old")
    inside = tmp_path / "proc/7/root/run/secrets/tls"
    inside.parent.mkdir(parents=True)
    inside.hardlink_to(source)
    return source, inside


def container_of(source: Path, started: str, labels: dict[str, str] | None = None) -> dict[str, Any]:
    return {
        "Config": {"Labels": labels or {}},
        "State": {"Pid": 7, "StartedAt": f"{started}T22:23:07.655278734Z"},
        "Mounts": [{"Type": "bind", "Source": str(source), "Destination": "/run/secrets/tls"}],
    }


RELOADS = {"inception.reload": "reload.sh --now", "inception.reload.loaded": "/run/web/loaded"}


@pytest.mark.parametrize("labels", [{}, RELOADS])
def test_a_container_with_a_replaced_file_is_restarted(
    tmp_path: Path, mounted: tuple[Path, Path], labels: dict[str, str]
) -> None:
    source, inside = mounted
    container = container_of(source, "2099-11-23", labels)
    stopped = {**container, "State": {**container["State"], "Pid": 0}}
    containers = {"nginx": container, "mariadb": stopped}
    assert stack.behind(containers, tmp_path / "proc") == ([], [])
    new = tmp_path / "new"
    new.write_text("new")
    new.replace(source)
    assert stack.behind(containers, tmp_path / "proc") == (["nginx"], [])
    inside.unlink()
    inside.hardlink_to(source)
    assert stack.behind(containers, tmp_path / "proc") == ([], [])


def test_a_container_with_a_file_written_since_it_started_is_restarted(
    tmp_path: Path, mounted: tuple[Path, Path]
) -> None:
    containers = {"nginx": container_of(mounted[0], "2020-11-23")}
    assert stack.behind(containers, tmp_path / "proc") == (["nginx"], [])


def test_a_container_that_can_load_a_file_anew_is_reloaded_once(tmp_path: Path, mounted: tuple[Path, Path]) -> None:
    source, _ = mounted
    containers = {"web": container_of(source, "2020-11-23", RELOADS)}
    assert stack.behind(containers, tmp_path / "proc") == ([], ["web"]), "it has not been reloaded since its start"
    loaded = tmp_path / "proc/7/root/run/web/loaded"
    loaded.parent.mkdir(parents=True)
    loaded.touch()
    os.utime(loaded, (source.stat().st_mtime + 1,) * 2)
    assert stack.behind(containers, tmp_path / "proc") == ([], [])
    os.utime(source, (source.stat().st_mtime + 2,) * 2)
    assert stack.behind(containers, tmp_path / "proc") == ([], ["web"])


class TestReload:
    """A stack with a service that loads a renewed file anew; Compose is a script that tells what changes something."""

    @pytest.fixture
    def asked(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, mounted: tuple[Path, Path]) -> Iterator[Path]:
        project(tmp_path)
        container = container_of(mounted[0], "2020-11-23", {**RELOADS, "com.docker.compose.service": "web"})
        container["Config"]["Labels"]["com.docker.compose.config-hash"] = "h"
        container |= {"Id": "c1", "Name": "/web", "Image": "sha256:w"}
        container["State"] |= {"Status": "running", "Running": True}
        config = {"services": {"web": {"image": "web:1.0"}}, "networks": {}}
        (tmp_path / "config.json").write_text(json.dumps(config), encoding="utf-8")
        program = tmp_path / "bin/docker"
        program.parent.mkdir()
        program.write_text(
            f"""#!/bin/sh
cd {tmp_path}
case "$*" in
    *'config --format json') cat config.json ;;
    *'config --hash *') echo web h ;;
    'compose version'*) echo 2.26.1 ;;
    *) echo "$*" >> asked ;;
esac
""",
            encoding="utf-8",
        )
        program.chmod(0o755)
        monkeypatch.setenv("PATH", f"{program.parent}:{os.environ['PATH']}")
        monkeypatch.setattr(stack, "behind", functools.partial(stack.behind, proc=tmp_path / "proc"))
        answers = {
            "/version": {"Version": "26.1.5"},
            "/containers/json": [{"Id": "c1"}],
            "/containers/c1/json": container,
            "/images/web:1.0/json": {"Id": "sha256:w"},
            "/images/json": [],
            "/networks": [],
        }
        with recorded_engine(answers, monkeypatch):
            yield tmp_path / "asked"

    @pytest.mark.parametrize("check", [True, False])
    def test_it_is_to_be_reloaded_and_nothing_else(self, tmp_path: Path, asked: Path, check: bool) -> None:
        plan = run_module(stack, arguments(tmp_path), check=check)
        assert (plan["changed"], plan["pending"], plan["reload"]) == (False, True, ["web"])
        assert plan["build"] == plan["recreate"] == plan["restart"] == plan["remove"] == plan["prepare"] == []
        assert plan["finish"] == [["exec", "c1", "reload.sh", "--now"]]
        assert plan["sentences"] == ["reload web"]
        assert not asked.exists(), "a plan changes nothing"


def test_what_depends_on_a_service_is_found_however_far_away() -> None:
    config: dict[str, Any] = {
        "services": {
            "nginx": {"depends_on": {"wordpress": {}}},
            "wordpress": {"depends_on": {"mariadb": {}}},
            "mariadb": {},
            "adminer": {"depends_on": {"mariadb": {}}},
        }
    }
    assert stack.dependents(config, ["mariadb"]) == {"mariadb", "wordpress", "nginx", "adminer"}
    assert stack.dependents(config, ["wordpress"]) == {"wordpress", "nginx"}
    assert stack.dependents(config, []) == set()


def test_what_has_a_file_mounted_is_found() -> None:
    containers: dict[str, dict[str, Any]] = {
        "nginx": {"Mounts": [{"Source": "/secrets/tls.crt"}, {"Source": "/secrets/tls.key"}]},
        "mariadb": {"Mounts": [{"Source": "/secrets/db_password.txt"}]},
        "redis": {},
    }
    assert stack.mounting(containers, ["/secrets/tls.key", "/secrets/other"]) == ["nginx"]


def test_check_mode_compares_what_would_be_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    compose(tmp_path, "version")
    directory = tmp_path / "srcs"
    directory.mkdir()
    text = "services:\n  web:\n    image: web:1.0\n    ports: ['${PORT}:80']\n"
    (directory / "docker-compose.yml").write_text(text, encoding="utf-8")
    (directory / ".env").write_text("PORT=443\n", encoding="utf-8")
    _config, hashes = stack.Project(directory, "stacktest").config()
    container = {
        "Id": "c1",
        "Name": "web",
        "Image": "sha256:aaa",
        "State": {"Status": "running"},
        "Config": {"Labels": {"com.docker.compose.service": "web", stack.HASH_LABEL: hashes["web"]}},
        "NetworkSettings": {"Networks": {"stacktest_default": {}}},
    }
    answers = {
        "/version": {"Version": "26.1.5"},
        "/containers/json": [{"Id": "c1"}],
        "/containers/c1/json": container,
        "/images/json": [],
        "/networks": [],
    }
    (tmp_path / "tmp").mkdir()
    monkeypatch.setenv("TMPDIR", str(tmp_path / "tmp"))
    monkeypatch.setattr(tempfile, "tempdir", None)

    def foretold(port: int) -> list[str]:
        files = {"docker-compose.yml": text, ".env": f"PORT={port}\n"}
        plan = run_module(stack, arguments(tmp_path, files=files), check=True)
        assert plan["pending"] is bool(plan["recreate"])
        return list(plan["recreate"])

    with recorded_engine(answers, monkeypatch):
        assert foretold(443) == []
        assert foretold(8443) == ["web"]
        assert list((tmp_path / "tmp").iterdir()) == []
    assert (directory / ".env").read_text(encoding="utf-8") == "PORT=443\n"


def test_all_that_is_done_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    directory = project(tmp_path)
    _config, hashes = stack.Project(directory, "stacktest").config()
    labels = {"com.docker.compose.service": "web", stack.HASH_LABEL: hashes["web"]}
    container = {
        "Id": "c1",
        "Name": "/web",
        "Image": "sha256:aaa",
        "State": {"Status": "paused", "Paused": True, "StartedAt": "2026-11-23T10:00:00Z"},
        "Config": {"Labels": labels},
        "NetworkSettings": {"Networks": {"stacktest_default": {}}},
    }
    answers = {
        "/version": {"Version": "26.1.5"},
        "/containers/json": [{"Id": "c1"}],
        "/containers/c1/json": container,
        # One that has lost its name to a newer one.
        "/images/json": [{"Id": "sha256:old"}],
        "/networks": [{"Id": "n1"}],
        "/networks/n1": {"Name": "former", "Containers": {}},
    }
    with recorded_engine(answers, monkeypatch):
        plan = run_module(stack, arguments(tmp_path))
    assert plan["sentences"] == [
        "restart web",
        "unpause web",
        "remove the network former",
        "remove the images that were replaced",
    ]
    assert plan["prepare"] == [["unpause", "c1"]]
    assert [command[:2] for command in plan["finish"]] == [["network", "rm"], ["image", "prune"]]


def test_an_image_is_asked_before_it_takes_a_place() -> None:
    images = {
        "web:1.0": {"Id": "sha256:new", "Config": {"Labels": {"inception.check": "core.sh check"}}},
        "db:1.0": {"Id": "sha256:d", "Config": {}},
    }
    containers = {"web": {"Id": "c1", "Image": "sha256:old"}, "db": {"Id": "c2", "Image": "sha256:old"}}
    names = {"web": "web:1.0", "db": "db:1.0", "new": "new:1.0"}
    expected = ["run", "--rm", "--network", "none", "--volumes-from", "c1:ro", "sha256:new", "core.sh", "check"]
    assert stack.checks(containers, images, names, ["db", "new", "web"]) == [expected]
    assert stack.checks(containers, images, names, ["db"]) == []
    containers["web"]["Image"] = "sha256:new"
    assert stack.checks(containers, images, names, ["web"]) == []


def test_what_a_project_has_is_removed_by_the_keys_of_its_labels() -> None:
    present = json.loads(stack.present_file({"front": "net"}, {"data": "vol"}))
    # Compose looks only at what a service uses.
    assert present["services"] == {
        "nothing": {"image": "nothing:none", "networks": ["front"], "volumes": ["data:/data"]}
    }
    assert present["networks"] == {"front": {"name": "net"}}
    assert present["volumes"] == {"data": {"name": "vol"}}


def test_the_stack_of_another_login_is_left_alone() -> None:
    volumes = [{"Name": "mariadb", "Options": {"device": "/home/wil/data/mariadb"}}]
    stack.refuse_other_data(volumes, "/home/wil/data")
    stack.refuse_other_data(volumes, "")
    with pytest.raises(stack.DockerError, match="keeps its data in /home/wil/data, not in /home/tux/data"):
        stack.refuse_other_data(volumes, "/home/tux/data")
    # Of another project of the same name, that leaves the place to Docker.
    with pytest.raises(stack.DockerError, match="keeps its data in the volume mariadb, not in"):
        stack.refuse_other_data([{"Name": "mariadb", "Options": None}], "/home/wil/data")
