"""Make, use and remove throw-away machines: containers that behave like a bare server.

A machine has its own first process, its own files and its own Docker engine once one is installed in
it; a reboot is a restart of the container. Nothing but Python's standard library is needed, so that
it runs before any virtualenv exists.
"""

from __future__ import annotations

import argparse
import dataclasses
import hashlib
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path

HERE = Path(__file__).resolve().parent
PREFIX = "inception-test-"
LABEL = "inception.test.machine"
HOST_AUTHORITIES = Path("/usr/local/share/ca-certificates")
CACHE = Path(os.environ.get("XDG_CACHE_HOME", str(Path.home() / ".cache"))) / "inception-tests"

# In the kernel's order, so that bit n of a capability mask is the n-th name.
# fmt: off
CAPABILITIES = (
    "CHOWN", "DAC_OVERRIDE", "DAC_READ_SEARCH", "FOWNER", "FSETID", "KILL", "SETGID", "SETUID", "SETPCAP",
    "LINUX_IMMUTABLE", "NET_BIND_SERVICE", "NET_BROADCAST", "NET_ADMIN", "NET_RAW", "IPC_LOCK", "IPC_OWNER",
    "SYS_MODULE", "SYS_RAWIO", "SYS_CHROOT", "SYS_PTRACE", "SYS_PACCT", "SYS_ADMIN", "SYS_BOOT", "SYS_NICE",
    "SYS_RESOURCE", "SYS_TIME", "SYS_TTY_CONFIG", "MKNOD", "LEASE", "AUDIT_WRITE", "AUDIT_CONTROL",
    "SETFCAP", "MAC_OVERRIDE", "MAC_ADMIN", "SYSLOG", "WAKE_ALARM", "BLOCK_SUSPEND", "AUDIT_READ",
    "PERFMON", "BPF", "CHECKPOINT_RESTORE",
)
# fmt: on
# Engines before 23 refuse these names.
YOUNG_CAPABILITIES = {"PERFMON", "BPF", "CHECKPOINT_RESTORE"}


class MachineError(Exception):
    """Something that the person who called must know, in one sentence."""


@dataclasses.dataclass(frozen=True)
class Kind:
    """What a machine is made of."""

    suite: str
    packages: tuple[str, ...]
    init: tuple[str, ...]

    @property
    def has_systemd(self) -> bool:
        """Tell whether the first process is systemd."""
        return "systemd-sysv" in self.packages


SYSTEMD = ("systemd", "systemd-sysv")
CONTROLLER = ("python3", "python3-venv", "make", "git", "ca-certificates")
KINDS = {
    "debian13-systemd": Kind("trixie", (*CONTROLLER, *SYSTEMD), ("/sbin/init",)),
    "debian12-plain": Kind("bookworm", CONTROLLER, ("/usr/bin/python3", "/usr/local/sbin/reaper.py")),
    "debian13-ssh": Kind("trixie", ("python3", "openssh-server", *SYSTEMD), ("/sbin/init",)),
}


def say(text: str) -> None:
    """Tell what is going on, away from standard output, which belongs to results."""
    print(f"machine: {text}", file=sys.stderr, flush=True)


def run(command: Sequence[str], *, check: bool = True, data: bytes | None = None) -> str:
    """Run a command and return what it printed; a failure carries what it complained of."""
    done = subprocess.run(list(command), check=False, capture_output=True, input=data)
    if check and done.returncode != 0:
        complaint = (done.stderr or done.stdout).decode(errors="replace").strip()
        raise MachineError(f"{' '.join(command[:4])} … failed ({done.returncode}): {complaint}")
    return done.stdout.decode(errors="replace").strip()


def succeeds(command: Sequence[str]) -> bool:
    """Tell whether a command succeeds."""
    return subprocess.run(list(command), check=False, capture_output=True).returncode == 0


# --- the outer engine -------------------------------------------------------------------------------


def install(programs: dict[str, str]) -> None:
    """Install the Debian packages of the programs (program: package) that are missing."""
    missing = sorted({package for program, package in programs.items() if shutil.which(program) is None})
    if not missing:
        return
    if os.geteuid() != 0 or shutil.which("apt-get") is None:
        raise MachineError(f"please install {', '.join(missing)}: that needs root rights on Debian")
    say(f"installing {', '.join(missing)}")
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    for command in (
        ["apt-get", "update", "-qq"],
        ["apt-get", "install", "-qq", "--yes", "--no-install-recommends", *missing],
    ):
        done = subprocess.run(command, check=False, env=environment, stdout=sys.stderr.fileno())
        if done.returncode != 0:
            raise MachineError(f"{' '.join(command)} failed ({done.returncode})")


def ensure_engine() -> None:
    """Make sure that a Docker engine answers; one that runs already is left alone."""
    if shutil.which("docker") and succeeds(["docker", "version"]):
        return
    programs = {"dockerd": "docker.io", "iptables": "iptables"}
    if shutil.which("docker") is None:
        # Debian 13 packages the client by itself; in Debian 12 it is a part of docker.io.
        split = succeeds(["apt-cache", "show", "docker-cli"])
        programs["docker"] = "docker-cli" if split else "docker.io"
    install(programs)
    # Where an init system runs, installing the package has started the engine.
    if wait_for(lambda: succeeds(["docker", "version"]), 5):
        return
    if os.geteuid() != 0:
        raise MachineError("no Docker engine answers, and only root can start one")
    if not any(" cgroup" in line for line in Path("/proc/mounts").read_text().splitlines()):
        say("mounting the control groups, which nobody has done yet")
        run(["mount", "-t", "cgroup2", "cgroup2", "/sys/fs/cgroup"])
    log = CACHE / "dockerd.log"
    log.parent.mkdir(parents=True, exist_ok=True)
    say(f"starting dockerd, its log is {log}")
    with log.open("ab") as output:
        subprocess.Popen(["dockerd"], stdin=subprocess.DEVNULL, stdout=output, stderr=output, start_new_session=True)
    if not wait_for(lambda: succeeds(["docker", "version"]), 60):
        tail = "\n".join(log.read_text(errors="replace").splitlines()[-10:])
        raise MachineError(f"dockerd does not answer; the end of its log:\n{tail}")


def wait_for(condition: Callable[[], bool], seconds: float, pause: float = 0.25) -> bool:
    """Call the condition until it holds or the time is over, and tell which of both happened."""
    end = time.monotonic() + seconds
    while True:
        if condition():
            return True
        if time.monotonic() >= end:
            return False
        time.sleep(pause)


def bounding_set() -> list[str]:
    """Return the names of the capabilities that this process could hand on."""
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith("CapBnd:"):
            mask = int(line.split()[1], 16)
            return [name for bit, name in enumerate(CAPABILITIES) if mask >> bit & 1]
    raise MachineError("/proc/self/status names no bounding set")


def privileges(image: str) -> list[str]:
    """Return the options of ``docker run`` that give a machine all the rights that this host can give.

    ``--privileged`` asks for every capability there is and fails where the host itself lacks one. Then
    each one of the bounding set is named instead, the youngest only where the engine knows them.
    """
    unconfined = ["seccomp=unconfined", "apparmor=unconfined", "systempaths=unconfined"]
    by_name = [part for option in unconfined for part in ("--security-opt", option)]
    by_name += ["--device-cgroup-rule", "a *:* rwm"]
    names = bounding_set()
    older = [name for name in names if name not in YOUNG_CAPABILITIES]
    candidates = [["--privileged"]]
    candidates += [[*by_name, *(f"--cap-add={name}" for name in group)] for group in (names, older)]
    complaint = ""
    for options in candidates:
        probe = ["docker", "run", "--rm", "--network=none", "--entrypoint=/bin/true", *options, image]
        done = subprocess.run(probe, check=False, capture_output=True, text=True)
        if done.returncode == 0:
            return options
        complaint = done.stderr.strip()
    raise MachineError(f"this engine can start no machine: {complaint}")


# --- images ----------------------------------------------------------------------------------------


def bootstrap_command(kind: Kind, target: Path) -> list[str]:
    """Return the command that makes the root of a machine as a tar file."""
    hooks = []
    if "openssh-server" in kind.packages:
        # Who removes the host keys must have them made anew, before the server looks for them.
        place = '"$1/etc/systemd/system/ssh.service.d"'
        unit = "[Service]\\nExecStartPre=\\nExecStartPre=ssh-keygen -A\\nExecStartPre=sshd -t\\n"
        hooks = [f"--customize-hook=mkdir {place} && printf '{unit}' >{place}/keys.conf"]
    return [
        "mmdebstrap",
        "--quiet",
        "--variant=minbase",
        f"--include={','.join(kind.packages)}",
        # A real machine makes its own identity at its first boot, and so does each of ours.
        '--customize-hook=rm -f "$1"/etc/ssh/ssh_host_* && : >"$1/etc/machine-id"',
        '--customize-hook=: >"$1/etc/hosts"',
        f"--customize-hook=upload {HERE / 'first-process.sh'} /usr/local/sbin/first-process",
        f"--customize-hook=upload {HERE / 'reaper.py'} /usr/local/sbin/reaper.py",
        '--customize-hook=chmod 0755 "$1/usr/local/sbin/first-process"',
        *hooks,
        kind.suite,
        str(target),
    ]


def recipe_hash(kind: Kind) -> str:
    """Return a short hash of everything that a machine's root is made from."""
    # Where the checkout lies is in the command, but makes no difference to what comes out of it.
    command = [part.replace(str(HERE), "") for part in bootstrap_command(kind, Path("root.tar"))]
    digest = hashlib.sha256(repr(command).encode())
    for name in ("first-process.sh", "reaper.py"):
        digest.update((HERE / name).read_bytes())
    return digest.hexdigest()[:12]


def build(name: str) -> str:
    """Make sure that the image of a kind exists, and return its name."""
    ensure_engine()
    kind = KINDS[name]
    version = recipe_hash(kind)
    image = f"{PREFIX}{name}:{version}"
    if succeeds(["docker", "image", "inspect", image]):
        return image
    tarball = CACHE / f"{name}-{version}.tar"
    if not tarball.exists():
        install({"mmdebstrap": "mmdebstrap"})
        CACHE.mkdir(parents=True, exist_ok=True)
        say(f"bootstrapping {name} ({', '.join(kind.packages)}), which takes about a minute")
        started = time.monotonic()
        with tempfile.TemporaryDirectory(dir=CACHE) as scratch:
            unfinished = Path(scratch) / "root.tar"
            run(bootstrap_command(kind, unfinished))
            unfinished.rename(tarball)
        for old in CACHE.glob(f"{name}-*.tar"):
            if old != tarball:
                old.unlink()
        say(f"bootstrapped {name} in {time.monotonic() - started:.0f} s")
    run(["docker", "import", str(tarball), image])
    return image


# --- machines --------------------------------------------------------------------------------------


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


def create(name: str, kind_name: str, *, cache: str, replace: bool, key: Path | None) -> None:
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
            *(image, "/usr/local/sbin/first-process", *kind.init),
        ]
    )
    if any(HOST_AUTHORITIES.glob("**/*.crt")):
        # Where a proxy inspects TLS, its authority must be known in the machine as it is here.
        run(["docker", "cp", f"{HOST_AUTHORITIES}/.", f"{name}:{HOST_AUTHORITIES}/"])
    run(["docker", "start", name])
    wait_until_up(name)
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


# --- the command line ------------------------------------------------------------------------------


def parse(arguments: Sequence[str]) -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(prog="machine", description=(__doc__ or "").splitlines()[0])
    commands = parser.add_subparsers(dest="command", required=True)

    commands.add_parser("engine", help="make sure that an outer Docker engine answers")
    one = commands.add_parser("build", help="make the image of a kind of machine")
    one.add_argument("--kind", choices=sorted(KINDS), required=True)

    one = commands.add_parser("create", help="create and boot a machine")
    one.add_argument("name")
    one.add_argument("--kind", choices=sorted(KINDS), required=True)
    one.add_argument("--replace", action="store_true", help="destroy a machine of that name first")
    one.add_argument("--authorized-key", type=Path, metavar="FILE", help="public key that may log in as root")
    group = one.add_mutually_exclusive_group()
    group.add_argument(
        "--cold", action="store_const", dest="cache", const="none", help="keep no download from earlier runs"
    )
    group.add_argument("--warm", action="store_const", dest="cache", const="warm", help="keep /var/cache/inception too")
    one.set_defaults(cache="downloads")

    one = commands.add_parser("exec", help="run a command in a machine")
    one.add_argument("--workdir")
    one.add_argument("--env", action="append", default=[], metavar="NAME=VALUE")
    one.add_argument("name")
    one.add_argument("arguments", nargs=argparse.REMAINDER)

    one = commands.add_parser("copy", help="copy a file or folder into a machine")
    one.add_argument("name")
    one.add_argument("source", type=Path)
    one.add_argument("target")

    one = commands.add_parser("checkout", help="put what is committed of a checkout into a machine")
    one.add_argument("name")
    one.add_argument("source", type=Path)
    one.add_argument("target")

    one = commands.add_parser("reboot", help="restart a machine")
    one.add_argument("name")
    one.add_argument("--power-cut", action="store_true", help="kill it instead of shutting it down")

    one = commands.add_parser("destroy", help="remove a machine and its disks")
    one.add_argument("names", nargs="*")
    one.add_argument("--all", action="store_true", help="every machine of this tool")
    one.add_argument("--caches", action="store_true", help="its cached downloads too")

    for command, text in (
        ("address", "print the machine's address"),
        ("known-hosts", "print the lines for an SSH client's known_hosts"),
    ):
        one = commands.add_parser(command, help=text)
        one.add_argument("name")
    commands.add_parser("list", help="print the names of all machines")
    return parser.parse_args(list(arguments))


def machines() -> list[str]:
    """Return the names of all machines of this tool."""
    return run(["docker", "ps", "--all", "--filter", f"label={LABEL}", "--format", "{{.Names}}"]).split()


def dispatch(options: argparse.Namespace) -> int:
    """Do what the command line asks for, and return the exit code."""
    name = full_name(options.name) if "name" in options else ""
    match options.command:
        case "engine":
            ensure_engine()
        case "build":
            print(build(options.kind))
        case "create":
            create(name, options.kind, cache=options.cache, replace=options.replace, key=options.authorized_key)
        case "exec":
            command = options.arguments[1:] if options.arguments[:1] == ["--"] else options.arguments
            return execute(name, command, options.workdir, options.env)
        case "copy":
            kind_of(name)
            run(["docker", "cp", str(options.source), f"{name}:{options.target}"])
        case "checkout":
            checkout(name, options.source, options.target)
        case "reboot":
            reboot(name, power_cut=options.power_cut)
        case "destroy":
            names = machines() if options.all else [full_name(one) for one in options.names]
            for one in names:
                destroy(one, caches=options.caches)
        case "address":
            print(address(name))
        case "known-hosts":
            print(known_hosts(name))
        case "list":
            print("\n".join(machines()))
    return 0


def main() -> int:
    """Run the tool; a failure is one message on standard error and exit code 2."""
    try:
        return dispatch(parse(sys.argv[1:]))
    except MachineError as error:
        say(str(error))
        return 2
