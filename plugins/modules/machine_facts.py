#!/usr/bin/python
"""Module: gather in one call what the rules and roles need to know of a machine."""

from __future__ import annotations

DOCUMENTATION = r"""
module: machine_facts
author: the Inception team
short_description: Gather in one call what the rules and roles need to know of a machine
description:
  - Reads files below C(/proc) and C(/etc), asks the Docker engine over its socket, and, where asked to,
    tries whether addresses can be reached. It changes nothing.
  - No secret leaves the machine. Of a secret file only what is wrong with it is returned.
options:
  project_name:
    description: The Compose project, to tell our containers and ports from others.
    type: str
    required: true
  project_dir:
    description: Where C(srcs/) and C(secrets/) lie.
    type: path
    required: true
  data_dir:
    description: Where the data of the volumes lies.
    type: path
    required: true
  state_dir:
    description: Where earlier runs remembered things.
    type: path
    required: true
  cache_dir:
    description: Where the base image is kept.
    type: path
    required: true
  ports:
    description: The ports that will be published.
    type: list
    elements: int
    default: []
  containers:
    description: The names of the containers that will be used.
    type: list
    elements: str
    default: []
  volumes:
    description: The names of the volumes that will be used.
    type: list
    elements: str
    default: []
  secrets:
    description:
      - The files in C(secrets/) that hold passwords, each with the names of its values. A file without names holds one value
        and nothing else.
    type: dict
    default: {}
  supply:
    description: The setting C(inception_supply).
    type: str
    choices: [auto, upstream, distribution]
    default: auto
  base_image:
    description: The base image that is wanted.
    type: str
    default: ""
  upstream_urls:
    description: Addresses that must answer for the supply C(upstream).
    type: list
    elements: str
    default: []
  releases:
    description: Addresses of files that the images are built from with the supply C(upstream).
    type: list
    elements: str
    default: []
  release:
    description: The version of WordPress in O(releases). Where the site has it already, they are not looked at.
    type: str
    default: ""
  version_service:
    description: The version service of WordPress, which is asked with the supply C(upstream). Empty to ask nobody.
    type: str
    default: ""
  probe_timeout:
    description: How many seconds an address may take to answer.
    type: int
    default: 5
attributes:
  check_mode:
    support: full
    description: It only reads.
  diff_mode:
    support: none
    description: It changes nothing.
"""

EXAMPLES = r"""
- name: Look at the machine
  machine_facts:
    project_name: inception
    project_dir: /opt/inception
    data_dir: /home/wil/data
    state_dir: /var/lib/inception
    cache_dir: /var/cache/inception
    ports: [443]
"""

RETURN = r"""
ansible_facts:
  description: The fact C(inception_machine), a dictionary.
  returned: always
  type: dict
"""

import http.client
import json
import os
import platform
import re
import shutil
import ssl
import time
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ansible.module_utils.basic import AnsibleModule
from ansible.module_utils.docker_client import DockerError, Engine, compose_version
from ansible.module_utils.wordpress_releases import ReleaseError, newest_of_series, offered

#: Below this, a generated or typed secret is guessable within reach of an offline attack.
MINIMUM_SECRET_LENGTH = 12
#: Passwords that every word list begins with, and the examples of tutorials.
COMMON_SECRETS = frozenset(
    {
        "changemeplease",
        "passwordpassword",
        "password1234",
        "administrator",
        "123456789012",
        "inception1234",
        "rootpassword",
        "wordpress1234",
    }
)


def read_os_release(path: Path = Path("/etc/os-release")) -> dict[str, str]:
    """Return the fields of os-release(5)."""
    fields = {}
    for line in path.read_text(encoding="utf-8").splitlines():
        name, separator, value = line.partition("=")
        if separator:
            fields[name.strip()] = value.strip().strip("\"'")
    return fields


def memory_mb(path: Path = Path("/proc/meminfo")) -> int:
    """Return the machine's memory in MiB."""
    match = re.search(r"^MemTotal:\s+(\d+) kB", path.read_text(encoding="ascii"), re.MULTILINE)
    return int(match.group(1)) // 1024 if match else 0


def existing(path: Path) -> Path:
    """Return the path or its nearest ancestor that exists."""
    while not path.exists():
        path = path.parent
    return path


def disks(paths: list[str]) -> list[dict[str, Any]]:
    """Return the free room in MiB of the file systems behind some paths, each file system once."""
    found: dict[int, dict[str, Any]] = {}
    for name in paths:
        place = existing(Path(name))
        found.setdefault(place.stat().st_dev, {"path": str(place), "free_mb": shutil.disk_usage(place).free // 2**20})
    return list(found.values())


def listening_sockets(table: str) -> dict[int, str]:
    """Return the socket inode by port of each TCP socket that listens (proc(5), net/tcp)."""
    found = {}
    for line in table.splitlines()[1:]:
        columns = line.split()
        if len(columns) > 9 and columns[3] == "0A":
            found[int(columns[1].rsplit(":", 1)[1], 16)] = columns[9]
    return found


def process_of(inode: str) -> str:
    """Return name and number of the process that holds a socket; empty when it cannot be seen."""
    for entry in Path("/proc").glob("[0-9]*"):
        try:
            if any(str(link.readlink()) == f"socket:[{inode}]" for link in (entry / "fd").iterdir()):
                return f"{(entry / 'comm').read_text(encoding='utf-8').strip()} (pid {entry.name})"
        except OSError:
            continue  # The process is gone, or is not ours to look into.
    return ""


def listeners(ports: list[int], containers: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return who holds each of some ports: a container with its project, or a process."""
    published = {
        port["PublicPort"]: container
        for container in containers
        for port in container.get("Ports", [])
        if port.get("PublicPort") and port.get("Type") == "tcp"
    }
    sockets: dict[int, str] = {}
    for name in ("tcp", "tcp6"):
        path = Path("/proc/net") / name
        if path.is_file():
            sockets.update(listening_sockets(path.read_text(encoding="ascii")))
    found = []
    for port in ports:
        container = published.get(port)
        if container:
            found.append(
                {
                    "port": port,
                    "process": "",
                    "container": container["Names"][0].lstrip("/"),
                    "project": (container.get("Labels") or {}).get("com.docker.compose.project", ""),
                }
            )
        elif port in sockets:
            found.append({"port": port, "process": process_of(sockets[port]), "container": "", "project": ""})
    return found


def settled_listeners(ports: list[int], containers: list[dict[str, Any]], engine: Engine) -> list[dict[str, Any]]:
    """Return what ``listeners`` does, once no container is just starting or ending.

    Such a container holds its port, by the engine's own process, but is not listed with it: as when the run
    before this one was interrupted.
    """
    found = listeners(ports, containers)
    for _ in range(40):
        if not any(listener["process"].startswith("docker-proxy ") for listener in found):
            break
        time.sleep(0.5)
        found = listeners(ports, engine.get("/containers/json", all="1") if engine.version() else [])
    return found


def foreign_containers(names: list[str], project: str, containers: list[dict[str, Any]]) -> dict[str, str]:
    """Return, by those of some container names that a container outside the project bears, its own project."""
    found = {}
    for container in containers:
        other = (container.get("Labels") or {}).get("com.docker.compose.project", "")
        if other != project:
            found.update({n.lstrip("/"): other for n in container.get("Names") or [] if n.lstrip("/") in names})
    return found


def secret_problem(text: str, *, bare: bool) -> str:
    """Return what is wrong with the content of a secret file; empty when nothing is.

    Files of lines ``NAME=value`` are judged value by value. One that holds a bare password has no comments: the
    password may well begin with a hash.
    """
    lines = [line for line in text.splitlines() if line.strip() and (bare or not line.startswith("#"))]
    if not lines:
        return "is empty"
    values = []
    for line in lines:
        key, separator, value = line.partition("=")
        named = separator and not bare and re.fullmatch(r"[A-Z][A-Z0-9_]*", key)
        values.append((f"{key} " if named else "", value if named else line))
    for label, value in values:
        if not value.strip():
            return f"has no value for {label.strip()}"
        if len(value.strip()) < MINIMUM_SECRET_LENGTH:
            return f"is too weak: {label or 'it '}has fewer than {MINIMUM_SECRET_LENGTH} characters"
        if value.strip().lower() in COMMON_SECRETS or len(set(value.strip())) < 5:
            return f"is too weak: {label or 'it '}is easily guessed"
    return ""


def secrets(directory: Path, wanted: dict[str, list[str]]) -> dict[str, dict[str, Any]]:
    """Return what is wrong with each secret file that is there; never a secret itself.

    Args:
        directory: where they lie.
        wanted: by file name, the names of the values that it holds; none for one bare value.
    """
    found = {}
    for name, values in sorted(wanted.items()):
        path = directory / name
        if path.is_file():
            text = path.read_text(encoding="utf-8", errors="replace")
            found[name] = {"problem": secret_problem(text, bare=not values), "owner": path.stat().st_uid}
    return found


def has_own_certificate(file: Path) -> bool:
    """Tell whether the site has a certificate that certificates.sh did not make, which bears its name."""
    text = file.read_text(encoding="ascii", errors="replace") if file.is_file() else ""
    found = re.search(r"-----BEGIN CERTIFICATE-----[^-]*-----END CERTIFICATE-----", text)
    return found is not None and b"Inception local " not in ssl.PEM_cert_to_DER_cert(found.group())


def reachable(url: str, timeout: int, *, file: bool = False) -> bool:
    """Tell whether a server answers at an address; any HTTP status is an answer, but for a file that is not there."""
    try:
        request = urllib.request.Request(url, method="HEAD")  # noqa: S310 - the settings allow http and https alone
        context = ssl.create_default_context()
        with urllib.request.urlopen(request, timeout=timeout, context=context):  # noqa: S310
            return True
    except urllib.error.HTTPError as error:
        # A gateway's refusal is no answer of the server itself.
        return error.code not in ({403, 407, 502, 503, 504} | ({404, 410} if file else set()))
    except urllib.error.URLError as error:
        # Whether a file's server is to be trusted is judged by who downloads it, with the authorities that it was given.
        return file and isinstance(error.reason, ssl.SSLCertVerificationError)
    except (OSError, ValueError, http.client.HTTPException):
        return False


def archive_url(sources: Path = Path("/etc/apt")) -> str:
    """Return the first Debian archive that apt(8) is set up with on this machine; empty without one."""
    paths = [sources / "sources.list", *sorted((sources / "sources.list.d").glob("*"))]
    for path in paths:
        if path.is_file():
            match = re.search(
                r"^(?:URIs:|deb(?:\s+\[[^\]]*\])?)\s+(https?://\S+/debian)/?(?:\s|$)",
                path.read_text(encoding="utf-8"),
                re.MULTILINE,
            )
            if match:
                return match.group(1) + "/"
    return ""


def resolve_supply(parameters: Mapping[str, Any], base_present: bool, site_release: str) -> dict[str, Any]:
    """Return where images and WordPress come from, how that is known, and what does not answer.

    Args:
        parameters: the module's.
        base_present: whether the base image is here already.
        site_release: the version of WordPress that the site has; empty without one.
    """
    found = choose_supply(parameters)
    timeout = parameters["probe_timeout"]
    if found["source"] == "setting" and not base_present:
        wanted = parameters["upstream_urls"] if found["resolved"] == "upstream" else [archive_url()]
        found["unreachable"] = [url for url in wanted if url and not reachable(url, timeout)]
    # Before anything is built; a site that has this release does without the server.
    is_new = not site_release or site_release != parameters["release"]
    if found["resolved"] == "upstream" and found["source"] != "probed" and is_new:
        found["unreachable"] += [url for url in parameters["releases"] if not reachable(url, timeout, file=True)]
    return found


def choose_supply(parameters: Mapping[str, Any]) -> dict[str, Any]:
    """Return which supply it is: the setting's, the remembered one, or upstream where all of it answers."""
    setting = parameters["supply"]
    timeout = parameters["probe_timeout"]
    memory = Path(parameters["state_dir"]) / "supply"
    remembered = memory.read_text(encoding="utf-8", errors="replace").strip() if memory.is_file() else ""
    if setting == "auto" and remembered in {"upstream", "distribution"}:
        return {"resolved": remembered, "source": "remembered", "unreachable": []}
    if setting == "auto":
        silent = [url for url in parameters["upstream_urls"] if not reachable(url, timeout)]
        silent += [url for url in parameters["releases"] if not reachable(url, timeout, file=True)]
        return {"resolved": "distribution" if silent else "upstream", "source": "probed", "unreachable": []}
    return {"resolved": setting, "source": "setting", "unreachable": []}


def bundle(state: Path) -> dict[str, Any]:
    """Return which version of the bundle was here last, as the role inception wrote it down; empty without one."""
    try:
        found = json.loads((state / "bundle").read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}  # None was here, or a person has spoiled it.
    return found if isinstance(found, dict) else {}


def core_version(site: Path) -> str:
    """Return the version of the WordPress core that is on the volume; empty without one."""
    path = site / "wp-includes" / "version.php"
    text = path.read_text(encoding="utf-8", errors="replace") if path.is_file() else ""
    match = re.search(r"^\$wp_version\s*=\s*'([^']+)'", text, re.MULTILINE)
    return match.group(1) if match else ""


def newer_release(service: str, version: str, timeout: int) -> str:
    """Return a newer release of the same series; empty when there is none, or none is known."""
    try:
        newest = newest_of_series(version, offered(service, timeout))
    except (ReleaseError, ValueError):
        return ""  # Without internet, or with a release that has no number: `make versions` says why.
    return newest if newest != version else ""


def environment(project: Path) -> dict[str, Any]:
    """Return the text of .env, why it cannot be read, and what managed_tree remembered when it was written."""
    found: dict[str, Any] = {"text": "", "problem": "", "remembered": {}}
    path = project / "srcs" / ".env"
    try:
        found["text"] = path.read_text(encoding="utf-8") if path.is_file() else ""
        memory = json.loads((project / ".inception" / "written.json").read_text(encoding="utf-8"))
        found["remembered"] = memory["remember"][".env"]
    except UnicodeDecodeError:
        found["problem"] = f"{path} is not UTF-8 text: save it as such, or remove it."
    except (OSError, ValueError, LookupError, TypeError):
        pass  # Nothing is remembered, or a person has spoiled it.
    return found


def owner_of(path: Path) -> int:
    """Return the uid of a path's owner; -1 when it does not exist."""
    return path.stat().st_uid if path.exists() else -1


def cache_files(directory: Path) -> dict[str, dict[str, int]]:
    """Return size in bytes and time of change (seconds of the epoch) of each plain file of a directory."""
    if not directory.is_dir():
        return {}
    return {
        path.name: {"size": path.stat().st_size, "mtime": int(path.stat().st_mtime)}
        for path in directory.iterdir()
        if path.is_file()
    }


def settings_problem(path: Path = Path("/etc/docker/daemon.json")) -> str:
    """Return what is wrong with the settings of the Docker engine; empty when nothing is, or there are none."""
    try:
        text = path.read_text(encoding="utf-8") if path.is_file() else ""
        settings = json.loads(text) if text.strip() else {}
    except ValueError as error:
        return str(error)
    return "" if isinstance(settings, dict) else "it is no JSON object"


def in_swarm(info: dict[str, Any], state: Path = Path("/var/lib/docker/swarm/docker-state.json")) -> bool:
    """Tell whether the engine is part of a swarm; one that does not run left a file behind."""
    return info["Swarm"]["LocalNodeState"] not in {"", "inactive"} if info else state.exists()


def filled(directory: Path) -> bool:
    """Tell whether a directory exists and holds anything."""
    return directory.is_dir() and any(directory.iterdir())


def gather(parameters: Mapping[str, Any]) -> dict[str, Any]:
    """Return the fact, for the module's parameters.

    Raises:
        DockerError: the engine stops answering meanwhile.
    """
    release = read_os_release()
    engine = Engine(timeout=10)
    version = engine.version()
    info = engine.get("/info") if version else {}
    containers = engine.get("/containers/json", all="1") if version else []
    images = engine.get("/images/json") if version else []
    volumes = (engine.get("/volumes")["Volumes"] or []) if version else []
    tagged = {tag: image["Id"] for image in images for tag in image.get("RepoTags") or []}
    # The role base_image keeps a copy named after image and architecture, with its checksum beside it.
    copy = re.sub(r"[:/]", "-", parameters["base_image"]) + f"-{platform.machine()}-"
    base_present = parameters["base_image"] in tagged or any(
        name.startswith(copy) and name.endswith(".tar.sha256") for name in cache_files(Path(parameters["cache_dir"]))
    )
    data_dir = Path(parameters["data_dir"])
    project = parameters["project_name"]
    release_there = core_version(data_dir / "wordpress")
    supply = resolve_supply(parameters, base_present, release_there)
    asks = supply["resolved"] == "upstream" and parameters["version_service"]

    return {
        "distribution": release.get("ID", ""),
        "distribution_release": release.get("VERSION_CODENAME", ""),
        "distribution_version": release.get("VERSION_ID", ""),
        "architecture": platform.machine(),
        "systemd": Path("/run/systemd/system").is_dir(),
        "uid": os.geteuid(),
        "memory_mb": memory_mb(),
        "disks": disks([parameters["data_dir"], "/var/lib/docker", parameters["cache_dir"]]),
        "docker": {
            "installed": shutil.which("dockerd") is not None or version is not None,
            "running": version is not None,
            "version": version["Version"] if version else "",
            "live_restore": info.get("LiveRestoreEnabled", False),
            "swarm": in_swarm(info),
            "settings_problem": settings_problem(),
        },
        "compose": {"version": compose_version()},
        "hosts_lines": Path("/etc/hosts").read_text(encoding="utf-8", errors="replace").splitlines()
        if Path("/etc/hosts").is_file()
        else [],
        "images": tagged,
        "bundle": bundle(Path(parameters["state_dir"])),
        "core_version": release_there,
        "newer_release": newer_release(
            parameters["version_service"], parameters["release"], parameters["probe_timeout"]
        )
        if asks
        else "",
        "environment": environment(Path(parameters["project_dir"])),
        "content_owner": owner_of(data_dir / "wordpress" / "wp-content" / "uploads"),
        "cache_files": cache_files(Path(parameters["cache_dir"])),
        "deployed": any((c.get("Labels") or {}).get("com.docker.compose.project") == project for c in containers),
        "foreign_containers": foreign_containers(parameters["containers"], project, containers),
        "listeners": settled_listeners(parameters["ports"], containers, engine),
        "volumes": {
            volume["Name"]: {
                "device": (volume.get("Options") or {}).get("device", ""),
                "project": (volume.get("Labels") or {}).get("com.docker.compose.project", ""),
            }
            for volume in volumes
            if volume["Name"] in parameters["volumes"]
        },
        "secrets": secrets(Path(parameters["project_dir"]) / "secrets", parameters["secrets"]),
        "own_certificate": has_own_certificate(Path(parameters["project_dir"]) / "secrets" / "tls.crt"),
        "filled_directories": [
            str(path) for path in (sorted(data_dir.iterdir()) if data_dir.is_dir() else []) if filled(path)
        ],
        "directories": {
            str(path): {
                "uid": path.stat().st_uid,
                "gid": path.stat().st_gid,
                "mode": f"{path.stat().st_mode & 0o7777:04o}",
            }
            for path in [data_dir, *(sorted(data_dir.iterdir()) if data_dir.is_dir() else [])]
            if path.is_dir()
        },
        "users": sorted(line.split(":", 1)[0] for line in Path("/etc/passwd").read_text(encoding="utf-8").splitlines()),
        "supply": supply,
    }


def main() -> None:
    """Run the module."""
    module = AnsibleModule(
        argument_spec={
            "project_name": {"type": "str", "required": True},
            "project_dir": {"type": "path", "required": True},
            "data_dir": {"type": "path", "required": True},
            "state_dir": {"type": "path", "required": True},
            "cache_dir": {"type": "path", "required": True},
            "ports": {"type": "list", "elements": "int", "default": []},
            "containers": {"type": "list", "elements": "str", "default": []},
            "volumes": {"type": "list", "elements": "str", "default": []},
            "secrets": {"type": "dict", "default": {}},
            "supply": {"type": "str", "choices": ["auto", "upstream", "distribution"], "default": "auto"},
            "base_image": {"type": "str", "default": ""},
            "upstream_urls": {"type": "list", "elements": "str", "default": []},
            "releases": {"type": "list", "elements": "str", "default": []},
            "release": {"type": "str", "default": ""},
            "version_service": {"type": "str", "default": ""},
            "probe_timeout": {"type": "int", "default": 5},
        },
        supports_check_mode=True,
    )
    try:
        facts = gather(module.params)
    except DockerError as error:
        module.fail_json(msg=str(error))
    module.exit_json(changed=False, ansible_facts={"inception_machine": facts})


if __name__ == "__main__":
    main()
