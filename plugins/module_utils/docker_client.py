"""One client of Docker for all modules: it asks the engine and Compose, and changes nothing."""

from __future__ import annotations

import http.client
import json
import os
import re
import shutil
import socket
import subprocess
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlencode

from ansible.module_utils.attended_docker import clean_environment

PROJECT_LABEL = "com.docker.compose.project"
SERVICE_LABEL = "com.docker.compose.service"
ONE_OFF_LABEL = "com.docker.compose.oneoff"
#: Compose's hash of what a container was made from.
HASH_LABEL = "com.docker.compose.config-hash"
#: While Compose replaces a container, the new one has the beginning of the old one's ID before its name.
UNFINISHED = re.compile(r"/[0-9a-f]{12}_")


class DockerError(Exception):
    """What went wrong, as a sentence for the user."""


class NoEngineError(DockerError):
    """There is no engine that answers."""


class _Connection(http.client.HTTPConnection):
    """HTTP over a Unix socket."""

    def __init__(self, path: str, timeout: int) -> None:
        super().__init__("localhost", timeout=timeout)
        self.path = path

    def connect(self) -> None:
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.sock.settimeout(self.timeout)
        self.sock.connect(self.path)


class Engine:
    """The Docker engine of this machine, by its API: an answer takes a tenth of what the docker command takes.

    Args:
        timeout: how many seconds an answer may take.
    """

    def __init__(self, timeout: int = 60) -> None:
        """Find out where the engine is."""
        self.timeout = timeout
        self.address = os.environ.get("DOCKER_HOST") or "unix:///var/run/docker.sock"

    def version(self) -> dict[str, Any] | None:
        """Return what the engine tells of its version; None when no engine answers."""
        try:
            found: dict[str, Any] | None = self.get("/version")
        except NoEngineError:
            return None
        return found

    def get(self, resource: str, filters: dict[str, list[str]] | None = None, **parameters: str) -> Any:
        """Return an answer of the engine, decoded; None where it has no such thing.

        Args:
            resource: the path, for example ``/containers/json``.
            filters: what a listing is narrowed down by.
            parameters: the other parameters of the request.

        Raises:
            NoEngineError: no engine answers.
            DockerError: it refuses to answer, or is not this machine's.
        """
        if not self.address.startswith("unix://"):
            raise DockerError(
                f"DOCKER_HOST is {self.address}, but only the engine of the machine itself is used; unset it."
            )
        query = urlencode(parameters | ({"filters": json.dumps(filters)} if filters else {}))
        connection = _Connection(self.address.removeprefix("unix://"), self.timeout)
        try:
            connection.request("GET", f"{quote(resource)}?{query}" if query else quote(resource))
            response = connection.getresponse()
            answer = json.loads(response.read())
        except (OSError, http.client.HTTPException, ValueError) as error:
            raise NoEngineError(f"The Docker engine does not answer at {self.address}: {error}") from error
        finally:
            connection.close()
        if response.status == http.client.NOT_FOUND:
            return None
        if response.status != http.client.OK:
            raise DockerError(f"The Docker engine does not tell {resource}: {answer.get('message', response.reason)}")
        return answer


def compose_version() -> str:
    """Return the version of Docker Compose, for example ``2.26.1``; empty when there is none."""
    if shutil.which("docker") is None:
        return ""
    # A context that there is not would be the answer.
    environment = {name: value for name, value in os.environ.items() if name != "DOCKER_CONTEXT"}
    command = ["docker", "compose", "version", "--short"]
    answer = subprocess.run(command, capture_output=True, text=True, check=False, env=environment)
    match = re.search(r"\d+(?:\.\d+)+", answer.stdout) if answer.returncode == 0 else None
    return match.group() if match else ""


def parse_hashes(text: str) -> dict[str, str]:
    """Return the configuration hash by service, from ``docker compose config --hash``."""
    return {words[0]: words[1] for words in (line.split() for line in text.splitlines()) if len(words) == 2}


class Project:
    """A Compose project: what its file asks for, and what the engine holds of it.

    Args:
        directory: where ``docker-compose.yml`` and ``.env`` are, which need not exist.
        name: the name of the project.
    """

    def __init__(self, directory: Path, name: str) -> None:
        """Remember which project is meant."""
        self.directory = directory
        self.name = name
        self.engine = Engine()
        self.labels = [f"{PROJECT_LABEL}={name}"]

    def compose(self, *arguments: str) -> str:
        """Return what a command of Compose prints.

        Raises:
            DockerError: the command failed.
            FileNotFoundError: there is no docker command.
        """
        options = ("--project-name", self.name, "--project-directory", str(self.directory))
        answer = subprocess.run(
            ["docker", "compose", *options, *arguments],
            capture_output=True,
            text=True,
            check=False,
            cwd=self.directory if self.directory.is_dir() else Path("/"),
            env=clean_environment(os.environ, self.directory / ".env"),
        )
        if answer.returncode != 0:
            said = answer.stderr.strip() or answer.stdout.strip()
            raise DockerError(f"`docker compose {arguments[0]} …` failed: {said}")
        return answer.stdout

    def config(self) -> tuple[dict[str, Any], dict[str, str]]:
        """Return the resolved Compose file, and the configuration hash by service.

        Raises:
            DockerError: Compose cannot read the file.
            FileNotFoundError: there is no docker command.
        """
        # Two calls, because Compose tells either the one or the other; side by side, because each takes its time.
        with ThreadPoolExecutor(2) as pool:
            config = pool.submit(self.compose, "config", "--format", "json")
            hashes = pool.submit(self.compose, "config", "--hash", "*")
        return json.loads(config.result()), parse_hashes(hashes.result())

    def containers(self) -> dict[str, dict[str, Any]]:
        """Return the inspected containers of the project by service, unfinished ones by their name."""
        # What `docker compose run` has left is no service's container. What has no hash is not Compose's.
        filters = {"label": [*self.labels, f"{ONE_OFF_LABEL}=False", HASH_LABEL]}
        listed = self.engine.get("/containers/json", filters, all="1")
        inspected = [self.engine.get(f"/containers/{container['Id']}/json") for container in listed]
        return {
            c["Name"] if UNFINISHED.match(c["Name"]) else c["Config"]["Labels"].get(SERVICE_LABEL, c["Name"]): c
            for c in inspected
            # It may be gone by now.
            if c is not None
        }

    def images(self, names: Iterable[str]) -> dict[str, dict[str, Any]]:
        """Return inspected images by name, without those that the engine does not have."""
        inspected = {name: self.engine.get(f"/images/{name}/json") for name in set(names)}
        return {name: image for name, image in inspected.items() if image is not None}

    def built_images(self, label: str) -> list[str]:
        """Return the names of the images that were built for the project's services, which carry another label too.

        An image that somebody built from one of them inherits the labels, but is not named like its service.
        """
        return sorted(
            name
            for image in self.engine.get("/images/json", {"label": [*self.labels, label]})
            for name in image["RepoTags"] or []
            if name.rpartition(":")[0] == image["Labels"].get(SERVICE_LABEL)
        )

    def has_replaced_images(self, label: str) -> bool:
        """Tell whether images of the project, which carry another label too, have lost their name to a newer one."""
        filters = {"label": [*self.labels, label], "dangling": ["true"]}
        return bool(self.engine.get("/images/json", filters))

    def networks(self) -> list[dict[str, Any]]:
        """Return the inspected networks of the project."""
        listed = self.engine.get("/networks", {"label": self.labels})
        inspected = [self.engine.get(f"/networks/{network['Id']}") for network in listed]
        return [network for network in inspected if network is not None]

    def volumes(self) -> list[dict[str, Any]]:
        """Return the volumes of the project."""
        return self.engine.get("/volumes", {"label": self.labels})["Volumes"] or []


def log_tail(container: str, lines: int) -> list[str]:
    """Return the last lines that a container has printed."""
    words = ["docker", "logs", "--tail", str(lines), container]
    done = subprocess.run(words, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False)
    return done.stdout.splitlines()
