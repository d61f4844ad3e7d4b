"""Whether database and php-fpm can be reached from a container that is none of the project's."""

from __future__ import annotations

import contextlib
import secrets

from inception_rules.live.collect.processes import Look
from inception_rules.live.evidence import Reach, Stack
from inception_rules.live.machine import Machine, UnseenError

#: Where php-fpm and MariaDB listen when the kernel does not tell.
_USUAL = {"wordpress": 9000, "mariadb": 3306}

# Runs on the machine: the probe's container lends its network, the client is the machine's own Python.
_TRY = r"""
import subprocess
code = "import socket, sys; socket.create_connection((sys.argv[1], int(sys.argv[2])), timeout=3).close()"
answer = []
for address, port in QUESTION["targets"]:
    done = subprocess.run(["nsenter", "--target", str(QUESTION["pid"]), "--net", "--", "python3", "-c", code, address, str(port)],
        capture_output=True, text=True, timeout=30)
    last = (done.stderr.strip().splitlines() or [""])[-1]
    if done.returncode and "Error" not in last and "timed out" not in last:
        raise SystemExit(f"nsenter failed: {last}")
    answer.append(done.returncode == 0)
print(json.dumps(answer))
"""


def collect(machine: Machine, stack: Stack, looks: dict[str, Look]) -> tuple[Reach, ...]:
    """Probe the inner services from their own network and from a foreign one.

    The probe is a container of an image that is already here; it and its network are removed again.

    Raises:
        UnseenError: no inner service runs, or no probe could be made.

    """
    targets = []
    for role in ("mariadb", "wordpress"):
        container = stack.role(role)
        if container is None or container.state != "running":
            continue
        attached = next((one for one in container.networks if one.address), None)
        listening = looks[container.service].inside.listening if container.service in looks else ()
        if attached is not None and listening:
            port = _USUAL[role] if _USUAL[role] in listening else listening[0]
            targets.append((container, attached, port))
    if not targets:
        raise UnseenError("neither the database nor php-fpm runs and listens on a network")
    mark = f"inception-evaluate-{secrets.token_hex(4)}"
    images = [one.image for one in stack.containers if one.role == "nginx"] or [stack.containers[0].image]
    own = targets[0][1].network
    try:
        made = machine.docker("network", "create", "--label", "inception.evaluate=1", mark)
        if made.code != 0:
            raise UnseenError(f"a foreign network cannot be made: {made.complaint}")
        question = [(end.address, port) for _, end, port in targets]
        from_own = _probe(machine, f"{mark}-own", own, images[0], question)
        from_foreign = _probe(machine, f"{mark}-foreign", mark, images[0], question)
    finally:
        with contextlib.suppress(UnseenError):
            machine.docker("rm", "--force", f"{mark}-own", f"{mark}-foreign")
            machine.docker("network", "rm", mark)
    return tuple(
        Reach(container.service, container.role, port, from_own[index], from_foreign[index])
        for index, (container, _, port) in enumerate(targets)
    )


def _probe(machine: Machine, name: str, network: str, image: str, targets: list[tuple[str, int]]) -> list[bool]:
    words = ["run", "--detach", "--name", name, "--label", "inception.evaluate=1", "--network", network]
    words += ["--pull", "never", "--user", "65534", "--cap-drop", "ALL", "--entrypoint", "sleep", image, "120"]
    started = machine.docker(*words)
    if started.code != 0:
        raise UnseenError(f"no probe could be started in the network {network}: {started.complaint}")
    shown = machine.docker("inspect", "--format", "{{.State.Pid}}", name)
    if not shown.out.strip().isdigit() or shown.out.strip() == "0":
        raise UnseenError(f"the probe in the network {network} does not run")
    answer: list[bool] = machine.python(_TRY, {"pid": int(shown.out), "targets": targets})
    machine.docker("rm", "--force", name)
    return answer
