"""One client of the docker command for all modules: it asks, and changes nothing."""

from __future__ import annotations

import json
import os
import re
import subprocess
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from ansible.module_utils.attended_docker import clean_environment

PROJECT_LABEL = "com.docker.compose.project"
SERVICE_LABEL = "com.docker.compose.service"
ONE_OFF_LABEL = "com.docker.compose.oneoff"
#: While Compose replaces a container, the new one has the beginning of the old one's ID before its name.
UNFINISHED = re.compile(r"/[0-9a-f]{12}_")


class DockerError(Exception):
    """What went wrong, as a sentence for the user."""


class Docker:
    """The docker command, for one Compose project.

    Args:
        project_dir: the directory of ``docker-compose.yml`` and ``.env``, which need not exist.
        project_name: the name of the Compose project.
    """

    def __init__(self, project_dir: Path, project_name: str) -> None:
        """Remember which project is meant."""
        self.project_dir = project_dir
        self.project_name = project_name
        self.compose = ["docker", "compose", "--project-name", project_name, "--project-directory", str(project_dir)]
        self.label = f"label={PROJECT_LABEL}={project_name}"

    def ask(self, *arguments: str) -> str:
        """Return what a docker command prints.

        Raises:
            DockerError: the command failed.
            FileNotFoundError: there is no docker command.
        """
        answer = subprocess.run(
            arguments,
            capture_output=True,
            text=True,
            check=False,
            cwd=self.project_dir if self.project_dir.is_dir() else Path("/"),
            env=clean_environment(os.environ, self.project_dir / ".env"),
        )
        if answer.returncode != 0:
            raise DockerError(f"`{' '.join(arguments[:3])} …` failed: {answer.stderr.strip() or answer.stdout.strip()}")
        return answer.stdout

    def answers(self) -> bool:
        """Tell whether the engine answers."""
        return subprocess.run(["docker", "version"], capture_output=True, check=False).returncode == 0

    def has_compose(self) -> bool:
        """Tell whether Compose is installed."""
        return subprocess.run(["docker", "compose", "version"], capture_output=True, check=False).returncode == 0

    def compose_version(self) -> str:
        """Return the version of Compose, for example ``2.26.1``."""
        return self.ask("docker", "compose", "version", "--short").strip()

    def containers(self) -> dict[str, dict[str, Any]]:
        """Return the inspected containers of the project by service, unfinished ones by their name."""
        # What `docker compose run` has left is no service's container.
        words = ("--filter", self.label, "--filter", f"label={ONE_OFF_LABEL}=False")
        ids = self.ask("docker", "ps", "--all", "--quiet", "--no-trunc", *words).split()
        inspected = json.loads(self.ask("docker", "inspect", "--type", "container", *ids)) if ids else []
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

    def built_images(self, label: str) -> list[str]:
        """Return the names of the images that were built for the project's services, which carry another label too.

        An image that somebody built from one of them inherits the labels, but is not named like its service.
        """
        words = ("image", "ls", "--quiet", "--filter", f"label={label}", "--filter", self.label)
        ids = sorted(set(self.ask("docker", *words).split()))
        inspected = json.loads(self.ask("docker", "image", "inspect", *ids)) if ids else []
        return sorted(
            name
            for image in inspected
            for name in image["RepoTags"] or []
            if name.rpartition(":")[0] == image["Config"]["Labels"].get(SERVICE_LABEL)
        )

    def has_replaced_images(self, label: str) -> bool:
        """Tell whether images of the project, which carry another label too, have lost their name to a newer one."""
        words = ("--filter", "dangling=true", "--filter", f"label={label}", "--filter", self.label)
        return bool(self.ask("docker", "image", "ls", "--quiet", *words).split())

    def labelled(self, kind: str) -> list[dict[str, Any]]:
        """Return the inspected networks or volumes of the project.

        Args:
            kind: ``network`` or ``volume``.
        """
        names = self.ask("docker", kind, "ls", "--format", "{{.Name}}", "--filter", self.label).split()
        return json.loads(self.ask("docker", kind, "inspect", *names)) if names else []

    def log_tail(self, container: str, lines: int) -> list[str]:
        """Return the last lines that a container has printed."""
        words = ["docker", "logs", "--tail", str(lines), container]
        done = subprocess.run(words, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False)
        return done.stdout.splitlines()
