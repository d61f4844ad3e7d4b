"""The images of the machines: a bootstrapped Debian of each kind."""

from __future__ import annotations

import dataclasses
import hashlib
import tempfile
import time
from pathlib import Path

from inception_evaluate.machine_tool.outer_engine import CACHE, PREFIX, ensure_engine, install, run, say, succeeds

HERE = Path(__file__).resolve().parent


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
