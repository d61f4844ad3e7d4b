"""What the report says about the project at hand, drawn from an evaluation: the answers to the spoken questions need it."""

from __future__ import annotations

import re
import shlex
from collections import Counter
from dataclasses import dataclass
from pathlib import PurePosixPath

from inception_check.model import Finding, Severity
from inception_check.rules import PAGES
from inception_evaluate.model import Check, Container, DockerfileFacts, Evaluation, Mount, Verdict
from inception_evaluate.report.diagram.contents import calls


@dataclass(frozen=True, slots=True)
class Build:
    """How one service comes about: what its Dockerfile says, and the container that was made of it, if one was."""

    dockerfile: DockerfileFacts
    container: Container | None


@dataclass(frozen=True, slots=True)
class Reach:
    """One container is reached by another: ``name:port`` is what the caller writes."""

    caller: str
    called: str
    address: str


def headline(evaluation: Evaluation) -> tuple[Verdict, str]:
    """Return the verdict on the whole and a sentence that says why.

    It fails when a check fails; it is undecided when nothing was decided at all; doubtful checks and such that could
    not be decided are told, but what was not looked at never counts as passed, and no part counts as the whole.
    """
    failed = [check for check in evaluation.checks if check.verdict is Verdict.FAIL]
    warned, undecided = evaluation.count(Verdict.WARN), evaluation.count(Verdict.UNDECIDED)
    passed = evaluation.count(Verdict.PASS)
    # Who reads the sentence alone must not take a part for the whole.
    part = (
        f"Of the {_times(len(evaluation.only), 'line')} that {'was' if len(evaluation.only) == 1 else 'were'} asked for: "
        if evaluation.only
        else ""
    )
    verdict, sentence = _headline(failed, passed, warned, undecided)
    if not part:
        return verdict, sentence
    return Verdict.WARN if verdict is Verdict.PASS else verdict, part + sentence[0].lower() + sentence[1:]


def _headline(failed: list[Check], passed: int, warned: int, undecided: int) -> tuple[Verdict, str]:
    if failed:
        first = next((check for check in failed if check.ends), None)
        sentence = f"{_times(len(failed), 'check')} {'fails' if len(failed) == 1 else 'fail'}."
        sentence += f" The evaluation would end at {first.id}." if first else " That does not end the evaluation."
        return Verdict.FAIL, sentence
    if not passed and not warned:
        return Verdict.UNDECIDED, "Nothing could be decided."
    sentence = "Nothing fails."
    if undecided:
        sentence += f" {_times(undecided, 'check')} could not be decided."
    if warned:
        sentence += f" {_times(warned, 'check')} {'holds' if warned == 1 else 'hold'} with something doubtful."
    return (Verdict.WARN if undecided or warned else Verdict.PASS), sentence


def partial(evaluation: Evaluation) -> str:
    """Say that a run was only a part of the evaluation, and which; empty when it was all of it."""
    if not evaluation.only:
        return ""
    return f"A partial run: only {', '.join(evaluation.only)} {'was' if len(evaluation.only) == 1 else 'were'} asked for (ONLY=). Of every other line of the sheet it says nothing."


def _times(number: int, word: str) -> str:
    return f"{number} {word}{'' if number == 1 else 's'}"


#: So many checks have to rest on one sentence alone, for it to be said once instead.
_COMMON = 8


def common(evaluation: Evaluation) -> str:
    """Return the sentence that is the only evidence of many checks, to be said once; empty when there is none."""
    alone = Counter(check.seen[0] for check in evaluation.checks if len(check.seen) == 1)
    sentence, count = alone.most_common(1)[0] if alone else ("", 0)
    return sentence if count >= _COMMON else ""


def evidence(check: Check, sentence: str) -> tuple[str, ...]:
    """Return the evidence of a check without what was said once for many."""
    return () if check.seen == (sentence,) else check.seen


def active(check: Check) -> tuple[Finding, ...]:
    """Return the findings of a check that are not suppressed, those that weigh most first."""
    weight = {Severity.ERROR: 0, Severity.WARNING: 1, Severity.INFO: 2}
    return tuple(sorted((f for f in check.findings if f.suppressed is None), key=lambda f: weight[f.severity]))


def heads(evaluation: Evaluation) -> dict[str, str]:
    """Return, for each check whose weightiest finding an earlier check has as its own weightiest, that check's id.

    A reader of the summary is sent to another line only where the very sentence is that is meant.
    """
    first: dict[Finding, str] = {}
    found = {}
    for check in evaluation.checks:
        findings = active(check)
        if findings and first.setdefault(findings[0], check.id) != check.id:
            found[check.id] = first[findings[0]]
    return found


def suppressed(evaluation: Evaluation) -> tuple[Finding, ...]:
    """Return every suppressed finding once, in the order of the sheet."""
    found = dict.fromkeys(f for check in evaluation.checks for f in check.findings if f.suppressed is not None)
    found.update(dict.fromkeys(f for f in evaluation.beyond if f.suppressed is not None))
    return tuple(found)


def place(finding: Finding) -> str:
    """Return where a finding is, as ``path:line``; empty when no file is the place."""
    return f"{finding.path}:{finding.line}" if finding.path and finding.line is not None else finding.path


def why(rule: str) -> str:
    """Return the reason of a rule from its page, as Markdown of one paragraph; empty when the rule has no page."""
    if not re.fullmatch(r"[a-z0-9-]+", rule):
        return ""
    page = PAGES / f"{rule}.md"
    if not page.is_file():
        return ""
    match = re.search(r"^## Why\n+(.+?)(?:\n\n|\n## |\Z)", page.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL)
    return " ".join(match[1].split()) if match else ""


def builds(evaluation: Evaluation) -> tuple[Build, ...]:
    """Pair every Dockerfile with the container that was made of it."""
    containers = {container.service: container for container in evaluation.topology.containers}
    return tuple(Build(one, containers.get(one.service)) for one in evaluation.sources.dockerfiles)


def reaches(evaluation: Evaluation) -> tuple[Reach, ...]:
    """Tell under which name and port the containers reach each other."""
    names = {f"container:{c.name or c.service}": c.service for c in evaluation.topology.containers}
    return tuple(
        Reach(names[call.source], names[call.target], f"{names[call.target]}:{call.port}" if call.port else "")
        for call in calls(evaluation.topology)
    )


def by_hand(evaluation: Evaluation) -> tuple[str, ...]:
    """Write the commands that would do without Compose what Compose does, as far as what runs shows them.

    They are for reading: environment variables, health checks, limits and the order of the start are not in them.
    """
    project, topology = evaluation.sources, evaluation.topology
    commands = []
    for network in topology.networks:
        driver = ["--driver", network.driver] if network.driver not in ("", "bridge") else []
        commands.append(shlex.join(["docker", "network", "create", *driver, network.name]))
    for volume in topology.volumes:
        options = [part for option in volume.options for part in ("--opt", option)]
        bound = any(option.startswith("o=") for option in volume.options)
        if bound and volume.device and not any(option.startswith("device=") for option in volume.options):
            options += ["--opt", f"device={volume.device}"]
        commands.append(shlex.join(["docker", "volume", "create", *options, volume.name]))
    paths = {one.service: one.path for one in project.dockerfiles}
    for container in topology.containers:
        if container.service in paths:
            context = str(PurePosixPath(paths[container.service]).parent)
            commands.append(shlex.join(["docker", "build", "--tag", container.image, context]))
        commands.append(shlex.join(_run(container)))
    return tuple(commands)


def _run(container: Container) -> list[str]:
    command = ["docker", "run", "--detach", "--name", container.name or container.service]
    for place_in in container.networks[:1]:
        command += ["--network", place_in.network]
        for alias in place_in.aliases:
            if alias not in (container.name, container.service) and not re.fullmatch(r"[0-9a-f]{12}", alias):
                command += ["--network-alias", alias]
    seen = set()
    for port in container.ports:
        published = f"{port.host}:{port.container}" + ("" if port.protocol == "tcp" else f"/{port.protocol}")
        if port.address.startswith("127."):
            published = f"{port.address}:{published}"
        if published not in seen:
            seen.add(published)
            command += ["--publish", published]
    for mount in container.mounts:
        command += _mount(mount)
    if container.restart_policy not in ("", "no"):
        command += ["--restart", container.restart_policy]
    return [*command, container.image]


def _mount(mount: Mount) -> list[str]:
    if mount.kind == "tmpfs":
        return ["--tmpfs", mount.target]
    return ["--volume", f"{mount.source}:{mount.target}" + (":ro" if mount.read_only else "")]


def tree(evaluation: Evaluation) -> tuple[str, ...]:
    """Draw the directories of the project, as far as the evaluation names files in them."""
    sources = evaluation.sources
    paths = {sources.compose_file, sources.env_file, *(one.path for one in sources.dockerfiles)}
    root = evaluation.project.rstrip("/") + "/"
    for container in evaluation.topology.containers:
        for mount in container.mounts:
            if mount.kind == "bind" and root != "/" and mount.source.startswith(root):
                paths.add(mount.source.removeprefix(root))
    branches: dict[str, object] = {}
    for path in sorted(path for path in paths if path):
        at: dict[str, object] = branches
        for part in PurePosixPath(path).parts:
            at = at.setdefault(part, {})  # type: ignore[assignment] # a tree of dictionaries all the way down
    return tuple(_branches(branches, ""))


def _branches(branches: dict[str, object], before: str) -> list[str]:
    made = []
    for index, (name, below) in enumerate(branches.items()):
        last = index == len(branches) - 1
        further = below if isinstance(below, dict) else {}
        made.append(f"{before}{'└── ' if last else '├── '}{name}{'/' if further else ''}")
        made += _branches(further, before + ("    " if last else "│   "))
    return made


def database(evaluation: Evaluation) -> Container | None:
    """Return the container of the database, or None when none was recognised."""
    sources = evaluation.sources
    for container in evaluation.topology.containers:
        if container.role == "mariadb" or (sources.database_service and container.service == sources.database_service):
            return container
    return None


def client(evaluation: Evaluation, user: str) -> str:
    """Return the command that opens the database's own client as a user; it asks for the password."""
    if user == "root" and evaluation.sources.database_client:
        return evaluation.sources.database_client
    container = database(evaluation)
    if container is None:
        return ""
    tail = [evaluation.sources.database] if user != "root" and evaluation.sources.database else []
    name = container.name or container.service
    return shlex.join(["docker", "exec", "-it", name, "mariadb", f"--user={user}", "--password", *tail])


def password_secret(evaluation: Evaluation, *, root: bool) -> str:
    """Return the name of the Docker secret that seems to hold the database's password, or an empty string."""
    fitting = [
        name
        for name in evaluation.sources.secrets
        if re.search(r"(db|database|mysql|mariadb).*pass", name, re.IGNORECASE)
    ]
    return next((name for name in fitting if ("root" in name.lower()) == root), "")


def total(evaluation: Evaluation, what: str) -> int:
    """Add up ``image_bytes`` or ``memory_bytes`` over the containers; an image used twice counts once."""
    if what == "image_bytes":
        return sum({c.image: c.image_bytes for c in evaluation.topology.containers}.values())
    return sum(c.memory_bytes for c in evaluation.topology.containers)
