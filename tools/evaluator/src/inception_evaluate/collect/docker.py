"""The containers, networks and volumes of a Compose project, as the engine describes them."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import Any

from inception_evaluate import internet
from inception_evaluate.collect.processes import Look, look
from inception_evaluate.evidence import Stack
from inception_evaluate.machine import Machine, UnseenError, engine_complaint
from inception_evaluate.model import Attachment, Container, Mount, Network, Port, Volume

#: Seconds that a container may take to become healthy.
STARTING = 60.0
_LABEL = "com.docker.compose."
#: Programs that give a container away, the mandatory roles first.
_PROGRAMS = (
    ("nginx", re.compile(r"^nginx$")),
    ("wordpress", re.compile(r"^php-fpm[\d.]*$|^php-fpm$")),
    ("mariadb", re.compile(r"^(?:mariadbd|mysqld)(?:_safe|-safe)?$")),
    ("redis", re.compile(r"^(?:redis-server|valkey-server|keydb-server)$")),
    ("ftp", re.compile(r"^(?:vsftpd|pure-ftpd|proftpd)$")),
)
_NAMES = (
    ("adminer", re.compile(r"adminer|phpmyadmin|pma")),
    ("redis", re.compile(r"redis|valkey")),
    ("ftp", re.compile(r"ftp")),
    ("static", re.compile(r"static|website|webpage|portfolio|resume|site|hugo")),
)
_MANDATORY = (
    ("nginx", re.compile(r"nginx")),
    ("wordpress", re.compile(r"word-?_?press|^wp|php")),
    ("mariadb", re.compile(r"maria|mysql|^db$|database")),
)


def compose_projects(machine: Machine) -> dict[str, list[dict[str, Any]]]:
    """Return the containers of every Compose project of the engine, running or not, as ``docker inspect`` prints them.

    Raises:
        UnseenError: the engine does not answer.

    """
    done = machine.docker("ps", "--all", "--quiet", "--no-trunc", "--filter", f"label={_LABEL}project")
    if done.code != 0:
        raise UnseenError(engine_complaint(done))
    found: dict[str, list[dict[str, Any]]] = {}
    identifiers = done.out.split()
    if not identifiers:
        return found
    for facts in machine.docker_json("container", "inspect", *identifiers):
        labels = facts["Config"].get("Labels") or {}
        # What `docker compose run` started is no service.
        if labels.get(f"{_LABEL}oneoff", "False") != "True":
            found.setdefault(labels[f"{_LABEL}project"], []).append(facts)
    return found


def choose_project(found: Mapping[str, list[dict[str, Any]]], directory: str, name: str = "") -> str:
    """Choose the Compose project that belongs to a directory.

    Args:
        found: what ``compose_projects`` returned.
        directory: the directory of the Inception project on the machine.
        name: the name of the Compose project, when it was given.

    Raises:
        UnseenError: there is none, or it cannot be told which.

    """
    if name:
        if name in found:
            return name
        raise UnseenError(f"no container belongs to the Compose project {name}")
    here = []
    for project, containers in found.items():
        places = {(facts["Config"].get("Labels") or {}).get(f"{_LABEL}project.working_dir", "") for facts in containers}
        if any(place == directory or place.startswith(f"{directory.rstrip('/')}/") for place in places):
            here.append(project)
    if len(here) == 1:
        return here[0]
    if not found:
        raise UnseenError("no stack is running here: run make first")
    if len(here) > 1:
        raise UnseenError(f"several Compose projects belong to {directory}: {', '.join(sorted(here))}; name one")
    # Compose may have been started from a copy; a single stack is then the one that is meant.
    if len(found) == 1:
        return next(iter(found))
    names = ", ".join(sorted(found))
    raise UnseenError(f"none of the Compose projects ({names}) was started from {directory}; name one")


def collect(machine: Machine, directory: str, name: str = "") -> tuple[Stack, dict[str, Look]]:
    """Gather what the engine knows of the project, and what runs in its containers.

    Args:
        machine: where it runs.
        directory: the directory of the Inception project on that machine.
        name: the name of the Compose project, when it was given.

    Raises:
        UnseenError: the engine does not answer, or no container of the project exists.

    """
    everything = compose_projects(machine)
    project = choose_project(everything, directory, name)
    end = time.monotonic() + STARTING
    # What has just been started may be given the time to become healthy.
    while time.monotonic() < end and any(
        (facts["State"].get("Health") or {}).get("Status") == "starting" for facts in everything[project]
    ):
        time.sleep(1)
        everything = compose_projects(machine)
    inspected = sorted(everything[project], key=lambda facts: facts["Created"])
    pids = {_service(facts): int(facts["State"].get("Pid") or 0) for facts in inspected}
    looks = look(machine, pids)
    images = _images(machine, {facts["Image"] for facts in inspected})
    roles = _roles(inspected, looks)
    containers = tuple(
        _container(facts, roles[_service(facts)], looks.get(_service(facts)), images) for facts in inspected
    )
    labels = inspected[0]["Config"]["Labels"]
    workdir = labels.get(f"{_LABEL}project.working_dir", directory)
    names = sorted({one.network for container in containers for one in container.networks})
    foreign = {
        port.host: f"{facts['Name'].lstrip('/')} of the project {other}"
        for other, others in everything.items()
        if other != project
        for facts in others
        for port in _ports(facts)
    }
    listed = machine.docker("network", "ls", "--format", "{{.Name}}")
    return Stack(
        gateways=_gateways(machine),
        project=project,
        directory=workdir,
        declared=_declared(machine, project, labels),
        listed=_listed(machine, project),
        containers=containers,
        networks=_networks(machine, names),
        listed_networks=frozenset(listed.out.split()) if listed.code == 0 else frozenset(),
        volumes=_volumes(machine, containers),
        environment={
            _service(facts): dict(
                entry.partition("=")[::2] for entry in facts["Config"].get("Env") or [] if "=" in entry
            )
            for facts in inspected
        },
        pids=pids,
        ids={_service(facts): facts["Id"] for facts in inspected},
        links=tuple(_service(facts) for facts in inspected if facts["HostConfig"].get("Links")),
        host_network=tuple(_service(facts) for facts in inspected if facts["HostConfig"].get("NetworkMode") == "host"),
        exit_codes={_service(f): int(f["State"]["ExitCode"]) for f in inspected if not f["State"].get("Running")},
        foreign_ports=foreign,
        uptimes={_service(facts): _uptime(facts) for facts in inspected},
        configured={_service(facts): _published(facts["HostConfig"].get("PortBindings")) for facts in inspected},
        cut_off=_cut_off(machine, inspected),
        files=tuple(filter(None, labels.get(f"{_LABEL}project.config_files", "").split(","))),
        env_file=labels.get(f"{_LABEL}project.environment_file", "").split(",")[-1] or f"{workdir}/.env",
    ), looks


def _service(facts: Mapping[str, Any]) -> str:
    labels = facts["Config"]["Labels"]
    number = labels.get(f"{_LABEL}container-number", "1")
    name = labels.get(f"{_LABEL}service", facts["Name"].lstrip("/"))
    return str(name if number == "1" else f"{name}#{number}")


def _roles(inspected: Iterable[Mapping[str, Any]], looks: Mapping[str, Look]) -> dict[str, str]:
    """Tell which container is which: by its program, then by the names of service, image and container.

    A static site may well be served by a second NGINX: the name then decides which of them is the way in.
    """
    roles: dict[str, str] = {}
    everything = list(inspected)

    def texts(facts: Mapping[str, Any]) -> list[str]:
        image = re.split(r"[:@]", str(facts["Config"].get("Image", "")).rpartition("/")[2])[0]
        return [text.lower() for text in (_service(facts), image, str(facts["Name"]).lstrip("/"))]

    for facts in everything:
        service = _service(facts)
        seen = looks.get(service)
        programs = {process.program for process in seen.inside.processes} if seen is not None else set()
        by_program = next((role for role, rule in _PROGRAMS if any(rule.match(one) for one in programs)), "")
        by_name = next((role for role, rule in _NAMES if any(rule.search(text) for text in texts(facts))), "")
        mandatory = next((role for role, rule in _MANDATORY if any(rule.search(text) for text in texts(facts))), "")
        if by_program in ("nginx", "wordpress") and by_name and not mandatory:
            roles[service] = by_name
        elif by_program:
            roles[service] = by_program
        else:
            roles[service] = by_name or mandatory or "other"
    for role, _ in _MANDATORY:
        holders = [facts for facts in everything if roles[_service(facts)] == role]
        if len(holders) > 1:
            named = [facts for facts in holders if role in texts(facts)]
            keep = (named or holders)[0]
            for facts in holders:
                if facts is not keep:
                    roles[_service(facts)] = "static" if role == "nginx" else "other"
    return roles


def _uptime(facts: Mapping[str, Any]) -> float:
    """Return the seconds since a container was started; 0 when it does not run."""
    if not facts["State"].get("Running"):
        return 0.0
    # The engine writes nanoseconds, which Python does not read.
    started = re.sub(r"(\.\d{6})\d*", r"\1", str(facts["State"].get("StartedAt", ""))).replace("Z", "+00:00")
    try:
        return max(0.0, (datetime.now(tz=UTC) - datetime.fromisoformat(started)).total_seconds())
    except ValueError:
        return 0.0


#: Lines of a container's log that are looked through.
_LOG = "400"


def _cut_off(machine: Machine, inspected: Iterable[Mapping[str, Any]]) -> dict[str, tuple[str, ...]]:
    """Tell which services wanted to download something and could not, because the machine does not reach it."""
    found = {}
    for facts in inspected:
        said = machine.docker("logs", "--tail", _LOG, facts["Id"])
        addresses = internet.unreachable(machine, said.out + said.err)
        if addresses:
            found[_service(facts)] = tuple(addresses)
    return found


def _images(machine: Machine, identifiers: set[str]) -> dict[str, int]:
    if not identifiers:
        return {}
    done = machine.docker("image", "inspect", "--format", "{{.Id}} {{.Size}}", *sorted(identifiers))
    rows = [line.split() for line in done.out.splitlines()]
    return {row[0]: int(row[1]) for row in rows if len(row) == 2 and row[1].isdigit()}


def _ports(facts: Mapping[str, Any]) -> tuple[Port, ...]:
    """Return what a container publishes now."""
    return _published(facts["NetworkSettings"].get("Ports"))


def _published(bound: Mapping[str, Any] | None) -> tuple[Port, ...]:
    found = []
    for inner, bindings in (bound or {}).items():
        number, _, protocol = inner.partition("/")
        for binding in bindings or []:
            address = binding.get("HostIp", "")
            if binding.get("HostPort", "").isdigit():
                found.append(Port(int(binding["HostPort"]), int(number), protocol or "tcp", address))
    # One for IPv4 and one for IPv6 are the same to a reader.
    unique = {(port.host, port.container, port.protocol): port for port in reversed(found)}
    return tuple(sorted(unique.values(), key=lambda port: (port.host, port.container)))


_SECRET = re.compile(r"(?i)((?:--?[\w-]*(?:password|passwd|secret|token)[\w-]*)[= ])\S+|(?<!\S)(-p)\S+(?=\s|$)")


def redact(command: str) -> str:
    """Cut what looks like a password out of a command line."""
    return _SECRET.sub(lambda match: f"{match.group(1) or match.group(2)}***", command)


def _container(facts: Mapping[str, Any], role: str, seen: Look | None, images: Mapping[str, int]) -> Container:
    state, host = facts["State"], facts["HostConfig"]
    processes = seen.inside.processes if seen is not None else ()
    command = processes[0].command if processes else ()
    exposed = {port if "/" in port else f"{port}/tcp" for port in facts["Config"].get("ExposedPorts") or {}}
    exposed |= {f"{port}/tcp" for port in (seen.inside.listening if seen is not None else ())}
    attached = facts["NetworkSettings"].get("Networks") or {}
    return Container(
        service=_service(facts),
        role=role,
        name=facts["Name"].lstrip("/"),
        image=facts["Config"].get("Image", ""),
        image_bytes=images.get(facts["Image"], 0),
        pid_one=redact(" ".join(command))[:300],
        processes=len(processes),
        user=seen.user if seen is not None else "",
        state=state.get("Status", ""),
        health=(state.get("Health") or {}).get("Status", ""),
        restart_policy=(host.get("RestartPolicy") or {}).get("Name") or "no",
        restarts=int(facts.get("RestartCount", 0)),
        memory_bytes=seen.memory if seen is not None else 0,
        exposed=tuple(sorted(exposed, key=lambda port: (int(port.partition("/")[0].partition("-")[0]), port))),
        ports=_ports(facts),
        networks=tuple(
            Attachment(name, end.get("IPAddress") or "", tuple(sorted(set(end.get("Aliases") or []))))
            for name, end in sorted(attached.items())
        ),
        mounts=tuple(
            Mount(
                mount["Type"],
                mount.get("Name") or mount.get("Source", ""),
                mount["Destination"],
                read_only=not mount.get("RW", True),
                secret=mount["Destination"].startswith("/run/secrets/"),
            )
            for mount in sorted(facts.get("Mounts") or [], key=lambda mount: str(mount["Destination"]))
        ),
    )


def _networks(machine: Machine, names: list[str]) -> tuple[Network, ...]:
    if not names:
        return ()
    found = []
    for facts in machine.docker_json("network", "inspect", *names):
        ranges = [entry.get("Subnet", "") for entry in (facts.get("IPAM") or {}).get("Config") or []]
        found.append(Network(facts["Name"], facts["Driver"], next(iter(ranges), ""), bool(facts.get("Internal"))))
    return tuple(found)


def _gateways(machine: Machine) -> tuple[str, ...]:
    """Return the machine's own addresses on Docker's bridges; whoever comes from outside does not meet them."""
    identifiers = machine.docker("network", "ls", "--quiet", "--filter", "driver=bridge").out.split()
    if not identifiers:
        return ()
    found = machine.docker_json("network", "inspect", *identifiers)
    ranges = [entry for facts in found for entry in (facts.get("IPAM") or {}).get("Config") or []]
    return tuple(sorted({entry["Gateway"] for entry in ranges if entry.get("Gateway")}))


def _volumes(machine: Machine, containers: Iterable[Container]) -> tuple[Volume, ...]:
    names = sorted({m.source for one in containers for m in one.mounts if m.kind == "volume"})
    if not names:
        return ()
    found = []
    for facts in machine.docker_json("volume", "inspect", *names):
        options = dict(facts.get("Options") or {})
        device = options.pop("device", "") or facts["Mountpoint"]
        size = machine.run("du", "--summarize", "--block-size=1", "--", device)
        digits = size.out.split("\t")[0] if size.code == 0 else ""
        found.append(
            Volume(
                facts["Name"],
                facts["Driver"],
                device,
                tuple(f"{key}={value}" for key, value in sorted(options.items())),
                int(digits) if digits.isdigit() else 0,
            )
        )
    return tuple(found)


def _compose(labels: Mapping[str, str], project: str) -> list[str]:
    words = ["compose", "--project-name", project]
    directory = labels.get(f"{_LABEL}project.working_dir")
    if directory:
        words += ["--project-directory", directory]
    for file in labels.get(f"{_LABEL}project.config_files", "").split(","):
        if file:
            words += ["--file", file]
    for file in labels.get(f"{_LABEL}project.environment_file", "").split(","):
        if file:
            words += ["--env-file", file]
    return words


def _declared(machine: Machine, project: str, labels: Mapping[str, str]) -> tuple[str, ...]:
    done = machine.docker(*_compose(labels, project), "config", "--services")
    return tuple(sorted(done.out.split())) if done.code == 0 else ()


def _listed(machine: Machine, project: str) -> tuple[str, ...]:
    """Ask ``docker compose ps``; newer versions print an object a line, older ones a list."""
    done = machine.docker("compose", "--project-name", project, "ps", "--all", "--format", "json")
    if done.code != 0:
        return ()
    text = done.out.strip()
    try:
        rows = json.loads(text) if text.startswith("[") else [json.loads(line) for line in text.splitlines() if line]
    except ValueError:
        return ()
    return tuple(sorted({str(row.get("Service", "")) for row in rows if isinstance(row, dict)}))
