"""Preparing a throw-away machine for a project: its files, what a 42 machine has, and what is left to its user."""

from __future__ import annotations

import shlex
from collections.abc import Callable
from pathlib import Path

from inception_check.evidence.project import Project
from inception_evaluate.machine import UnseenError
from inception_evaluate.throwaway import copying
from inception_evaluate.throwaway.base_images import base_images
from inception_evaluate.throwaway.completing import complete
from inception_evaluate.throwaway.trial import Trial, is_bundle

#: What a 42 machine has before a project is cloned.
PACKAGES = (
    "docker.io",
    "docker-cli",
    "docker-compose",
    "iptables",
    "make",
    "git",
    "openssl",
    "curl",
    "sudo",
    "ca-certificates",
    "hostname",
)
#: Older Makefiles call Compose by its older name.
_BOTH_SPELLINGS = (
    "command -v docker-compose >/dev/null || "
    "ln -s /usr/libexec/docker/cli-plugins/docker-compose /usr/local/bin/docker-compose"
)


def prepare(trial: Trial, root: Path, login: str, domain: str, say: Callable[[str], None]) -> None:
    """Put the project on the machine, with what a 42 machine has and what the project leaves to its user.

    Raises:
        UnseenError: the machine cannot be prepared.

    """
    project = Project(root)
    bundle = is_bundle(root)
    names = copying.cloned(root)
    private = [] if bundle else copying.private(root, project, set(names))
    say(f"copying {len(names) + len(private)} files")
    trial.notes += [f"{name} is not in git; the copy from this directory was used." for name in private]
    copying.unpack(trial.container, copying.pack(root, names + private))
    if bundle:
        return
    say("installing what a 42 machine has: Docker, Compose, make, git")
    script = f"export DEBIAN_FRONTEND=noninteractive; apt-get update -qq && apt-get install -qq --yes --no-install-recommends {' '.join(PACKAGES)} && {{ {_BOTH_SPELLINGS}; }}"
    done = trial.machine.run("sh", "-c", script, timeout=900)
    if done.code != 0:
        raise UnseenError(f"Docker could not be installed on the throw-away machine: {done.complaint}")
    trial.notes += base_images(trial, project, say)
    made = complete(root, project, login, domain)
    copying.write(trial, made.settings)
    trial.notes += [made.notes[path] for path in made.settings]
    # A Makefile may well make its own secrets; they are supplied only when it turns out that it does not.
    trial.pending = {path: (text, made.notes[path]) for path, text in made.secrets.items()}
    setup = (
        f"id -u {login} >/dev/null 2>&1 || useradd --create-home --shell /bin/bash {login}; usermod --append --groups docker,sudo {login}; "
        f"echo '{login} ALL=(ALL) NOPASSWD:ALL' >/etc/sudoers.d/{login}; "
        f"grep -q {shlex.quote(domain)} /etc/hosts || echo '127.0.0.1 {domain}' >>/etc/hosts; git config --global --add safe.directory '*'"
    )
    trial.machine.run("sh", "-c", setup)
    trial.notes.append(f"The machine got the user {login}, and the entry `127.0.0.1 {domain}` in /etc/hosts.")
