"""Check mode announces what the next run does, and does nothing itself: one change after the other.

Not collected with the rest, because everything is changed: ``pytest tests/verify/check_mode.py``.
"""

from __future__ import annotations

import dataclasses
import json
import re
import shlex
from collections.abc import Iterator
from typing import Any

import pytest

from support.stack import SERVICES, Settings, Stack

VERBS = ("build", "recreate", "restart", "reload", "remove")
#: What is told of the stack: an item of a list under the task's name, on a line of its own.
TOLD = re.compile(rf"^ +- '?({'|'.join(VERBS)}|replace|unpause) ([^'\n]+)'?$", re.MULTILINE)
#: What diff mode shows of a file that is written.
WRITTEN = re.compile(r"^\+\+\+ after: (/\S+)", re.MULTILINE)

# Runs on the machine: all that a run may change, and what tells that it has.
LOOK = r"""
import glob, hashlib, json, os, subprocess
project = os.environ["PROJECT"]
def docker(*words):
    return subprocess.run(["docker", *words], capture_output=True, text=True, check=True).stdout
def digest(path):
    return hashlib.sha256(open(path, "rb").read()).hexdigest()
ids = docker("ps", "--all", "--quiet", "--no-trunc", "--filter", "label=com.docker.compose.project=inception").split()
containers = {}
for c in json.loads(docker("inspect", *ids)) if ids else []:
    root = f"/proc/{c['State']['Pid']}/root/run/nginx/loaded"
    containers[c["Name"].lstrip("/")] = {
        "id": c["Id"], "image": c["Image"], "started": c["State"]["StartedAt"], "status": c["State"]["Status"],
        "loaded": os.stat(root).st_mtime_ns if c["State"]["Pid"] and os.path.exists(root) else 0,
    }
images = dict(line.split() for line in docker("image", "ls", "--no-trunc", "--format", "{{.Repository}}:{{.Tag}} {{.ID}}").splitlines())
networks = dict(line.split() for line in docker("network", "ls", "--no-trunc", "--format", "{{.Name}} {{.ID}}").splitlines())
names = [n for d in ("srcs", "secrets") for n in glob.glob(f"{project}/{d}/**", recursive=True, include_hidden=True)]
files = {name: digest(name) for name in [*names, "/etc/hosts"] if os.path.isfile(name)}
print(json.dumps({"containers": containers, "images": images, "networks": networks, "files": files}))
"""


@dataclasses.dataclass(frozen=True)
class Change:
    """Something that a person changes, and what comes of it.

    Attributes:
        name: what the test is called.
        does: what the next run does to the stack, by service.
        arguments: the settings of both runs, for `ansible-playbook`.
        script: what is done on the machine before them, in the directory of the project.
    """

    name: str
    does: dict[str, str]
    arguments: str = ""
    script: str = ""


ALL = "mariadb, nginx, wordpress"
#: In this order: each begins where the one before it has ended, so that a setting goes back to its default in the next.
CHANGES = (
    Change("published port", {"recreate": "nginx, wordpress"}, "-e inception_https_port=8443"),
    Change("setting of MariaDB, port back", {"recreate": ALL}, "-e mariadb_buffer_pool_mb=64"),
    Change("setting of WordPress, MariaDB's back", {"recreate": ALL}, "-e wordpress_port=9001"),
    Change("setting of NGINX, WordPress's back", {"recreate": "nginx, wordpress"}, "-e nginx_port=4443"),
    Change(
        "published port in .env, NGINX's back",
        {"recreate": "nginx, wordpress"},
        script="sed -i s/^HTTPS_PORT=.*/HTTPS_PORT=8443/ srcs/.env",
    ),
    Change(
        "file of a build context, port back in .env",
        {"build": "nginx", "recreate": "nginx, wordpress"},
        script="sed -i s/^HTTPS_PORT=.*/HTTPS_PORT=443/ srcs/.env; "
        "echo '# changed' >> srcs/requirements/nginx/conf/nginx.conf",
    ),
    Change(
        "template of a Dockerfile",
        {"build": "mariadb", "recreate": ALL},
        script="echo 'LABEL changed=yes' >> roles/mariadb/templates/context/Dockerfile.j2",
    ),
    Change(
        "secret",
        {"restart": "mariadb, wordpress"},
        script="openssl rand -hex 16 > secrets/new; chmod --reference=secrets/db_password.txt secrets/new; "
        "chown --reference=secrets/db_password.txt secrets/new; mv secrets/new secrets/db_password.txt",
    ),
    Change("certificate", {"restart": "nginx"}, script="rm secrets/tls.crt secrets/tls.key"),
    Change("certificate written in place", {"reload": "nginx"}, script="sleep 1; touch secrets/tls.crt"),
    Change("domain", {"recreate": "nginx, wordpress"}, "-e inception_domain=blog.42.fr"),
    Change("network, domain back", {"recreate": ALL, "replace": "the networks"}, "-e inception_network=backbone"),
    Change("network, back", {"recreate": ALL, "replace": "the networks"}),
    Change(
        "stopped and removed containers",
        {"recreate": "mariadb, wordpress"},
        script="docker stop wordpress; docker rm --force mariadb",
    ),
    Change(
        "removed image", {"build": "nginx", "recreate": "nginx"}, script="docker rm --force nginx; docker rmi nginx:1.0"
    ),
    # Long enough to be unhealthy.
    Change("paused container", {"unpause": "nginx", "restart": "nginx"}, script="docker pause nginx; sleep 20"),
    Change(
        "service that is gone",
        {"remove": "redis"},
        script="docker run --detach --name redis --label com.docker.compose.project=inception "
        "--label com.docker.compose.service=redis --label com.docker.compose.oneoff=False "
        "--label com.docker.compose.config-hash=0 --entrypoint sleep nginx:1.0 300",
    ),
    Change("nothing", {}),
)


class Machine:
    """The machine, on which `make` is run."""

    def __init__(self, stack: Stack, settings: Settings) -> None:
        self.stack = stack
        self.settings = settings

    def shell(self, script: str) -> None:
        """Run a script in the directory of the project."""
        self.stack.execute("sh", "-euc", f"cd {shlex.quote(self.settings.project_dir)}; {script}")

    def make(self, arguments: str, login: str = "") -> tuple[int, str]:
        """Run make as the owner of the project; return its exit code and what it prints."""
        directory = self.settings.project_dir
        owner = self.stack.execute("stat", "--format=%U", directory).strip()
        words = ["make", "--directory", directory, f"LOGIN={login or self.settings.login}", f"ARGS={arguments}"]
        done = self.stack.attempt("su", owner, "--shell=/bin/sh", "--command", f"{shlex.join(words)} 2>&1")
        return done.returncode, done.stdout

    def look(self) -> dict[str, Any]:
        """Return all that a run may change."""
        found: dict[str, Any] = json.loads(
            self.stack.execute("env", f"PROJECT={self.settings.project_dir}", "python3", "-c", LOOK)
        )
        return found


def what_was_done(before: dict[str, Any], after: dict[str, Any]) -> dict[str, str]:
    """Return what a run did to the stack, in the words in which it is told."""
    found: dict[str, list[str]] = {verb: [] for verb in VERBS}
    there, now = before["containers"], after["containers"]
    for name in SERVICES:
        image = f"{name}:1.0"
        if before["images"].get(image) != after["images"].get(image):
            found["build"].append(name)
        old, new = there.get(name, {"id": "", "status": ""}), now[name]
        if new["id"] != old["id"] or old["status"] not in ("running", "paused"):
            found["recreate"].append(name)
        elif new["started"] != old["started"]:
            found["restart"].append(name)
        elif new["loaded"] != old["loaded"]:
            found["reload"].append(name)
    found["remove"] = sorted(set(there) - set(now))
    told = {verb: ", ".join(sorted(names)) for verb, names in found.items() if names}
    paused = sorted(name for name, container in there.items() if container["status"] == "paused")
    if paused:
        told["unpause"] = ", ".join(paused)
    ours = {name for name in {*before["networks"], *after["networks"]} if name not in ("bridge", "host", "none")}
    if any(before["networks"].get(name) != after["networks"].get(name) for name in ours):
        told["replace"] = "the networks"
    return told


@pytest.fixture(scope="module")
def machine(stack: Stack, settings: Settings) -> Iterator[Machine]:
    machine = Machine(stack, settings)
    yield machine
    machine.shell("git checkout srcs roles")
    assert machine.make("")[0] == 0


@pytest.mark.requirement("E59", "R58")
@pytest.mark.parametrize("change", CHANGES, ids=lambda change: change.name)
def test_what_is_announced_is_done(machine: Machine, change: Change) -> None:
    machine.shell(change.script)
    before = machine.look()
    code, foretold = machine.make(f"--check --diff {change.arguments}")
    assert code == 0, foretold[-3000:]
    assert machine.look() == before, "check mode changes nothing"
    code, printed = machine.make(change.arguments)
    assert code == 0, printed[-3000:]
    after = machine.look()
    told = dict(TOLD.findall(foretold))
    assert told == what_was_done(before, after) == change.does
    # The files that are rendered; diff mode does not show secrets.
    rendered = f"{machine.settings.project_dir}/srcs/"
    written = {name for name, digest in after["files"].items() if before["files"].get(name) != digest}
    assert set(WRITTEN.findall(foretold)) == {name for name in written if name.startswith((rendered, "/etc/"))}


def test_what_is_refused_is_refused_in_both(machine: Machine) -> None:
    before = machine.look()
    answers = [machine.make(arguments, login="tux") for arguments in ("--check --diff", "")]
    assert machine.look() == before
    for code, printed in answers:
        assert code != 0
        assert "to keep the site, set inception_data_dir to" in printed
        assert "PLAY [Provision the machine]" not in printed
