"""What the roles render, for settings that differ in all that can differ."""

from __future__ import annotations

import os
import re
import shutil
import stat
import subprocess
from pathlib import Path

import pytest

from support import need, own_environment, run
from support.scenarios import AWKWARD_TITLE, Project

SERVICES = ["mariadb", "wordpress", "nginx"]
#: Known to people and to Compose itself, and used nowhere else.
FOR_COMPOSE = {"LOGIN", "COMPOSE_PROJECT_NAME"}


def env_names(project: Project) -> list[str]:
    text = (project.srcs / ".env").read_text(encoding="utf-8")
    return re.findall(r"^([A-Z][A-Z0-9_]*)=", text, re.MULTILINE)


def test_the_tree_that_the_subject_wants(project: Project) -> None:
    files = set(project.files())
    assert {"docker-compose.yml", ".env", "requirements/tools/secrets.sh"} <= files
    for service in SERVICES:
        context = project.srcs / "requirements" / service
        assert (context / "Dockerfile").stat().st_size > 0
        assert (context / ".dockerignore").is_file()
        assert any((context / "conf").iterdir())
        assert any((context / "tools").iterdir())


def test_nothing_is_left_unrendered(project: Project) -> None:
    for name, path in project.files().items():
        text = path.read_text(encoding="utf-8")
        # `${#` is the shell's, `{{.` the docker command's.
        ours = re.sub(r"\{\{\.[\w.]+\}\}", "", text.replace(AWKWARD_TITLE, ""))
        assert not re.search(r"\{\{|\}\}|\{%|%\}|(?<!\$)\{#", ours), name
        assert not name.endswith(".j2")
        # An expression that was None, undefined or a whole mapping leaves these.
        assert not re.search(r"\bNone\b|\bomit_place_holder|AnsibleUndefined", text), name


def test_files_read_as_if_written_by_hand(project: Project) -> None:
    for name, path in project.files().items():
        text = path.read_bytes().decode()
        assert text == "" or text.endswith("\n"), f"{name} does not end its last line"
        assert not text.endswith("\n\n"), f"{name} ends with an empty line"
        assert not re.search(r"[ \t]+$", text, re.MULTILINE), f"{name} has spaces at the end of a line"
        assert "\n\n\n" not in text, f"{name} has two empty lines"
        assert "\r" not in text
        assert bool(path.stat().st_mode & stat.S_IXUSR) == text.startswith("#!"), name


def test_dockerfiles(project: Project) -> None:
    base = "alpine:3.23" if project.scenario.name == "alpine" else "debian:12-slim"
    for service in SERVICES:
        text = (project.srcs / "requirements" / service / "Dockerfile").read_text(encoding="utf-8")
        assert text.startswith(f"FROM {base}"), f"the Dockerfile of {service} must begin, literally, with FROM"
        stages = {name.lower() for name in re.findall(r"^FROM .* AS (\S+)$", text, re.MULTILINE | re.IGNORECASE)}
        for image in re.findall(r"^FROM (\S+)", text, re.MULTILINE):
            assert image == base or image.lower() in stages
        assert re.search(r"^ENTRYPOINT \[|^CMD \[", text, re.MULTILINE), "the daemon must be PID 1, without a shell"
        copied = re.findall(r"^COPY (?!--from)(?:--\S+ )*(.+) \S+$", text, re.MULTILINE)
        for source in " ".join(copied).split():
            assert list((project.srcs / "requirements" / service).glob(source.rstrip("/"))), f"{service}: {source}"


def test_no_package_manager_of_the_other_distribution(project: Project) -> None:
    foreign = r"\bapt-get\b|\bdpkg\b" if project.scenario.name == "alpine" else r"\bapk\b"
    for service in SERVICES:
        text = (project.srcs / "requirements" / service / "Dockerfile").read_text(encoding="utf-8")
        commands = "\n".join(line for line in text.splitlines() if not line.lstrip().startswith("#"))
        assert not re.search(foreign, commands), service


def test_no_latest_and_no_other_release(project: Project) -> None:
    for name, path in project.files().items():
        assert ":latest" not in path.read_text(encoding="utf-8"), name


def test_shell_scripts_are_sound(project: Project) -> None:
    scripts = [
        path for path in project.files().values() if re.match(r"#!.*\b(ba)?sh\b", path.read_text(encoding="utf-8"))
    ]
    assert scripts
    for script in scripts:
        shell = "bash" if "bash" in script.read_text(encoding="utf-8").splitlines()[0] else "sh"
        done = run([shell, "-n", str(script)], cwd=project.root, env=own_environment())
        assert done.returncode == 0, done.stderr
    shellcheck = need("shellcheck", "the scripts of the images are rendered, so that no other test sees them")
    done = run([shellcheck, *map(str, scripts)], cwd=project.root, env=own_environment())
    assert done.returncode == 0, done.stdout


def test_compose_accepts_it(project: Project) -> None:
    config = project.config()
    assert list(config["services"]) == sorted(SERVICES)
    assert set(config["volumes"]) == {"mariadb", "wordpress"}
    assert set(config["networks"]) == {"inception", "fastcgi", "database"}
    for name in ("fastcgi", "database"):
        assert config["networks"][name]["internal"] is True
        # Or the host has an address there, and with it each of its users.
        assert config["networks"][name]["driver_opts"] == {"com.docker.network.bridge.inhibit_ipv4": "true"}
    assert {name: set(service["networks"]) for name, service in config["services"].items()} == {
        "mariadb": {"database"},
        "wordpress": {"database", "fastcgi", "inception"},
        "nginx": {"fastcgi", "inception"},
    }


def test_each_service_as_the_subject_and_good_practice_want_it(project: Project) -> None:
    for name, service in project.config()["services"].items():
        assert re.fullmatch(rf"{name}:(?!latest)[\w.-]+", service["image"])
        assert service["build"]["context"] == str(project.srcs / "requirements" / name)
        assert service["restart"] in {"always", "unless-stopped"}
        assert service["healthcheck"]["test"]
        assert service["cap_drop"] == ["ALL"]
        assert "no-new-privileges:true" in service["security_opt"]
        assert service["read_only"] is True
        assert service["logging"]["options"]["max-size"]
        assert not {"network_mode", "links", "privileged", "external_links", "pid"} & set(service)
        assert "ports" not in service or name == "nginx"
        assert {volume["type"] for volume in service["volumes"]} == {"volume"}, "no host path is mounted (R16)"


def test_what_reloads_a_service_is_in_its_image(project: Project) -> None:
    found = []
    for name, service in project.config()["services"].items():
        labels = service.get("labels", {})
        if command := labels.get("inception.reload"):
            found.append(name)
            script = (project.srcs / f"requirements/{name}/tools/{command}").read_text(encoding="utf-8")
            assert labels["inception.reload.loaded"] in script
    assert found == ["nginx"]


def test_no_secret_in_an_environment_or_build_argument(project: Project) -> None:
    config = project.config()
    for service in config["services"].values():
        for name in [*service["environment"], *service["build"].get("args", {})]:
            assert not re.search(r"PASS|SALT|TOKEN|PRIVATE", name)
    for secret in config["secrets"].values():
        assert str(project.root / "secrets") in secret["file"]


def test_each_line_of_env_is_used(project: Project) -> None:
    text = (project.srcs / "docker-compose.yml").read_text(encoding="utf-8")
    used = set(re.findall(r"\$\{([A-Z][A-Z0-9_]*)\}", text))
    names = env_names(project)
    assert len(names) == len(set(names))
    assert set(names) - FOR_COMPOSE == used - FOR_COMPOSE


def test_env_explains_its_lines(project: Project) -> None:
    text = (project.srcs / ".env").read_text(encoding="utf-8")
    assert text.count("\n# ") >= 10


class TestExport:
    def test_values_come_back_exactly(self, export: Project) -> None:
        wanted = export.scenario.settings
        services = export.config()["services"]
        environment = services["wordpress"]["environment"]
        assert environment["WP_TITLE"] == AWKWARD_TITLE
        assert environment["WP_LOCALE"] == "ko_KR"
        assert environment["WP_ADMIN_USER"] == "the boss"
        assert environment["WP_ADMIN_EMAIL"] == "boss+x@example.org"
        assert environment["DOMAIN_NAME"] == "j-doe.42.fr"
        assert environment["DB_NAME"] == "site"
        assert environment["DB_USER"] == "writer"
        assert environment["DB_PORT"] == "3307"
        assert environment["PHP_FPM_PORT"] == "9001"
        assert environment["UPLOAD_LIMIT_MB"] == "128"
        arguments = services["wordpress"]["build"]["args"]
        assert arguments["WORDPRESS_URL"] == wanted["wordpress_url"]
        assert arguments["WORDPRESS_SUPPLY"] == "upstream"

    def test_ports_names_and_places(self, export: Project) -> None:
        config = export.config()
        (port,) = config["services"]["nginx"]["ports"]
        assert (port["published"], port["target"]) == ("8443", 4430)
        assert config["name"] == "other"
        assert {network["name"] for network in config["networks"].values()} == {
            "other_net",
            "other_net-fastcgi",
            "other_net-database",
        }
        assert {name: volume["driver_opts"]["device"] for name, volume in config["volumes"].items()} == {
            "mariadb": "/srv/the data/한국/mariadb",
            "wordpress": "/srv/the data/한국/wordpress",
        }
        assert {service["image"] for service in config["services"].values()} == {f"{name}:2.0-rc1" for name in SERVICES}
        assert "j-doe.42.fr" in config["services"]["nginx"]["networks"]["inception"]["aliases"]

    def test_only_env_tells_the_settings(self, export: Project, default: Project) -> None:
        ours, theirs = (
            {name: path.read_bytes() for name, path in project.files().items() if not name.startswith(".env")}
            for project in (default, export)
        )
        assert ours == theirs

    def test_a_submission_stands_alone(self, export: Project) -> None:
        names = {str(path.relative_to(export.root)) for path in export.root.rglob("*") if path.is_file()}
        assert {"Makefile", "README.md", "USER_DOC.md", "DEV_DOC.md", ".gitignore", "srcs/.env"} <= names
        done = run(["make", "-n", "help"], cwd=export.root, env=own_environment())
        assert done.returncode == 0, done.stderr
        readme = (export.root / "README.md").read_text(encoding="utf-8")
        assert "j-doe" in readme.splitlines()[0]
        for path in export.root.rglob("*"):
            if path.is_file():
                assert str(export.root) not in path.read_text(encoding="utf-8"), f"{path} names the machine's own path"

    @pytest.mark.parametrize(("name", "same_as"), [("all", []), ("stop", ["down"])])
    def test_the_names_that_every_makefile_has(self, export: Project, name: str, same_as: list[str]) -> None:
        done, same = (
            run(["make", "-n", *names], cwd=export.root, env=own_environment()) for names in ([name], same_as)
        )
        assert done.returncode == 0, done.stderr
        assert done.stdout == same.stdout

    def test_its_makefile_reads_what_it_needs_of_env(self, export: Project) -> None:
        done = run(["make", "-pn", "help"], cwd=export.root, env={**own_environment(), "LC_ALL": "C.UTF-8"})
        variables = dict(re.findall(r"^([A-Z_]+) :?= (.*)$", done.stdout, re.MULTILINE))
        assert variables["DOMAIN"] == "j-doe.42.fr"
        assert variables["DATA_DIR"] == "/srv/the data/한국"
        assert variables["HTTPS_PORT"] == "8443"
        assert variables["VERSION"] == "2.0-rc1"

    def test_it_says_nothing_of_what_is_not_in_it(self, export: Project) -> None:
        for path in export.root.rglob("*"):
            if path.is_file():
                assert not re.search(r"inventory|\.env\.example", path.read_text(encoding="utf-8")), path

    @pytest.mark.parametrize("target", ["fclean", "prepare", "hosts", "re"])
    def test_without_its_settings_nothing_is_touched(self, export: Project, tmp_path: Path, target: str) -> None:
        shutil.copytree(export.root, tmp_path / "project")
        (tmp_path / "project/srcs/.env").unlink()
        status, said, commands = self._make(tmp_path, target, "FORCE=1")
        assert status != 0
        assert "srcs/.env is missing" in said
        assert commands == ""

    @pytest.mark.parametrize(("answer", "removed"), [("", False), ("no\n", False), ("yes\n", True)])
    def test_fclean_asks(self, export: Project, tmp_path: Path, answer: str, *, removed: bool) -> None:
        shutil.copytree(export.root, tmp_path / "project")
        status, said, commands = self._make(tmp_path, "fclean", answer=answer)
        assert (status == 0) == removed
        assert ("Nothing was removed." in said) != removed
        assert ("rm -rf /srv/the data/한국/mariadb /srv/the data/한국/wordpress" in commands) == removed
        assert ("down --rmi all --volumes" in commands) == removed

    @staticmethod
    def _make(directory: Path, *arguments: str, answer: str = "") -> tuple[int, str, str]:
        """Run make in a copy, where what changes the machine only notes that it was called."""
        (directory / "bin").mkdir()
        for name in ("sudo", "docker", "rm", "install", "tee"):
            (directory / "bin" / name).write_text(
                f'#!/bin/sh\necho "{name} $*" >>"{directory}/commands"\n', encoding="utf-8"
            )
            (directory / "bin" / name).chmod(0o755)
        (directory / "commands").touch()
        done = subprocess.run(
            ["make", *arguments],
            cwd=directory / "project",
            env={**own_environment(), "PATH": f"{directory}/bin:{os.environ['PATH']}", "LC_ALL": "C.UTF-8"},
            input=answer,
            capture_output=True,
            text=True,
            check=False,
            timeout=60,
        )
        return done.returncode, done.stdout + done.stderr, (directory / "commands").read_text(encoding="utf-8")
