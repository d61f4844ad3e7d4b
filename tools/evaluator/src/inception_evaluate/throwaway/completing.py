"""Which files a project leaves to its user, and what to put into them: settings and secrets.

What the project shows by an example is taken from there; for the rest the names are asked for, where Compose, the
scripts and the documents use them.
"""

from __future__ import annotations

import posixpath
import re
import secrets
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from inception_check.evidence.compose import Compose, Service
from inception_check.evidence.project import Project
from inception_evaluate.throwaway import placeholders
from inception_evaluate.throwaway.placeholders import Filled, Filling

_EXAMPLES = ("example", "sample", "template", "dist", "default", "tmpl")
#: What a shell or a base image has by itself.
_USUAL = frozenset(
    [
        "HOME",
        "USER",
        "LOGNAME",
        "PATH",
        "PWD",
        "OLDPWD",
        "HOSTNAME",
        "SHELL",
        "TERM",
        "LANG",
        "LC_ALL",
        "UID",
        "EUID",
        "GID",
        "PPID",
        "RANDOM",
        "IFS",
        "DEBIAN_FRONTEND",
        "BASH_SOURCE",
        "FUNCNAME",
        "LINENO",
        "OPTARG",
        "OPTIND",
        "REPLY",
        "SECONDS",
    ]
)
_USE = re.compile(r"\$(?:\{([A-Z][A-Z0-9_]{2,})(?:(:?[-=])[^}]*|:?[?+][^}]*)?\}|([A-Z][A-Z0-9_]{2,})\b)")
_SET = re.compile(r"^\s*(?:export\s+|local\s+|readonly\s+)?([A-Z][A-Z0-9_]{2,})=|\bread\s+(?:-\w+\s+)*([A-Z][A-Z0-9_]{2,})|\bfor\s+([A-Z][A-Z0-9_]{2,})\s+in\b", re.MULTILINE)  # fmt: skip


@dataclass
class Completion:
    """The files that are missing.

    Attributes:
        settings: path to content of each environment file.
        secrets: path to content of each secret.
        notes: a sentence for each.

    """

    settings: dict[str, str] = field(default_factory=dict, repr=False)
    secrets: dict[str, str] = field(default_factory=dict, repr=False)
    notes: dict[str, str] = field(default_factory=dict)


def complete(root: Path, project: Project, login: str, domain: str) -> Completion:
    """Say which files are missing, and what to put into them.

    Args:
        root: the project's directory.
        project: its evidence.
        login: whose project it is.
        domain: the site's name.

    """
    found = Completion()
    compose = project.compose
    names = [name for name in compose.services if re.search("maria|mysql|^db", name)] if compose is not None else []
    filling = Filling(login, domain, names[0] if names else "mariadb")
    base = posixpath.dirname(compose.path) if compose is not None else "srcs"
    _settings(found, root, project, posixpath.join(base, ".env"), filling)
    if compose is not None:
        for service in compose.services.values():
            for file in service.env_files:
                path = _inside("", file.value) if not file.unknown else None
                if path is not None and path not in found.settings and not (root / path).exists():
                    _of_service(found, root, project, service, path, filling)
        _secrets(found, root, compose, base, filling)
    return found


def _inside(base: str, text: str) -> str | None:
    """Return a path of the Compose file as one of the repository, or None when it leads out of it."""
    path = posixpath.normpath(posixpath.join(base, text))
    return None if path.startswith("../") or posixpath.isabs(path) else path


def _example(root: Path, path: str) -> str | None:
    """Return the example that stands beside a file, or None."""
    stem, name = posixpath.split(path)
    beside = [posixpath.join(stem, f"{name}{joint}{word}") for word in _EXAMPLES for joint in ".-_"]
    beside += [posixpath.join(stem, f"{word}.{name.lstrip('.')}") for word in _EXAMPLES]
    base, dot, ending = name.rpartition(".")
    beside += [posixpath.join(stem, f"{base}.{word}{dot}{ending}") for word in _EXAMPLES if base]
    return next((one for one in beside if (root / one).is_file()), None)


def _told(path: str, source: str, filled: Filled) -> str:
    sentence = f"{path} was missing and was made from {source}"
    if filled.told:
        sentence += f"; filled in were {', '.join(filled.told)}"
    if filled.left:
        sentence += f"; nobody knows what {', '.join(filled.left)} should be"
    return f"{sentence}."


def _settings(found: Completion, root: Path, project: Project, path: str, filling: Filling) -> None:
    """Make the environment file of the Compose project, when there is none and something asks for it."""
    if (root / path).exists() or project.dotenv is not None:
        return
    example = project.env_example or _example(root, path)
    if example is not None:
        filled = placeholders.fill((root / example).read_text(encoding="utf-8", errors="replace"), filling)
        found.settings[path] = filled.text
        found.notes[path] = _told(path, example, filled)
        return
    asked = _asked_by_compose(project)
    wants_file = [
        service
        for service in (project.compose.services.values() if project.compose is not None else ())
        if any(file.value == path for file in service.env_files)
    ]
    for service in wants_file:
        asked.update(dict.fromkeys(_asked_by_scripts(project, service.name)))
    shown = {name: value for name, value in _documented(project).items() if name in asked or wants_file}
    if not asked and not shown:
        return
    filled = placeholders.fill("".join(f"{name}={value}\n" for name, value in shown.items()), filling)
    rest = placeholders.write([name for name in asked if name not in shown], filling)
    found.settings[path] = filled.text.lstrip("\n") + rest.text
    both = Filled("", filled.told + rest.told, filled.left + rest.left)
    where = "what the Compose file, the scripts and the documents use, since there is no example of it"
    found.notes[path] = _told(path, where, both)


def _of_service(found: Completion, root: Path, project: Project, service: Service, path: str, filling: Filling) -> None:
    """Make an environment file that one service wants."""
    example = _example(root, path)
    if example is not None:
        filled = placeholders.fill((root / example).read_text(encoding="utf-8", errors="replace"), filling)
    else:
        filled = placeholders.write(_asked_by_scripts(project, service.name), filling)
    found.settings[path] = filled.text
    found.notes[path] = _told(path, example or f"what the scripts of {service.name} use", filled)


def _secrets(found: Completion, root: Path, compose: Compose, base: str, filling: Filling) -> None:
    """Make up the secrets whose files are missing; a key or a certificate cannot be made up."""
    for name, resource in compose.secrets.items():
        file = resource.value.get("file")
        if file is None or not file.scalar:
            continue
        text = compose.interpolated(file.text)
        path = None if text.unknown else _inside(base, text.text)
        if path is None or path.endswith((".key", ".crt", ".pem")) or (root / path).exists() or path in found.secrets:
            continue
        example = _example(root, path)
        if example is not None:
            filled = placeholders.fill((root / example).read_text(encoding="utf-8", errors="replace"), filling)
            lines = [line for line in filled.text.splitlines() if line.strip() and not line.startswith("#")]
            if any("=" in line for line in lines):
                found.secrets[path] = filled.text
                found.notes[path] = _told(path, example, filled)
                continue
        value = filling.value(name)
        secret = value is None or placeholders.is_secret(name)
        found.secrets[path] = (secrets.token_urlsafe(15) if secret or value is None else value) + "\n"
        found.notes[path] = f"{path}, the secret {name}, was missing and was supplied with a made-up value."


def _asked_by_compose(project: Project) -> dict[str, None]:
    """Return the variables that the Compose file takes from outside and has no default for."""
    if project.compose is None:
        return {}
    text = re.sub(r"(?m)(?:^|\s)#.*$", "", project.text(project.compose.path)).replace("$$", "")
    found = [m[1] or m[3] for m in _USE.finditer(text) if not m[2]]
    bare = [v.name for service in project.compose.services.values() for v in service.environment if v.value is None]
    return dict.fromkeys(name for name in (*found, *bare) if name not in _USUAL)


def _asked_by_scripts(project: Project, service: str) -> list[str]:
    """Return the variables that the scripts and configuration of a service use and do not set."""
    part = next((one for one in project.parts if one.name == service), None)
    if part is None or part.home is None:
        return []
    found: dict[str, None] = {}
    for file in project.script_files:
        if file.path.startswith(f"{part.home}/"):
            text = re.sub(r"(?m)(?:^|\s)#.*$", "", file.text)
            own = {name for match in _SET.finditer(text) for name in match.groups() if name}
            used = (m[1] or m[3] for m in _USE.finditer(text) if not m[2])
            found.update(dict.fromkeys(name for name in used if name not in own | _USUAL))
    return list(found)


def _documented(project: Project) -> dict[str, str]:
    """Return the lines ``NAME=value`` of the code blocks of the documents."""
    return dict(_code_lines(project))


def _code_lines(project: Project) -> Iterator[tuple[str, str]]:
    for path in sorted(name for name in project.tree.files if name.lower().endswith(".md") and name.count("/") < 2):
        inside = False
        for line in project.text(path).splitlines():
            if line.lstrip().startswith("```"):
                inside = not inside
            match = re.match(r"\s*(?:export\s+)?([A-Z][A-Z0-9_]{2,})=(.*)$", line)
            if inside and match:
                yield match[1], match[2].strip()
