"""Live evidence: what the collectors saw, frozen, and without a judgement.

What could not be seen is ``Missing`` with its reason; a rule that needs it cannot decide, and says so.
Values that may be confidential are kept out of ``repr`` and never reach a report.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from inception_evaluate.model import Container, Figure, Network, Port, Shot, Volume


@dataclass(frozen=True, slots=True)
class Missing:
    """Evidence that could not be gathered, and why."""

    reason: str


@dataclass(frozen=True, slots=True)
class Process:
    """A process inside a container, as the kernel of the machine lists it.

    Attributes:
        pid: its number on the machine.
        inner: its number inside the container.
        parent: its parent's number on the machine.
        name: the kernel's short name of it.
        command: its command line.
        user: its effective user id.

    """

    pid: int
    inner: int
    parent: int
    name: str
    command: tuple[str, ...]
    user: int

    @property
    def program(self) -> str:
        """The program's name without its directory; what php-fpm and nginx write there is cut at the colon."""
        first = self.command[0] if self.command else self.name
        return first.split(":")[0].rpartition("/")[2].split()[0] if first.strip() else self.name


@dataclass(frozen=True, slots=True)
class Inside:
    """What runs and listens in one container.

    Attributes:
        processes: the first process and its descendants, the first one first. What the engine starts from outside,
            such as a health check, is none of them.
        listening: the TCP ports that it listens on, other than on its loopback.
        lasting: the numbers of the processes that were there in both of two looks.

    """

    processes: tuple[Process, ...]
    listening: tuple[int, ...]
    lasting: frozenset[int]


@dataclass(frozen=True, slots=True)
class Stack:
    """The containers, networks and volumes of the Compose project.

    Attributes:
        project: the name of the Compose project.
        directory: its working directory on the machine.
        declared: the services that the Compose file declares; empty when that could not be asked.
        listed: the services that ``docker compose ps`` lists.
        containers: as they were found.
        networks: those of the project.
        listed_networks: the names that ``docker network ls`` prints.
        volumes: the named volumes of the project's containers.
        environment: service to environment (confidential).
        pids: service to the number of the first process on the machine.
        ids: service to the container's id.
        links: services with ``links``.
        host_network: services on the host's network.
        exit_codes: service to exit code, for those that do not run.
        foreign_ports: published port to the container of another project that publishes it.
        gateways: the machine's own addresses on Docker's bridges.
        uptimes: service to the seconds since its container started.
        files: the paths of the Compose files on the machine.
        env_file: the path of the ``.env`` that Compose reads, whether it is there or not.
        configured: service to the ports that its container publishes whenever it runs.
        cut_off: service to the addresses that it wanted to download from and that the machine cannot reach.

    """

    project: str
    directory: str
    declared: tuple[str, ...]
    listed: tuple[str, ...]
    containers: tuple[Container, ...]
    networks: tuple[Network, ...]
    listed_networks: frozenset[str]
    volumes: tuple[Volume, ...]
    environment: Mapping[str, Mapping[str, str]] = field(repr=False)
    pids: Mapping[str, int] = field(default_factory=dict)
    ids: Mapping[str, str] = field(default_factory=dict)
    links: tuple[str, ...] = ()
    host_network: tuple[str, ...] = ()
    exit_codes: Mapping[str, int] = field(default_factory=dict)
    foreign_ports: Mapping[int, str] = field(default_factory=dict)
    gateways: tuple[str, ...] = ()
    uptimes: Mapping[str, float] = field(default_factory=dict)
    files: tuple[str, ...] = ()
    env_file: str = ""
    configured: Mapping[str, tuple[Port, ...]] = field(default_factory=dict)
    cut_off: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    def role(self, role: str) -> Container | None:
        """Return the container of a role, or None."""
        return next((one for one in self.containers if one.role == role), None)

    def service(self, name: str) -> Container | None:
        """Return the container of a service, or None."""
        return next((one for one in self.containers if one.service == name), None)


@dataclass(frozen=True, slots=True)
class Ports:
    """What answers on the machine's own addresses.

    Attributes:
        addresses: those that were tried.
        answering: address to the TCP ports that accepted a connection.
        owners: port to the program that listens on it, as far as the kernel tells.
        complete: whether every port of every address was tried.
        seconds: how long it took.

    """

    addresses: tuple[str, ...]
    answering: Mapping[str, tuple[int, ...]]
    owners: Mapping[int, str]
    complete: bool
    seconds: float


@dataclass(frozen=True, slots=True)
class Certificate:
    """The certificate that the server presents.

    Attributes:
        subject: its subject.
        issuer: its issuer.
        names: the DNS names that it is for.
        key: for example ``EC 256`` or ``RSA 2048``.
        key_bits: the size of the key.
        signature: the hash of the signature, for example ``sha256``.
        not_before: the beginning of its validity, ISO 8601.
        not_after: the end of its validity, ISO 8601.
        expired: whether it was out of its validity when it was seen.
        self_signed: whether it signed itself.
        chain: how many certificates were sent.
        trusted: whether the machine's own certificate store trusts it.
        matches: whether one of the names is the domain's.

    """

    subject: str
    issuer: str
    names: tuple[str, ...]
    key: str
    key_bits: int
    signature: str
    not_before: str
    not_after: str
    expired: bool
    self_signed: bool
    chain: int
    trusted: bool
    matches: bool


@dataclass(frozen=True, slots=True)
class Tls:
    """What the TLS handshakes showed.

    Attributes:
        accepted: version to the cipher suites that the server accepted.
        refused: the versions that it refused.
        failed: version to why the scanner could not tell.
        weak: the accepted suites that are broken (null, export, anonymous, RC4, DES, 3DES, MD5).
        certificate: what it presents, or None when no handshake came about.
        scanner: the scanner and its version.

    """

    accepted: Mapping[str, tuple[str, ...]]
    refused: tuple[str, ...]
    failed: Mapping[str, str]
    weak: tuple[str, ...]
    certificate: Certificate | None
    scanner: str


@dataclass(frozen=True, slots=True)
class Page:
    """An answer of the site.

    Attributes:
        url: what was asked for.
        status: the status, or 0 without an answer.
        title: the page's title.
        location: where it redirects to, or empty.
        error: why there was no answer, or empty.
        installer: whether it is WordPress's installation page.
        wordpress: whether it is made by WordPress.
        seconds: how long the answer took.
        size: bytes of the body.

    """

    url: str
    status: int
    title: str = ""
    location: str = ""
    error: str = ""
    installer: bool = False
    wordpress: bool = False
    seconds: float = 0.0
    size: int = 0


@dataclass(frozen=True, slots=True)
class Site:
    """How the site answers.

    Attributes:
        domain: its name.
        port: the port that it is published on.
        front: the front page.
        plain: port 80: what became of a connection.
        plain_port: the answer of plain HTTP on the site's own port.
        resolved: what the name resolves to on the machine.
        own_addresses: the addresses of the machine.

    """

    domain: str
    port: int
    front: Page
    plain: Page
    plain_port: Page
    resolved: tuple[str, ...]
    own_addresses: tuple[str, ...]

    @property
    def origin(self) -> str:
        """How its addresses begin."""
        return f"https://{self.domain}" + ("" if self.port == 443 else f":{self.port}")


@dataclass(frozen=True, slots=True)
class User:
    """A user of WordPress.

    Attributes:
        name: the name that they sign in with.
        administrator: whether the role is administrator.
        role: the role.
        password: confidential; None when it is nowhere to be found.
        source: where the password was found.

    """

    name: str
    administrator: bool
    role: str
    password: str | None = field(default=None, repr=False)
    source: str = ""


@dataclass(frozen=True, slots=True)
class Database:
    """What the database says.

    Attributes:
        service: its service.
        client: the client that answered.
        version: the server's version.
        name: the name of WordPress's database.
        user: the account that WordPress uses.
        root_opened: whether root got in with a password that was found.
        root_source: where that password was found.
        root_without: for each way in what became of root without a password: ``opened``, ``refused``, or the complaint.
        account_opened: whether WordPress's account got in.
        tables: table to number of rows.
        prefix: the prefix of WordPress's tables.
        users: WordPress's users.
        notes: what could not be asked, in sentences.
        home: the address that WordPress takes for its own.
        wordpress: its version.
        object_cache: whether WordPress uses an object cache such as Redis; None when it could not be asked.

    """

    service: str
    client: str
    version: str
    name: str
    user: str
    root_opened: bool
    root_source: str
    root_without: Mapping[str, str]
    account_opened: bool
    tables: Mapping[str, int]
    prefix: str
    users: tuple[User, ...]
    notes: tuple[str, ...] = ()
    home: str = ""
    wordpress: str = ""
    object_cache: bool | None = None


@dataclass(frozen=True, slots=True)
class Reach:
    """From where an inner service can be reached, which is to say that it answers as it answers its callers.

    Attributes:
        service: the service.
        role: ``wordpress`` or ``mariadb``.
        port: the port that it listens on.
        from_own: whether a container of the project reached it; without that the other attempts prove nothing.
        from_foreign: whether a container on another network reached it.
        from_neighbour: whether a neighbour of the machine did that takes it for its router; None when nobody tried.
        from_user: whether an ordinary user of the machine did.
        from_containers: the services of the project that did.
        why_no_neighbour: why no neighbour tried.

    """

    service: str
    role: str
    port: int
    from_own: bool
    from_foreign: bool
    from_neighbour: bool | None
    from_user: bool
    from_containers: tuple[str, ...]
    why_no_neighbour: str = ""


@dataclass(frozen=True, slots=True)
class Step:
    """One step of what was tried, in the browser or on the machine.

    Attributes:
        id: which step it is, for example ``comment``.
        good: whether it came out as it should; None when it could not be taken.
        sentence: what was seen.
        shots: screenshots of it.
        seconds: how long it took.
        doubt: what is doubtful about a step that came out as it should, or empty.

    """

    id: str
    good: bool | None
    sentence: str
    shots: tuple[Shot, ...] = ()
    seconds: float = 0.0
    doubt: str = ""


@dataclass(frozen=True, slots=True)
class Browsing:
    """The walk through the site in a real browser."""

    browser: str
    steps: tuple[Step, ...]
    left: tuple[str, ...] = ()

    def step(self, identifier: str) -> Step | None:
        """Return a step, or None when it was not taken."""
        return next((one for one in self.steps if one.id == identifier), None)


@dataclass(frozen=True, slots=True)
class Kill:
    """What became of a container whose daemon was killed.

    Attributes:
        service: its service.
        command: the daemon.
        restarted: whether the engine started it again.
        counted: by how much the restart count rose.
        running_after: seconds until the container ran again, or None.
        site_after: seconds until the site answered again, or None.
        limit: how long it was waited for, in seconds.

    """

    service: str
    command: str
    restarted: bool
    counted: int
    running_after: float | None
    site_after: float | None
    limit: float


@dataclass(frozen=True, slots=True)
class Bonus:
    """A bonus service that was tried: which one, whether it works, and what was seen."""

    requirement: str
    service: str
    good: bool | None
    sentence: str


@dataclass(frozen=True, slots=True)
class Persisted:
    """What a reboot (E58) or a changed port (E59) left of the stack: each step and whether it held."""

    steps: tuple[Step, ...]
    figures: tuple[Figure, ...] = ()


@dataclass(frozen=True, slots=True)
class Evidence:
    """Everything that was seen. A part that was not asked for is Missing as well."""

    stack: Stack | Missing
    inside: Mapping[str, Inside] | Missing
    ports: Ports | Missing
    site: Site | Missing
    tls: Tls | Missing
    database: Database | Missing
    reach: tuple[Reach, ...] | Missing
    browsing: Browsing | Missing
    kills: tuple[Kill, ...] | Missing
    bonus: tuple[Bonus, ...] | Missing
    reboot: Persisted | Missing
    rebuild: Persisted | Missing
    fresh: Persisted | Missing
    login: str = ""
