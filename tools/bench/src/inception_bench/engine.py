"""The Docker engine, through its own command: Compose projects, images, and what a run leaves behind."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import time
from datetime import datetime
from pathlib import Path
from typing import Any

from inception_bench.errors import BenchError

#: What all names of containers, images, networks and volumes of the benchmark begin with.
PREFIX = "inception-bench"
PROJECT_LABEL = "com.docker.compose.project"
#: Variables that would lead Compose or make elsewhere.
_OTHERS = ("COMPOSE_", "DOCKER_BUILDKIT", "BUILDKIT_", "MAKE", "MFLAGS", "ANSIBLE_", "INCEPTION_", "PYTHONDONTWRITE")


def environment() -> dict[str, str]:
    """Return the environment of every program: nothing in it overrides a setting."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(_OTHERS)}
    return {**kept, "BUILDKIT_PROGRESS": "plain", "COMPOSE_ANSI": "never"}


def run(
    *arguments: str,
    timeout: float = 60,
    text: str | None = None,
    check: bool = True,
    cwd: Path | None = None,
    extra: dict[str, str] | None = None,
) -> subprocess.CompletedProcess[str]:
    """Run a program and return what it printed.

    Args:
        arguments: the program and its arguments; no secret may be among them.
        timeout: the longest it may take, in seconds. Then it is killed with all that it has started.
        text: its standard input.
        check: whether a failure is an error.
        cwd: where it runs.
        extra: variables that are added to its environment.

    Raises:
        BenchError: it is missing, failed, or took too long.
    """
    name = " ".join(arguments[:4])
    try:
        child = subprocess.Popen(
            arguments,
            stdin=subprocess.PIPE if text is not None else subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            errors="replace",
            cwd=cwd,
            env={**environment(), **(extra or {})},
            # A group of its own: Ctrl-C reaches this program first, which then decides.
            start_new_session=True,
        )
    except FileNotFoundError as error:
        raise BenchError(f"The program {arguments[0]} is missing: install it.") from error
    try:
        output, complaint = child.communicate(text, timeout)
    except BaseException as error:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(child.pid, signal.SIGKILL)
        child.communicate()
        if isinstance(error, subprocess.TimeoutExpired):
            raise BenchError(f"`{name} …` took longer than {timeout:.0f} s and was ended.") from error
        raise
    if check and child.returncode != 0:
        lines = (complaint.strip() or output.strip()).splitlines()[-12:]
        raise BenchError("\n".join([f"`{name} …` failed with the exit code {child.returncode}:", *lines]))
    return subprocess.CompletedProcess(arguments, child.returncode, output, complaint)


def docker(*arguments: str, timeout: float = 60, text: str | None = None, check: bool = True) -> str:
    """Run a docker command and return its output; see :func:`run`."""
    return run("docker", *arguments, timeout=timeout, text=text, check=check).stdout


def inspect(container: str) -> dict[str, Any]:
    """Return what the engine knows of a container.

    Raises:
        BenchError: there is none of that name.
    """
    found: dict[str, Any] = json.loads(docker("inspect", "--type", "container", container))[0]
    return found


def answers() -> str:
    """Return the engine's version.

    Raises:
        BenchError: it does not answer.
    """
    try:
        return docker("version", "--format", "{{.Server.Version}}", timeout=15).strip()
    except BenchError as error:
        raise BenchError("The Docker engine does not answer: start it, or run make.") from error


def image_size(name: str) -> int:
    """Return the size of an image in bytes, as ``docker image ls`` counts it."""
    return int(docker("image", "inspect", "--format", "{{.Size}}", name))


class Project:
    """A Compose project of the benchmark, written as one resolved model."""

    def __init__(self, name: str, model: dict[str, Any], directory: Path) -> None:
        """Write the model beside its data.

        Args:
            name: the name of the project; it begins with :data:`PREFIX`.
            model: what ``docker compose config`` would print.
            directory: where the file goes.
        """
        self.name = name
        self.model = model
        self.file = directory / f"{name}.json"
        self.file.touch(mode=0o600)
        self.file.write_text(json.dumps({**model, "name": name}, indent=1), encoding="utf-8")

    @property
    def services(self) -> list[str]:
        """The names of its services."""
        return list(self.model["services"])

    @property
    def images(self) -> dict[str, str]:
        """The image of each service."""
        return {name: service["image"] for name, service in self.model["services"].items()}

    def container(self, service: str) -> str:
        """Return the name of a service's container."""
        return str(self.model["services"][service]["container_name"])

    @property
    def containers(self) -> list[str]:
        """The names of its containers."""
        return [self.container(service) for service in self.services]

    def command(self, *arguments: str) -> list[str]:
        """Return a command of Compose for this project."""
        return ["docker", "compose", "--project-name", self.name, "--file", str(self.file), *arguments]

    def compose(self, *arguments: str, timeout: float = 180) -> str:
        """Run a command of Compose; see :func:`run`."""
        # Docker 20.10 builds with BuildKit only when asked to.
        return run(*self.command(*arguments), timeout=timeout, extra={"DOCKER_BUILDKIT": "1"}).stdout

    def data(self) -> list[Path]:
        """Return the directories that its volumes keep their data in."""
        return [
            Path(volume["driver_opts"]["device"])
            for volume in self.model.get("volumes", {}).values()
            if (volume.get("driver_opts") or {}).get("device")
        ]

    def pause(self) -> None:
        """Take the processor from all of its containers, and from their health checks."""
        running = self._in_state("running")
        if running:
            docker("pause", *running)

    def resume(self) -> None:
        """Give it back."""
        paused = self._in_state("paused")
        if paused:
            docker("unpause", *paused)

    def _in_state(self, state: str) -> list[str]:
        listed = docker("ps", "--all", "--filter", f"label={PROJECT_LABEL}={self.name}", "--filter", f"status={state}",
                        "--format", "{{.Names}}")  # fmt: skip
        return listed.split()

    def processes(self, service: str) -> list[int]:
        """Return the process ids of a service's container, as the host sees them: those of its PID namespace."""
        namespace = Path(f"/proc/{inspect(self.container(service))['State']['Pid']}/ns/pid").readlink()
        found = []
        for path in Path("/proc").glob("[0-9]*/ns/pid"):
            # A process may end while it is being looked at.
            with contextlib.suppress(OSError):
                if path.readlink() == namespace:
                    found.append(int(path.parts[2]))
        return sorted(found)

    def uptime(self, service: str) -> float:
        """Return for how many seconds a service's container has been running."""
        started = inspect(self.container(service))["State"]["StartedAt"]
        # The engine writes nanoseconds, of which Python 3.11 reads the first six digits.
        return time.time() - datetime.fromisoformat(started).timestamp()

    def processor_seconds(self) -> float | None:
        """Return the processor time that its containers have used, in seconds, where the kernel counts it."""
        total = 0.0
        for name in self.containers:
            pid = inspect(name)["State"]["Pid"]
            try:
                groups = Path(f"/proc/{pid}/cgroup").read_text(encoding="utf-8").splitlines()
                unified = next(line.removeprefix("0::") for line in groups if line.startswith("0::"))
                lines = Path(f"/sys/fs/cgroup{unified}/cpu.stat").read_text(encoding="utf-8").splitlines()
                total += int(next(line for line in lines if line.startswith("usage_usec ")).split()[1]) / 1e6
            except (OSError, StopIteration):
                return None
        return total


def build_cache() -> set[str]:
    """Return the ids of the records in the engine's build cache.

    Raises:
        BenchError: the engine does not say.
    """
    listed = docker("system", "df", "--verbose", "--format", "{{json .BuildCache}}", timeout=120)
    return {record["ID"] for record in json.loads(listed) or []}


def remove_everything(cache_before: set[str] | None) -> list[str]:
    """Remove what carries the benchmark's name: containers, networks, volumes, images, build cache.

    Args:
        cache_before: the records of the build cache that were there before, or None to leave it alone.

    Returns:
        What could not be removed, as sentences. Nothing that went wrong keeps the rest from going.
    """
    complaints: list[str] = []

    def attempt(*arguments: str) -> str:
        try:
            return docker(*arguments, timeout=180)
        except BenchError as error:
            complaints.append(str(error))
            return ""

    def ours(*arguments: str) -> list[str]:
        # The engine's own filter would also find the prefix in the middle of somebody else's name.
        names = attempt(*arguments, "--filter", f"name={PREFIX}-").split()
        return [name for name in names if name.startswith(f"{PREFIX}-")]

    containers = ours("ps", "--all", "--format", "{{.Names}}")
    if containers:
        # A paused container can be removed by force, too.
        attempt("rm", "--force", "--volumes", *containers)
    networks = ours("network", "ls", "--format", "{{.Name}}")
    if networks:
        attempt("network", "rm", *networks)
    volumes = ours("volume", "ls", "--format", "{{.Name}}")
    if volumes:
        attempt("volume", "rm", "--force", *volumes)
    images = attempt("image", "ls", "--filter", f"reference={PREFIX}-*", "--format", "{{.Repository}}:{{.Tag}}").split()
    if images:
        attempt("image", "rm", "--force", *images)
    if cache_before is not None:
        try:
            _prune(cache_before)
        except BenchError as error:
            complaints.append(str(error))
    return complaints


def _prune(cache_before: set[str]) -> None:
    """Remove the records of the build cache that came later.

    Raises:
        BenchError: the engine refuses.
    """
    fresh = build_cache() - cache_before
    if fresh:
        # The engine takes one value for the id, and takes it for a regular expression.
        docker("builder", "prune", "--all", "--force", "--filter", f"id={'|'.join(sorted(fresh))}", timeout=180)
