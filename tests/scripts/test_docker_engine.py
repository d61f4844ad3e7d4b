"""The scripts that bring the engine about, with the machine's own dpkg and its own list of authorities."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from support import ROOT, need
from support.sandbox import Sandbox

LOG = "/var/log/engine-test/dockerd.log"
BUNDLE = "/etc/ssl/certs/ca-certificates.crt"
PLACE = "/usr/local/share/ca-certificates/inception"


@pytest.fixture
def machine(sandbox: Sandbox) -> Sandbox:
    scripts = ROOT / "roles/docker_engine/files"
    sandbox.bring(scripts, "/usr/local/bin")
    for script in scripts.iterdir():
        sandbox.path(f"/usr/local/bin/{script.name}").chmod(0o755)
    return sandbox


class TestTrustAuthorities:
    @pytest.fixture(autouse=True)
    def _programs(self) -> None:
        need("update-ca-certificates", "authorities are trusted with it (Debian package ca-certificates)")
        need("openssl", "the authorities of the tests are made with it")

    @staticmethod
    def authority(machine: Sandbox, name: str, directory: str = "/srv/ca") -> str:
        """Make an authority; return its certificate."""
        machine.path(directory).mkdir(parents=True, exist_ok=True)
        path = f"{directory}/{name}.crt"
        command = ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"]
        done = machine.run(*command, "-subj", f"/CN={name}", "-keyout", "/dev/null", "-out", path)
        assert done.returncode == 0, done.stderr
        return machine.path(path).read_text()

    def test_what_is_not_trusted_yet_is_told_and_then_trusted_once(self, machine: Sandbox) -> None:
        certificates = [self.authority(machine, name) for name in ("one", "two")]
        machine.write("/srv/ca/readme.txt", "no certificate")
        before = machine.path(BUNDLE).read_bytes()
        assert machine.ok("trust_authorities.sh", "--check", "/srv/ca") == "one.crt\ntwo.crt\n"
        assert machine.path(BUNDLE).read_bytes() == before
        assert not machine.path(PLACE).exists()
        done = machine.run("trust_authorities.sh", "/srv/ca")
        assert (done.returncode, done.stdout) == (0, "one.crt\ntwo.crt\n")
        bundle = machine.path(BUNDLE).read_text()
        assert all(certificate in bundle for certificate in certificates)
        assert machine.ok("trust_authorities.sh", "/srv/ca") == ""
        assert machine.ok("trust_authorities.sh", "--check", "/srv/ca") == ""

    def test_an_authority_of_the_same_name_with_another_key_is_new(self, machine: Sandbox) -> None:
        self.authority(machine, "one")
        machine.run("trust_authorities.sh", "/srv/ca")
        other = self.authority(machine, "one")
        assert machine.run("trust_authorities.sh", "/srv/ca").stdout == "one.crt\n"
        assert other in machine.path(BUNDLE).read_text()

    def test_without_the_directory(self, machine: Sandbox) -> None:
        done = machine.run("trust_authorities.sh", "/srv/nowhere")
        assert (done.returncode, done.stdout) == (1, "")
        assert done.stderr == "inception_extra_ca_dir: there is no directory /srv/nowhere on this machine\n"

    def test_an_empty_directory(self, machine: Sandbox) -> None:
        machine.path("/srv/ca").mkdir(parents=True)
        assert machine.ok("trust_authorities.sh", "/srv/ca") == ""


class TestFinishPackages:
    @pytest.fixture(autouse=True)
    def _programs(self) -> None:
        need("dpkg-deb", "the machine of the tests is a Debian")

    @staticmethod
    def interrupted(machine: Sandbox) -> None:
        """Leave a package unpacked whose configuration was cut off; where it is finished, it writes whether services start."""
        machine.write(
            "/pkg/DEBIAN/control",
            "Package: half\nVersion: 1\nArchitecture: all\nMaintainer: x <x@y.z>\nDescription: x\n",
        )
        postinst = "#!/bin/sh\n/usr/sbin/policy-rc.d; echo $? >/policy\n[ ! -e /test/refuse ]\n"
        machine.write("/pkg/DEBIAN/postinst", postinst, 0o755)
        assert machine.run("dpkg-deb", "--build", "/pkg", "/half.deb").returncode == 0
        machine.write("/test/refuse", "")
        assert machine.run("dpkg", "--install", "/half.deb").returncode != 0
        machine.path("/test/refuse").unlink()
        machine.path("/policy").unlink()

    @pytest.fixture
    def policy(self, machine: Sandbox) -> Path:
        """Return where it is said whether services may start; nothing is said at first."""
        path = machine.path("/usr/sbin/policy-rc.d")
        path.unlink(missing_ok=True)
        return path

    def test_with_nothing_half_done_nothing_is_done(self, machine: Sandbox) -> None:
        machine.program("apt-get", "touch /called")
        assert machine.ok("finish_packages.sh") == ""
        assert not machine.path("/called").exists()

    def test_what_is_half_done_is_finished_without_starting_services(self, machine: Sandbox, policy: Path) -> None:
        self.interrupted(machine)
        done = machine.run("finish_packages.sh")
        assert (done.returncode, done.stdout) == (0, "finished\n"), done.stderr
        assert machine.ok("dpkg-query", "--show", "--showformat=${Status}", "half") == "install ok installed"
        assert machine.path("/policy").read_text() == "101\n"
        assert not policy.exists(), "it was there for as long as that took"
        assert machine.ok("finish_packages.sh") == ""

    def test_what_somebody_else_said_about_services_stays(self, machine: Sandbox, policy: Path) -> None:
        machine.write("/usr/sbin/policy-rc.d", "#!/bin/sh\nexit 104\n", 0o755)
        self.interrupted(machine)
        assert machine.run("finish_packages.sh").stdout == "finished\n"
        assert machine.path("/policy").read_text() == "104\n"
        assert policy.read_text() == "#!/bin/sh\nexit 104\n"

    def test_what_cannot_be_finished_is_no_success(self, machine: Sandbox, policy: Path) -> None:
        self.interrupted(machine)
        machine.write("/test/refuse", "")
        done = machine.run("finish_packages.sh")
        assert done.returncode != 0
        assert done.stdout == ""
        assert "half" in done.stderr
        assert not policy.exists()


class TestStartEngine:
    """The engine is stood in for by a process of its name, which Docker's command looks for."""

    @pytest.fixture(autouse=True)
    def engine(self, machine: Sandbox) -> None:
        # Without an init system the script mounts it, which would be the machine's own.
        machine.path("/sys/fs/cgroup").mkdir(parents=True, exist_ok=True)
        machine.ok("mount", "-t", "tmpfs", "cgroup", "/sys/fs/cgroup")
        machine.write("/usr/local/bin/docker", "#!/bin/sh\n[ -e /run/answers ]\n", 0o755)
        # The name of a script's process is that of its file.
        lines = [
            "#!/bin/bash",
            "[ ! -e /run/docker.pid ] || exit 1",
            "echo $$ >/run/docker.pid",
            "echo began >>/run/starts",
            "touch /run/answers",
            "sleep 60",
        ]
        machine.write("/usr/local/bin/dockerd", "\n".join([*lines, ""]), 0o755)

    @staticmethod
    def starts(machine: Sandbox) -> int:
        file = machine.path("/run/starts")
        return len(file.read_text().splitlines()) if file.exists() else 0

    def test_it_starts_once(self, machine: Sandbox) -> None:
        assert machine.ok("start_engine.sh", LOG, "10") == "started\n"
        assert machine.ok("start_engine.sh", LOG, "10") == "started\n"
        assert self.starts(machine) == 1
        assert machine.path(LOG).exists()

    @pytest.mark.parametrize("number", ["", "1", "999999"])
    def test_what_a_killed_engine_left_is_put_aside(self, machine: Sandbox, number: str) -> None:
        machine.write("/run/docker.pid", number)
        machine.write("/run/docker/containerd/containerd.pid", "1")
        machine.path("/run/containerd").mkdir()
        os.mknod(machine.path("/run/containerd/containerd.sock"), 0o140600)
        assert machine.ok("start_engine.sh", LOG, "10") == "started\n"
        assert self.starts(machine) == 1
        assert not machine.path("/run/docker/containerd/containerd.pid").exists(), "it named another process"
        assert not machine.path("/run/containerd/containerd.sock").exists(), "its server is gone"

    def test_an_engine_that_gives_up_is_told_by_the_end_of_its_log(self, machine: Sandbox) -> None:
        machine.write("/usr/local/bin/dockerd", "#!/bin/bash\nseq 100; echo no cgroups >&2; exit 1\n", 0o755)
        done = machine.run("start_engine.sh", LOG, "30")
        assert (done.returncode, done.stdout) == (1, "")
        said = done.stderr.splitlines()
        assert said[0] == f"The Docker engine did not start. The end of {LOG}:"
        assert said[1:] == [*(str(number) for number in range(87, 101)), "no cgroups"]

    def test_it_has_a_session_of_its_own(self, machine: Sandbox) -> None:
        machine.ok("start_engine.sh", LOG, "10")
        number = machine.path("/run/docker.pid").read_text().strip()
        session = machine.ok("cut", "-d", " ", "-f", "6", f"/proc/{number}/stat").strip()
        assert session == number, "it outlives the play and the login"
