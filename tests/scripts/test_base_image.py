"""The scripts that make, keep and load the base image; engine and bootstrap are stood in for.

A real bootstrap and a real engine are what the scenarios of Molecule run. Here is what those cannot do at will: damaged
copies, full disks, interruptions.
"""

from __future__ import annotations

import hashlib
import io
import json
import stat
import subprocess
import tarfile
from pathlib import Path

import pytest

from support import ROOT, wait_until
from support.sandbox import Sandbox

SCRIPTS = ROOT / "roles/base_image/files"
REFERENCE = "debian:12-slim"
ARCHIVE = "/var/lib/inception-test/base.tar"
STATE = "/var/lib/inception-test/base.id"
BOOTSTRAP = ("bootstrap_debian.sh", REFERENCE, "bookworm", ARCHIVE)
#: An engine whose images are files: what is in one is its id.
DOCKER = """
images=/var/lib/engine
echo "$*" >>/test/calls
[ ! -e /test/refuse ] || { echo 'no space left on device' >&2; exit 1; }
file=$images/$(echo "$5" | tr : _)
case "$1 ${2-}" in
    version*) [ -d "$images" ] ;;
    'load --quiet') cp "$4" "$images/debian_12-slim" ;;
    'save --output') echo half >"$3"; [ ! -e /test/hang ] || { touch /test/hangs; sleep 60; }; cp "$images/$(echo "$4" | tr : _)" "$3" ;;
    'image inspect') name=$3; [ "$3" != --format ] || name=$5; cat "$images/$(echo "$name" | tr : _)" 2>/dev/null || grep -qrx "$name" "$images" ;;
    'image rm') [ ! -e /test/used ] || exit 1; for f in "$images"/*; do if [ "$f" = "$images/$(echo "$3" | tr : _)" ] || [ "$(cat "$f")" = "$3" ]; then rm "$f"; fi; done ;;
esac
"""
#: Makes a tree that holds what the script looks for; the contents do not matter.
MMDEBSTRAP = r"""
printf '%s\n' "$*" >>/test/calls
for last in "$@"; do
    case $last in
        --setup-hook=*) setup=${last#*=} ;;
        --extract-hook=*) extract=${last#*=} ;;
        /*) root=$last ;;
    esac
done
mkdir -p "$root/usr/lib" "$root/usr/share/doc/base-files" "$root/usr/share/man/man1" "$root/usr/sbin" "$root/var/log"
"$setup" "$root"
[ ! -e /test/hang ] || { touch /test/hangs; sleep 60; }
[ ! -e /test/refuse ] || { echo 'E: no network' >&2; exit 1; }
touch -d @1700000000 "$root/usr/lib/libc.so.6"
touch "$root/usr/share/doc/base-files/copyright" "$root/usr/share/doc/base-files/changelog" "$root/usr/share/man/man1/ls.1" "$root/var/log/dpkg.log"
mkdir -p "$root/etc" "$root/dev" "$root/var/lib/dpkg" "$root/var/cache/debconf"
echo 'root:*:20000:0:99999:7:::' >"$root/etc/shadow"
echo builder >"$root/etc/hostname"
sh -c "$extract" sh "$root"
"""


@pytest.fixture
def machine(sandbox: Sandbox) -> Sandbox:
    sandbox.bring(SCRIPTS, "/usr/local/bin")
    for script in SCRIPTS.iterdir():
        sandbox.path(f"/usr/local/bin/{script.name}").chmod(0o755)
    sandbox.program("docker", DOCKER)
    sandbox.program("mmdebstrap", MMDEBSTRAP)
    sandbox.program("dpkg", "echo amd64")
    for directory in ("/var/lib/engine", "/var/lib/inception-test"):
        sandbox.path(directory).mkdir(parents=True)
    return sandbox


def calls(machine: Sandbox) -> list[str]:
    """Return what the programs that are stood in for were asked since the last time."""
    file = machine.path("/test/calls")
    lines = file.read_text().splitlines() if file.exists() else []
    file.unlink(missing_ok=True)
    return lines


def mark(machine: Sandbox, name: str) -> Path:
    return machine.write(f"/test/{name}", "")


def keep(machine: Sandbox, content: str) -> None:
    """Put an archive in place, with its checksum."""
    machine.write(ARCHIVE, content)
    digest = hashlib.sha256(content.encode()).hexdigest()
    machine.write(f"{ARCHIVE}.sha256", f"{digest}  base.tar\n")


def files(machine: Sandbox) -> set[str]:
    return {path.name for path in machine.path(ARCHIVE).parent.iterdir()}


def cut_off(machine: Sandbox, *command: str) -> None:
    """Start a command, and kill it in the middle of what it does."""
    hang = mark(machine, "hang")
    running = machine.start(*command)
    wait_until(machine.path("/test/hangs").exists)
    assert machine.cut_off(running)
    hang.unlink()


class TestLoad:
    LOAD = ("load_archive.sh", REFERENCE, ARCHIVE, STATE)

    def test_a_whole_archive_is_loaded(self, machine: Sandbox) -> None:
        keep(machine, "sha256:one")
        assert machine.ok(*self.LOAD) == "loaded\n"
        assert machine.path(STATE).read_text() == "sha256:one"
        assert files(machine) == {"base.tar", "base.tar.sha256", "base.id"}

    @pytest.mark.parametrize("missing", ["base.tar", "base.tar.sha256"])
    def test_without_an_archive_and_its_checksum_nothing_is_done(self, machine: Sandbox, missing: str) -> None:
        keep(machine, "sha256:one")
        machine.path(ARCHIVE).with_name(missing).unlink()
        assert machine.ok(*self.LOAD) == ""
        assert calls(machine) == []

    @pytest.mark.parametrize("content", ["", "sha256:on", "sha256:two"])
    def test_a_damaged_archive_is_removed(self, machine: Sandbox, content: str) -> None:
        keep(machine, "sha256:one")
        machine.write(ARCHIVE, content)
        done = machine.run(*self.LOAD)
        assert (done.returncode, done.stdout) == (0, "")
        assert done.stderr == f"{ARCHIVE} is damaged; the image is made anew\n"
        assert files(machine) == set()
        assert calls(machine) == []

    def test_the_former_image_goes(self, machine: Sandbox) -> None:
        machine.write("/var/lib/engine/former", "sha256:former")
        machine.write(STATE, "sha256:former")
        keep(machine, "sha256:one")
        assert machine.ok(*self.LOAD) == "loaded\n"
        assert not machine.path("/var/lib/engine/former").exists()

    def test_a_former_image_in_use_stays(self, machine: Sandbox) -> None:
        machine.write("/var/lib/engine/former", "sha256:former")
        machine.write(STATE, "sha256:former")
        keep(machine, "sha256:one")
        mark(machine, "used")
        done = machine.run(*self.LOAD)
        assert (done.returncode, done.stdout) == (0, "loaded\n")
        assert done.stderr == "the former base image is still in use\n"
        assert machine.path(STATE).read_text() == "sha256:one"

    def test_the_same_image_again_is_not_removed(self, machine: Sandbox) -> None:
        keep(machine, "sha256:one")
        machine.ok(*self.LOAD)
        machine.ok(*self.LOAD)
        assert not any(call.startswith("image rm") for call in calls(machine))

    def test_an_engine_that_refuses(self, machine: Sandbox) -> None:
        keep(machine, "sha256:one")
        mark(machine, "refuse")
        done = machine.run(*self.LOAD)
        assert (done.returncode, done.stdout, done.stderr) == (1, "", "no space left on device\n")
        assert files(machine) == {"base.tar", "base.tar.sha256"}, "the archive is not to blame"


class TestSave:
    SAVE = ("save_archive.sh", REFERENCE, ARCHIVE)

    @pytest.fixture(autouse=True)
    def image(self, machine: Sandbox) -> None:
        machine.write("/var/lib/engine/debian_12-slim", "sha256:one")

    def test_it_is_saved_once(self, machine: Sandbox) -> None:
        assert machine.ok(*self.SAVE) == "saved\n"
        assert files(machine) == {"base.tar", "base.tar.sha256"}
        for name in files(machine):
            assert stat.S_IMODE(machine.path(ARCHIVE).with_name(name).stat().st_mode) == 0o644
        calls(machine)
        assert machine.ok(*self.SAVE) == ""
        assert calls(machine) == []
        assert machine.ok("load_archive.sh", REFERENCE, ARCHIVE, STATE) == "loaded\n", "they fit together"

    def test_an_archive_without_its_checksum_is_made_anew(self, machine: Sandbox) -> None:
        machine.write(ARCHIVE, "sha256:half")
        assert machine.ok(*self.SAVE) == "saved\n"
        assert machine.path(ARCHIVE).read_text() == "sha256:one"

    def test_a_failure_leaves_nothing(self, machine: Sandbox) -> None:
        mark(machine, "refuse")
        done = machine.run(*self.SAVE)
        assert (done.returncode, done.stdout, done.stderr) == (1, "", "no space left on device\n")
        assert files(machine) == set()

    def test_an_interruption_leaves_nothing_that_counts(self, machine: Sandbox) -> None:
        cut_off(machine, *self.SAVE)
        assert not files(machine) & {"base.tar", "base.tar.sha256"}
        assert machine.ok(*self.SAVE) == "saved\n"
        assert files(machine) == {"base.tar", "base.tar.sha256"}, "what was begun is gone"


class TestRemove:
    REMOVE = ("remove_image.sh", REFERENCE, STATE)

    def test_the_image_that_was_brought_goes(self, machine: Sandbox) -> None:
        machine.write("/var/lib/engine/debian_12-slim", "sha256:one\n")
        machine.write(STATE, "sha256:one\n")
        assert machine.ok(*self.REMOVE) == "removed\n"
        assert files(machine) == set()

    def test_an_image_of_somebody_else_stays(self, machine: Sandbox) -> None:
        machine.write("/var/lib/engine/debian_12-slim", "sha256:other\n")
        machine.write(STATE, "sha256:one\n")
        assert machine.ok(*self.REMOVE) == ""
        assert machine.path("/var/lib/engine/debian_12-slim").exists()
        assert files(machine) == set()

    def test_without_a_record_nothing_is_removed(self, machine: Sandbox) -> None:
        machine.write("/var/lib/engine/debian_12-slim", "sha256:one\n")
        assert machine.ok(*self.REMOVE) == ""
        assert calls(machine) == []

    def test_without_an_engine(self, machine: Sandbox) -> None:
        machine.path("/var/lib/engine").rmdir()
        machine.write(STATE, "sha256:one\n")
        assert machine.ok(*self.REMOVE) == ""
        assert files(machine) == set()


class TestBootstrap:
    def test_the_archive_is_one_that_engines_load(self, machine: Sandbox) -> None:
        assert machine.ok(*BOOTSTRAP) == ""
        assert files(machine) == {"base.tar", "base.tar.sha256"}
        content = machine.path(ARCHIVE).read_bytes()
        digest = hashlib.sha256(content).hexdigest()
        assert machine.path(f"{ARCHIVE}.sha256").read_text() == f"{digest}  base.tar\n"
        with tarfile.open(fileobj=io.BytesIO(content)) as archive:
            parts = {member.name: archive.extractfile(member) for member in archive.getmembers()}
            read = {name: part.read() for name, part in parts.items() if part is not None}
        (manifest,) = json.loads(read["manifest.json"])
        assert manifest["RepoTags"] == [REFERENCE]
        assert set(read) == {"manifest.json", manifest["Config"], *manifest["Layers"]}
        assert manifest["Config"] == hashlib.sha256(read[manifest["Config"]]).hexdigest() + ".json"
        config = json.loads(read[manifest["Config"]])
        assert config["created"] == "2023-11-14T22:13:20Z", "the youngest file of its packages"
        (layer,) = (read[name] for name in manifest["Layers"])
        assert config["rootfs"]["diff_ids"] == [f"sha256:{hashlib.sha256(layer).hexdigest()}"]
        with tarfile.open(fileobj=io.BytesIO(layer)) as tree:
            names = set(tree.getnames())
        assert "./usr/share/doc/base-files/copyright" in names
        assert not names & {"./usr/share/doc/base-files/changelog", "./usr/share/man/man1/ls.1", "./var/log/dpkg.log"}
        assert "./etc/hostname" not in names, "that of the machine that this runs on"

    def test_the_same_packages_make_the_same_image(self, machine: Sandbox) -> None:
        machine.ok(*BOOTSTRAP)
        first = machine.path(ARCHIVE).read_bytes()
        machine.ok(*BOOTSTRAP)
        assert machine.path(ARCHIVE).read_bytes() == first

    def test_a_mirror_of_ones_own(self, machine: Sandbox) -> None:
        machine.ok(*BOOTSTRAP, "http://mirror.example/debian", "http://mirror.example/security")
        (call,) = calls(machine)
        assert "deb http://mirror.example/debian bookworm main" in call
        assert "deb http://mirror.example/debian bookworm-updates main" in call
        assert "deb http://mirror.example/security bookworm-security main" in call
        # The role gives empty names where none are set.
        machine.ok(*BOOTSTRAP, "", "")
        (call,) = calls(machine)
        assert "deb " not in call

    def test_a_failure_keeps_the_former_archive(self, machine: Sandbox) -> None:
        keep(machine, "sha256:former")
        refuse = mark(machine, "refuse")
        done = machine.run(*BOOTSTRAP)
        assert (done.returncode, done.stderr) == (1, "E: no network\n")
        refuse.unlink()
        assert files(machine) == {"base.tar", "base.tar.sha256"}
        assert machine.ok("load_archive.sh", REFERENCE, ARCHIVE, STATE) == "loaded\n"

    def test_an_interruption_keeps_the_former_archive(self, machine: Sandbox) -> None:
        keep(machine, "sha256:former")
        cut_off(machine, *BOOTSTRAP)
        assert "base.tar.work" not in machine.ok("cat", "/proc/1/mounts"), "nothing stays mounted"
        assert machine.ok("load_archive.sh", REFERENCE, ARCHIVE, STATE) == "loaded\n"
        machine.path("/test/hangs").unlink()
        machine.ok(*BOOTSTRAP)
        assert files(machine) == {"base.tar", "base.tar.sha256", "base.id"}, "what was begun is gone"

    def test_a_processor_without_a_base_image(self, machine: Sandbox) -> None:
        machine.program("dpkg", "echo riscv64")
        done = machine.run(*BOOTSTRAP)
        assert (done.returncode, done.stderr) == (1, "there is no base image for riscv64\n")
        assert files(machine) == set()


@pytest.mark.parametrize(
    ("script", "few", "many"),
    [
        ("bootstrap_debian.sh", 2, 6),
        ("bootstrap_debian.sh", 0, 4),
        ("load_archive.sh", 2, 4),
        ("save_archive.sh", 1, 3),
        ("remove_image.sh", 1, 3),
    ],
)
def test_usage(script: str, few: int, many: int, tmp_path: Path) -> None:
    for number in (few, many):
        command = ["sh", str(SCRIPTS / script), *("x" for _ in range(number))]
        done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=tmp_path)
        assert (done.returncode, done.stdout) == (2, "")
        assert done.stderr.startswith(f"usage: {script} REFERENCE ")
        assert done.stderr.count("\n") == 1
    assert list(tmp_path.iterdir()) == []
