"""The script that makes certificates, with the real openssl: what it makes, what it keeps, what it refuses."""

from __future__ import annotations

import os
import shutil
import subprocess
import time
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from functools import cache
from ipaddress import ip_address
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from support import ROOT, need
from support.sandbox import as_nobody

SCRIPT = ROOT / "srcs/requirements/tools/certificates.sh"
DOMAIN = "wil.42.fr"
UID = 4242
NOW = datetime.now(UTC)
PrivateKey = rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey


@pytest.fixture(autouse=True)
def _openssl() -> None:
    need("openssl", "the certificates are made with it")


@pytest.fixture
def secrets(tmp_path: Path) -> Path:
    return tmp_path / "secrets"


def script(secrets: Path, *arguments: str, check: bool = False, domain: str = DOMAIN) -> list[str]:
    """Run it; return the names of what it says it did."""
    done = attempt(secrets, *arguments, check=check, domain=domain)
    assert (done.returncode, done.stderr) == (0, "")
    return done.stdout.replace(f"{secrets}/", "").splitlines()


def attempt(
    secrets: Path, *arguments: str, check: bool = False, domain: str = DOMAIN
) -> subprocess.CompletedProcess[str]:
    command = [str(SCRIPT), *(["--check"] if check else []), str(secrets), domain, str(UID), *arguments]
    return subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False, timeout=60)


@pytest.fixture(scope="session")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What the script makes, to be copied: making it waits for the disk."""
    directory = tmp_path_factory.mktemp("made") / "secrets"
    script(directory)
    return directory


def contents(secrets: Path) -> dict[str, bytes]:
    return {path.name: bytes(path.readlink()) if path.is_symlink() else path.read_bytes() for path in secrets.iterdir()}


def load(path: Path) -> x509.Certificate:
    return x509.load_pem_x509_certificate(path.read_bytes())


def names(certificate: x509.Certificate) -> list[str]:
    extension = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName)
    return extension.value.get_values_for_type(x509.DNSName)


@cache
def rsa_key(bits: int = 2048) -> rsa.RSAPrivateKey:
    return rsa.generate_private_key(65537, bits)


def ec_key() -> ec.EllipticCurvePrivateKey:
    return ec.generate_private_key(ec.SECP256R1())


def pem(key: PrivateKey, password: bytes = b"") -> bytes:
    sealed = serialization.BestAvailableEncryption(password) if password else serialization.NoEncryption()
    return key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, sealed)


def name(text: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, text)])


def alternative(name: str) -> x509.GeneralName:
    return x509.IPAddress(ip_address(name)) if name.replace(".", "").isdigit() else x509.DNSName(name)


def signed(
    key: PrivateKey,
    domains: Sequence[str] = (DOMAIN,),
    days: tuple[float, float] = (-10, 80),
    by: tuple[PrivateKey, x509.Name] | None = None,
    usage: x509.ObjectIdentifier = ExtendedKeyUsageOID.SERVER_AUTH,
) -> bytes:
    """Return a certificate of another authority."""
    signer, issuer = by or (ec_key(), name("Some Public CA"))
    builder = (
        x509.CertificateBuilder()
        .subject_name(name(domains[0]))
        .issuer_name(issuer)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(NOW + timedelta(days=days[0]))
        .not_valid_after(NOW + timedelta(days=days[1]))
        .add_extension(x509.SubjectAlternativeName([alternative(one) for one in domains]), critical=False)
        .add_extension(x509.ExtendedKeyUsage([usage]), critical=False)
    )
    return builder.sign(signer, hashes.SHA256()).public_bytes(serialization.Encoding.PEM)


def authority(key: PrivateKey, days: float = 1000, ca: bool = True) -> bytes:
    subject = name("The authority of the house")
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(NOW - timedelta(days=1000))
        .not_valid_after(NOW + timedelta(days=days))
        .add_extension(x509.BasicConstraints(ca=ca, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
        .public_bytes(serialization.Encoding.PEM)
    )


def bring(secrets: Path, key: bytes | None, certificate: bytes | None, stem: str = "tls") -> None:
    secrets.mkdir(exist_ok=True)
    for suffix, content in (("key", key), ("crt", certificate)):
        if content is not None:
            (secrets / f"{stem}.{suffix}").write_bytes(content)


def verifies(secrets: Path, certificate: str = "tls.crt") -> bool:
    command = ["openssl", "verify", "-CAfile", str(secrets / "tls_ca.crt"), "-purpose", "sslserver"]
    return subprocess.run([*command, str(secrets / certificate)], capture_output=True, check=False).returncode == 0


def age(secrets: Path, days: float, domains: Sequence[str] = (DOMAIN,)) -> bytes:
    """Put a certificate of the local authority in place that has some days left; return it."""
    signer = serialization.load_pem_private_key((secrets / "tls_ca.key").read_bytes(), None)
    key = serialization.load_pem_private_key((secrets / "tls.key").read_bytes(), None)
    assert isinstance(signer, PrivateKey)
    assert isinstance(key, PrivateKey)
    made = signed(key, domains, (-300, days), (signer, load(secrets / "tls_ca.crt").subject))
    (secrets / "tls.crt").write_bytes(made)
    return made


class TestOfOurOwn:
    def test_all_is_made_once(self, secrets: Path) -> None:
        made = ["made tls_ca.key", "made tls_ca.crt", "made tls.key", "made tls.crt"]
        assert script(secrets, check=True) == [line.replace("made", "would make") for line in made]
        assert not secrets.exists()
        assert script(secrets) == made
        before = contents(secrets)
        assert set(before) == {"tls_ca.key", "tls_ca.crt", "tls.key", "tls.crt"}, "nothing else is left behind"
        assert script(secrets, check=True) == script(secrets) == []
        assert contents(secrets) == before
        assert verifies(secrets)

    def test_names_and_dates(self, secrets: Path) -> None:
        script(secrets, "www.wil.42.fr")
        certificate = load(secrets / "tls.crt")
        assert names(certificate) == [DOMAIN, "www.wil.42.fr"]
        assert certificate.not_valid_after_utc - certificate.not_valid_before_utc == timedelta(days=397)
        ca = load(secrets / "tls_ca.crt")
        assert ca.not_valid_after_utc - ca.not_valid_before_utc == timedelta(days=3650)
        assert certificate.issuer == ca.subject

    def test_who_may_read(self, secrets: Path) -> None:
        script(secrets)
        modes = {path.name: (path.stat().st_uid, path.stat().st_mode & 0o777) for path in secrets.iterdir()}
        assert modes == {
            "tls_ca.key": (0, 0o400),
            "tls.key": (UID, 0o400),
            "tls_ca.crt": (0, 0o644),
            "tls.crt": (0, 0o644),
        }
        (secrets / "tls.key").chmod(0o644)
        assert script(secrets, check=True) == [f"would give tls.key to uid {UID}"]
        assert script(secrets) == [f"gave tls.key to uid {UID}"]
        assert (secrets / "tls.key").stat().st_mode & 0o777 == 0o400

    @pytest.mark.parametrize(("days", "due"), [(31, False), (29, True), (-1, True)])
    def test_the_certificate_is_renewed_in_its_last_thirty_days(self, secrets: Path, days: float, due: bool) -> None:
        script(secrets)
        age(secrets, days)
        before, inode = contents(secrets), (secrets / "tls.crt").stat().st_ino
        assert script(secrets, check=True) == (["would make tls.crt"] if due else [])
        assert contents(secrets) == before
        assert script(secrets) == (["made tls.crt"] if due else [])
        after = contents(secrets)
        assert {file for file in before if before[file] != after[file]} == ({"tls.crt"} if due else set())
        assert set(after) == set(before)
        assert verifies(secrets)
        # A container that runs has the file mounted, and sees what is written into it.
        assert (secrets / "tls.crt").stat().st_ino == inode

    def test_a_longer_certificate_is_followed_by_nothing_of_it(self, secrets: Path) -> None:
        script(secrets, *(f"name-{number}.example.org" for number in range(60)))
        longer = (secrets / "tls.crt").stat().st_size
        assert script(secrets) == ["made tls.crt"]
        assert (secrets / "tls.crt").stat().st_size < longer
        assert (secrets / "tls.crt").read_text(encoding="ascii").count("-----") == 4

    def test_other_names_are_another_certificate(self, secrets: Path) -> None:
        script(secrets)
        key = (secrets / "tls.key").read_bytes()
        assert script(secrets, domain="blog.42.fr") == ["made tls.crt"]
        assert names(load(secrets / "tls.crt")) == ["blog.42.fr"]
        assert (secrets / "tls.key").read_bytes() == key

    def test_a_new_authority_signs_anew(self, secrets: Path) -> None:
        script(secrets)
        key = (secrets / "tls.key").read_bytes()
        (secrets / "tls_ca.key").unlink()
        (secrets / "tls_ca.crt").unlink()
        assert script(secrets) == ["made tls_ca.key", "made tls_ca.crt", "made tls.crt"]
        assert (secrets / "tls.key").read_bytes() == key
        assert verifies(secrets)

    def test_an_address_is_one_for_browsers_too(self, secrets: Path) -> None:
        script(secrets, "10.0.0.5", "blog.42.fr")
        extension = load(secrets / "tls.crt").extensions.get_extension_for_class(x509.SubjectAlternativeName)
        assert names(load(secrets / "tls.crt")) == [DOMAIN, "blog.42.fr"]
        assert extension.value.get_values_for_type(x509.IPAddress) == [ip_address("10.0.0.5")]
        assert script(secrets, "10.0.0.5", "blog.42.fr") == []
        assert script(secrets, "10.0.0.50", "blog.42.fr") == ["made tls.crt"]
        assert script(secrets, domain="10.0.0.5") == ["made tls.crt"]
        assert script(secrets, domain="10.0.0.5") == []

    @pytest.mark.parametrize("address", ["10.0.0", "10.0.0.256", "10.0.0.5.", "10.0.0.05", "1.2.3.4.5"])
    def test_what_is_no_address(self, secrets: Path, address: str) -> None:
        for done in (attempt(secrets, domain=address), attempt(secrets, address)):
            assert (done.returncode, done.stderr) == (1, f"certificates.sh: '{address}' is no IPv4 address.\n")
        assert not secrets.exists()

    @pytest.mark.parametrize(
        ("arguments", "sentence"),
        [
            ([], "usage: certificates.sh [--check] DIRECTORY DOMAIN UID [NAME...]"),
            (["secrets", DOMAIN], "usage: certificates.sh [--check] DIRECTORY DOMAIN UID [NAME...]"),
            (["secrets", DOMAIN, "www-data"], "the user of NGINX must be a number, not 'www-data'."),
        ],
    )
    def test_usage(self, arguments: list[str], sentence: str, tmp_path: Path) -> None:
        done = subprocess.run([str(SCRIPT), *arguments], capture_output=True, text=True, check=False, cwd=tmp_path)
        assert (done.returncode, done.stderr) == (1, f"certificates.sh: {sentence}\n")
        assert list(tmp_path.iterdir()) == []

    def test_only_root_makes_certificates(self, secrets: Path) -> None:
        done = as_nobody(SCRIPT, str(secrets), DOMAIN, str(UID))
        assert done.returncode == 1
        assert done.stderr == "certificates.sh: run it as root: the key of the authority belongs to root.\n"
        assert not secrets.exists()

    @pytest.mark.parametrize("domain", ["", "wil.42.fr/..", "*", "a b"])
    def test_what_is_no_host_name(self, secrets: Path, domain: str) -> None:
        done = attempt(secrets, domain=domain)
        assert done.returncode == 1
        assert done.stderr == f"certificates.sh: '{domain}' is no host name.\n"
        assert not secrets.exists()


class TestInterrupted:
    def test_a_kill_tears_no_certificate(self, secrets: Path) -> None:
        script(secrets)
        command = [str(SCRIPT), str(secrets), DOMAIN, str(UID)]
        for number in range(8):
            age(secrets, 1)
            running = subprocess.Popen(command, stdout=subprocess.DEVNULL, start_new_session=True)
            time.sleep(number * 0.03)
            os.killpg(running.pid, 9)
            running.wait()
            assert verifies(secrets), "NGINX may be started anew at this very moment"
            script(secrets)
            assert load(secrets / "tls.crt").not_valid_after_utc > NOW + timedelta(days=390)
            assert set(contents(secrets)) == {"tls_ca.key", "tls_ca.crt", "tls.key", "tls.crt"}

    @pytest.mark.parametrize("stem", ["tls", "tls_ca"])
    @pytest.mark.parametrize("left", [0, 200])
    def test_what_a_power_cut_tore_is_made_anew(self, secrets: Path, stem: str, left: int) -> None:
        script(secrets)
        keys = {file: (secrets / file).read_bytes() for file in ("tls.key", "tls_ca.key")}
        whole = (secrets / f"{stem}.crt").read_bytes()
        # The new one is on the disk before the former one is written over.
        (secrets / f".{stem}.crt.new").write_bytes(whole)
        (secrets / f"{stem}.crt").write_bytes(whole[:left])
        assert f"would make {stem}.crt" in script(secrets, check=True)
        assert f"made {stem}.crt" in script(secrets)
        assert verifies(secrets)
        assert {file: (secrets / file).read_bytes() for file in keys} == keys
        assert script(secrets) == []


class TestOfOthers:
    @pytest.mark.parametrize("make_key", [rsa_key, ec_key])
    @pytest.mark.parametrize("existing", [True, False], ids=["over ours", "at first"])
    def test_a_certificate_of_another_authority_is_kept(
        self, secrets: Path, made: Path, make_key: type[PrivateKey], existing: bool
    ) -> None:
        if existing:
            shutil.copytree(made, secrets)
        key = make_key()
        chain = signed(key, ["*.42.fr", "42.fr"], (-60, 20)) + authority(ec_key())
        bring(secrets, pem(key), chain)
        script(secrets, check=True)
        script(secrets)
        assert (secrets / "tls.key").read_bytes() == pem(key)
        assert (secrets / "tls.crt").read_bytes() == chain
        assert (secrets / "tls.key").stat().st_uid == UID
        assert (secrets / "tls_ca.crt").exists(), "WordPress has it mounted"
        assert script(secrets, check=True) == script(secrets) == []

    def test_one_for_an_address(self, secrets: Path) -> None:
        key = rsa_key()
        other, right = (signed(key, [DOMAIN, address]) for address in ("10.0.0.6", "10.0.0.5"))
        bring(secrets, pem(key), other)
        done = attempt(secrets, "10.0.0.5")
        assert (done.returncode, done.stdout) == (1, "")
        assert done.stderr.startswith(f"certificates.sh: {secrets}/tls.crt cannot be used: IP address mismatch. ")
        bring(secrets, pem(key), right)
        script(secrets, "10.0.0.5")
        assert (secrets / "tls.crt").read_bytes() == right

    def test_a_self_signed_certificate_is_kept(self, secrets: Path) -> None:
        key = rsa_key()
        certificate = signed(key, by=(key, name(DOMAIN)))
        bring(secrets, pem(key), certificate)
        script(secrets)
        assert (secrets / "tls.crt").read_bytes() == certificate

    def test_nginx_must_be_able_to_read_it(self, secrets: Path) -> None:
        script(secrets)
        key = rsa_key()
        bring(secrets, pem(key), signed(key))
        (secrets / "tls.crt").chmod(0o600)
        assert script(secrets, check=True) == ["would let everybody read tls.crt"]
        assert script(secrets) == ["let everybody read tls.crt"]
        assert (secrets / "tls.crt").stat().st_mode & 0o777 == 0o444

    def test_a_key_without_a_certificate_gets_one(self, secrets: Path) -> None:
        key = rsa_key()
        bring(secrets, pem(key), None)
        assert script(secrets)[-1] == "made tls.crt"
        assert (secrets / "tls.key").read_bytes() == pem(key)
        assert verifies(secrets)
        assert script(secrets) == []

    def test_the_way_back_to_the_local_authority(self, secrets: Path) -> None:
        key = rsa_key()
        bring(secrets, pem(key), signed(key))
        script(secrets)
        (secrets / "tls.crt").unlink()
        assert script(secrets) == ["made tls.crt"]
        assert (secrets / "tls.key").read_bytes() == pem(key)
        assert verifies(secrets)

    def test_an_authority_of_the_house_signs(self, secrets: Path) -> None:
        key = rsa_key()
        bring(secrets, pem(key), authority(key, days=10), "tls_ca")
        before = contents(secrets)
        assert script(secrets) == ["made tls.key", "made tls.crt"]
        assert {file: contents(secrets)[file] for file in before} == before
        assert verifies(secrets)
        # What it signed is ours to renew.
        assert script(secrets, domain="blog.42.fr") == ["made tls.crt"]
        assert script(secrets, domain="blog.42.fr") == []

    def test_the_authority_of_a_certificate_needs_no_key(self, secrets: Path) -> None:
        key, signer = rsa_key(), rsa_key()
        bring(secrets, pem(key), signed(key, by=(signer, name("The authority of the house"))))
        bring(secrets, None, authority(signer), "tls_ca")
        before = contents(secrets)
        script(secrets)
        assert contents(secrets) == before

    @pytest.mark.parametrize(
        ("case", "sentence"),
        [
            ("other key", "tls.crt and {}/tls.key do not belong together: put the right key there, or remove"),
            ("our key", "tls.crt and {}/tls.key do not belong together: put the right key there, or remove"),
            ("no key", "tls.crt comes from another authority, but its key {}/tls.key is missing: "),
            ("expired", "tls.crt cannot be used: certificate has expired. Put a better one there, "),
            ("not yet", "tls.crt cannot be used: certificate is not yet valid. "),
            ("other name", "tls.crt cannot be used: hostname mismatch. "),
            ("for clients", "tls.crt cannot be used: unsuitable certificate purpose. "),
            ("weak key", "tls.crt cannot be used: EE certificate key too weak. "),
            ("garbage", "tls.crt is no certificate in PEM form: put it right, or remove it and one is made."),
            ("empty", "tls.crt is no certificate in PEM form: "),
            ("garbage key", "tls.key is no private key that can be read without a password: put it right, "),
            ("password", "tls.key is no private key that can be read without a password: put it right, "),
            ("dangling", "tls.crt leads nowhere: put the file itself there, or remove the link."),
            ("no authority", "tls_ca.crt is not the certificate of an authority: "),
            ("expired authority", "tls_ca.crt cannot be used: certificate has expired. "),
            ("authority without key", "tls_ca.crt comes from another authority, but its key {}/tls_ca.key is missing"),
        ],
    )
    @pytest.mark.parametrize("existing", [True, False], ids=["over ours", "at first"])
    def test_what_cannot_be_used_is_told_and_nothing_touched(  # noqa: C901 -- a table: each case has a set-up of its own
        self, secrets: Path, made: Path, case: str, sentence: str, existing: bool
    ) -> None:
        if existing:
            shutil.copytree(made, secrets)
        key = rsa_key(1024) if case == "weak key" else rsa_key()
        good = signed(key)
        match case:
            case "other key":
                bring(secrets, pem(ec_key()), good)
            case "our key":
                bring(secrets, None if existing else pem(ec_key()), good)
            case "no key":
                bring(secrets, None, good)
                (secrets / "tls.key").unlink(missing_ok=True)
            case "expired":
                bring(secrets, pem(key), signed(key, days=(-90, -1)))
            case "not yet":
                bring(secrets, pem(key), signed(key, days=(1, 90)))
            case "other name":
                bring(secrets, pem(key), signed(key, ["tux.42.fr"]))
            case "for clients":
                bring(secrets, pem(key), signed(key, usage=ExtendedKeyUsageOID.CLIENT_AUTH))
            case "weak key":
                bring(secrets, pem(key), good)
            case "garbage" | "empty":
                bring(secrets, pem(key), good[:300] if case == "garbage" else b"")
            case "garbage key":
                bring(secrets, pem(key)[:300], good)
            case "password":
                bring(secrets, pem(key, b"hunter2"), good)
            case "dangling":
                bring(secrets, pem(key), None)
                (secrets / "tls.crt").unlink(missing_ok=True)
                (secrets / "tls.crt").symlink_to("fullchain.pem")
            case "no authority" | "expired authority":
                bring(
                    secrets,
                    pem(key),
                    authority(key, -1 if case != "no authority" else 9, ca=case != "no authority"),
                    "tls_ca",
                )
            case "authority without key":
                bring(secrets, None, authority(key), "tls_ca")
                (secrets / "tls_ca.key").unlink(missing_ok=True)
        before = contents(secrets)
        answers = [attempt(secrets, check=check) for check in (True, False)]
        for done in answers:
            assert done.returncode == 1
            assert done.stdout == ""
            assert done.stderr.startswith(f"certificates.sh: {secrets}/{sentence.format(secrets)}")
            assert done.stderr.count("\n") == 1
        assert contents(secrets) == before
