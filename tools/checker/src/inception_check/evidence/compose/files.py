"""The files of a Compose project: includes, extends, and what later files lay over earlier ones."""

from __future__ import annotations

import posixpath
from collections.abc import Mapping
from dataclasses import replace

from inception_check.evidence.compose.merging import Merged, merge_services
from inception_check.evidence.compose.model import Resource
from inception_check.evidence.compose.schema import service_problems, top_problems, with_lists
from inception_check.evidence.interpolation import Interpolated, interpolate
from inception_check.evidence.source import Problem, Tree
from inception_check.evidence.yamlnodes import Value, parse_yaml

_MAX_FILES = 30


class Files:
    """What the files of one project say, put together."""

    def __init__(self, tree: Tree, values: Mapping[str, str]) -> None:
        self.tree = tree
        self.values = dict(values)
        self.problems: list[Problem] = []
        self.files: list[str] = []
        self.services: dict[str, Merged] = {}
        self.resources: dict[str, dict[str, Resource]] = {k: {} for k in ("networks", "volumes", "secrets", "configs")}
        self.used: set[str] = set()
        self.parsed: dict[str, Value | None] = {}

    # -- files ---------------------------------------------------------------------------------------------
    def _read(self, path: str) -> Value | None:
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
        """Lay a file over what is known; its relative paths are counted from ``base``."""
        if path in self.files or len(self.files) >= _MAX_FILES:
            return
        self.files.append(path)
        root = self._read(path)
        if root is None:
            return
        self.problems.extend(top_problems(root, path))
        self._includes(root, path, base)
        services = root.get("services")
        if services is not None and services.kind == "mapping":
            for name, value in services.pairs:
                self._service(name, value, services.key_line(name), path, base)
        elif services is not None:
            self.problems.append(Problem(path, services.line, "services has to be a mapping"))
        self._resources(root, path)

    def _resources(self, root: Value, path: str) -> None:
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

    def _includes(self, root: Value, path: str, base: str) -> None:
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
                target = self._locate(entry.scalar, base)
                if target is None or self.tree.get(target) is None:
                    self.problems.append(Problem(path, entry.line, f"the included file {entry.scalar} is not there"))
                    continue
                inner = (
                    project if item.kind == "mapping" and item.has("project_directory") else posixpath.dirname(target)
                )
                self.load(target, inner)

    def _locate(self, text: str, base: str) -> str | None:
        found = self.expand(text)
        if found.unknown:
            return None
        path = posixpath.normpath(posixpath.join(base, found.text))
        return None if path.startswith(("..", "/")) else path

    def expand(self, text: str) -> Interpolated:
        """Substitute the variables in a text, and note that they are used."""
        found = interpolate(text, self.values)
        self.used.update(found.used)
        return found

    # -- services ------------------------------------------------------------------------------------------
    def _service(self, name: str, value: Value, line: int, path: str, base: str) -> None:
        if value.kind != "mapping":
            self.problems.append(Problem(path, line, f"the service {name} has to be a mapping"))
            return
        self.problems.extend(service_problems(name, value, path))
        value = with_lists(value)
        merged = self._extended(Merged(value, path, line, {k: path for k, _ in value.pairs}, base), set())
        known = self.services.get(name)
        self.services[name] = merged if known is None else merge_services(known, merged)

    def _extended(self, service: Merged, seen: set[tuple[str, str]]) -> Merged:
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
            target = self._locate(where.scalar, service.base)
            if target is None or self.tree.get(target) is None:
                self.problems.append(Problem(service.path, extends.line, f"the file {where.scalar} is not there"))
                return service
            path, base = target, posixpath.dirname(target)
        if (path, name.scalar) in seen:
            self.problems.append(Problem(service.path, extends.line, "services extend each other in a circle"))
            return service
        root = self._read(path)
        parent = root.at("services", name.scalar) if root is not None else None
        if root is None or parent is None or parent.kind != "mapping":
            self.problems.append(Problem(service.path, extends.line, f"there is no service {name.scalar} to extend"))
            return service
        section = root.get("services")
        line = section.key_line(name.scalar) if section is not None else parent.line
        made = Merged(parent, path, line, {k: path for k, _ in parent.pairs}, base)
        made = self._extended(made, seen | {(path, name.scalar)})
        merged = merge_services(made, service)
        return replace(merged, path=service.path, line=service.line, base=service.base)

    def check_dependencies(self) -> None:
        """Note services that depend on one that is not declared; Compose refuses them."""
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


def _is_optional(item: Value) -> bool:
    """Tell whether a dependency says ``required: false``."""
    required = item.get("required") if item.kind == "mapping" else None
    return required is not None and required.text.lower() == "false"
