"""A Compose project after all files are put together: services, networks, volumes, secrets, configs."""

from __future__ import annotations

import posixpath
from collections.abc import Mapping
from dataclasses import dataclass, field

from inception_check.evidence.dotenv import DotEnv
from inception_check.evidence.interpolation import Interpolated, interpolate
from inception_check.evidence.source import Problem
from inception_check.evidence.yamlnodes import Value


@dataclass(frozen=True, slots=True)
class Located:
    """A text with the place where it stands.

    Attributes:
        text: as written.
        value: after interpolation.
        unknown: the variables in it that are not known.
        path: the file.
        line: the line.

    """

    text: str
    value: str
    unknown: tuple[str, ...]
    used: tuple[str, ...]
    path: str
    line: int


@dataclass(frozen=True, slots=True)
class Port:
    """A published port; host and container are None when a variable keeps them unknown."""

    host: str | None
    container: str | None
    host_ip: str
    protocol: str
    source: Located

    @property
    def undecided(self) -> bool:
        """Whether a variable without a value takes part in it."""
        return bool(self.source.unknown)


@dataclass(frozen=True, slots=True)
class Mount:
    """A volume of a service: ``volume``, ``bind``, ``tmpfs`` or ``anonymous``."""

    kind: str
    source: str
    target: str
    read_only: bool
    origin: Located


@dataclass(frozen=True, slots=True)
class Variable:
    """An environment variable or build argument; a bare name without a value is taken from the shell."""

    name: str
    value: Located | None
    path: str
    line: int


@dataclass(frozen=True, slots=True)
class Build:
    """Where an image is built; paths are relative to the repository and normalised."""

    context: str
    dockerfile: str
    target: str | None
    inline: str | None
    args: tuple[Variable, ...]
    path: str
    line: int
    undecided: bool = False


@dataclass(frozen=True, slots=True)
class Command:
    """``command`` or ``entrypoint``: a list, or one text that Compose splits like a shell would."""

    words: tuple[str, ...]
    is_list: bool
    path: str
    line: int
    source: Value


@dataclass(frozen=True, slots=True)
class Service:
    """One service after all merging."""

    name: str
    path: str
    line: int
    value: Value
    origin: Mapping[str, str]
    image: Located | None
    build: Build | None
    ports: tuple[Port, ...]
    mounts: tuple[Mount, ...]
    environment: tuple[Variable, ...]
    env_files: tuple[Located, ...]
    networks: tuple[str, ...]
    networks_declared: bool
    network_mode: Located | None
    secrets: tuple[str, ...]
    command: Command | None
    entrypoint: Command | None
    profiles: tuple[str, ...]

    def key(self, name: str) -> Value | None:
        """Return one of the service's own keys."""
        return self.value.get(name)

    def place(self, name: str) -> tuple[str, int]:
        """Return the file and the line of one of the service's keys (the service's own without it)."""
        return self.origin.get(name, self.path), self.value.key_line(name) if self.value.has(name) else self.line


@dataclass(frozen=True, slots=True)
class Resource:
    """A top-level network, volume, secret or config."""

    name: str
    path: str
    line: int
    value: Value
    external: bool


@dataclass(frozen=True)
class Compose:
    """The whole Compose project."""

    path: str
    files: tuple[str, ...]
    services: dict[str, Service] = field(default_factory=dict)
    networks: dict[str, Resource] = field(default_factory=dict)
    volumes: dict[str, Resource] = field(default_factory=dict)
    secrets: dict[str, Resource] = field(default_factory=dict)
    configs: dict[str, Resource] = field(default_factory=dict)
    environment: DotEnv | None = None
    values: dict[str, str] = field(default_factory=dict)
    used_variables: frozenset[str] = frozenset()
    problems: tuple[Problem, ...] = ()
    root: Value | None = None
    project_name: str | None = None

    @property
    def directory(self) -> str:
        """The project directory, to which paths are relative."""
        return posixpath.dirname(self.path)

    def interpolated(self, text: str) -> Interpolated:
        """Substitute variables as in this project."""
        return interpolate(text, self.values)
