"""The machine under test and the stack on it, as Docker and the kernel describe them."""

from __future__ import annotations

import dataclasses
import functools
import json
import shlex
import ssl
import subprocess
from collections.abc import Sequence
from typing import Any

from support.web import Browser

SERVICES = ("mariadb", "wordpress", "nginx")

# Runs in the machine: one entry for each process, read from the kernel.
PROCESSES = """
import json, os
found = {}
for pid in filter(str.isdigit, os.listdir("/proc")):
    try:
        fields = dict(line.split(":", 1) for line in open(f"/proc/{pid}/status") if ":" in line)
        found[pid] = {key: fields[key].strip() for key in ("Name", "PPid", "Uid", "CapEff", "CapBnd", "NoNewPrivs")}
        found[pid]["Command"] = open(f"/proc/{pid}/cmdline").read().replace("\\0", " ")
    except (FileNotFoundError, ProcessLookupError):
        pass
print(json.dumps(found))
"""


@dataclasses.dataclass(frozen=True)
class Settings:
    """What the person who starts the verification knows about the machine."""

    machine: str
    login: str
    domain: str
    project_dir: str
    https_port: int
    site_title: str
    other_ports: frozenset[int]
    checkout: bool


class Stack:
    """The stack on a machine."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        # These do not change while a suite runs, and each look costs a while.
        self._containers: dict[str, str] = {}
        self._passwords: dict[str, str] = {}

    # --- reaching into the machine ---

    def execute(self, *command: str, data: str | None = None, check: bool = True) -> str:
        """Run a command in the machine and return its standard output."""
        return self.attempt(*command, data=data, check=check).stdout

    def attempt(self, *command: str, data: str | None = None, check: bool = False) -> subprocess.CompletedProcess[str]:
        """Run a command in the machine and return all that is known about its end."""
        done = subprocess.run(
            ["docker", "exec", "--interactive", self.settings.machine, *command],
            input=data if data is not None else "",
            capture_output=True,
            text=True,
            errors="replace",
        )
        assert not check or done.returncode == 0, f"{shlex.join(command)}: {done.stderr or done.stdout}"
        return done

    def shell(self, script: str, check: bool = True) -> str:
        """Run a shell script in the machine and return its standard output."""
        return self.execute("sh", "-c", script, check=check)

    def docker(self, *command: str, check: bool = True) -> str:
        """Run the machine's own docker client and return its standard output."""
        return self.execute("docker", *command, check=check)

    def read(self, path: str) -> str:
        """Return the text of a file of the machine."""
        return self.execute("cat", path)

    # --- facts ---

    @functools.cached_property
    def address(self) -> str:
        """The address at which the outer host reaches the machine."""
        template = "{{range .NetworkSettings.Networks}}{{.IPAddress}}{{end}}"
        command = ["docker", "inspect", "--format", template, self.settings.machine]
        return subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()

    @functools.cached_property
    def env(self) -> dict[str, str]:
        """The settings of the stack, as they have arrived in the containers."""
        found: dict[str, str] = {}
        for service in SERVICES:
            found |= dict(line.split("=", 1) for line in self.inspect(service)["Config"]["Env"])
        return found

    @functools.cached_property
    def networks(self) -> dict[str, str]:
        """The name of each network that the compose file declares, by its key there."""
        folder = f"{self.settings.project_dir}/srcs"
        config = json.loads(self.docker("compose", "--project-directory", folder, "config", "--format", "json"))
        return {key: str(facts["name"]) for key, facts in config["networks"].items()}

    @functools.cached_property
    def secrets_dir(self) -> str:
        """Where the secrets are on the machine."""
        return f"{self.settings.project_dir}/secrets"

    @functools.cached_property
    def credentials(self) -> dict[str, str]:
        """The passwords of the WordPress users."""
        lines = self.read(f"{self.secrets_dir}/credentials.txt").splitlines()
        return dict(line.split("=", 1) for line in lines if "=" in line and not line.startswith("#"))

    def container(self, service: str) -> str:
        """Return the id of a service's container; there must be exactly one (R6)."""
        if service not in self._containers:
            label = f"label=com.docker.compose.service={service}"
            found = self.docker("ps", "--all", "--quiet", "--filter", label).split()
            assert len(found) == 1, f"{service} has {len(found)} containers"
            self._containers[service] = found[0]
        return self._containers[service]

    def forget(self) -> None:
        """Look for the containers again: they may have been made anew."""
        self._containers.clear()

    def inspect(self, service: str) -> dict[str, Any]:
        """Return what the engine knows about a service's container."""
        found: dict[str, Any] = json.loads(self.docker("container", "inspect", self.container(service)))[0]
        return found

    def processes(self, service: str) -> list[dict[str, str]]:
        """Return a container's first process and its descendants, the first process first.

        A health check is none of them: the engine starts it from outside.
        """
        first = str(self.inspect(service)["State"]["Pid"])
        everything: dict[str, dict[str, str]] = json.loads(self.execute("python3", "-c", PROCESSES))
        family = [first]
        for pid in family:
            family += [other for other, facts in everything.items() if facts["PPid"] == pid]
        return [everything[pid] | {"Pid": pid} for pid in family]

    def sql(self, statement: str, user: str = "root", password: str | None = None) -> list[list[str]]:
        """Run a statement with the client of the database's container, and return the rows."""
        done = self.attempt_sql(statement, user, password)
        assert done.returncode == 0, done.stderr
        return [line.split("\t") for line in done.stdout.splitlines()]

    def attempt_sql(
        self, statement: str, user: str = "root", password: str | None = None
    ) -> subprocess.CompletedProcess[str]:
        """Run a statement and return how it ended; without a password the right one is taken."""
        if password is None:
            name = "db_root_password" if user == "root" else "db_password"
            if name not in self._passwords:
                self._passwords[name] = self.read(f"{self.secrets_dir}/{name}.txt").strip()
            password = self._passwords[name]
        # The password goes through the environment of the client, never through a command line.
        script = (
            f'IFS= read -r MYSQL_PWD; export MYSQL_PWD; exec docker exec -i -e MYSQL_PWD "$1" '
            f"mariadb --batch --skip-column-names --user={user} -e {shlex.quote(statement)}"
        )
        return self.attempt("sh", "-c", script, "sh", self.container("mariadb"), data=f"{password}\n")

    def table(self, suffix: str) -> str:
        """Return the full name of one of WordPress's tables, whatever its prefix is."""
        database = self.env["DB_NAME"]
        found = self.sql(f"SHOW TABLES FROM {database}")
        names = [row[0] for row in found if row[0].endswith(f"_{suffix}")]
        assert len(names) == 1
        return f"{database}.{names[0]}"

    # --- the site ---

    def tls(self) -> ssl.SSLContext:
        """Return a context that trusts the site's own authority and nothing else."""
        context = ssl.create_default_context(cadata=self.read(f"{self.secrets_dir}/tls_ca.crt"))
        context.minimum_version = ssl.TLSVersion.TLSv1_2
        return context

    def browser(self) -> Browser:
        """Return a new browser that knows nobody."""
        return Browser(self.address, self.settings.domain, self.settings.https_port, self.tls())


def make(stack: Stack, settings: Settings, before: Sequence[str] = (), arguments: str = "", check: bool = True) -> str:
    """Run make as the owner of the project and return what it prints."""
    owner = stack.execute("stat", "--format=%U", settings.project_dir).strip()
    command = [*before, "make", "--directory", settings.project_dir, f"LOGIN={settings.login}", f"ARGS={arguments}"]
    return stack.execute(
        "su", owner, "--shell=/bin/sh", "--command", f"{shlex.join(command)} 2>&1", data="", check=check
    )
