"""The base images that a throw-away machine cannot pull."""

from __future__ import annotations

import re
import shlex
from collections.abc import Callable
from pathlib import Path

from inception_check.evidence.project import Project
from inception_check.releases import RELEASES
from inception_evaluate.machine import this_machine
from inception_evaluate.throwaway.trial import Trial

#: A link into the role base_image, whose script it is; an installed package holds a copy.
_BOOTSTRAP = Path(__file__).parents[1] / "bootstrap_debian.sh"


def base_images(trial: Trial, project: Project, say: Callable[[str], None]) -> list[str]:
    """Bring the base images that the machine cannot pull; returns a sentence for each.

    A copy on the evaluator's engine comes first, then, for Debian, a bootstrap from its own signed archive.
    What can be had from neither is left to the build, whose complaint then names it.
    """
    notes = []
    names: dict[str, None] = {}
    for dockerfile in project.dockerfiles:
        for stage in dockerfile.stages:
            match = re.fullmatch(r"(?:docker\.io/)?(?:library/)?((?:debian|alpine):[\w.-]+)", stage.resolved or "")
            if match:
                names[match.group(1)] = None
    for name in names:
        if trial.machine.docker("pull", "--quiet", name, timeout=300).code == 0:
            continue
        outer = this_machine()
        if outer.docker("image", "inspect", name).code == 0:
            say(f"{name} cannot be pulled; copying this machine's")
            copy = f"docker save {shlex.quote(name)} | docker exec --interactive {trial.container} docker load --quiet"
            if outer.run("sh", "-c", copy, timeout=300).code == 0:
                notes.append(f"{name} could not be pulled; the copy of the evaluator's engine was used.")
                continue
        release = _debian(name)
        if release and _BOOTSTRAP.exists():
            say(f"{name} cannot be pulled; bootstrapping {release} from Debian's archive")
            script = (
                "export DEBIAN_FRONTEND=noninteractive; apt-get install -qq --yes --no-install-recommends mmdebstrap >&2 && cat >/root/bootstrap.sh "
                f"&& sh /root/bootstrap.sh {name} {release} /root/base.tar && docker load --quiet --input /root/base.tar; rm -f /root/base.tar"
            )
            done = trial.machine.run("sh", "-c", script, data=_BOOTSTRAP.read_text(encoding="utf-8"), timeout=900)
            if done.code == 0 and trial.machine.docker("image", "inspect", name).code == 0:
                notes.append(f"{name} could not be pulled; it was bootstrapped from Debian's signed archive.")
                continue
        notes.append(f"{name} could not be pulled, and there is no copy of it here.")
    return notes


def _debian(name: str) -> str:
    """Return the code name of a Debian image's release, or an empty text."""
    tag = name.partition(":")[2].removesuffix("-slim")
    if not name.startswith("debian:"):
        return ""
    for release in RELEASES:
        if release.distribution == "debian" and (tag == release.codename or tag.split(".")[0] == release.version):
            return release.codename
    return ""
