"""Creating, using and removing the machines."""

from __future__ import annotations

import json
import random
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from inception_evaluate.machine_tool.images import KINDS, Kind, build
from inception_evaluate.machine_tool.outer_engine import (
    HOST_AUTHORITIES,
    LABEL,
    PREFIX,
    MachineError,
    privileges,
    run,
    say,
    succeeds,
    wait_for,
)


def full_name(name: str) -> str:
    """Return the container's name; every one begins alike, so that none is taken for somebody else's."""
    return name if name.startswith(PREFIX) else PREFIX + name


def kind_of(name: str) -> Kind:
    """Return the kind of an existing machine."""
    template = f'{{{{index .Config.Labels "{LABEL}"}}}}'
    kind = run(["docker", "container", "inspect", "--format", template, name])
    if kind not in KINDS:
        raise MachineError(f"{name} was not made by this tool")
    return KINDS[kind]


def volumes(name: str, cache: str) -> list[str]:
    """Return the options for a machine's disks.

    The inner engine needs a disk that is not itself an overlay. What is downloaded may outlive the
    machine, per machine name, because two package managers must not share one download directory.
    """
    disks = {"docker": "/var/lib/docker"}
    if cache in ("downloads", "warm"):
        disks |= {"cache-apt": "/var/cache/apt/archives", "cache-user": "/root/.cache"}
    if cache == "warm":
        disks |= {"cache-inception": "/var/cache/inception"}
    options = []
    for disk, place in disks.items():
        volume = f"{name}-{disk}"
        run(["docker", "volume", "create", "--label", f"{LABEL}={name}", volume])
        options.append(f"--volume={volume}:{place}")
    return options


def make_network(name: str) -> list[str]:
    """Make a network for one machine alone, and return the options of ``docker create`` for it.

    On the engine's usual network a machine has an address in 172.17.0.0/16, and its own engine then takes another
    range for its first bridge than a stock machine's does: projects that chose 172.18.0.0/16 would not start.

    Raises:
        MachineError: the engine makes none.

    """
    complaint = ""
    for number in random.sample(range(256), 20):
        words = ["docker", "network", "create", "--label", f"{LABEL}={name}", "--subnet", f"10.213.{number}.0/24", name]
        done = subprocess.run(words, check=False, capture_output=True, text=True)
        if done.returncode == 0:
            return [f"--network={name}"]
        complaint = done.stderr.strip()
    raise MachineError(f"no network can be made for {name}: {complaint}")


def name_servers(image: str) -> list[str]:
    """Return the name servers that a container of the outer engine's usual network asks."""
    shown = run(["docker", "run", "--rm", "--entrypoint=/bin/cat", image, "/etc/resolv.conf"])
    return [line.split()[1] for line in shown.splitlines() if line.startswith("nameserver ")]


def create(
    name: str, kind_name: str, *, cache: str, replace: bool, key: Path | None, own_network: bool = False
) -> None:
    """Create a machine, boot it and wait until it is up."""
    image = build(kind_name)
    kind = KINDS[kind_name]
    if succeeds(["docker", "container", "inspect", name]):
        if not replace:
            raise MachineError(f"{name} exists already; destroy it first or use --replace")
        destroy(name, caches=False)
    stop_signal = "SIGRTMIN+3" if kind.has_systemd else "SIGTERM"
    run(
        [
            *("docker", "create", "--name", name, "--hostname", name, "--label", f"{LABEL}={kind_name}"),
            *privileges(image),
            *("--cgroupns=private", f"--stop-signal={stop_signal}", "--stop-timeout=60"),
            # Or its engine would find forwarding switched on, and leave it without the rule that stops neighbours.
            "--sysctl=net.ipv4.ip_forward=0",
            *("--env=container=docker", f"--env=MACHINE_NAME={name}"),
            f"--env=MACHINE_INIT={'systemd' if kind.has_systemd else 'none'}",
            *("--tmpfs=/run:exec,mode=755", "--tmpfs=/tmp:exec,mode=1777"),
            *volumes(name, cache),
            *(make_network(name) if own_network else []),
            *(image, "/usr/local/sbin/first-process", *kind.init),
        ]
    )
    if any(HOST_AUTHORITIES.glob("**/*.crt")):
        # Where a proxy inspects TLS, its authority must be known in the machine as it is here.
        run(["docker", "cp", f"{HOST_AUTHORITIES}/.", f"{name}:{HOST_AUTHORITIES}/"])
    run(["docker", "start", name])
    wait_until_up(name)
    if own_network:
        # The resolver of such a network is on the machine's loopback, where containers of its engine do not reach it.
        settings = json.dumps({"dns": name_servers(image)})
        script = "mkdir -p /etc/docker && cat >/etc/docker/daemon.json"
        run(["docker", "exec", "-i", name, "sh", "-c", script], data=settings.encode())
    if any(HOST_AUTHORITIES.glob("**/*.crt")) and "ca-certificates" in kind.packages:
        run(["docker", "exec", name, "update-ca-certificates"])
    if key is not None:
        script = "umask 077; mkdir -p /root/.ssh; cat >/root/.ssh/authorized_keys"
        run(["docker", "exec", "-i", name, "sh", "-c", script], data=key.read_bytes())
    say(f"{name} is up at {address(name)}")


def wait_until_up(name: str) -> None:
    """Wait until the machine has booted; a unit that failed is named but does not stop the tests."""
    if not kind_of(name).has_systemd:
        if not wait_for(lambda: succeeds(["docker", "exec", name, "mountpoint", "-q", "/run"]), 30):
            raise MachineError(f"{name} does not come up: {run(['docker', 'logs', '--tail=20', name])}")
        return

    def state() -> str:
        return run(["docker", "exec", name, "systemctl", "is-system-running"], check=False)

    if not wait_for(lambda: state() in ("running", "degraded"), 180):
        jobs = run(["docker", "exec", name, "systemctl", "list-jobs", "--no-pager"], check=False)
        raise MachineError(f"{name} does not come up, it is {state()!r}: {jobs}")
    if state() == "degraded":
        command = ["systemctl", "list-units", "--failed", "--plain", "--no-legend", "--no-pager"]
        say(f"{name} is up but degraded: {run(['docker', 'exec', name, *command], check=False)}")


def address(name: str) -> str:
    """Return the address at which the outer host reaches the machine."""
    template = "{{range .NetworkSettings.Networks}}{{.IPAddress}}{{end}}"
    return run(["docker", "container", "inspect", "--format", template, name])


def known_hosts(name: str) -> str:
    """Return the lines that let an SSH client verify the machine, read from its disk and not over the net."""
    keys = run(["docker", "exec", name, "sh", "-c", "cat /etc/ssh/ssh_host_*_key.pub"])
    return "\n".join(f"{address(name)} {' '.join(line.split()[:2])}" for line in keys.splitlines())


def execute(name: str, command: Sequence[str], workdir: str | None, environment: Sequence[str]) -> int:
    """Run a command in a machine with our own standard streams, and return its exit code."""
    if not command:
        raise MachineError("exec needs a command")
    options = ["--interactive"]
    if sys.stdin.isatty() and sys.stdout.isatty():
        options.append("--tty")
    if workdir is not None:
        options.append(f"--workdir={workdir}")
    options += [f"--env={setting}" for setting in environment]
    return subprocess.run(["docker", "exec", *options, name, *command], check=False).returncode


def checkout(name: str, source: Path, target: str) -> None:
    """Put what is committed of a git checkout into a machine, as a fresh clone would."""
    git = ["git", "-C", str(source), "-c", "safe.directory=*"]
    if run([*git, "status", "--porcelain"]):
        say("uncommitted changes are not a part of what is tested")
    archive = subprocess.run([*git, "archive", "HEAD"], check=True, capture_output=True).stdout
    # The archive is unpacked into an empty place, so that a file which is gone from git is gone here too.
    script = (
        'rm -rf -- "$1" && mkdir -p -- "$1" && cd -- "$1" && tar -x --no-same-owner && git init --quiet '
        "&& git add --all && git -c user.name=test -c user.email=test@localhost commit --quiet -m checkout"
    )
    run(["docker", "exec", "-i", name, "sh", "-euc", script, "sh", target], data=archive)


def reboot(name: str, *, power_cut: bool) -> None:
    """Reboot a machine; a power cut gives nobody in it a chance to finish."""
    kind_of(name)
    if power_cut:
        run(["docker", "kill", name])
        run(["docker", "start", name])
    else:
        run(["docker", "restart", "--time=60", name])
    wait_until_up(name)
    say(f"{name} is up again at {address(name)}")


def destroy(name: str, *, caches: bool) -> None:
    """Remove a machine and its disks; also its cached downloads when asked."""
    if succeeds(["docker", "container", "inspect", name]):
        kind_of(name)
        run(["docker", "rm", "--force", "--volumes", name])
    for network in run(["docker", "network", "ls", "--quiet", "--filter", f"label={LABEL}={name}"]).split():
        run(["docker", "network", "rm", network])
    listing = run(["docker", "volume", "ls", "--quiet", "--filter", f"label={LABEL}={name}"])
    for volume in listing.split():
        if caches or not volume.startswith(f"{name}-cache-"):
            run(["docker", "volume", "rm", volume])
    # On a cgroup v1 host the machine's branch of the unified hierarchy stays behind, empty.
    for mount in ("/sys/fs/cgroup/unified", "/sys/fs/cgroup"):
        branch = Path(mount) / name
        if branch.is_dir():
            for place in sorted((p for p in branch.rglob("*") if p.is_dir()), reverse=True):
                place.rmdir()
            branch.rmdir()


def machines() -> list[str]:
    """Return the names of all machines of this tool."""
    return run(["docker", "ps", "--all", "--filter", f"label={LABEL}", "--format", "{{.Names}}"]).split()
