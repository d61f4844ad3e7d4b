"""Compose files as Compose reads them: includes, extends, overrides, merges, interpolation, short and long syntax."""

from __future__ import annotations

import posixpath
from collections.abc import Mapping

from inception_check.evidence.compose.files import Files
from inception_check.evidence.compose.model import (
    Build,
    Command,
    Compose,
    Located,
    Mount,
    Port,
    Resource,
    Service,
    Variable,
)
from inception_check.evidence.compose.services import Reader
from inception_check.evidence.dotenv import parse_dotenv
from inception_check.evidence.source import Tree

__all__ = [
    "DEFAULT_NAMES", "Build", "Command", "Compose", "Located", "Mount", "Port", "Resource", "Service", "Variable",
    "load_compose",
]  # fmt: skip

#: The names that Compose looks for, in its order.
DEFAULT_NAMES = ("compose.yaml", "compose.yml", "docker-compose.yml", "docker-compose.yaml")
_OVERRIDES = (
    "compose.override.yaml", "compose.override.yml", "docker-compose.override.yml", "docker-compose.override.yaml",
)  # fmt: skip


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
    files = Files(tree, values)
    files.load(path, base)
    if extra:
        for name in extra:
            files.load(name, base)
    else:
        for name in _OVERRIDES:
            candidate = posixpath.join(base, name)
            if tree.get(candidate) is not None:
                files.load(candidate, base)
                break
    reader = Reader(files)
    services = {name: reader.service(name, merged) for name, merged in files.services.items()}
    files.check_dependencies()
    root = files.parsed.get(path)
    for resources in files.resources.values():
        for resource in resources.values():
            for scalar in resource.value.scalars():
                files.expand(scalar.text)
    name_value = root.get("name") if root is not None else None
    return Compose(
        path=path,
        files=tuple(files.files),
        services=services,
        networks=files.resources["networks"],
        volumes=files.resources["volumes"],
        secrets=files.resources["secrets"],
        configs=files.resources["configs"],
        environment=dotenv,
        values=values,
        used_variables=frozenset(files.used),
        problems=tuple(dict.fromkeys([*files.problems, *reader.problems])),
        root=root,
        project_name=files.expand(name_value.text).text if name_value is not None and name_value.scalar else None,
    )
