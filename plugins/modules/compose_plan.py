#!/usr/bin/python
"""Module: compare what a Compose file asks for with what the engine holds."""

from __future__ import annotations

DOCUMENTATION = r"""
module: compose_plan
author: the Inception team
short_description: Compare what a Compose file asks for with what the engine holds
description:
  - Reads and compares; M(community.docker.docker_compose_v2) then acts on the difference. Nothing is changed.
  - An image carries a digest of its build context, arguments and base as a label, so that only what
    changed is built again. A container carries Compose's own configuration hash.
  - A container that is paused or unhealthy, or has a file mounted which was replaced since, is restarted. One that
    was written in place is reloaded where the service has the labels C(inception.reload), the command for it inside
    the container, and C(inception.reload.loaded), a file there whose time tells what is loaded.
  - An image with the label C(inception.check) is asked, with that command and read-only access to the volumes of
    the present container, before it takes that container's place.
  - It waits until no other run is at work, and tells what an interrupted one has left unfinished.
options:
  project_dir:
    description: The directory of C(docker-compose.yml) and C(.env).
    type: path
    required: true
  project_name:
    description: The name of the Compose project.
    type: str
    required: true
  goal:
    description:
      - V(started) plans what starts the stack.
      - V(removed) plans what takes it down; it needs no Compose file, which may be gone.
      - V(explained) tells which containers are not well, with the end of their logs.
    type: str
    choices: [started, removed, explained]
    default: started
  data_dir:
    description:
      - Where the data of the volumes lies, to take down nothing but that stack. Empty to take it down
        wherever its data lies.
    type: path
    default: ""
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
    description: The log beside which the lock lies that whoever acts holds.
    type: path
    default: /var/log/inception/compose.log
attributes:
  check_mode:
    support: full
    description: Tells what would be built, created or removed, also before anything is installed.
  diff_mode:
    support: none
    description: Containers have no text to compare.
"""

EXAMPLES = r"""
- name: See what differs
  compose_plan:
    project_dir: /opt/inception/srcs
    project_name: inception
  register: plan

- name: Start what differs
  community.docker.docker_compose_v2:
    project_src: /opt/inception/srcs
    build: never
    pull: never
  when: plan.recreate | length > 0
"""

RETURN = r"""
pending:
  description: Whether anything is to be done.
  returned: always
  type: bool
build:
  description: The services whose image is to be built.
  returned: for the goal started
  type: list
  elements: str
recreate:
  description: The services whose container is to be created, made anew or started.
  returned: for the goal started
  type: list
  elements: str
restart:
  description: The services that are to be restarted.
  returned: for the goal started
  type: list
  elements: str
reload:
  description: The services that are to load a mounted file again.
  returned: for the goal started
  type: list
  elements: str
remove:
  description: The containers that are to be removed, those of other services and what an interrupted run has left.
  returned: for the goal started
  type: list
  elements: str
replace_networks:
  description: Whether all containers have to make way, because a network is to be made anew.
  returned: for the goal started
  type: bool
labels:
  description: A Compose file that gives each image to be built the digest of what it is built from.
  returned: for the goal started
  type: str
checks:
  description: Arguments of the docker command by which new images are asked; where one fails, nothing is to be touched.
  returned: for the goal started
  type: list
  elements: list
prepare:
  description: Arguments of the docker command, to be run before.
  returned: for the goal started
  type: list
  elements: list
finish:
  description: Arguments of the docker command, to be run afterwards.
  returned: for the goal started
  type: list
  elements: list
sentences:
  description: The same for a person.
  returned: always
  type: list
  elements: str
running:
  description: The containers that run.
  returned: for the goal removed
  type: list
  elements: str
images:
  description: The names of the images that were built for the project.
  returned: for the goal removed
  type: list
  elements: str
present:
  description: A Compose file of the networks and volumes that the project has, whatever its own file says.
  returned: for the goal removed
  type: str
complaint:
  description: Which containers are not well, and the end of their logs; empty when all are.
  returned: for the goal explained
  type: str
"""

import hashlib
import json
import shlex
import shutil
import sys
import tempfile
from collections.abc import Iterable
from datetime import datetime
from pathlib import Path
from typing import Any

from ansible.module_utils.attended_docker import LockError, exclusive
from ansible.module_utils.basic import AnsibleModule
from ansible.module_utils.docker_client import (
    HASH_LABEL,
    PROJECT_LABEL,
    UNFINISHED,
    DockerError,
    NoEngineError,
    Project,
    compose_version,
    log_tail,
)

#: The label that holds the digest of what an image was built from.
DIGEST_LABEL = "inception.context.sha256"
#: How an image is asked whether it can take the place of the container that is there.
CHECK_LABEL = "inception.check"
#: What is planned for each service, in the order in which it is told.
PLANNED = ("build", "recreate", "restart", "reload", "remove")
#: How a service loads its mounted files anew, and the file in the container whose time tells when it last did.
RELOAD_LABEL = "inception.reload"
LOADED_LABEL = "inception.reload.loaded"


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
        DockerError: a Dockerfile cannot be read.
    """
    found = {}
    for name, service in config["services"].items():
        if build := service.get("build"):
            try:
                dockerfile = Path(build["context"], build.get("dockerfile", "Dockerfile")).read_text(encoding="utf-8")
            except OSError as error:
                raise DockerError(f"The build context of {name} is not complete: {error}") from error
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
    """Return the services whose container is missing, not running yet, or not what is asked for.

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
            or state.get("Status") not in ("running", "paused")
            or state.get("Health", {}).get("Status") == "starting"
            or is_replaced(container, hashes.get(name), images.get(name))
        ):
            found.append(name)
    return found


def is_stuck(container: dict[str, Any]) -> bool:
    """Tell whether a container has a process that does no work; a pause makes it unhealthy, too.

    Only a restart gives it a new health to wait for: who waits for an unhealthy container gives up at once.
    """
    state = container["State"]
    return bool(state.get("Status") == "paused" or state.get("Health", {}).get("Status") == "unhealthy")


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

    def differs(there: dict[str, Any], wanted: dict[str, Any]) -> bool:
        options, asked = there["Options"] or {}, wanted.get("driver_opts") or {}
        # The engine may have defaults of its own for options that nobody asks for. This one closes a network.
        named = {*asked, "com.docker.network.bridge.inhibit_ipv4"}
        form = (wanted.get("driver", "bridge"), wanted.get("internal", False))
        return (there["Driver"], there["Internal"]) != form or any(options.get(n) != asked.get(n) for n in named)

    return [
        wanted["name"]
        for wanted in config["networks"].values()
        if (there := networks.get(wanted["name"])) and differs(there, wanted)
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


def mounting(containers: dict[str, dict[str, Any]], files: Iterable[str]) -> list[str]:
    """Return the services whose container has one of some files mounted."""
    wanted = set(files)
    return [name for name, c in containers.items() if wanted & {mount["Source"] for mount in c.get("Mounts", [])}]


def lay_out(directory: Path, files: dict[str, str]) -> None:
    """Write files as managed_tree does."""
    for name, content in files.items():
        path = directory / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content, encoding="utf-8", newline="")
        path.chmod(0o755 if content.startswith("#!") else 0o644)


def recreates_dependents(version: str) -> bool:
    """Tell whether a version of Compose also makes anew what depends on a container that it makes anew.

    Later versions do so no more (docker/compose#12122).
    """
    return [int(part) if part.isdigit() else 0 for part in version.lstrip("v").split(".")[:2]] < [2, 30]


def build_labels(stale: dict[str, str]) -> str:
    """Return the Compose file by which each image gets the digest of what it is built from.

    Args:
        stale: the digest by service, of the images to build.
    """
    services = {name: {"build": {"labels": {DIGEST_LABEL: digest}}} for name, digest in sorted(stale.items())}
    return json.dumps({"services": services})


def is_written(project: Project) -> bool:
    """Tell whether there is a project to compare with."""
    return all((project.directory / name).is_file() for name in ("docker-compose.yml", ".env"))


def why_unprepared(project: Project) -> str:
    """Return why nothing can be compared on this machine yet, as a sentence; empty when it can."""
    if not is_written(project):
        return "The project is not written yet."
    if shutil.which("docker") is None:
        return "Docker is not installed yet."
    if not compose_version():
        return "Docker Compose is not installed yet."
    return "" if project.engine.version() else "The engine does not run yet."


def plan_start(project: Project, due_files: Iterable[str], *, check: bool) -> dict[str, Any]:
    """Return what is to be done to bring the stack up.

    Args:
        project: the project as it will be.
        due_files: mounted files that would have been replaced by then.
        check: whether a machine that is not prepared is an answer, not an error.

    Raises:
        DockerError: the engine or Compose fails.
    """
    if check and (reason := why_unprepared(project)):
        # Everything is to be done.
        nothing: dict[str, list[str]] = {name: [] for name in PLANNED}
        return {**nothing, "pending": True, "sentences": [reason]}
    if not is_written(project):
        raise DockerError(f"{project.directory} holds no docker-compose.yml with .env; deploy writes them first.")
    config, hashes = project.config()
    bases = build_bases(config)
    own = {name: service["image"] for name, service in config["services"].items() if "image" in service}
    found = project.images([*own.values(), *(base for named in bases.values() for base in named)])
    stale = stale_images(config, bases, found)
    everything = project.containers()
    unfinished = {name: container for name, container in everything.items() if UNFINISHED.match(name)}
    containers = {name: container for name, container in everything.items() if name not in unfinished}
    images = {name: found[image]["Id"] for name, image in own.items() if image in found}
    networks = {network["Name"]: network for network in project.networks()}
    remade = redefined(config, networks)
    elsewhere = misplaced(config, containers, remade)
    due = {*outdated(config, hashes, containers, images), *stale}
    if elsewhere:
        due |= set(containers)
    elif due and recreates_dependents(compose_version()):
        replaced = [
            name
            for name in due
            if name in containers
            and (name in stale or is_replaced(containers[name], hashes.get(name), images.get(name)))
        ]
        due |= {name for name in dependents(config, replaced) if name in containers}
    due &= set(config["services"])
    surplus = {c["Name"].lstrip("/") for name, c in containers.items() if name not in config["services"]}
    wanted = {name: container for name, container in containers.items() if name in config["services"]}
    restart, reload = due_as_they_are(wanted, due_files, due)
    plan: dict[str, Any] = {
        "build": sorted(stale),
        "recreate": sorted(due),
        "restart": sorted(restart),
        "reload": sorted(reload),
        "remove": sorted({*surplus, *(name.lstrip("/") for name in unfinished)}),
        "replace_networks": bool(elsewhere),
    }
    # Where somebody else's container is on it, a former network stays. Containers that make way take theirs along.
    ours = {container["Id"] for container in everything.values()}
    former = sorted(
        name
        for name in set(networks) - {network["name"] for network in config["networks"].values()}
        if not elsewhere and not set(networks[name].get("Containers") or {}) - ours
    )
    paused = {name: c["Id"] for name, c in containers.items() if c["State"].get("Paused")}
    prepare = [["unpause", *paused.values()]] if paused else []
    if unfinished:
        prepare.append(["rm", "--force", *(container["Id"] for container in unfinished.values())])
    finish = [["network", "rm", *former]] if former else []
    replaced_images = project.has_replaced_images(DIGEST_LABEL)
    if replaced_images:
        labels = (f"label={PROJECT_LABEL}={project.name}", f"label={DIGEST_LABEL}")
        finish.append(["image", "prune", "--force", *(word for label in labels for word in ("--filter", label))])
    for name in sorted(reload):
        command = shlex.split(containers[name]["Config"]["Labels"][RELOAD_LABEL])
        finish.append(["exec", containers[name]["Id"], *command])
    sentences = [
        *(f"{verb} {', '.join(plan[verb])}" for verb in PLANNED if plan[verb]),
        *(["replace the networks"] if elsewhere else []),
        *([f"unpause {', '.join(sorted(paused))}"] if paused else []),
        *([f"remove the network {', '.join(former)}"] if former else []),
        *(["remove the images that were replaced"] if replaced_images else []),
    ]
    return {
        **plan,
        "pending": bool(sentences),
        "labels": build_labels(stale),
        "checks": checks(containers, found, own, due),
        "prepare": prepare,
        "finish": finish,
        "sentences": sentences,
    }


def due_as_they_are(
    containers: dict[str, dict[str, Any]], due_files: Iterable[str], due: set[str]
) -> tuple[set[str], set[str]]:
    """Return the services to restart, and those to reload: they are stuck, or have another file mounted.

    Args:
        containers: the inspected containers by service.
        due_files: mounted files that would have been replaced by then.
        due: the services whose container is replaced or started anyway.
    """
    restart, reload = (set(names) - due for names in behind(containers))
    loading = {name for name, container in containers.items() if RELOAD_LABEL in container["Config"]["Labels"]}
    files = set(due_files)
    written = set(mounting(containers, files)) - due
    # One that is missing becomes another file than the one that is mounted.
    restart |= (written - loading) | (
        set(mounting(containers, {name for name in files if not Path(name).exists()})) - due
    )
    restart |= {name for name, container in containers.items() if is_stuck(container)} - due
    return restart, (reload | (written & loading)) - restart


def checks(
    containers: dict[str, dict[str, Any]], images: dict[str, dict[str, Any]], names: dict[str, str], due: Iterable[str]
) -> list[list[str]]:
    """Return the commands by which images are asked whether they can take the place of the containers that are there.

    Args:
        containers: the inspected containers by service.
        images: the inspected images by name.
        names: the name of the image by service.
        due: the services whose container is about to be replaced.
    """
    found = []
    for name in sorted(set(due) & set(containers)):
        image = images.get(names.get(name, ""), {})
        command = ((image.get("Config") or {}).get("Labels") or {}).get(CHECK_LABEL)
        if command and image["Id"] != containers[name]["Image"]:
            sees = ["--network", "none", "--volumes-from", f"{containers[name]['Id']}:ro"]
            found.append(["run", "--rm", *sees, image["Id"], *shlex.split(command)])
    return found


def refuse_other_data(volumes: Iterable[dict[str, Any]], data_dir: str) -> None:
    """Refuse to take down a stack whose data lies elsewhere: it was made for another login.

    Raises:
        DockerError: a volume of the project lies outside the data directory.
    """
    for volume in volumes:
        device = (volume.get("Options") or {}).get("device", "")
        if data_dir and not device.startswith(f"{data_dir}/"):
            place = device.rsplit("/", 1)[0] or f"the volume {volume['Name']}"
            raise DockerError(
                f"The stack that is deployed here keeps its data in {place}, not in {data_dir}: "
                "name the login that it was made for (LOGIN=…), or set inception_data_dir. Nothing was touched."
            )


def present_file(networks: dict[str, str], volumes: dict[str, str]) -> str:
    """Return a Compose file of what a project has, by which Compose removes it; containers it finds by their labels.

    Compose looks only at networks and volumes that a service uses, under the keys that their labels name.

    Args:
        networks: the name of each network by its key.
        volumes: the name of each volume by its key.
    """
    service = {"networks": sorted(networks), "volumes": [f"{key}:/{key}" for key in sorted(volumes)]}
    return json.dumps(
        {
            "services": {"nothing": {"image": "nothing:none", **service}},
            "networks": {key: {"name": name} for key, name in networks.items()},
            "volumes": {key: {"name": name} for key, name in volumes.items()},
        }
    )


def plan_removal(project: Project, data_dir: str) -> dict[str, Any]:
    """Return what carries the project's label.

    Raises:
        DockerError: the engine fails, or the stack is another login's.
    """
    volumes = project.volumes()
    refuse_other_data(volumes, data_dir)
    containers = project.containers()
    networks = project.networks()
    images = project.built_images(DIGEST_LABEL)
    return {
        "running": sorted(c["Name"].lstrip("/") for c in containers.values() if c["State"]["Running"]),
        "pending": bool(containers or networks or images),
        "volumes": sorted(volume["Name"] for volume in volumes),
        "images": images,
        "present": present_file(
            {network["Labels"].get("com.docker.compose.network", "default"): network["Name"] for network in networks},
            {volume["Labels"].get("com.docker.compose.volume", "data"): volume["Name"] for volume in volumes},
        ),
        "sentences": [
            *(f"remove the container {c['Name'].lstrip('/')}" for c in containers.values()),
            *(f"remove the image {image}" for image in images),
            *(f"remove the network {network['Name']}" for network in networks),
        ],
    }


def complaint(project: Project) -> str:
    """Return which containers are not well, with the end of their logs."""
    lines = []
    for name, container in project.containers().items():
        state = container["State"]
        health = state.get("Health", {}).get("Status", "healthy")
        if state["Running"] and health == "healthy":
            continue
        lines.append(
            f"The service {name} is {health if state['Running'] else state['Status']} (exit code {state['ExitCode']}):"
        )
        lines.extend(f"    {line}" for line in log_tail(container["Id"], 15))
    return "\n".join(lines)


def make_plan(module: AnsibleModule) -> dict[str, Any]:
    """Return the plan for the module's parameters.

    Raises:
        DockerError: the engine or Compose fails.
        LockError: another run does not end.
    """
    given = module.params
    project = Project(Path(given["project_dir"]), given["project_name"])
    if given["goal"] == "explained":
        return {"complaint": complaint(project)}
    if given["goal"] == "removed":
        return plan_removal(project, given["data_dir"])
    if module.check_mode and given["files"]:
        # Where nothing else reads it: the directory does not enter the hashes and digests.
        with tempfile.TemporaryDirectory(prefix="inception-") as directory:
            lay_out(Path(directory) / "srcs", given["files"])
            return plan_start(Project(Path(directory) / "srcs", project.name), given["due_files"], check=True)
    return plan_start(project, given["due_files"], check=module.check_mode)


def main() -> None:
    """Run the module."""
    module = AnsibleModule(
        argument_spec={
            "project_dir": {"type": "path", "required": True},
            "project_name": {"type": "str", "required": True},
            "goal": {"type": "str", "choices": ["started", "removed", "explained"], "default": "started"},
            "data_dir": {"type": "path", "default": ""},
            "files": {"type": "dict", "default": {}},
            "due_files": {"type": "list", "elements": "path", "default": []},
            "log_file": {"type": "path", "default": "/var/log/inception/compose.log"},
        },
        supports_check_mode=True,
    )
    goal, lock_file = module.params["goal"], Path(module.params["log_file"]).with_suffix(".lock")
    try:
        if lock_file.exists() and goal != "explained":
            # What another run has begun would look like a difference.
            with exclusive(lock_file, sys.stderr):
                pass
        plan = make_plan(module)
    except (FileNotFoundError, NoEngineError) as error:
        if shutil.which("docker") is not None:
            module.fail_json(msg=str(error))
        if goal == "removed":
            module.exit_json(changed=False, pending=False, running=[], volumes=[], images=[], sentences=[])
        module.fail_json(msg="The docker command is missing; the role docker_engine installs it.")
    except (DockerError, LockError) as error:
        module.fail_json(msg=str(error))
    module.exit_json(changed=False, **plan)


if __name__ == "__main__":
    main()
