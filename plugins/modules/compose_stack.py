#!/usr/bin/python
"""Module: build, start, stop and remove the stack of a Compose file."""

from __future__ import annotations

DOCUMENTATION = r"""
module: compose_stack
author: the Inception team
short_description: Build, start, stop and remove the stack of a Compose file
description:
  - Compares what the Compose file asks for with what the engine holds, and acts on the difference alone.
  - A container that has a file mounted which was replaced since is restarted. One that was written in place is
    reloaded where the service has the labels C(inception.reload), the command for it inside the container, and
    C(inception.reload.loaded), a file there whose time tells what is loaded.
  - An image with the label C(inception.check) is asked, with that command and read-only access to the volumes of
    the present container, before it takes that container's place. If it fails, nothing is touched.
  - An image carries a digest of its build context, arguments and base as a label, so that only what
    changed is built again. A container carries Compose's own configuration hash.
  - One run at a time works on the stacks of a machine; a second one waits. When the caller is gone, as after
    Ctrl-C, Compose is ended, and what it has left unfinished is mended by the next run.
  - Unlike C(community.docker.docker_compose_v2), check mode builds nothing, works before the project
    exists, and tells exactly what a real run would do.
options:
  project_dir:
    description: The directory of C(docker-compose.yml) and C(.env).
    type: path
    required: true
  project_name:
    description: The name of the Compose project.
    type: str
    required: true
  state:
    description:
      - C(started) builds, creates and starts, and waits until every container is healthy.
      - C(stopped) stops the containers.
      - C(removed) removes containers, networks and images of the project.
      - C(purged) removes the volumes too. What they hold on the disk stays.
    type: str
    choices: [started, stopped, removed, purged]
    default: started
  data_dir:
    description:
      - Where the data of the volumes lies, to take down nothing but that stack. Empty to take it down
        wherever its data lies.
    type: path
    default: ""
  wait_timeout:
    description: How many seconds the containers may take to become healthy.
    type: int
    default: 180
  files:
    description:
      - What the project directory will hold by then, content by relative path, for check mode, in which it is not
        written. Empty to take the directory as it is.
    type: dict
    default: {}
  due_files:
    description: Files mounted in containers that would have been replaced by then, for check mode.
    type: list
    elements: path
    default: []
  log_file:
    description: Where the output of Compose goes, so that progress can be followed.
    type: path
    default: /var/log/inception/compose.log
attributes:
  check_mode:
    support: full
    description: Tells what would be built, created or removed.
  diff_mode:
    support: none
    description: Containers have no text to compare.
"""

EXAMPLES = r"""
- name: Build and start
  compose_stack:
    project_dir: /opt/inception/srcs
    project_name: inception
"""

RETURN = r"""
built:
  description: The services whose image was built.
  returned: always
  type: list
  elements: str
recreated:
  description: The services whose container was created, recreated or started.
  returned: always
  type: list
  elements: str
reloaded:
  description: The services that were told to load a mounted file anew, or would be.
  returned: when the stack is started
  type: list
  elements: str
removed:
  description: The objects removed, or that would be.
  returned: always
  type: list
  elements: str
"""

import contextlib
import ctypes
import fcntl
import hashlib
import json
import os
import re
import select
import shlex
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterable, Iterator
from datetime import datetime
from pathlib import Path
from typing import IO, Any

from ansible.module_utils.basic import AnsibleModule

#: The label that holds the digest of what an image was built from.
DIGEST_LABEL = "inception.context.sha256"
#: The label with the command that tells whether an image can go on with the data of the present container.
CHECK_LABEL = "inception.check"
PROJECT_LABEL = "com.docker.compose.project"
SERVICE_LABEL = "com.docker.compose.service"
HASH_LABEL = "com.docker.compose.config-hash"
#: How a service loads its mounted files anew, and the file in the container whose time tells when it last did.
RELOAD_LABEL = "inception.reload"
LOADED_LABEL = "inception.reload.loaded"


#: While Compose replaces a container, the new one has the beginning of the old one's ID before its name.
UNFINISHED = re.compile(r"/[0-9a-f]{12}_")
#: Another run may build for the first time, which takes minutes. What was interrupted ends within seconds.
LOCK_TIMEOUT = 1800
#: How long an interrupted command may take to end by itself.
GRACE_PERIOD = 20
PR_SET_PDEATHSIG = 1


class StackError(Exception):
    """What went wrong, as a sentence for the user."""


def caller_is_gone(descriptor: int = 1) -> bool:
    """Tell whether nobody can read the answer any more.

    Between Ansible and a module are a worker, sudo or a session of SSH, and none of them passes a signal on.
    What all of them do is to close their end of the module's standard output. SSH notices the end of its
    caller only when it has something to say: an empty line, which Ansible skips before an answer.
    """
    with contextlib.suppress(OSError):
        os.write(descriptor, b"\n")
    poller = select.poll()
    poller.register(descriptor, 0)
    return bool(poller.poll(0))


@contextlib.contextmanager
def exit_on_signals() -> Iterator[None]:
    """Leave by way of ``finally`` on the signals that end a program, so that no command stays behind."""

    def leave(number: int, _frame: object) -> None:
        for each in handled:
            signal.signal(each, signal.SIG_IGN)
        sys.exit(128 + number)

    signals = (signal.SIGHUP, signal.SIGINT, signal.SIGTERM)
    handled = {each: signal.getsignal(each) for each in signals if signal.getsignal(each) != signal.SIG_IGN}
    for each in handled:
        signal.signal(each, leave)
    try:
        yield
    finally:
        for each, handler in handled.items():
            signal.signal(each, handler)


@contextlib.contextmanager
def exclusive(lock_file: Path, notice: IO[str]) -> Iterator[int]:
    """Hold a lock, which the commands inherit: it is free when the last of them has ended, not only the module.

    Args:
        lock_file: what is locked.
        notice: where to say that another run is waited for.

    Raises:
        StackError: another run has had the lock for too long.
    """
    descriptor = os.open(lock_file, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        deadline = None
        while True:
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError:
                pass
            if deadline is None:
                deadline = time.monotonic() + LOCK_TIMEOUT
                notice.write("Waiting for another run, or for what an interrupted one has left, to end\n")
                notice.flush()
            if time.monotonic() > deadline:
                raise StackError(
                    f"Another run, or what an interrupted one has left, has been at work for {LOCK_TIMEOUT // 60} "
                    f"minutes (processes {', '.join(map(str, holders(lock_file)))}): end it, then begin again."
                )
            if caller_is_gone():
                sys.exit(1)
            time.sleep(0.5)
        yield descriptor
    finally:
        os.close(descriptor)


def holders(lock_file: Path, proc: Path = Path("/proc")) -> list[int]:
    """Return the processes that have a file open, without this one."""
    found = set()
    for link in proc.glob("[0-9]*/fd/*"):
        with contextlib.suppress(OSError):
            if link.samefile(lock_file):
                found.add(int(link.parts[-3]))
    return sorted(found - {os.getpid()})


def run_attended(command: Iterable[str], text: str | None = None, **options: Any) -> int:
    """Run a command and return its exit code; when the caller of this module is gone, end it and leave."""
    if caller_is_gone():
        sys.exit(1)
    libc = ctypes.CDLL(None)
    child = subprocess.Popen(
        list(command),
        stdin=subprocess.DEVNULL if text is None else subprocess.PIPE,
        text=True,
        # A group of its own, with the plugin that the docker command starts.
        start_new_session=True,
        preexec_fn=lambda: libc.prctl(PR_SET_PDEATHSIG, signal.SIGTERM),
        **options,
    )
    try:
        while True:
            try:
                child.communicate(text, timeout=1)
            except subprocess.TimeoutExpired:
                text = None  # It is on its way.
            else:
                return child.returncode
            if caller_is_gone():
                sys.exit(1)
    finally:
        if child.returncode is None:
            end(child)


def end(child: subprocess.Popen[str]) -> None:
    """End a command with the processes of its group, gently at first: Compose then cancels what it has begun."""
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGKILL):
        deadline = time.monotonic() + GRACE_PERIOD
        with contextlib.suppress(ProcessLookupError):
            os.killpg(child.pid, number)
            while time.monotonic() < deadline:
                child.poll()  # Until then an ended command is still one of its group.
                os.killpg(child.pid, 0)
                time.sleep(0.1)
            continue
        return


class Docker:
    """The docker command, with its output appended to a log file where that is long."""

    def __init__(self, project_dir: Path, project_name: str, log_file: Path) -> None:
        """Remember where the project lies."""
        self.project_dir = project_dir
        self.project_name = project_name
        self.log_file = log_file
        self.locks: list[int] = []
        self.compose = ["docker", "compose", "--project-name", project_name, "--project-directory", str(project_dir)]

    def ask(self, *arguments: str) -> str:
        """Return what a docker command prints.

        Raises:
            StackError: the command failed.
        """
        answer = subprocess.run(
            arguments, capture_output=True, text=True, check=False, cwd=self.existing_dir(), env=self.environment()
        )
        if answer.returncode != 0:
            raise StackError(f"`{' '.join(arguments[:3])} …` failed: {answer.stderr.strip() or answer.stdout.strip()}")
        return answer.stdout

    @contextlib.contextmanager
    def exclusive(self) -> Iterator[None]:
        """Keep other runs out while this one works, and be ended with Ansible."""
        self.log_file.parent.mkdir(parents=True, exist_ok=True)
        with (
            self.log_file.open("a", encoding="utf-8") as log,
            exit_on_signals(),
            exclusive(self.log_file.with_suffix(".lock"), log) as lock,
        ):
            self.locks = [lock]
            yield

    def run(self, *arguments: str, text: str | None = None) -> None:
        """Run a docker command with its output in the log file.

        Raises:
            StackError: the command failed; the message holds the end of its output.
        """
        self.log_file.parent.mkdir(parents=True, exist_ok=True)
        with self.log_file.open("a", encoding="utf-8") as log:
            start = log.tell()
            log.write(f"$ {' '.join(arguments)}\n")
            log.flush()
            code = run_attended(
                arguments,
                text,
                stdout=log,
                stderr=subprocess.STDOUT,
                cwd=self.existing_dir(),
                env=self.environment(),
                pass_fds=self.locks,
            )
        if code != 0:
            with self.log_file.open(encoding="utf-8", errors="replace") as log:
                log.seek(start)
                tail = log.read().splitlines()[-40:]
            raise StackError(
                "\n".join([f"`{' '.join(arguments[:2])}` failed; the whole output is in {self.log_file}:", *tail])
            )

    def environment(self) -> dict[str, str]:
        """Return the environment of Compose, in which nothing overrides the settings.

        Compose prefers a variable of its environment to one of ``.env``, and a caller's shell may
        well have a ``LOGIN`` or ``COMPOSE_FILE`` of its own.
        """
        dotenv = self.project_dir / ".env"
        lines = dotenv.read_text(encoding="utf-8", errors="replace").splitlines() if dotenv.is_file() else []
        settings = {line.partition("=")[0].strip() for line in lines if "=" in line and not line.startswith("#")}
        inherited = {
            name: value
            for name, value in os.environ.items()
            if name not in settings and not name.startswith("COMPOSE_")
        }
        # Docker 20.10 builds with BuildKit only when asked to.
        return {**inherited, "DOCKER_BUILDKIT": "1", "BUILDKIT_PROGRESS": "plain", "COMPOSE_ANSI": "never"}

    def existing_dir(self) -> Path:
        """Return the project's directory, or / before it exists."""
        return self.project_dir if self.project_dir.is_dir() else Path("/")

    def answers(self) -> bool:
        """Tell whether the engine answers."""
        return subprocess.run(["docker", "version"], capture_output=True, check=False).returncode == 0

    def recreates_dependents(self) -> bool:
        """Tell whether this Compose also makes anew what depends on a container that it makes anew.

        Later versions do so no more (docker/compose#12122).
        """
        version = self.ask("docker", "compose", "version", "--short").strip().lstrip("v")
        return [int(part) if part.isdigit() else 0 for part in version.split(".")[:2]] < [2, 30]

    def containers(self, project: str) -> dict[str, dict[str, Any]]:
        """Return the inspected containers of the project by service, unfinished ones by their name."""
        ids = self.ask(
            "docker", "ps", "--all", "--quiet", "--no-trunc", "--filter", f"label={PROJECT_LABEL}={project}"
        ).split()
        if not ids:
            return {}
        inspected = json.loads(self.ask("docker", "inspect", "--type", "container", *ids))
        return {
            c["Name"] if UNFINISHED.match(c["Name"]) else c["Config"]["Labels"].get(SERVICE_LABEL, c["Name"]): c
            for c in inspected
        }

    def images(self, names: Iterable[str]) -> dict[str, dict[str, Any]]:
        """Return the inspected images by name, without those that the engine does not have."""
        asked = sorted(set(names))
        answer = subprocess.run(["docker", "image", "inspect", *asked], capture_output=True, text=True, check=False)
        if answer.returncode == 0:
            return dict(zip(asked, json.loads(answer.stdout), strict=True))
        # The answer leaves out what is missing, and does not say which one: then each is asked for alone.
        return {} if len(asked) == 1 else {name: i for one in asked for name, i in self.images([one]).items()}

    def networks(self, project: str, names: Iterable[str]) -> dict[str, dict[str, Any]]:
        """Return those of some networks that the project has made, inspected, by name."""
        answer = subprocess.run(["docker", "network", "inspect", *names], capture_output=True, text=True, check=False)
        # What is missing makes the command fail, but is only left out of what it prints.
        inspected = json.loads(answer.stdout or "[]")
        return {n["Name"]: n for n in inspected if (n["Labels"] or {}).get(PROJECT_LABEL) == project}


def context_digest(context: Path, build: dict[str, Any], bases: dict[str, str]) -> str:
    """Return the digest of all that an image is built from.

    Args:
        context: the directory of the Dockerfile.
        build: the ``build`` section of the service, as Compose resolved it.
        bases: the image ID of each base that the Dockerfile names.
    """
    digest = hashlib.sha256()
    for path in sorted(p for p in context.rglob("*") if p.is_file()):
        digest.update(f"{path.relative_to(context)}\0{path.stat().st_mode & 0o111:o}\0".encode())
        digest.update(hashlib.sha256(path.read_bytes()).digest())
    settled = {key: value for key, value in build.items() if key != "context"}
    digest.update(json.dumps([settled, bases], sort_keys=True).encode())
    return digest.hexdigest()


def base_images(dockerfile: str) -> list[str]:
    """Return the images that a Dockerfile builds on, without its own stages."""
    found: list[str] = []
    stages: set[str] = set()
    for line in dockerfile.splitlines():
        words = line.split()
        if len(words) > 1 and words[0].upper() == "FROM":
            image = next(word for word in words[1:] if not word.startswith("--"))
            if image.lower() not in stages and image not in found:
                found.append(image)
            if len(words) > 3 and words[-2].upper() == "AS":
                stages.add(words[-1].lower())
    return found


def build_bases(config: dict[str, Any]) -> dict[str, list[str]]:
    """Return the images that each service's Dockerfile builds on, by service.

    Raises:
        StackError: a Dockerfile cannot be read.
    """
    found = {}
    for name, service in config["services"].items():
        if build := service.get("build"):
            try:
                dockerfile = Path(build["context"], build.get("dockerfile", "Dockerfile")).read_text(encoding="utf-8")
            except OSError as error:
                raise StackError(f"The build context of {name} is not complete: {error}") from error
            found[name] = base_images(dockerfile)
    return found


def stale_images(
    config: dict[str, Any], bases: dict[str, list[str]], images: dict[str, dict[str, Any]]
) -> dict[str, str]:
    """Return the wanted digest by service, of those whose image is missing or made from something else.

    Args:
        config: the resolved Compose file.
        bases: what ``build_bases`` returned.
        images: the inspected images by name.
    """
    stale: dict[str, str] = {}
    for name, named in bases.items():
        service = config["services"][name]
        ids = {base: images.get(base, {}).get("Id", "") for base in named}
        wanted = context_digest(Path(service["build"]["context"]), service["build"], ids)
        labels = (images.get(service["image"], {}).get("Config") or {}).get("Labels") or {}
        if labels.get(DIGEST_LABEL) != wanted:
            stale[name] = wanted
    return stale


def outdated(
    config: dict[str, Any], hashes: dict[str, str], containers: dict[str, dict[str, Any]], images: dict[str, str]
) -> list[str]:
    """Return the services whose container is missing, not running, or not what is asked for.

    Args:
        config: the resolved Compose file.
        hashes: Compose's configuration hash by service.
        containers: the inspected containers by service.
        images: the ID of the image that each service should run.
    """
    found = []
    for name in config["services"]:
        container = containers.get(name)
        state = (container or {}).get("State", {})
        if (
            container is None
            # A paused container counts as running and keeps the health that it had.
            or state.get("Status") != "running"
            or state.get("Health", {}).get("Status", "healthy") != "healthy"
            or is_replaced(container, hashes.get(name), images.get(name))
        ):
            found.append(name)
    return found


def is_replaced(container: dict[str, Any], config_hash: str | None, image: str | None) -> bool:
    """Tell whether Compose makes a container anew, because its configuration or its image is another one."""
    if image is not None and container["Image"] != image:
        return True
    return bool(container["Config"]["Labels"].get(HASH_LABEL) != config_hash)


def dependents(config: dict[str, Any], names: Iterable[str]) -> set[str]:
    """Return the services that depend on some services, directly or not."""
    found = set(names)
    for _ in config["services"]:
        found |= {name for name, service in config["services"].items() if found & set(service.get("depends_on", {}))}
    return found


def redefined(config: dict[str, Any], networks: dict[str, dict[str, Any]]) -> list[str]:
    """Return the networks that are there in another form than the Compose file asks for.

    Compose takes a network as it finds it, and may only be trusted with one that does not exist yet.

    Args:
        config: the resolved Compose file.
        networks: the project's inspected networks by name.
    """

    def asked(network: dict[str, Any]) -> tuple[str, bool, dict[str, str]]:
        return (network.get("driver", "bridge"), network.get("internal", False), network.get("driver_opts") or {})

    return [
        wanted["name"]
        for wanted in config["networks"].values()
        if (there := networks.get(wanted["name"]))
        and (there["Driver"], there["Internal"], there["Options"] or {}) != asked(wanted)
    ]


def misplaced(config: dict[str, Any], containers: dict[str, dict[str, Any]], remade: list[str]) -> list[str]:
    """Return the services whose container is on other networks than it should be, or on one that is made anew.

    The name of a network is no part of Compose's configuration hash.
    """
    found = []
    for name, service in config["services"].items():
        if name in containers and service.get("networks"):
            wanted = {config["networks"][key]["name"] for key in service["networks"]}
            there = set(containers[name]["NetworkSettings"]["Networks"])
            if there != wanted or there.intersection(remade):
                found.append(name)
    return found


def behind(containers: dict[str, dict[str, Any]], proc: Path = Path("/proc")) -> tuple[list[str], list[str]]:
    """Return the services that run with a former version of a mounted file: those to restart, those to reload.

    A file that is replaced by renaming stays what it was in a container that has it mounted: the inodes differ, and
    only a restart mounts the new one. One that is written in place, as renewed certificates are, is seen there, but
    services read their files when they start, or when they are told to. Nothing is read here. To ask the container
    itself, instead of remembering what this run has changed, heals an interruption between the two.
    """
    restart: list[str] = []
    reload: list[str] = []
    for name, container in containers.items():
        root = proc / str(container["State"].get("Pid") or 0) / "root"
        files = []
        for mount in container.get("Mounts", []):
            source = Path(mount["Source"])
            inside = root / mount["Destination"].lstrip("/")
            if mount["Type"] == "bind" and source.is_file() and inside.exists():
                files.append((source, inside))
        if not files:
            continue  # Without a process there is nothing to restart: the container starts anyway.
        labels = container["Config"].get("Labels") or {}
        stamp = root / labels.get(LOADED_LABEL, "").lstrip("/")
        loaded = datetime.fromisoformat(container["State"]["StartedAt"]).timestamp()
        if stamp.is_file():
            loaded = max(loaded, stamp.stat().st_mtime)
        if any(not source.samefile(inside) for source, inside in files):
            restart.append(name)
        elif any(source.stat().st_mtime > loaded for source, _ in files):
            (reload if RELOAD_LABEL in labels else restart).append(name)
    return restart, reload


def parse_hashes(text: str) -> dict[str, str]:
    """Return the configuration hash by service, from ``docker compose config --hash``."""
    return {words[0]: words[1] for words in (line.split() for line in text.splitlines()) if len(words) == 2}


def complaint(docker: Docker, project: str) -> str:
    """Return which containers are not well, with the end of their logs."""
    lines = []
    for name, container in docker.containers(project).items():
        state = container["State"]
        health = state.get("Health", {}).get("Status", "healthy")
        if state["Running"] and health == "healthy":
            continue
        lines.append(
            f"The service {name} is {health if state['Running'] else state['Status']} (exit code {state['ExitCode']}):"
        )
        logs = subprocess.run(
            ["docker", "logs", "--tail", "15", container["Id"]],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
        )
        lines.extend(f"    {line}" for line in logs.stdout.splitlines())
    return "\n".join(lines)


def start(module: AnsibleModule, docker: Docker) -> dict[str, Any]:
    """Bring the stack up."""
    project = module.params["project_name"]
    if not (docker.project_dir / "docker-compose.yml").is_file() or not (docker.project_dir / ".env").is_file():
        if module.check_mode:
            return {
                "changed": True,
                "built": [],
                "recreated": [],
                "removed": [],
                "msg": "The project is not written yet.",
            }
        raise StackError(f"{docker.project_dir} holds no docker-compose.yml with .env; deploy writes them first.")
    try:
        config = json.loads(docker.ask(*docker.compose, "config", "--format", "json"))
    except FileNotFoundError:
        if module.check_mode:
            return {"changed": True, "built": [], "recreated": [], "removed": [], "msg": "Docker is not installed yet."}
        raise
    if module.check_mode and not docker.answers():
        return {"changed": True, "built": [], "recreated": [], "removed": [], "msg": "The engine does not run yet."}
    bases = build_bases(config)
    own = {name: service["image"] for name, service in config["services"].items() if "image" in service}
    found = docker.images([*own.values(), *(base for named in bases.values() for base in named)])
    stale = stale_images(config, bases, found)
    if stale and not module.check_mode:
        labels = {name: {"build": {"labels": {DIGEST_LABEL: digest}}} for name, digest in stale.items()}
        docker.run(
            *docker.compose,
            "--file", str(docker.project_dir / "docker-compose.yml"),
            "--file", "-",
            "build", *sorted(stale),
            text=json.dumps({"services": labels}),
        )  # fmt: skip
        found = docker.images(own.values())
    hashes = parse_hashes(docker.ask(*docker.compose, "config", "--hash", "*"))
    containers = docker.containers(project)
    unfinished = sorted(name for name in containers if UNFINISHED.match(name))
    if unfinished and not module.check_mode:
        docker.run("docker", "rm", "--force", *(containers[name]["Id"] for name in unfinished))
        containers = {name: container for name, container in containers.items() if name not in unfinished}
    images = {name: found[image]["Id"] for name, image in own.items() if image in found}
    due = outdated(config, hashes, containers, images)
    if module.check_mode:
        due = sorted({*due, *stale})
    surplus = sorted(set(containers) - set(config["services"]))
    remade = redefined(config, docker.networks(project, (network["name"] for network in config["networks"].values())))
    elsewhere = misplaced(config, containers, remade)
    if docker.recreates_dependents():
        replaced = [
            name
            for name in due
            if name in containers
            and name not in elsewhere
            and (name in stale or is_replaced(containers[name], hashes.get(name), images.get(name)))
        ]
        due = sorted({*due, *(name for name in dependents(config, replaced) if name in containers)})
    due = sorted({*due, *elsewhere})
    again, reload = behind(containers)
    again = [name for name in again if name not in due]
    reload = [name for name in reload if name not in due]
    if module.check_mode:
        again = sorted({*again, *mounting(containers, module.params["due_files"])} - {*due, *reload})
    if not module.check_mode:
        paused = [container["Id"] for container in containers.values() if container["State"].get("Paused")]
        ask_images({name: containers[name] for name in due if name in containers}, found, own)
        if paused:
            docker.run("docker", "unpause", *paused)
        if elsewhere:
            ids = [containers[name]["Id"] for name in elsewhere]
            docker.run("docker", "stop", *ids)
            docker.run("docker", "rm", *ids)
        if remade:
            docker.run("docker", "network", "rm", *remade)
        for name in reload:
            command = containers[name]["Config"]["Labels"][RELOAD_LABEL]
            docker.run("docker", "exec", containers[name]["Id"], *shlex.split(command))
        if again:
            docker.run(*docker.compose, "restart", *again)
        if due or surplus or again:
            arguments = [
                "up",
                "--detach",
                "--no-build",
                "--remove-orphans",
                "--wait",
                "--wait-timeout",
                str(module.params["wait_timeout"]),
            ]
            try:
                docker.run(*docker.compose, *arguments)
            except StackError as error:
                raise StackError(complaint(docker, project) or str(error)) from error
        if elsewhere:
            remove_former_networks(docker, project, {network["name"] for network in config["networks"].values()})
    if stale and not module.check_mode:
        # The images that were replaced just now: without a name, and with our label.
        docker.run("docker", "image", "prune", "--force", "--filter", f"label={PROJECT_LABEL}={project}")
    return {
        "changed": bool(stale or due or surplus or again or reload or unfinished),
        "built": sorted(stale),
        "recreated": sorted({*due, *again}),
        "reloaded": sorted(reload),
        "removed": sorted({*surplus, *unfinished}),
    }


def ask_images(containers: dict[str, dict[str, Any]], images: dict[str, dict[str, Any]], names: dict[str, str]) -> None:
    """Ask each image whether it can take the place of the container that is there.

    Args:
        containers: the inspected containers that are about to be replaced, by service.
        images: the inspected images by name.
        names: the name of the image by service.

    Raises:
        StackError: an image refuses; the message is what it says.
    """
    for name, container in containers.items():
        image = images.get(names.get(name, ""), {})
        command = ((image.get("Config") or {}).get("Labels") or {}).get(CHECK_LABEL)
        if command and image["Id"] != container["Image"]:
            sees = ["--network", "none", "--volumes-from", f"{container['Id']}:ro"]
            asked = ["docker", "run", "--rm", *sees, image["Id"], *command.split()]
            answer = subprocess.run(asked, capture_output=True, text=True, check=False)
            if answer.returncode != 0:
                raise StackError(f"{(answer.stderr or answer.stdout).strip()} The running {name} was left as it is.")


def remove_former_networks(docker: Docker, project: str, wanted: set[str]) -> None:
    """Remove the project's networks that the Compose file does not name any more."""
    listed = docker.ask(
        "docker", "network", "ls", "--filter", f"label={PROJECT_LABEL}={project}", "--format", "{{.Name}}"
    ).split()
    former = [name for name in listed if name not in wanted]
    if former:
        docker.run("docker", "network", "rm", *former)


def refuse_other_data(docker: Docker, project: str, data_dir: str) -> None:
    """Refuse to take down a stack whose data lies elsewhere: it was made for another login.

    Raises:
        StackError: a volume of the project lies outside the data directory.
    """
    names = docker.ask("docker", "volume", "ls", "--quiet", "--filter", f"label={PROJECT_LABEL}={project}").split()
    if not data_dir or not names:
        return
    for volume in json.loads(docker.ask("docker", "volume", "inspect", *names)):
        device = (volume.get("Options") or {}).get("device", "")
        if device and not device.startswith(f"{data_dir}/"):
            raise StackError(
                f"The stack that is deployed here keeps its data in {device.rsplit('/', 1)[0]}, not in {data_dir}: "
                "name the login that it was made for (LOGIN=…), or set inception_data_dir. Nothing was touched."
            )


def stop(module: AnsibleModule, docker: Docker) -> dict[str, Any]:
    """Stop the containers, without removing anything."""
    running = [n for n, c in docker.containers(module.params["project_name"]).items() if c["State"]["Running"]]
    if running and not module.check_mode:
        ids = [docker.containers(module.params["project_name"])[name]["Id"] for name in running]
        # Each service's own grace period holds: the engine keeps it with the container.
        docker.run("docker", "stop", *ids)
    return {"changed": bool(running), "built": [], "recreated": [], "removed": sorted(running)}


def remove(module: AnsibleModule, docker: Docker, *, volumes: bool) -> dict[str, Any]:
    """Remove what carries the project's label; it needs no Compose file, which may be gone."""
    project = module.params["project_name"]
    label = f"label={PROJECT_LABEL}={project}"
    containers = docker.ask("docker", "ps", "--all", "--quiet", "--filter", label).split()
    networks = docker.ask("docker", "network", "ls", "--quiet", "--filter", label).split()
    images = docker.ask(
        "docker", "image", "ls", "--quiet", "--filter", f"label={DIGEST_LABEL}", "--filter", label
    ).split()
    kept = docker.ask("docker", "volume", "ls", "--quiet", "--filter", label).split() if volumes else []
    if not module.check_mode:
        if containers:
            docker.run("docker", "stop", *containers)
            docker.run("docker", "rm", "--force", *containers)
        if networks:
            docker.run("docker", "network", "rm", *networks)
        if kept:
            docker.run("docker", "volume", "rm", *kept)
        if images:
            docker.run("docker", "image", "rm", "--force", *sorted(set(images)))
    gone = [*containers, *networks, *kept, *images]
    return {"changed": bool(gone), "built": [], "recreated": [], "removed": gone}


def lay_out(directory: Path, files: dict[str, str]) -> None:
    """Write files as managed_tree does."""
    for name, content in files.items():
        path = directory / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content, encoding="utf-8", newline="")
        path.chmod(0o755 if content.startswith("#!") else 0o644)


def mounting(containers: dict[str, dict[str, Any]], files: Iterable[str]) -> list[str]:
    """Return the services whose container has one of some files mounted."""
    wanted = set(files)
    return [name for name, c in containers.items() if wanted & {mount["Source"] for mount in c.get("Mounts", [])}]


def main() -> None:
    """Run the module."""
    module = AnsibleModule(
        argument_spec={
            "project_dir": {"type": "path", "required": True},
            "project_name": {"type": "str", "required": True},
            "state": {"type": "str", "choices": ["started", "stopped", "removed", "purged"], "default": "started"},
            "data_dir": {"type": "path", "default": ""},
            "wait_timeout": {"type": "int", "default": 180},
            "files": {"type": "dict", "default": {}},
            "due_files": {"type": "list", "elements": "path", "default": []},
            "log_file": {"type": "path", "default": "/var/log/inception/compose.log"},
        },
        supports_check_mode=True,
    )
    docker = Docker(Path(module.params["project_dir"]), module.params["project_name"], Path(module.params["log_file"]))
    began = time.monotonic()
    try:
        state = module.params["state"]
        if state != "started":
            refuse_other_data(docker, module.params["project_name"], module.params["data_dir"])
        if state == "started" and module.check_mode and module.params["files"]:
            # Where nothing else reads it: the directory does not enter the hashes and digests.
            with tempfile.TemporaryDirectory(prefix="inception-") as directory:
                lay_out(Path(directory) / "srcs", module.params["files"])
                result = start(module, Docker(Path(directory) / "srcs", docker.project_name, docker.log_file))
        else:
            with contextlib.nullcontext() if module.check_mode else docker.exclusive():
                if state == "started":
                    result = start(module, docker)
                elif state == "stopped":
                    result = stop(module, docker)
                else:
                    result = remove(module, docker, volumes=state == "purged")
    except StackError as error:
        module.fail_json(msg=str(error))
    except FileNotFoundError:
        if module.check_mode and module.params["state"] == "started":
            module.exit_json(changed=True, built=[], recreated=[], removed=[], msg="Docker is not installed yet.")
        if module.params["state"] != "started":
            module.exit_json(changed=False, built=[], recreated=[], removed=[], msg="Docker is not installed.")
        module.fail_json(msg="The docker command is missing; the role docker_engine installs it.")
    module.exit_json(**result, seconds=round(time.monotonic() - began, 1))


if __name__ == "__main__":
    main()
