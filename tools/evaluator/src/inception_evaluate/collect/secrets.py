"""Values that may be passwords: from the containers' environment, Docker secrets, ``.env`` and ``secrets/``.

They are confidential: they are used to sign in as an evaluator would, travel through standard input alone, and never
reach a report; only the place where one was found does.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field

from inception_evaluate.evidence import Stack
from inception_evaluate.machine import Machine

_MOST = 120

# Runs on the machine: the texts of small files.
_READ = r"""
import os
found = {}
for place in QUESTION:
    paths = [place]
    if os.path.isdir(place):
        paths = [os.path.join(folder, name) for folder, _, names in sorted(os.walk(place)) for name in sorted(names)]
    for path in paths[:50]:
        try:
            if os.path.isfile(path) and os.path.getsize(path) < 65536:
                with open(path, "rb") as file:
                    data = file.read()
                if b"\0" not in data and b"PRIVATE KEY" not in data and b"BEGIN CERTIFICATE" not in data:
                    found[path] = data.decode(errors="replace")
        except OSError:
            pass
print(json.dumps(found))
"""


@dataclass(frozen=True, slots=True)
class Candidate:
    """A value that may be a password, what it is called, and where it was found."""

    value: str = field(repr=False)
    name: str
    source: str


def parse(text: str, name: str, source: str) -> list[Candidate]:
    """Read the candidates of one file: the whole of it, each line, each ``NAME=value`` and ``name:value``."""
    found = []
    lines = [line.strip() for line in text.splitlines() if line.strip() and not line.lstrip().startswith("#")]
    if len(lines) == 1:
        found.append(Candidate(lines[0], name, source))
    for line in lines:
        match = re.match(r"(?:export\s+)?([A-Za-z_][\w.-]*)\s*[=:]\s*(.+)$", line)
        if match:
            value = match.group(2).strip()
            found.append(Candidate(value.strip("'\""), match.group(1), source))
            if value[:1] in "'\"":
                found.append(Candidate(value, match.group(1), source))
        elif len(lines) > 1:
            found.append(Candidate(line, name, source))
    return found


def collect(machine: Machine, stack: Stack, directory: str) -> tuple[Candidate, ...]:
    """Gather the values, the likeliest first.

    Args:
        machine: where the project is.
        stack: the running stack.
        directory: the directory of the project on the machine.

    Raises:
        UnseenError: the machine cannot be asked.

    """
    mounted = [m.source for one in stack.containers for m in one.mounts if m.kind == "bind" and m.secret]
    places = [*mounted, f"{directory}/secrets", f"{directory}/srcs/secrets", f"{stack.directory}/secrets"]
    places += [stack.env_file, f"{stack.directory}/.env", f"{directory}/srcs/.env", f"{directory}/.env"]
    found: list[Candidate] = []
    for path, text in machine.python(_READ, list(dict.fromkeys(places))).items():
        name = path.rpartition("/")[2]
        found += parse(text, name.rpartition(".")[0] or name, path.removeprefix(f"{directory}/"))
    for service, variables in stack.environment.items():
        found += [
            Candidate(value, name, f"the environment of {service}")
            for name, value in variables.items()
            if not name.endswith("_FILE")
        ]
    unique: dict[str, Candidate] = {}
    for one in found:
        if 0 < len(one.value) <= 200 and "\n" not in one.value:
            unique.setdefault(one.value, one)
    return tuple(sorted(unique.values(), key=lambda one: -_likely(one))[:_MOST])


def _likely(candidate: Candidate) -> int:
    text = f"{candidate.name} {candidate.source}".lower()
    score = 0
    if re.search(r"pass|pwd|secret|credential", candidate.name.lower()):
        score += 8
    elif re.search(r"pass|secret|credential", text):
        score += 4
    if re.search(r"salt|_key|host|port|domain|path|name$|url|mail|title", candidate.name.lower()):
        score -= 6
    return score


def ranked(candidates: Iterable[Candidate], *words: str) -> list[Candidate]:
    """Put those first whose name holds one of the words."""

    def score(candidate: Candidate) -> int:
        text = candidate.name.lower()
        return sum(1 for word in words if word and word.lower() in text)

    return sorted(candidates, key=lambda one: -score(one))
