"""The outcome of an evaluation: what the engine writes as JSON and what every report reads.

All of it is frozen and made of plain values, so that an evaluation can be stored, compared and rendered again
without the stack that it speaks about.
"""

from __future__ import annotations

import dataclasses
import enum
import json
import types
import typing
from dataclasses import dataclass
from typing import Any

from inception_check.model import Finding

#: The version of the JSON document. It rises when an older reader could misread a newer document.
SCHEMA = 1


class Verdict(enum.StrEnum):
    """What became of one check of the sheet.

    ``pass`` only when everything that the check needs was seen; ``fail`` when something seen breaks it; ``warn`` when
    it holds with something doubtful; ``undecided`` when it could not be looked at (the reasons say why and what would
    help); ``spoken`` when people decide it in conversation; ``absent`` when it is about a bonus service that the stack does not
    have: nobody asks for it, so that it neither passes nor fails.
    """

    PASS = "pass"  # noqa: S105 -- a verdict, no password
    FAIL = "fail"
    WARN = "warn"
    UNDECIDED = "undecided"
    SPOKEN = "spoken"
    ABSENT = "absent"


@dataclass(frozen=True, slots=True)
class Shot:
    """A screenshot.

    Attributes:
        title: what it shows, in a few words.
        file: its name (PNG), relative to the directory that the evaluation is written to.

    """

    title: str
    file: str


@dataclass(frozen=True, slots=True)
class Check:
    """One line of the sheet.

    Attributes:
        id: the requirement, for example ``E27``.
        title: what it asks for.
        ends: whether failing it ends the evaluation.
        verdict: what became of it.
        seen: the evidence, a sentence each, also when it passed.
        findings: what was found against it, by rules that read the files and by rules that looked at the stack;
            suppressed ones are in here too and carry their reason.
        reasons: why it could not be decided, and what to do so that it can.
        shots: screenshots that belong to it.
        seconds: how long looking took; 0 when it came as a by-product.

    """

    id: str
    title: str
    ends: bool
    verdict: Verdict
    seen: tuple[str, ...] = ()
    findings: tuple[Finding, ...] = ()
    reasons: tuple[str, ...] = ()
    shots: tuple[Shot, ...] = ()
    seconds: float = 0.0


@dataclass(frozen=True, slots=True)
class Machine:
    """The machine that the stack runs on; what could not be found out is empty or 0.

    Attributes:
        kernel: for example ``6.12.48``.
        distribution: for example ``Debian GNU/Linux 13 (trixie)``.
        virtualisation: what it says it runs in (``kvm``, ``docker``, ``none``, …), for R1.
        engine: the version of the Docker engine.
        compose: the version of Docker Compose.
        cores: how many processors it may use.
        memory: bytes of main memory.

    """

    kernel: str = ""
    distribution: str = ""
    virtualisation: str = ""
    engine: str = ""
    compose: str = ""
    cores: int = 0
    memory: int = 0


@dataclass(frozen=True, slots=True)
class Port:
    """A published port: ``address:host`` of the machine leads to ``container`` in the container."""

    host: int
    container: int
    protocol: str = "tcp"
    address: str = ""


@dataclass(frozen=True, slots=True)
class Attachment:
    """A container's place in a network."""

    network: str
    address: str
    aliases: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Mount:
    """Something mounted into a container.

    Attributes:
        kind: ``volume``, ``bind`` or ``tmpfs``.
        source: the volume's name, or the path on the machine.
        target: the path in the container.
        read_only: whether the container may only read it.
        secret: whether it is a Docker secret (its target is below ``/run/secrets``).

    """

    kind: str
    source: str
    target: str
    read_only: bool = False
    secret: bool = False


@dataclass(frozen=True, slots=True)
class Container:
    """One container as it was found.

    Attributes:
        service: the name of its service in the Compose file.
        role: ``nginx``, ``wordpress``, ``mariadb``, a bonus service's kind such as ``redis``, or empty.
        name: the container's own name.
        image: the image's name and tag.
        image_bytes: its size.
        base: the base image, as the Dockerfile or the image says it; empty when unknown.
        pid_one: the command line of the first process, passwords cut out.
        processes: how many processes ran in it.
        user: the user that the first process runs as, name or number.
        state: ``running``, ``restarting``, ``exited`` …
        health: ``healthy``, ``unhealthy``, ``starting``, or empty without a health check.
        restart_policy: ``no``, ``always``, ``unless-stopped``, ``on-failure``.
        restarts: how often the engine had restarted it before the evaluation.
        memory_bytes: main memory in use; 0 when unknown.
        exposed: the ports that it listens on or declares, for example ``9000/tcp``.
        ports: what it publishes.
        networks: where it is reached.
        mounts: what is mounted into it.

    """

    service: str
    role: str
    name: str
    image: str
    image_bytes: int = 0
    base: str = ""
    pid_one: str = ""
    processes: int = 0
    user: str = ""
    state: str = ""
    health: str = ""
    restart_policy: str = ""
    restarts: int = 0
    memory_bytes: int = 0
    exposed: tuple[str, ...] = ()
    ports: tuple[Port, ...] = ()
    networks: tuple[Attachment, ...] = ()
    mounts: tuple[Mount, ...] = ()


@dataclass(frozen=True, slots=True)
class Network:
    """A Docker network of the project."""

    name: str
    driver: str
    subnet: str = ""
    internal: bool = False


@dataclass(frozen=True, slots=True)
class Volume:
    """A named volume of the project.

    Attributes:
        name: as ``docker volume ls`` prints it.
        driver: usually ``local``.
        device: where its data lies on the machine: the option ``device``, else the mount point.
        options: the other driver options, for example ``type=none``, ``o=bind``.
        size: bytes in use; 0 when unknown.

    """

    name: str
    driver: str
    device: str
    options: tuple[str, ...] = ()
    size: int = 0


@dataclass(frozen=True, slots=True)
class Topology:
    """What runs: containers, networks, volumes and the ways in."""

    containers: tuple[Container, ...] = ()
    networks: tuple[Network, ...] = ()
    volumes: tuple[Volume, ...] = ()


@dataclass(frozen=True, slots=True)
class Figure:
    """A measured value.

    Attributes:
        label: what was measured, for example ``nginx`` or ``first page``.
        value: the number.
        unit: ``B`` (bytes), ``s`` (seconds) or empty for a count.
        group: ``sizes``, ``start-up``, ``memory``, ``restart``, ``answers``.

    """

    label: str
    value: float
    unit: str
    group: str


@dataclass(frozen=True, slots=True)
class DockerfileFacts:
    """What a Dockerfile says, for the questions that people ask about it.

    Attributes:
        service: the service that is built from it.
        path: its path in the project.
        bases: its FROM lines as they are written, in order.
        packages: what it installs by apt-get or apk, as far as that can be read.
        user: the last USER instruction, or empty.
        entrypoint: the ENTRYPOINT in force as it is written, or empty.
        command: the CMD in force as it is written, or empty.

    """

    service: str
    path: str
    bases: tuple[str, ...] = ()
    packages: tuple[str, ...] = ()
    user: str = ""
    entrypoint: str = ""
    command: str = ""


@dataclass(frozen=True, slots=True)
class Sources:
    """What the project's files say, for the spoken questions (E17 to E20, E38, E55).

    Attributes:
        compose_file: its path in the project; empty when there is none.
        compose_project: the name of the Compose project.
        env_file: the path of ``.env`` or of its example, or empty.
        secrets: the names of the Docker secrets.
        dockerfiles: one for each service that is built.
        database: the name of WordPress's database, or empty.
        database_user: the account that WordPress uses, or empty.
        database_service: the Compose service of the database, or empty.
        database_client: how to reach its client by hand, for example
            ``docker exec -it mariadb mariadb --user=root --password``.

    """

    compose_file: str = ""
    compose_project: str = ""
    env_file: str = ""
    secrets: tuple[str, ...] = ()
    dockerfiles: tuple[DockerfileFacts, ...] = ()
    database: str = ""
    database_user: str = ""
    database_service: str = ""
    database_client: str = ""


@dataclass(frozen=True, slots=True)
class Evaluation:
    """One evaluation, whole.

    Attributes:
        project: the directory of the project.
        title: the title of the site, or empty when no page was seen.
        login: whose project it is; empty when not found out.
        domain: the site's name.
        url: its address.
        began: when it began, UTC, ISO 8601, for example ``2026-11-24T01:48:16Z``.
        seconds: how long it took.
        subject: the version of the subject that it was held against.
        machine: where it ran.
        checks: in the order of the sheet.
        topology: what runs.
        figures: what was measured.
        sources: what the files say.
        beyond: findings that belong to no line of the sheet.
        notes: what the reader must know, for example what was supplied for the project to run.
        only: the lines that were asked for, in the order of the sheet; empty when all of it was. Nothing is said about
            any other line then.
        schema: the version of the JSON document.

    """

    project: str
    title: str
    login: str
    domain: str
    url: str
    began: str
    seconds: float
    subject: str
    machine: Machine
    checks: tuple[Check, ...]
    topology: Topology = Topology()
    figures: tuple[Figure, ...] = ()
    sources: Sources = Sources()
    beyond: tuple[Finding, ...] = ()
    notes: tuple[str, ...] = ()
    only: tuple[str, ...] = ()
    schema: int = SCHEMA

    def count(self, verdict: Verdict) -> int:
        """Count the checks with a verdict."""
        return sum(1 for check in self.checks if check.verdict is verdict)

    def to_json(self) -> str:
        """Write the evaluation as one JSON object; everything that is not ASCII is escaped."""
        return json.dumps(dataclasses.asdict(self), ensure_ascii=True, indent=2) + "\n"

    @classmethod
    def from_json(cls, text: str) -> Evaluation:
        """Read what ``to_json`` wrote.

        Raises:
            ValueError: the text is no evaluation, or one of a schema that this version does not know; the message
                says where.

        """
        document = json.loads(text)
        if not isinstance(document, dict) or document.get("schema") != SCHEMA:
            raise ValueError(f"this is no evaluation of schema {SCHEMA}")
        read: Evaluation = _read(cls, document, "evaluation")
        return read


def _read(kind: Any, value: Any, where: str) -> Any:
    """Turn JSON into the type that an annotation asks for."""
    origin = typing.get_origin(kind)
    if origin in (types.UnionType, typing.Union):
        if value is None:
            return None
        return _read(next(one for one in typing.get_args(kind) if one is not type(None)), value, where)
    if origin is tuple:
        if not isinstance(value, list):
            raise ValueError(f"{where}: a list is expected")
        inner = typing.get_args(kind)[0]
        return tuple(_read(inner, one, f"{where}[{index}]") for index, one in enumerate(value))
    if dataclasses.is_dataclass(kind):
        if not isinstance(value, dict):
            raise ValueError(f"{where}: an object is expected")
        return _read_object(kind, value, where)
    if isinstance(kind, type) and issubclass(kind, enum.Enum):
        return kind(value)
    if kind is float and isinstance(value, int) and not isinstance(value, bool):
        return float(value)
    if not isinstance(value, kind) or (kind is int and isinstance(value, bool)):
        raise ValueError(f"{where}: {kind.__name__} is expected")
    return value


def _read_object(make: Any, value: dict[str, Any], where: str) -> Any:
    hints = typing.get_type_hints(make)
    unknown = sorted(value.keys() - hints.keys())
    if unknown:
        raise ValueError(f"{where}: there is no {unknown[0]} in it")
    fields = {name: _read(hints[name], one, f"{where}.{name}") for name, one in value.items()}
    try:
        return make(**fields)
    except TypeError as error:
        raise ValueError(f"{where}: {error}") from error
