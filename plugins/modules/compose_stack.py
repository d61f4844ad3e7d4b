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
  - An image carries a digest of its build context, arguments and base as a label, so that only what
    changed is built again. A container carries Compose's own configuration hash.
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

import hashlib
import json
import os
import shlex
import subprocess
import time
from collections.abc import Iterable
from datetime import datetime
from pathlib import Path
from typing import Any

from ansible.module_utils.basic import AnsibleModule

#: The label that holds the digest of what an image was built from.
DIGEST_LABEL = "inception.context.sha256"
PROJECT_LABEL = "com.docker.compose.project"
SERVICE_LABEL = "com.docker.compose.service"
HASH_LABEL = "com.docker.compose.config-hash"
#: How a service loads its mounted files anew, and the file in the container whose time tells when it last did.
RELOAD_LABEL = "inception.reload"
LOADED_LABEL = "inception.reload.loaded"


class StackError(Exception):
    """What went wrong, as a sentence for the user."""


class Docker:
    """The docker command, with its output appended to a log file where that is long."""

    def __init__(self, project_dir: Path, project_name: str, log_file: Path) -> None:
        """Remember where the project lies."""
        self.project_dir = project_dir
        self.log_file = log_file
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
            done = subprocess.run(
                arguments,
                input=text,
                stdout=log,
                stderr=subprocess.STDOUT,
                text=True,
                check=False,
                cwd=self.existing_dir(),
                env=self.environment(),
            )
        if done.returncode != 0:
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

    def containers(self, project: str) -> dict[str, dict[str, Any]]:
        """Return the inspected containers of the project by service."""
        ids = self.ask(
            "docker", "ps", "--all", "--quiet", "--no-trunc", "--filter", f"label={PROJECT_LABEL}={project}"
        ).split()
        if not ids:
            return {}
        inspected = json.loads(self.ask("docker", "inspect", "--type", "container", *ids))
        return {c["Config"]["Labels"].get(SERVICE_LABEL, c["Name"]): c for c in inspected}

    def images(self, names: Iterable[str]) -> dict[str, dict[str, Any]]:
        """Return the inspected images by name, without those that the engine does not have."""
        asked = sorted(set(names))
        answer = subprocess.run(["docker", "image", "inspect", *asked], capture_output=True, text=True, check=False)
        if answer.returncode == 0:
            return dict(zip(asked, json.loads(answer.stdout), strict=True))
        # The answer leaves out what is missing, and does not say which one: then each is asked for alone.
        return {} if len(asked) == 1 else {name: i for one in asked for name, i in self.images([one]).items()}


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
            or container["Config"]["Labels"].get(HASH_LABEL) != hashes.get(name)
            or container["Image"] != images.get(name, container["Image"])
        ):
            found.append(name)
    return found


def misplaced(config: dict[str, Any], containers: dict[str, dict[str, Any]]) -> list[str]:
    """Return the services whose container is on other networks than it should be.

    The name of a network is no part of Compose's configuration hash.
    """
    found = []
    for name, service in config["services"].items():
        if name in containers and service.get("networks"):
            wanted = {config["networks"][key]["name"] for key in service["networks"]}
            if set(containers[name]["NetworkSettings"]["Networks"]) != wanted:
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
    images = {name: found[image]["Id"] for name, image in own.items() if image in found}
    due = outdated(config, hashes, containers, images)
    if module.check_mode:
        due = sorted({*due, *stale})
    surplus = sorted(set(containers) - set(config["services"]))
    elsewhere = misplaced(config, containers)
    due = sorted({*due, *elsewhere})
    again, reload = ([name for name in names if name not in due] for names in behind(containers))
    if not module.check_mode:
        paused = [container["Id"] for container in containers.values() if container["State"].get("Paused")]
        if paused:
            docker.run("docker", "unpause", *paused)
        if elsewhere:
            ids = [containers[name]["Id"] for name in elsewhere]
            docker.run("docker", "stop", *ids)
            docker.run("docker", "rm", *ids)
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
        "changed": bool(stale or due or surplus or again or reload),
        "built": sorted(stale),
        "recreated": sorted({*due, *again}),
        "reloaded": sorted(reload),
        "removed": surplus,
    }


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


def main() -> None:
    """Run the module."""
    module = AnsibleModule(
        argument_spec={
            "project_dir": {"type": "path", "required": True},
            "project_name": {"type": "str", "required": True},
            "state": {"type": "str", "choices": ["started", "stopped", "removed", "purged"], "default": "started"},
            "data_dir": {"type": "path", "default": ""},
            "wait_timeout": {"type": "int", "default": 180},
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
