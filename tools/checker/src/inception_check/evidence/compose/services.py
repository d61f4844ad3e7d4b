"""Services as rules want them: every key read, interpolated, and with its place."""

from __future__ import annotations

import posixpath
from dataclasses import replace

from inception_check.evidence.compose.files import Files
from inception_check.evidence.compose.merging import Merged
from inception_check.evidence.compose.model import Build, Command, Located, Mount, Port, Service, Variable
from inception_check.evidence.compose.short import short_mount, short_port, split
from inception_check.evidence.source import Problem
from inception_check.evidence.yamlnodes import Value


class Reader:
    """Reads the merged services of some files."""

    def __init__(self, files: Files) -> None:
        self.problems: list[Problem] = []
        self.expand = files.expand

    def _located(self, value: Value, path: str) -> Located:
        found = self.expand(value.text)
        if found.invalid:
            self.problems.append(Problem(path, value.line, found.invalid))
        return Located(value.text, found.text, found.unknown, found.used, path, value.line)

    def _optional(self, service: Merged, key: str) -> Located | None:
        value = service.value.get(key)
        if value is None or value.scalar is None:
            return None
        return self._located(value, service.origin.get(key, service.path))

    def service(self, name: str, merged: Merged) -> Service:
        """Read one service."""
        for key, item in merged.value.pairs:
            for scalar in item.scalars():
                found = self.expand(scalar.text)
                if found.invalid:
                    path = merged.origin.get(key, merged.path)
                    self.problems.append(Problem(path, scalar.line, found.invalid))
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
            image=self._optional(merged, "image"),
            build=self._build(merged),
            ports=self._ports(merged),
            mounts=self._mounts(merged),
            environment=self._variables(value.get("environment"), merged.origin.get("environment", merged.path)),
            env_files=self._env_files(merged),
            networks=names,
            networks_declared=networks is not None,
            network_mode=self._optional(merged, "network_mode"),
            secrets=tuple(secret_names),
            command=self._command(merged, "command"),
            entrypoint=self._command(merged, "entrypoint"),
            profiles=tuple(item.text for item in profiles.items) if profiles is not None else (),
        )

    def _command(self, service: Merged, key: str) -> Command | None:
        value = service.value.get(key)
        if value is None or value.kind not in {"scalar", "sequence"}:
            return None
        path = service.origin.get(key, service.path)
        if value.kind == "sequence":
            words = tuple(self.expand(item.text).text for item in value.items if item.scalar is not None)
            return Command(words, is_list=True, path=path, line=value.line, source=value)
        return Command(
            tuple(split(self.expand(value.text).text)),
            is_list=False,
            path=path,
            line=value.line,
            source=value,
        )

    def _build(self, service: Merged) -> Build | None:
        value = service.value.get("build")
        if value is None or value.kind == "null":
            return None
        path = service.origin.get("build", service.path)
        line = service.value.key_line("build")
        base = service.base
        if value.kind == "scalar":
            only = self._located(value, path)
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
        found = self._located(context_value, path) if context_value is not None else None
        context = posixpath.normpath(posixpath.join(base, found.value if found else "."))
        dockerfile_value, target = value.get("dockerfile"), value.get("target")
        inline = value.get("dockerfile_inline")
        named = self._located(dockerfile_value, path) if dockerfile_value is not None else None
        file = named.value if named is not None and named.value else "Dockerfile"
        return Build(
            context=context,
            dockerfile=posixpath.normpath(posixpath.join(context, file)),
            target=self.expand(target.text).text if target is not None and target.scalar else None,
            inline=inline.text if inline is not None and inline.scalar is not None else None,
            args=self._variables(value.get("args"), path),
            path=path,
            line=line,
            undecided=bool((found and found.unknown) or (named and named.unknown)),
        )

    def _variables(self, value: Value | None, path: str) -> tuple[Variable, ...]:
        if value is None:
            return ()
        result = []
        if value.kind == "mapping":
            for name, item in value.pairs:
                located = self._located(item, path) if item.scalar is not None else None
                result.append(Variable(name, located, path, value.key_line(name)))
        for item in value.items:
            if item.scalar is None:
                continue
            name, equals, text = item.text.partition("=")
            located = self._located(replace(item, text=text), path) if equals else None
            result.append(Variable(self.expand(name).text, located, path, item.line))
        return tuple(result)

    def _env_files(self, service: Merged) -> tuple[Located, ...]:
        value = service.value.get("env_file")
        if value is None:
            return ()
        path = service.origin.get("env_file", service.path)
        entries = value.items if value.kind == "sequence" else (value,)
        found = []
        for entry in entries:
            item = entry.get("path") if entry.kind == "mapping" else entry
            if item is not None and item.scalar is not None:
                located = self._located(item, path)
                joined = posixpath.normpath(posixpath.join(service.base, located.value))
                found.append(replace(located, value=joined))
        return tuple(found)

    def _ports(self, service: Merged) -> tuple[Port, ...]:
        value = service.value.get("ports")
        if value is None:
            return ()
        path = service.origin.get("ports", service.path)
        result = []
        for item in value.items:
            if item.kind == "mapping":
                host, container = item.get("published"), item.get("target")
                joined = ":".join(v.text for v in (host, container) if v is not None and v.scalar is not None)
                source = self._located(Value(item.line, "scalar", joined), path)
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
                result.append(short_port(self._located(item, path)))
        return tuple(result)

    def _mounts(self, service: Merged) -> tuple[Mount, ...]:
        value = service.value.get("volumes")
        if value is None:
            return ()
        path = service.origin.get("volumes", service.path)
        result = []
        for item in value.items:
            if item.kind == "mapping":
                kind, source, target = item.at("type"), item.at("source"), item.at("target")
                origin = self._located(source, path) if source is not None else None
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
                        else self._located(Value(item.line, "scalar"), path),
                    )
                )
            elif item.scalar is not None:
                result.append(short_mount(self._located(item, path)))
        return tuple(result)
