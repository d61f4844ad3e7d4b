"""The containers, images, volumes and the network, as the engine and the kernel describe them."""

from __future__ import annotations

import json
import time

import pytest

from support.stack import SERVICES, Settings, Stack

DAEMONS = {"mariadb": "mariadbd", "wordpress": "php-fpm", "nginx": "nginx"}
VOLUMES = {"mariadb": "/var/lib/mysql", "wordpress": "/var/www/html"}
# In seconds: the machine may have been started a moment ago.
FIRST_CHECK = 20
SUSPICIOUS = {"sh", "bash", "dash", "ash", "sleep", "tail", "cat", "watch", "su", "tini", "supervisord"}


@pytest.mark.requirement("E35", "E40", "E46", "E53", "R4", "R6")
def test_compose_lists_a_healthy_container(service: str, stack: Stack, settings: Settings) -> None:
    folder = f"{settings.project_dir}/srcs"
    until = time.monotonic() + FIRST_CHECK
    while True:
        listing = stack.docker("compose", "--project-directory", folder, "ps", "--format", "json")
        # One object for each container; older versions write one list of them.
        rows = json.loads(listing) if listing.startswith("[") else [json.loads(row) for row in listing.splitlines()]
        row = next(row for row in rows if row["Service"] == service)
        if row["Health"] != "starting" or time.monotonic() > until:
            break
        time.sleep(0.5)
    assert (row["State"], row["Health"]) == ("running", "healthy")


@pytest.mark.requirement("E34", "R5", "R10", "R29")
def test_image_is_named_like_its_service(service: str, stack: Stack) -> None:
    name, _, tag = stack.inspect(service)["Config"]["Image"].partition(":")
    assert name == service
    assert tag not in ("", "latest")
    image = json.loads(stack.docker("image", "inspect", f"{name}:{tag}"))[0]
    assert image["RepoDigests"] == [], "it came from a registry"


@pytest.mark.requirement("E9", "E10", "E36", "E37", "R18", "R21", "R22")
def test_declared_networks(stack: Stack) -> None:
    names = set(stack.networks.values())
    assert names <= set(stack.docker("network", "ls", "--format", "{{.Name}}").split())
    for network in json.loads(stack.docker("network", "inspect", *names)):
        assert network["Driver"] == "bridge"
    joined: set[str] = set()
    for service in SERVICES:
        facts = stack.inspect(service)
        joined |= set(facts["NetworkSettings"]["Networks"])
        assert facts["HostConfig"]["NetworkMode"] != "host"
        assert not facts["HostConfig"]["Links"]
    assert joined == names


@pytest.mark.requirement("E47", "E54", "R14", "R15", "R16", "R17", "R27")
@pytest.mark.parametrize("owner", sorted(VOLUMES))
def test_named_volume_below_the_data_directory(owner: str, stack: Stack, settings: Settings) -> None:
    mounts = {mount["Destination"]: mount for mount in stack.inspect(owner)["Mounts"]}
    mount = mounts[VOLUMES[owner]]
    assert mount["Type"] == "volume"
    volume = json.loads(stack.docker("volume", "inspect", mount["Name"]))[0]
    folder = f"/home/{settings.login}/data/{owner}"
    assert volume["Driver"] == "local"
    assert volume["Options"]["device"] == folder
    assert (volume["Options"]["type"], volume["Options"]["o"]) == ("none", "bind")
    assert stack.execute("ls", "-A", folder).split(), "the data is not there"


@pytest.mark.requirement("R16", "R33")
def test_no_host_path_is_mounted_but_secrets(service: str, stack: Stack, settings: Settings) -> None:
    for mount in stack.inspect(service)["Mounts"]:
        if mount["Type"] == "bind":
            assert mount["Destination"].startswith("/run/secrets/")
            assert mount["Source"].startswith(f"{settings.project_dir}/secrets/")
            assert not mount["Source"].endswith("tls_ca.key")


@pytest.mark.requirement("R20", "R23", "R24", "E12", "E14", "E15", "C6")
def test_the_daemon_is_the_first_process_and_nothing_runs_beside_it(service: str, stack: Stack) -> None:
    first, *others = stack.processes(service)
    assert first["Name"].startswith(DAEMONS[service])
    # Dots and all: php-fpm8.2 and php-fpm alike.
    strangers = [one for one in others if not one["Name"].startswith(DAEMONS[service])]
    assert not [one["Command"] for one in [first, *others] if one["Name"] in SUSPICIOUS]
    assert strangers == []


@pytest.mark.requirement("R19")
def test_restart_policy(service: str, stack: Stack) -> None:
    assert stack.inspect(service)["HostConfig"]["RestartPolicy"]["Name"] in ("always", "unless-stopped")


@pytest.mark.requirement("R24", "C7")
def test_confinement(service: str, stack: Stack) -> None:
    host = stack.inspect(service)["HostConfig"]
    assert host["Privileged"] is False
    assert host["ReadonlyRootfs"] is True
    assert host["CapDrop"] == ["ALL"]
    assert any(option.startswith("no-new-privileges") for option in host["SecurityOpt"])
    assert (host["PidMode"], host["IpcMode"] in ("private", "shareable")) == ("", True)
    assert host["LogConfig"]["Config"].get("max-size")


@pytest.mark.requirement("R24", "C7")
def test_no_process_has_any_right(service: str, stack: Stack) -> None:
    for process in stack.processes(service):
        assert int(process["CapEff"], 16) == 0, process
        assert process["NoNewPrivs"] == "1"
        assert process["Uid"].split()[0] != "0"


@pytest.mark.requirement("R24")
def test_root_file_system_cannot_be_written(service: str, stack: Stack) -> None:
    done = stack.attempt("docker", "exec", "--user", "0", stack.container(service), "touch", "/usr/bin/verify")
    assert "Read-only file system" in done.stderr


@pytest.mark.requirement("E45", "E52", "R12", "R13")
@pytest.mark.parametrize("owner", ["mariadb", "wordpress"])
def test_no_web_server_elsewhere(owner: str, stack: Stack) -> None:
    done = stack.attempt("docker", "exec", stack.container(owner), "sh", "-c", "command -v nginx apache2 webfsd")
    assert done.stdout == ""


def test_older_core_is_refused_before_a_file_is_touched(stack: Stack) -> None:
    container = stack.container("wordpress")
    site = "/var/www/html"
    version, marker = f"{site}/wp-includes/version.php", f"{site}/.inception/core"

    image = stack.inspect("wordpress")["Image"]
    beside = ("run", "--rm", "--network", "none", "--volumes-from", container, image)

    def inside(script: str) -> str:
        return stack.docker(*beside, "sh", "-c", script)

    stack.docker("stop", container)
    try:
        # The site has a newer core, and the image would put its own in place.
        inside(f"cp -p {marker} /{site}/.inception/core.verify && echo another >{marker}")
        inside(f"cp -p {version} {site}/.inception/version.verify")
        inside(f"sed -i \"s/^.wp_version = .*/\\$wp_version = '99.1';/\" {version}")
        before = inside(f"cat {version} {marker}")
        assert "99.1" in before
        # The start itself is judged by what it says: the engine may have started the container anew before the client
        # asks for its status. So that is asked of the step that refuses.
        assert stack.attempt("docker", *beside, "/usr/local/lib/wordpress/core.sh").returncode == 1
        attempt = stack.attempt("docker", "start", "--attach", container)
        assert "but the site runs 99.1, whose database knows no way back" in attempt.stderr
        stack.docker("stop", container)
        assert inside(f"cat {version} {marker}") == before
    finally:
        inside(f"cd {site}/.inception && mv core.verify core && mv version.verify {version}")
        stack.docker("start", container)
        end = time.monotonic() + 120
        while stack.inspect("wordpress")["State"]["Health"]["Status"] != "healthy":
            assert time.monotonic() < end, "WordPress does not come back"
            time.sleep(0.5)
