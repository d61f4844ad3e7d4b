"""Parsers meet recorded samples; the whole module meets this machine and an engine's recorded answers."""

from __future__ import annotations

import http.server
import json
import os
import socket
import subprocess
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from recorded_engine import recorded_engine
from support import load_plugin, need, run_module, run_module_process

facts = load_plugin("modules/machine_facts")

# Recorded on Debian 12: two sockets that listen, one that is closing, one that is connected.
NET_TCP = """\
  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode
   0: 00000000:07E8 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 1076 1 00000000c6538282 100 0 0 10 0
   1: 0100007F:01BB 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 20455 1 00000000aa538282 100 0 0 10 0
   2: 020200C0:AA20 507100CB:0050 06 00000000:00000000 03:00000ED2 00000000     0        0 0 3 00000000502f09d2
   3: 020200C0:1F90 507100CB:D2A4 01 00000000:00000000 00:00000000 00000000    33        0 31337 1 0000000011538282 20 4 30 10 -1
"""
NET_TCP6 = """\
  sl  local_address                         remote_address                        st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode
   0: 00000000000000000000000000000000:01BB 00000000000000000000000000000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 48110 1 0000000000000000 100 0 0 10 0
"""
OS_RELEASE = """\
PRETTY_NAME="Debian GNU/Linux 13 (trixie)"
NAME="Debian GNU/Linux"
VERSION_ID="13"
VERSION="13 (trixie)"
VERSION_CODENAME=trixie
ID=debian
HOME_URL="https://www.debian.org/"
"""
MEMINFO = "MemTotal:        4014716 kB\nMemFree:         1201316 kB\nMemAvailable:    3402140 kB\n"

# Recorded from an engine 20.10, shortened to what is read and a little more.
ENGINE: dict[str, Any] = {
    "/version": {"Platform": {"Name": ""}, "Version": "20.10.24+dfsg1", "ApiVersion": "1.41", "Os": "linux"},
    "/info": {"LiveRestoreEnabled": True, "Swarm": {"NodeID": "", "LocalNodeState": "inactive"}},
    "/containers/json": [
        {
            "Id": "815949b01258",
            "Names": ["/nginx"],
            "Image": "nginx:1.0",
            "Ports": [
                {"IP": "192.0.2.2", "PrivatePort": 443, "PublicPort": 443, "Type": "tcp"},
                {"IP": "::", "PrivatePort": 443, "PublicPort": 443, "Type": "tcp"},
            ],
            "Labels": {"com.docker.compose.project": "inception", "com.docker.compose.service": "nginx"},
            "State": "running",
        },
        {
            "Id": "44597ab69c36",
            "Names": ["/proxy"],
            "Image": "proxy",
            "Ports": [
                {"PrivatePort": 9000, "Type": "tcp"},
                {"IP": "192.0.2.2", "PrivatePort": 80, "PublicPort": 8443, "Type": "tcp"},
            ],
            "Labels": None,
            "State": "running",
        },
    ],
    "/images/json": [
        {"Id": "sha256:aaa", "RepoTags": ["debian:12-slim"]},
        {"Id": "sha256:bbb", "RepoTags": None},
    ],
    "/volumes": {
        "Volumes": [
            {
                "Name": "mariadb",
                "Driver": "local",
                "Labels": {"com.docker.compose.project": "inception", "com.docker.compose.volume": "mariadb"},
                "Options": {"device": "/home/wil/data/mariadb", "o": "bind", "type": "none"},
            },
            {"Name": "wordpress", "Driver": "local", "Labels": None, "Options": None},
            {"Name": "unrelated", "Driver": "local", "Labels": None, "Options": None},
        ],
        "Warnings": None,
    },
}


class _Answers(http.server.BaseHTTPRequestHandler):
    def do_HEAD(self) -> None:
        self.send_response(int(self.path.removeprefix("/")))
        self.end_headers()

    def do_GET(self) -> None:
        """Answer /offers/7.1.4+8.0 as the version service of WordPress does, and the rest as HEAD."""
        if not self.path.startswith("/offers/"):
            self.do_HEAD()
            return
        versions = self.path.removeprefix("/offers/").split("+")
        self.send_response(200)
        self.end_headers()
        self.wfile.write(json.dumps({"offers": [{"version": version} for version in versions]}).encode())

    def log_message(self, *_: object) -> None:
        """Stay silent."""


@pytest.fixture
def engine(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    with recorded_engine(ENGINE, monkeypatch):
        yield


@pytest.fixture
def web(monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """Return the address of a server that answers /404 with 404, and so on."""
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), _Answers) as server:
        threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
        yield f"http://127.0.0.1:{server.server_address[1]}"
        server.shutdown()


@pytest.fixture
def no_engine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DOCKER_HOST", f"unix://{tmp_path}/no-engine")


def arguments(root: Path, **changes: Any) -> dict[str, Any]:
    return {
        "project_name": "inception",
        "project_dir": str(root / "inception"),
        "data_dir": str(root / "data"),
        "state_dir": str(root / "state"),
        "cache_dir": str(root / "cache"),
        **changes,
    }


def ask(root: Path, **changes: Any) -> dict[str, Any]:
    answer = run_module(facts, arguments(root, **changes))
    assert answer["changed"] is False
    machine: dict[str, Any] = answer["ansible_facts"]["inception_machine"]
    return machine


def test_listening_sockets() -> None:
    assert facts.listening_sockets(NET_TCP) == {2024: "1076", 443: "20455"}
    assert facts.listening_sockets(NET_TCP6) == {443: "48110"}
    assert facts.listening_sockets("") == {}


def test_os_release(tmp_path: Path) -> None:
    (tmp_path / "os-release").write_text(OS_RELEASE, encoding="utf-8")
    fields = facts.read_os_release(tmp_path / "os-release")
    assert (fields["ID"], fields["VERSION_ID"], fields["VERSION_CODENAME"]) == ("debian", "13", "trixie")


def test_memory(tmp_path: Path) -> None:
    (tmp_path / "meminfo").write_text(MEMINFO, encoding="utf-8")
    assert facts.memory_mb(tmp_path / "meminfo") == 3920


def test_disks_are_told_once_for_each_file_system(tmp_path: Path) -> None:
    (disk,) = facts.disks([str(tmp_path / "not/there/yet"), str(tmp_path)])
    assert disk["path"] == str(tmp_path)
    assert disk["free_mb"] > 0


def test_the_process_that_holds_a_port_is_named() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        (listener,) = facts.listeners([port], [])
    assert listener["port"] == port
    assert f"(pid {os.getpid()})" in listener["process"]


def test_a_free_port_has_no_listener() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    assert facts.listeners([port], []) == []


def test_the_container_that_holds_a_port_is_named() -> None:
    ours, other = facts.listeners([443, 8443], ENGINE["/containers/json"])
    assert (ours["container"], ours["project"]) == ("nginx", "inception")
    assert (other["container"], other["project"]) == ("proxy", "")


def test_a_container_that_is_just_starting_is_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        labels = {"com.docker.compose.project": "inception"}
        later = {"Names": ["/nginx"], "Labels": labels, "Ports": [{"PublicPort": port, "Type": "tcp"}]}
        # The server is this process, under the name of the engine's own.
        monkeypatch.setattr(facts, "process_of", lambda _inode: "docker-proxy (pid 7)")
        with recorded_engine({"/version": {"Version": "26.1.5"}, "/containers/json": [later]}, monkeypatch):
            (listener,) = facts.settled_listeners([port], [], facts.Engine())
    assert (listener["container"], listener["project"]) == ("nginx", "inception")


#: As the services say it of their secrets.
NAMES = {
    "credentials.txt": ["WP_ADMIN_PASSWORD", "WP_USER_PASSWORD"],
    "db_password.txt": [],
    "db_root_password.txt": [],
}


@pytest.mark.parametrize(
    ("name", "text", "problem"),
    [
        ("db_password.txt", "correct-horse-battery\n", ""),
        ("db_password.txt", "#k3J=x9$vQ'w2L\n", ""),
        ("db_password.txt", "", "is empty"),
        ("db_password.txt", "  \n\n", "is empty"),
        ("db_password.txt", "short\n", "is too weak: it has fewer than 12 characters"),
        ("db_password.txt", "aaaaaaaaaaaaaaaa\n", "is too weak: it is easily guessed"),
        ("db_root_password.txt", "PasswordPassword\n", "is too weak: it is easily guessed"),
        ("db_password.txt", "DB_PASSWORD=x\n", ""),
        ("credentials.txt", "# two users\nWP_ADMIN_PASSWORD=aB3dE5gH7jK9\nWP_USER_PASSWORD=zY8xW6vU4tS2\n", ""),
        ("credentials.txt", "WP_ADMIN_PASSWORD=aB3dE5gH7jK9\nWP_USER_PASSWORD=\n", "has no value for WP_USER_PASSWORD"),
        ("credentials.txt", "WP_ADMIN_PASSWORD=pass\n", "is too weak: WP_ADMIN_PASSWORD has fewer than 12 characters"),
        ("credentials.txt", "# nothing else\n", "is empty"),
    ],
)
def test_what_is_wrong_with_a_secret(name: str, text: str, problem: str) -> None:
    assert facts.secret_problem(text, bare=not NAMES[name]) == problem


def test_no_secret_is_told(tmp_path: Path) -> None:
    directory = tmp_path / "secrets"
    directory.mkdir()
    (directory / "db_password.txt").write_text("hunter2\n", encoding="utf-8")
    (directory / "credentials.txt").write_bytes(b"WP_ADMIN_PASSWORD=hunter2\xff\n")
    (directory / "notes.txt").write_text("hunter2\n", encoding="utf-8")
    found = facts.secrets(directory, NAMES)
    assert set(found) == {"db_password.txt", "credentials.txt"}
    assert all(state["problem"] for state in found.values())
    assert "hunter2" not in str(found)


def test_a_certificate_from_elsewhere(tmp_path: Path) -> None:
    need("openssl", "a certificate is to be made")
    file = tmp_path / "tls.crt"
    assert facts.has_own_certificate(file) is False
    file.write_text("-----BEGIN CERTIFICATE-----\nnone\n", encoding="utf-8")
    assert facts.has_own_certificate(file) is False
    for subject, own in {"/CN=Inception local CA 12ab34cd/O=Inception": False, "/CN=wil.42.fr": True}.items():
        key = ["-newkey", "rsa:2048", "-nodes", "-keyout", str(tmp_path / "tls.key")]
        subprocess.run(
            ["openssl", "req", "-x509", *key, "-subj", subject, "-out", str(file)], check=True, capture_output=True
        )
        assert facts.has_own_certificate(file) is own


@pytest.mark.parametrize(
    ("path", "text", "url"),
    [
        ("sources.list", "# deb http://a.example/debian trixie main\ndeb http://b.example/debian trixie main\n", "http://b.example/debian/"),
        ("sources.list", "deb [signed-by=/k.gpg arch=amd64] https://b.example/debian/ trixie main\n", "https://b.example/debian/"),
        ("sources.list", "deb cdrom:[Debian 13]/ trixie main\ndeb http://b.example/debian-security x main\n", ""),
        ("sources.list.d/debian.sources", "Types: deb\nURIs: http://b.example/debian\nSuites: trixie\n", "http://b.example/debian/"),
        ("sources.list.d/debian.sources", "Types: deb\nURIs: http://b.example/debian", "http://b.example/debian/"),
        ("other", "", ""),
    ],
)  # fmt: skip
def test_the_archive_of_the_machine(tmp_path: Path, path: str, text: str, url: str) -> None:
    (tmp_path / "sources.list.d").mkdir()
    (tmp_path / path).write_text(text, encoding="utf-8")
    assert facts.archive_url(tmp_path) == url


@pytest.mark.parametrize(
    ("status", "answers"), [(200, True), (401, True), (404, True), (403, False), (407, False), (502, False)]
)
def test_an_answer_counts_but_a_gateways_refusal_does_not(web: str, status: int, answers: bool) -> None:
    assert facts.reachable(f"{web}/{status}", 5) is answers


def test_a_file_that_is_not_there(web: str) -> None:
    assert facts.reachable(f"{web}/404", 5, file=True) is False
    assert facts.reachable(f"{web}/200", 5, file=True) is True


@pytest.mark.parametrize("url", ["http://127.0.0.1:1/", "http://nowhere.invalid/", "no address", "http://[::1"])
def test_what_cannot_be_reached(url: str) -> None:
    assert facts.reachable(url, 2) is False


def test_the_core_on_the_volume(tmp_path: Path) -> None:
    assert facts.core_version(tmp_path) == ""
    (tmp_path / "wp-includes").mkdir()
    (tmp_path / "wp-includes/version.php").write_text(
        "<?php\n/**\n * @global string $wp_version\n */\n$wp_version = '7.1.4';\n\n$wp_db_version = 61833;\n",
        encoding="utf-8",
    )
    assert facts.core_version(tmp_path) == "7.1.4"


@pytest.mark.usefixtures("no_engine")
def test_a_machine_without_an_engine(tmp_path: Path) -> None:
    machine = ask(tmp_path, ports=[443])
    assert machine["docker"]["running"] is False
    assert machine["docker"]["version"] == ""
    assert machine["images"] == machine["volumes"] == machine["secrets"] == machine["directories"] == {}
    assert machine["deployed"] is False
    assert machine["uid"] == os.geteuid()
    assert machine["memory_mb"] > 100
    assert list(tmp_path.iterdir()) == [], "looking must not leave anything behind"


@pytest.mark.usefixtures("no_engine")
def test_as_a_process_of_its_own_in_check_mode(tmp_path: Path) -> None:
    machine = run_module_process("machine_facts", arguments(tmp_path), check=True)["ansible_facts"]["inception_machine"]
    assert machine["docker"]["running"] is False


def test_a_socket_that_nobody_listens_at(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    # What an engine leaves behind when it is killed.
    with socket.socket(socket.AF_UNIX) as left:
        left.bind(str(tmp_path / "docker.sock"))
    monkeypatch.setenv("DOCKER_HOST", f"unix://{tmp_path}/docker.sock")
    assert ask(tmp_path)["docker"]["running"] is False


@pytest.mark.usefixtures("engine")
def test_a_machine_with_an_engine(tmp_path: Path) -> None:
    (tmp_path / "data/mariadb").mkdir(parents=True)
    (tmp_path / "data/mariadb/ibdata1").touch()
    (tmp_path / "data/wordpress").mkdir(mode=0o750)
    (tmp_path / "inception/secrets").mkdir(parents=True)
    (tmp_path / "inception/secrets/db_password.txt").write_text("x\n", encoding="utf-8")
    machine = ask(
        tmp_path, ports=[443, 8443], volumes=["mariadb", "wordpress"], base_image="debian:12-slim", secrets=NAMES
    )
    assert machine["docker"] == {
        "installed": True,
        "running": True,
        "version": "20.10.24+dfsg1",
        "live_restore": True,
        "swarm": False,
        "settings_problem": facts.settings_problem(),
    }
    assert machine["deployed"] is True
    assert machine["images"] == {"debian:12-slim": "sha256:aaa"}
    assert [listener["container"] for listener in machine["listeners"]] == ["nginx", "proxy"]
    assert machine["volumes"] == {
        "mariadb": {"device": "/home/wil/data/mariadb", "project": "inception"},
        "wordpress": {"device": "", "project": ""},
    }
    assert machine["filled_directories"] == [f"{tmp_path}/data/mariadb"]
    assert machine["directories"][f"{tmp_path}/data/wordpress"]["mode"] == "0750"
    assert "too weak" in machine["secrets"]["db_password.txt"]["problem"]


@pytest.mark.usefixtures("no_engine")
class TestSupply:
    def test_auto_takes_upstream_when_all_of_it_answers(self, tmp_path: Path, web: str) -> None:
        machine = ask(tmp_path, upstream_urls=[f"{web}/200", f"{web}/401"])
        assert machine["supply"] == {"resolved": "upstream", "source": "probed", "unreachable": []}

    def test_auto_falls_back(self, tmp_path: Path, web: str) -> None:
        machine = ask(tmp_path, upstream_urls=[f"{web}/200", "http://127.0.0.1:1/"])
        assert machine["supply"] == {"resolved": "distribution", "source": "probed", "unreachable": []}

    @pytest.mark.parametrize("remembered", ["upstream", "distribution"])
    def test_auto_does_not_flip(self, tmp_path: Path, web: str, remembered: str) -> None:
        (tmp_path / "state").mkdir()
        (tmp_path / "state/supply").write_text(f"{remembered}\n", encoding="utf-8")
        machine = ask(tmp_path, upstream_urls=[f"{web}/{200 if remembered == 'distribution' else 502}"])
        assert machine["supply"] == {"resolved": remembered, "source": "remembered", "unreachable": []}

    def test_what_was_remembered_badly_is_asked_again(self, tmp_path: Path, web: str) -> None:
        (tmp_path / "state").mkdir()
        (tmp_path / "state/supply").write_bytes(b"upstr\xff")
        assert ask(tmp_path, upstream_urls=[f"{web}/200"])["supply"]["source"] == "probed"

    def test_a_setting_holds_and_what_does_not_answer_is_named(self, tmp_path: Path, web: str) -> None:
        machine = ask(tmp_path, supply="upstream", upstream_urls=[f"{web}/200", "http://127.0.0.1:1/"])
        assert machine["supply"] == {
            "resolved": "upstream",
            "source": "setting",
            "unreachable": ["http://127.0.0.1:1/"],
        }

    @pytest.mark.parametrize("source", ["setting", "remembered"])
    def test_a_release_is_looked_at_before_anything_is_built(self, tmp_path: Path, web: str, source: str) -> None:
        (tmp_path / "state").mkdir()
        (tmp_path / "state/supply").write_text("upstream\n", encoding="utf-8")
        wanted = {"supply": "upstream" if source == "setting" else "auto", "release": "7.1.4"}
        releases = [f"{web}/200", f"{web}/404"]
        assert ask(tmp_path, releases=releases, **wanted)["supply"] == {
            "resolved": "upstream",
            "source": source,
            "unreachable": [f"{web}/404"],
        }
        core = tmp_path / "data/wordpress/wp-includes/version.php"
        core.parent.mkdir(parents=True)
        core.write_text("<?php\n$wp_version = '7.1.3';\n", encoding="utf-8")
        assert ask(tmp_path, releases=releases, **wanted)["supply"]["unreachable"] == [f"{web}/404"]
        core.write_text("<?php\n$wp_version = '7.1.4';\n", encoding="utf-8")
        assert ask(tmp_path, releases=releases, **wanted)["supply"]["unreachable"] == [], "the site has it"

    @pytest.mark.parametrize(
        ("path", "newer"), [("offers/7.1.10+8.0", "7.1.10"), ("offers/7.1.4+8.0", ""), ("404", ""), ("200", "")]
    )
    def test_a_newer_release_that_is_known(self, tmp_path: Path, web: str, path: str, newer: str) -> None:
        wanted = {"release": "7.1.4", "version_service": f"{web}/{path}"}
        assert ask(tmp_path, supply="upstream", **wanted)["newer_release"] == newer
        assert ask(tmp_path, supply="distribution", **wanted)["newer_release"] == "", "Debian's is another one"

    def test_auto_falls_back_where_a_release_is_not_there(self, tmp_path: Path, web: str) -> None:
        machine = ask(tmp_path, upstream_urls=[f"{web}/200"], releases=[f"{web}/404"], release="7.1.4")
        assert machine["supply"] == {"resolved": "distribution", "source": "probed", "unreachable": []}


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        (None, ""),
        ("", ""),
        ('{"data-root": "/srv"}', ""),
        ('{"data-root": "/srv",}', "Expecting property name enclosed in double quotes: line 1 column 22"),
        ("[]", "it is no JSON object"),
    ],
)
def test_settings_that_the_engine_cannot_read(tmp_path: Path, text: str | None, problem: str) -> None:
    path = tmp_path / "daemon.json"
    if text is not None:
        path.write_text(text, encoding="utf-8")
    found = facts.settings_problem(path)
    assert found.startswith(problem)
    assert bool(found) is bool(problem)


def test_an_engine_is_in_a_swarm(tmp_path: Path) -> None:
    state = tmp_path / "docker-state.json"
    assert facts.in_swarm({"Swarm": {"LocalNodeState": "active"}}, state)
    assert not facts.in_swarm({"Swarm": {"LocalNodeState": "inactive"}}, state)
    # One that does not run now.
    assert not facts.in_swarm({}, state)
    state.write_text("{}", encoding="utf-8")
    assert facts.in_swarm({}, state)


def test_what_was_changed_by_hand_can_be_told_from_what_is_remembered(tmp_path: Path) -> None:
    assert facts.environment(tmp_path) == {"text": "", "problem": "", "remembered": {}}
    for name, content in {
        "srcs/.env": "A=2\n",
        ".inception/written.json": '{"remember": {".env": {"text": "A=1\\n"}}}',
    }.items():
        (tmp_path / name).parent.mkdir()
        (tmp_path / name).write_text(content, encoding="utf-8")
    assert facts.environment(tmp_path) == {"text": "A=2\n", "problem": "", "remembered": {"text": "A=1\n"}}
    (tmp_path / ".inception/written.json").write_text('["spoiled"]', encoding="utf-8")
    assert facts.environment(tmp_path)["remembered"] == {}
    (tmp_path / "srcs/.env").write_bytes(b"TITLE=caf\xe9\n")
    assert "is not UTF-8 text" in facts.environment(tmp_path)["problem"]


@pytest.mark.parametrize(
    ("content", "found"),
    [(None, {}), ("", {}), ("[1]", {}), ("{no JSON", {}), ('{"version": "0.2.0"}', {"version": "0.2.0"})],
)
def test_which_bundle_was_here_last(tmp_path: Path, content: str | None, found: dict[str, str]) -> None:
    if content is not None:
        (tmp_path / "bundle").write_text(content, encoding="utf-8")
    assert facts.bundle(tmp_path) == found
