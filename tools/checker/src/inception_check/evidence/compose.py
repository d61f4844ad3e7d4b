"""Compose files as Compose reads them: includes, extends, overrides, merges, interpolation, short and long syntax."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from inception_check.evidence.dotenv import DotEnv, parse_dotenv
from inception_check.evidence.interpolation import Interpolated, interpolate
from inception_check.evidence.source import Problem, Tree
from inception_check.evidence.yamlnodes import Value, parse_yaml

#: The names that Compose looks for, in its order.
DEFAULT_NAMES = ("compose.yaml", "compose.yml", "docker-compose.yml", "docker-compose.yaml")
_OVERRIDES = (
    "compose.override.yaml", "compose.override.yml", "docker-compose.override.yml", "docker-compose.override.yaml",
)  # fmt: skip
_MAX_FILES = 30
_APPENDED = frozenset(
    {
        "ports", "expose", "external_links", "dns", "dns_search", "tmpfs", "volumes", "devices", "cap_add", "cap_drop",
        "env_file", "secrets", "configs", "security_opt", "group_add",
    }
)  # fmt: skip
_MAPPED = frozenset({"environment", "labels", "build", "networks", "depends_on", "deploy", "args", "sysctls"})


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


@dataclass
class _Merged:
    """A service while files are merged: its value and, by key, the file that it came from."""

    value: Value
    path: str
    line: int
    origin: dict[str, str]
    base: str


#: The keys that Compose's schema allows in a service; it refuses a file with any other (``x-`` ones apart).
_SERVICE_KEYS = frozenset(
    [
        "annotations",
        "attach",
        "blkio_config",
        "build",
        "cap_add",
        "cap_drop",
        "cgroup",
        "cgroup_parent",
        "command",
        "configs",
        "container_name",
        "cpu_count",
        "cpu_percent",
        "cpu_period",
        "cpu_quota",
        "cpu_rt_period",
        "cpu_rt_runtime",
        "cpu_shares",
        "cpus",
        "cpuset",
        "credential_spec",
        "depends_on",
        "deploy",
        "develop",
        "device_cgroup_rules",
        "devices",
        "dns",
        "dns_opt",
        "dns_search",
        "domainname",
        "driver_opts",
        "entrypoint",
        "env_file",
        "environment",
        "expose",
        "extends",
        "external_links",
        "extra_hosts",
        "gpus",
        "group_add",
        "healthcheck",
        "hostname",
        "image",
        "init",
        "ipc",
        "isolation",
        "label_file",
        "labels",
        "links",
        "logging",
        "mac_address",
        "mem_limit",
        "mem_reservation",
        "mem_swappiness",
        "memswap_limit",
        "models",
        "network_mode",
        "networks",
        "oom_kill_disable",
        "oom_score_adj",
        "pid",
        "pids_limit",
        "platform",
        "ports",
        "post_start",
        "pre_stop",
        "privileged",
        "profiles",
        "provider",
        "pull_policy",
        "pull_refresh_after",
        "read_only",
        "restart",
        "runtime",
        "scale",
        "secrets",
        "security_opt",
        "shm_size",
        "stdin_open",
        "stop_grace_period",
        "stop_signal",
        "storage_opt",
        "sysctls",
        "tmpfs",
        "tty",
        "ulimits",
        "use_api_socket",
        "user",
        "userns_mode",
        "uts",
        "volumes",
        "volumes_from",
        "working_dir",
    ]
)
_TOP_KEYS = frozenset(["configs", "include", "models", "name", "networks", "secrets", "services", "version", "volumes"])


#: What a key of a service may be, where Compose refuses anything else.
_SHAPES = {
    **dict.fromkeys(("depends_on", "networks", "environment", "labels", "sysctls"), ("sequence", "mapping")),
    **dict.fromkeys(
        ("ports", "volumes", "expose", "secrets", "configs", "links", "cap_add", "cap_drop"), ("sequence",)
    ),
    **dict.fromkeys(("image", "container_name", "restart", "network_mode", "hostname", "user"), ("scalar",)),
    "build": ("scalar", "mapping"),
    "env_file": ("scalar", "sequence"),
    "command": ("scalar", "sequence"),
    "entrypoint": ("scalar", "sequence"),
    "healthcheck": ("mapping",),
    "deploy": ("mapping",),
}
_WORDS = {"scalar": "a text", "sequence": "a list", "mapping": "a mapping"}


class _Loader:
    def __init__(self, tree: Tree, values: Mapping[str, str]) -> None:
        self.tree = tree
        self.values = dict(values)
        self.problems: list[Problem] = []
        self.files: list[str] = []
        self.services: dict[str, _Merged] = {}
        self.resources: dict[str, dict[str, Resource]] = {k: {} for k in ("networks", "volumes", "secrets", "configs")}
        self.used: set[str] = set()
        self.parsed: dict[str, Value | None] = {}

    # -- files ---------------------------------------------------------------------------------------------
    def read(self, path: str) -> Value | None:
        if path in self.parsed:
            return self.parsed[path]
        source = self.tree.get(path)
        if source is None:
            return None
        root, problems = parse_yaml(source.text, path)
        if source.is_binary:
            problems = (Problem(path, None, "is not a text file"),)
        self.problems.extend(problems)
        if root is not None and root.kind != "mapping":
            self.problems.append(Problem(path, root.line, "the top level of a Compose file is a mapping"))
            root = None
        if root is None and not problems and not source.is_binary:
            self.problems.append(Problem(path, None, "the Compose file is empty"))
        self.parsed[path] = root
        return root

    def load(self, path: str, base: str) -> None:
        if path in self.files or len(self.files) >= _MAX_FILES:
            return
        self.files.append(path)
        root = self.read(path)
        if root is None:
            return
        for key, _ in root.pairs:
            if key not in _TOP_KEYS and not key.startswith("x-"):
                self.problems.append(
                    Problem(path, root.key_line(key), f"the unknown key {key!r} stands at the top level")
                )
        self.includes(root, path, base)
        services = root.get("services")
        if services is not None and services.kind == "mapping":
            for name, value in services.pairs:
                self.service(name, value, services.key_line(name), path, base)
        elif services is not None:
            self.problems.append(Problem(path, services.line, "services has to be a mapping"))
        for kind, known in self.resources.items():
            section = root.get(kind)
            if section is None or section.kind != "mapping":
                continue
            for name, value in section.pairs:
                external = value.get("external")
                known[name] = Resource(
                    name,
                    path,
                    section.key_line(name),
                    value,
                    external is not None and (external.is_true or external.kind == "mapping"),
                )

    def includes(self, root: Value, path: str, base: str) -> None:
        include = root.get("include")
        if include is None:
            return
        for item in include.items:
            entries = [item]
            project = base
            if item.kind == "mapping":
                where = item.get("path")
                entries = (
                    list(where.items) if where is not None and where.kind == "sequence" else [where] if where else []
                )
                directory = item.at("project_directory")
                if directory is not None and directory.scalar:
                    project = posixpath.normpath(posixpath.join(base, directory.scalar))
            for entry in entries:
                if entry.scalar is None:
                    continue
                target = self.locate(entry.scalar, base)
                if target is None or self.tree.get(target) is None:
                    self.problems.append(Problem(path, entry.line, f"the included file {entry.scalar} is not there"))
                    continue
                inner = (
                    project if item.kind == "mapping" and item.has("project_directory") else posixpath.dirname(target)
                )
                self.load(target, inner)

    def locate(self, text: str, base: str) -> str | None:
        found = self.expand(text)
        if found.unknown:
            return None
        path = posixpath.normpath(posixpath.join(base, found.text))
        return None if path.startswith(("..", "/")) else path

    def expand(self, text: str) -> Interpolated:
        found = interpolate(text, self.values)
        self.used.update(found.used)
        return found

    # -- services ------------------------------------------------------------------------------------------
    def service(self, name: str, value: Value, line: int, path: str, base: str) -> None:
        if value.kind != "mapping":
            self.problems.append(Problem(path, line, f"the service {name} has to be a mapping"))
            return
        for key, _ in value.pairs:
            if key not in _SERVICE_KEYS and not key.startswith("x-"):
                self.problems.append(
                    Problem(path, value.key_line(key), f"the service {name} has the unknown key {key!r}")
                )
        for key, item in value.pairs:
            shapes = _SHAPES.get(key, ())
            if shapes and item.kind != "null" and item.kind not in shapes:
                wanted = " or ".join(_WORDS[shape] for shape in shapes)
                self.problems.append(
                    Problem(path, value.key_line(key), f"{key} of the service {name} has to be {wanted}")
                )
        # What should be a list and is one text is reported above, and read as what it means: otherwise each rule would
        # call missing what is merely written wrongly.
        value = replace(value, pairs=tuple((key, _as_list(key, item)) for key, item in value.pairs))
        merged = self.extended(_Merged(value, path, line, {k: path for k, _ in value.pairs}, base), set())
        known = self.services.get(name)
        self.services[name] = merged if known is None else _merge_services(known, merged)

    def extended(self, service: _Merged, seen: set[tuple[str, str]]) -> _Merged:
        extends = service.value.get("extends")
        if extends is None:
            return service
        if extends.kind == "mapping":
            name = extends.at("service")
            where = extends.at("file")
        else:
            name, where = extends, None
        if name is None or name.scalar is None:
            return service
        path, base = service.path, service.base
        if where is not None and where.scalar:
            target = self.locate(where.scalar, service.base)
            if target is None or self.tree.get(target) is None:
                self.problems.append(Problem(service.path, extends.line, f"the file {where.scalar} is not there"))
                return service
            path, base = target, posixpath.dirname(target)
        if (path, name.scalar) in seen:
            self.problems.append(Problem(service.path, extends.line, "services extend each other in a circle"))
            return service
        root = self.read(path)
        parent = root.at("services", name.scalar) if root is not None else None
        if root is None or parent is None or parent.kind != "mapping":
            self.problems.append(Problem(service.path, extends.line, f"there is no service {name.scalar} to extend"))
            return service
        section = root.get("services")
        line = section.key_line(name.scalar) if section is not None else parent.line
        made = _Merged(parent, path, line, {k: path for k, _ in parent.pairs}, base)
        made = self.extended(made, seen | {(path, name.scalar)})
        merged = _merge_services(made, service)
        return replace(merged, path=service.path, line=service.line, base=service.base)

    # -- finishing -----------------------------------------------------------------------------------------
    def located(self, value: Value, path: str) -> Located:
        found = self.expand(value.text)
        if found.invalid:
            self.problems.append(Problem(path, value.line, found.invalid))
        return Located(value.text, found.text, found.unknown, found.used, path, value.line)

    def dependencies(self) -> None:
        """Compose refuses a project in which a service depends on one that is not declared."""
        for name, service in self.services.items():
            value = service.value.get("depends_on")
            if value is None:
                continue
            wanted = [(item.scalar, item.line) for item in value.items if item.scalar is not None]
            wanted += [(key, value.key_line(key)) for key, item in value.pairs if not _is_optional(item)]
            for other, line in wanted:
                if other not in self.services and "$" not in other:
                    path = service.origin.get("depends_on", service.path)
                    self.problems.append(
                        Problem(path, line, f"the service {name} depends on {other}, which is not declared")
                    )

    def optional(self, service: _Merged, key: str) -> Located | None:
        value = service.value.get(key)
        if value is None or value.scalar is None:
            return None
        return self.located(value, service.origin.get(key, service.path))

    def finish(self, name: str, merged: _Merged) -> Service:
        value = merged.value
        networks = value.get("networks")
        names: tuple[str, ...] = ()
        if networks is not None and networks.kind == "mapping":
            names = tuple(key for key, _ in networks.pairs)
        elif networks is not None:
            names = tuple(item.text for item in networks.items if item.scalar is not None)
        secrets = value.get("secrets")
        secret_names = []
        for item in secrets.items if secrets is not None else ():
            source = item.get("source") if item.kind == "mapping" else item
            if source is not None and source.scalar is not None:
                secret_names.append(source.text)
        profiles = value.get("profiles")
        return Service(
            name=name,
            path=merged.path,
            line=merged.line,
            value=value,
            origin=merged.origin,
            image=self.optional(merged, "image"),
            build=self.build(merged),
            ports=self.ports(merged),
            mounts=self.mounts(merged),
            environment=self.variables(value.get("environment"), merged.origin.get("environment", merged.path)),
            env_files=self.env_files(merged),
            networks=names,
            networks_declared=networks is not None,
            network_mode=self.optional(merged, "network_mode"),
            secrets=tuple(secret_names),
            command=self.command(merged, "command"),
            entrypoint=self.command(merged, "entrypoint"),
            profiles=tuple(item.text for item in profiles.items) if profiles is not None else (),
        )

    def command(self, service: _Merged, key: str) -> Command | None:
        value = service.value.get(key)
        if value is None or value.kind not in {"scalar", "sequence"}:
            return None
        path = service.origin.get(key, service.path)
        if value.kind == "sequence":
            words = tuple(self.expand(item.text).text for item in value.items if item.scalar is not None)
            return Command(words, is_list=True, path=path, line=value.line, source=value)
        return Command(
            tuple(_split(self.expand(value.text).text)),
            is_list=False,
            path=path,
            line=value.line,
            source=value,
        )

    def build(self, service: _Merged) -> Build | None:
        value = service.value.get("build")
        if value is None or value.kind == "null":
            return None
        path = service.origin.get("build", service.path)
        line = service.value.key_line("build")
        base = service.base
        if value.kind == "scalar":
            only = self.located(value, path)
            context = posixpath.normpath(posixpath.join(base, only.value))
            return Build(
                context,
                posixpath.join(context, "Dockerfile"),
                None,
                None,
                (),
                path,
                line,
                bool(only.unknown),
            )
        context_value = value.get("context")
        found = self.located(context_value, path) if context_value is not None else None
        context = posixpath.normpath(posixpath.join(base, found.value if found else "."))
        dockerfile_value, target = value.get("dockerfile"), value.get("target")
        inline = value.get("dockerfile_inline")
        named = self.located(dockerfile_value, path) if dockerfile_value is not None else None
        file = named.value if named is not None and named.value else "Dockerfile"
        return Build(
            context=context,
            dockerfile=posixpath.normpath(posixpath.join(context, file)),
            target=self.expand(target.text).text if target is not None and target.scalar else None,
            inline=inline.text if inline is not None and inline.scalar is not None else None,
            args=self.variables(value.get("args"), path),
            path=path,
            line=line,
            undecided=bool((found and found.unknown) or (named and named.unknown)),
        )

    def variables(self, value: Value | None, path: str) -> tuple[Variable, ...]:
        if value is None:
            return ()
        result = []
        if value.kind == "mapping":
            for name, item in value.pairs:
                located = self.located(item, path) if item.scalar is not None else None
                result.append(Variable(name, located, path, value.key_line(name)))
        for item in value.items:
            if item.scalar is None:
                continue
            name, equals, text = item.text.partition("=")
            located = self.located(replace(item, text=text), path) if equals else None
            result.append(Variable(self.expand(name).text, located, path, item.line))
        return tuple(result)

    def env_files(self, service: _Merged) -> tuple[Located, ...]:
        value = service.value.get("env_file")
        if value is None:
            return ()
        path = service.origin.get("env_file", service.path)
        entries = value.items if value.kind == "sequence" else (value,)
        found = []
        for entry in entries:
            item = entry.get("path") if entry.kind == "mapping" else entry
            if item is not None and item.scalar is not None:
                located = self.located(item, path)
                joined = posixpath.normpath(posixpath.join(service.base, located.value))
                found.append(replace(located, value=joined))
        return tuple(found)

    def ports(self, service: _Merged) -> tuple[Port, ...]:
        value = service.value.get("ports")
        if value is None:
            return ()
        path = service.origin.get("ports", service.path)
        result = []
        for item in value.items:
            if item.kind == "mapping":
                host, container = item.get("published"), item.get("target")
                joined = ":".join(v.text for v in (host, container) if v is not None and v.scalar is not None)
                source = self.located(Value(item.line, "scalar", joined), path)
                host_text = self.expand(host.text).text if host is not None and host.scalar else ""
                protocol, host_ip = item.at("protocol"), item.at("host_ip")
                result.append(
                    Port(
                        host_text or None,
                        self.expand(container.text).text if container is not None and container.scalar else None,
                        host_ip.text if host_ip is not None else "",
                        protocol.text if protocol is not None else "tcp",
                        source,
                    )
                )
            elif item.scalar is not None:
                result.append(_short_port(self.located(item, path)))
        return tuple(result)

    def mounts(self, service: _Merged) -> tuple[Mount, ...]:
        value = service.value.get("volumes")
        if value is None:
            return ()
        path = service.origin.get("volumes", service.path)
        result = []
        for item in value.items:
            if item.kind == "mapping":
                kind, source, target = item.at("type"), item.at("source"), item.at("target")
                origin = self.located(source, path) if source is not None else None
                read_only = item.at("read_only")
                name = kind.text if kind is not None else "volume"
                result.append(
                    Mount(
                        name if origin is not None or name != "volume" else "anonymous",
                        origin.value if origin is not None else "",
                        self.expand(target.text).text if target is not None else "",
                        read_only is not None and read_only.is_true,
                        replace(origin, line=item.line)
                        if origin is not None
                        else self.located(Value(item.line, "scalar"), path),
                    )
                )
            elif item.scalar is not None:
                result.append(_short_mount(self.located(item, path)))
        return tuple(result)


def _split(text: str) -> list[str]:
    """Split a command text like Compose (shellwords): quotes and backslashes, no expansion."""
    words: list[str] = []
    current, quote, started, position = "", "", False, 0
    while position < len(text):
        char = text[position]
        if quote:
            if char == quote:
                quote = ""
            elif char == "\\" and quote == '"' and position + 1 < len(text):
                position += 1
                current += text[position]
            else:
                current += char
        elif char in "'\"":
            quote, started = char, True
        elif char == "\\" and position + 1 < len(text):
            position += 1
            current, started = current + text[position], True
        elif char.isspace():
            if started:
                words.append(current)
            current, started = "", False
        else:
            current, started = current + char, True
        position += 1
    if started:
        words.append(current)
    return words


def _short_port(source: Located) -> Port:
    text, _, protocol = source.value.partition("/")
    address = ""
    match = re.match(r"\[([0-9a-fA-F:.]*)\]:", text)
    if match:
        address, text = match.group(1), text[match.end() :]
    parts = text.split(":")
    container = parts[-1]
    host = parts[-2] if len(parts) >= 2 else ""
    if len(parts) >= 3:
        address = ":".join(parts[:-2])
    return Port(host or None, container or None, address, protocol or "tcp", source)


def _short_mount(source: Located) -> Mount:
    """Tell the short syntax's parts apart; a source that begins like a path is a bind mount."""
    texts = _split_colons(source.text)
    if len(texts) == 1:
        return Mount("anonymous", "", source.value, read_only=False, origin=source)
    written = texts[0]
    values = _split_colons(source.value)
    if len(values) != len(texts):
        values = texts
    options = values[2].split(",") if len(values) > 2 else []
    is_path = written.startswith((".", "/", "~")) or values[0].startswith((".", "/", "~"))
    if not is_path and "$" in written:
        # A variable that is not known: with a slash it can only be a path, a volume's name has none.
        is_path = "/" in written.split("}")[-1] or "/" in values[0]
    return Mount("bind" if is_path else "volume", values[0], values[1], "ro" in options, source)


def _split_colons(text: str) -> list[str]:
    """Split at colons that are not inside ``${...}``."""
    parts, current, depth, position = [], "", 0, 0
    while position < len(text):
        if text.startswith("${", position):
            depth += 1
            current += "${"
            position += 2
            continue
        char = text[position]
        if char == "}" and depth:
            depth -= 1
        if char == ":" and depth == 0:
            parts.append(current)
            current = ""
        else:
            current += char
        position += 1
    parts.append(current)
    return parts


def _as_mapping(value: Value) -> dict[str, tuple[Value, int]]:
    if value.kind == "mapping":
        return {k: (v, value.key_line(k)) for k, v in value.pairs}
    result: dict[str, tuple[Value, int]] = {}
    for item in value.items:
        if item.scalar is not None:
            name, equals, text = item.text.partition("=")
            inner = Value(item.line, "scalar", text, quoted=True) if equals else Value(item.line, "null")
            result[name] = (inner, item.line)
    return result


def _merge_values(key: str, old: Value, new: Value) -> Value:
    if new.tag == "!override":
        return new
    if key == "build" and "mapping" not in (old.kind, new.kind):
        return new
    if key in _MAPPED or (old.kind == new.kind == "mapping"):
        both = _as_mapping(old)
        if key == "build" and old.kind == "scalar":
            both = {"context": (old, old.line)}
        for name, (value, line) in _as_mapping(new).items():
            if name in both and value.kind == "mapping":
                value = _merge_values(name, both[name][0], value)
            both[name] = (value, line)
        return Value(
            new.line,
            "mapping",
            pairs=tuple((k, v) for k, (v, _) in both.items()),
            key_lines=tuple((k, line) for k, (_, line) in both.items()),
        )
    if key in _APPENDED:

        def items(value: Value) -> tuple[Value, ...]:
            return value.items if value.kind == "sequence" else (value,)

        return Value(new.line, "sequence", items=items(old) + items(new))
    return new


def _merge_services(old: _Merged, new: _Merged) -> _Merged:
    values = dict(old.value.pairs)
    lines = dict(old.value.key_lines)
    origin = dict(old.origin)
    for key, value in new.value.pairs:
        if value.tag == "!reset":
            values.pop(key, None)
            continue
        values[key] = _merge_values(key, values[key], value) if key in values and key != "extends" else value
        lines[key] = new.value.key_line(key)
        origin[key] = new.path
    merged = Value(new.value.line, "mapping", pairs=tuple(values.items()), key_lines=tuple(lines.items()))
    return _Merged(merged, old.path, old.line, origin, new.base)


def _as_list(key: str, item: Value) -> Value:
    """Put a text that stands where a list has to be into a list."""
    shapes = _SHAPES.get(key, ())
    if item.kind != "scalar" or "sequence" not in shapes or "scalar" in shapes or not item.text:
        return item
    return Value(item.line, "sequence", items=(item,))


def _is_optional(item: Value) -> bool:
    """Tell whether a dependency says ``required: false``."""
    required = item.get("required") if item.kind == "mapping" else None
    return required is not None and required.text.lower() == "false"


def load_compose(
    tree: Tree,
    path: str,
    environment: Mapping[str, str] | None = None,
    env_path: str | None = None,
    extra: tuple[str, ...] = (),
    *,
    example: bool = False,
    directory: str | None = None,
) -> Compose:
    """Load the Compose project that a file describes.

    Args:
        tree: the repository.
        path: the Compose file.
        environment: what is known of the shell's variables (they win over ``.env``).
        env_path: the file to interpolate from; by default ``.env`` next to the Compose file.
        extra: further files given with ``-f``; without them an override file next to it is taken.
        directory: the project directory, from which paths are counted; by default that of the Compose file.
        example: whether ``env_path`` is an example, whose empty values are there to be filled in.

    """
    base = posixpath.dirname(path) if directory is None else directory
    source = tree.get(env_path or posixpath.join(base, ".env"))
    dotenv = parse_dotenv(source.text, source.path, environment) if source is not None else None
    given = dotenv.values if dotenv else {}
    if example:
        given = {name: value for name, value in given.items() if value}
    values = {**given, **(environment or {})}
    loader = _Loader(tree, values)
    loader.load(path, base)
    if extra:
        for name in extra:
            loader.load(name, base)
    else:
        for name in _OVERRIDES:
            candidate = posixpath.join(base, name)
            if tree.get(candidate) is not None:
                loader.load(candidate, base)
                break
    services = {name: loader.finish(name, merged) for name, merged in loader.services.items()}
    loader.dependencies()
    root = loader.parsed.get(path)
    for resources in loader.resources.values():
        for resource in resources.values():
            for scalar in resource.value.scalars():
                loader.expand(scalar.text)
    name_value = root.get("name") if root is not None else None
    return Compose(
        path=path,
        files=tuple(loader.files),
        services=services,
        networks=loader.resources["networks"],
        volumes=loader.resources["volumes"],
        secrets=loader.resources["secrets"],
        configs=loader.resources["configs"],
        environment=dotenv,
        values=values,
        used_variables=frozenset(loader.used),
        problems=tuple(dict.fromkeys(loader.problems)),
        root=root,
        project_name=loader.expand(name_value.text).text if name_value is not None and name_value.scalar else None,
    )
