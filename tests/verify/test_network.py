"""What can be reached, from outside and from inside, and how it is encrypted."""

from __future__ import annotations

import ipaddress
import re
import socket
import ssl
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest
from stack import SERVICES, Settings, Stack

OLD = [ssl.TLSVersion.TLSv1, ssl.TLSVersion.TLSv1_1]
NEW = [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3]


def open_ports(address: str) -> set[int]:
    """Return every TCP port of an address that accepts a connection."""

    def accepts(port: int) -> bool:
        with socket.socket() as client:
            client.settimeout(1)
            return client.connect_ex((address, port)) == 0

    ports = range(1, 65536)
    with ThreadPoolExecutor(max_workers=32) as pool:
        return {port for port, open_ in zip(ports, pool.map(accepts, ports, chunksize=512), strict=True) if open_}


@pytest.mark.requirement("E27", "E30", "E41", "R35", "C7")
def test_only_the_published_port_is_open(stack: Stack, settings: Settings) -> None:
    assert open_ports(stack.address) == {settings.https_port} | settings.other_ports


@pytest.mark.requirement("E27", "E30")
def test_plain_http_cannot_connect(stack: Stack) -> None:
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection((stack.address, 80), timeout=5)


@pytest.mark.requirement("R35", "C7")
def test_only_nginx_publishes_a_port(stack: Stack, settings: Settings) -> None:
    published = {
        service: {
            int(binding["HostPort"])
            for bindings in stack.inspect(service)["NetworkSettings"]["Ports"].values()
            for binding in bindings or []
        }
        for service in SERVICES
    }
    assert published == {"mariadb": set(), "wordpress": set(), "nginx": {settings.https_port}}


@pytest.mark.requirement("R28")
def test_domain_is_this_machine(stack: Stack, settings: Settings) -> None:
    addresses = {line.split()[0] for line in stack.execute("getent", "ahosts", settings.domain).splitlines()}
    own = {stack.address, "127.0.0.1", "::1"}
    assert addresses
    assert all(address in own or ipaddress.ip_address(address).is_loopback for address in addresses)


def client(version: ssl.TLSVersion, ca: str | None = None) -> ssl.SSLContext:
    """Return a client that speaks exactly one version of TLS."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    if ca is None:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
        # Without this OpenSSL itself refuses the old versions, and the test would prove nothing.
        context.set_ciphers("ALL:@SECLEVEL=0")
    else:
        context.load_verify_locations(cadata=ca)
    context.maximum_version = ssl.TLSVersion.MAXIMUM_SUPPORTED
    context.minimum_version = version
    context.maximum_version = version
    return context


@pytest.mark.filterwarnings("ignore:ssl.TLSVersion:DeprecationWarning")
@pytest.mark.requirement("E28", "E43", "R11")
@pytest.mark.parametrize("version", OLD)
def test_old_tls_is_refused_by_the_server(version: ssl.TLSVersion, stack: Stack, settings: Settings) -> None:
    raw = socket.create_connection((stack.address, settings.https_port), timeout=10)
    with raw, pytest.raises(ssl.SSLError) as refusal:
        client(version).wrap_socket(raw, server_hostname=settings.domain)
    # An alert is what the other side says; a client that cannot speak the version fails otherwise.
    assert "ALERT" in (refusal.value.reason or ""), refusal.value.reason


@pytest.mark.filterwarnings("ignore:ssl.TLSVersion:DeprecationWarning")
@pytest.mark.requirement("E28", "E43")
@pytest.mark.parametrize("version", OLD)
def test_the_client_of_that_test_does_speak_old_tls(version: ssl.TLSVersion) -> None:
    server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server.set_ciphers("AECDH:@SECLEVEL=0")
    server.minimum_version = version
    server.maximum_version = version
    ours, theirs = socket.socketpair()

    def serve() -> None:
        with server.wrap_socket(theirs, server_side=True) as connection:
            connection.send(b"hello")

    thread = threading.Thread(target=serve)
    thread.start()
    with client(version).wrap_socket(ours) as connection:
        assert connection.recv(5) == b"hello"
    thread.join()


@pytest.mark.requirement("E28", "E43", "R11", "C11")
@pytest.mark.parametrize("version", NEW)
def test_new_tls_with_a_verified_chain(version: ssl.TLSVersion, stack: Stack, settings: Settings) -> None:
    context = client(version, stack.read(f"{stack.secrets_dir}/tls_ca.crt"))
    raw = socket.create_connection((stack.address, settings.https_port), timeout=10)
    # The handshake verifies the chain, the dates and the name.
    with raw, context.wrap_socket(raw, server_hostname=settings.domain) as connection:
        certificate = connection.getpeercert()
        cipher, protocol, _ = connection.cipher() or ("", "", 0)
    assert certificate is not None
    assert ("DNS", settings.domain) in certificate["subjectAltName"]
    assert protocol == {"TLSv1_2": "TLSv1.2", "TLSv1_3": "TLSv1.3"}[version.name]
    if version == ssl.TLSVersion.TLSv1_2:
        # The name of the suite says that the key is an elliptic curve's and the cipher authenticates.
        assert cipher.startswith("ECDHE-ECDSA-")
        assert "GCM" in cipher or "POLY1305" in cipher


@pytest.fixture
def certificate(stack: Stack) -> Iterator[str]:
    """The path of the site's certificate, which is put back, and loaded, in the end."""
    path = f"{stack.secrets_dir}/tls.crt"
    stack.shell(f"cp {path} /root/tls.crt.kept")
    yield path
    stack.shell(f"cat /root/tls.crt.kept >{path} && rm /root/tls.crt.kept")
    stack.docker("exec", stack.container("nginx"), "reload.sh")


def presented(stack: Stack, settings: Settings) -> tuple[str, str]:
    """Return the certificate that a new connection meets, and the HSTS header."""
    raw = socket.create_connection((stack.address, settings.https_port), timeout=10)
    with raw, client(ssl.TLSVersion.TLSv1_2).wrap_socket(raw, server_hostname=settings.domain) as connection:
        certificate = ssl.DER_cert_to_PEM_cert(connection.getpeercert(binary_form=True) or b"")
        connection.sendall(f"HEAD / HTTP/1.1\r\nHost: {settings.domain}\r\nConnection: close\r\n\r\n".encode())
        answer = b"".join(iter(lambda: connection.recv(4096), b"")).decode()
    found = re.search(r"(?im)^strict-transport-security: (.*)\r$", answer)
    return certificate, found.group(1) if found else ""


@pytest.mark.requirement("C11")
def test_a_certificate_from_elsewhere_is_loaded_without_a_break(
    stack: Stack, settings: Settings, certificate: str
) -> None:
    nginx = stack.container("nginx")
    former, header = presented(stack, settings)
    assert header == ""
    started = stack.inspect("nginx")["State"]["StartedAt"]
    # A visitor who has asked for half of something when it happens.
    raw = socket.create_connection((stack.address, settings.https_port), timeout=10)
    with raw, client(ssl.TLSVersion.TLSv1_2).wrap_socket(raw, server_hostname=settings.domain) as slow:
        slow.sendall(b"HEAD / HTTP/1.1\r\n")
        folder = stack.secrets_dir
        stack.shell(
            f"openssl req -x509 -key {folder}/tls.key -subj /CN={settings.domain} -days 30"
            f" -addext subjectAltName=DNS:{settings.domain} -out /root/tls.crt.new 2>/dev/null"
            f" && cat /root/tls.crt.new >{certificate} && rm /root/tls.crt.new"
        )
        stack.docker("exec", nginx, "reload.sh", "--if-newer")
        deadline = time.monotonic() + 30
        while (seen := presented(stack, settings))[0] == former and time.monotonic() < deadline:
            time.sleep(0.2)
        assert seen == (stack.read(certificate), "max-age=31536000")
        slow.sendall(f"Host: {settings.domain}\r\n\r\n".encode())
        assert slow.recv(4096).startswith(b"HTTP/1.1 200 ")
    assert stack.inspect("nginx")["State"]["StartedAt"] == started


@pytest.mark.requirement("C11")
def test_a_certificate_that_nginx_refuses_is_not_loaded(stack: Stack, settings: Settings, certificate: str) -> None:
    former = presented(stack, settings)
    stack.shell(f"echo none >{certificate}")
    refused = stack.attempt("docker", "exec", stack.container("nginx"), "reload.sh")
    assert refused.returncode != 0
    assert "cannot load certificate" in refused.stderr
    assert presented(stack, settings) == former


@pytest.mark.requirement("C7")
@pytest.mark.parametrize("owner", ["mariadb", "wordpress"])
def test_inner_service_is_out_of_reach_for_foreign_containers(owner: str, stack: Stack, foreign_network: str) -> None:
    port = int(stack.env["DB_PORT" if owner == "mariadb" else "PHP_FPM_PORT"])
    network = stack.network
    target = stack.inspect(owner)["NetworkSettings"]["Networks"][network]["IPAddress"]
    image = stack.inspect("nginx")["Config"]["Image"]

    def reaches(from_network: str) -> bool:
        # A container of that network lends its network alone; the client is the machine's own Python.
        probe = stack.docker(
            *("run", "--detach", "--rm", "--network", from_network, "--entrypoint", "sleep", image, "60")
        ).strip()
        pid = stack.docker("inspect", "--format", "{{.State.Pid}}", probe).strip()
        code = f"import socket; socket.create_connection(({target!r}, {port}), timeout=3)"
        done = stack.attempt("nsenter", "--target", pid, "--net", "python3", "-c", code)
        stack.docker("rm", "--force", probe)
        return done.returncode == 0

    assert reaches(network), "the probe itself does not work"
    assert not reaches(foreign_network)
