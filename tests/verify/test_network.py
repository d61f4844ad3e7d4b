"""What can be reached, from outside and from inside, and how it is encrypted."""

from __future__ import annotations

import ipaddress
import re
import socket
import ssl
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest

from support.stack import SERVICES, Settings, Stack

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
def certificate(stack: Stack, settings: Settings) -> Iterator[str]:
    """The path of the site's certificate, which is put back, and loaded, in the end."""
    path = f"{stack.secrets_dir}/tls.crt"
    stack.shell(f"cp {path} /root/tls.crt.kept")
    yield path
    stack.shell(f"cat /root/tls.crt.kept >{path} && rm /root/tls.crt.kept")
    stack.docker("exec", stack.container("nginx"), "reload.sh")
    # The former processes may take a connection or two more.
    deadline = time.monotonic() + 30
    while presented(stack, settings)[0] != stack.read(path) and time.monotonic() < deadline:
        time.sleep(0.2)


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


@pytest.mark.requirement("E28", "E43", "C12")
@pytest.mark.parametrize("name", [None, "localhost", "www.example.org"])
@pytest.mark.parametrize("version", NEW)
def test_any_name_gets_tls_and_nothing_of_the_site(
    name: str | None, version: ssl.TLSVersion, stack: Stack, settings: Settings
) -> None:
    context = client(version, stack.read(f"{stack.secrets_dir}/tls_ca.crt"))
    # The chain is verified, but the certificate is for the site's name.
    context.check_hostname = False
    raw = socket.create_connection((stack.address, settings.https_port), timeout=10)
    with raw, context.wrap_socket(raw, server_hostname=name) as connection:
        connection.sendall(f"GET / HTTP/1.1\r\nHost: {name or stack.address}\r\nConnection: close\r\n\r\n".encode())
        answer = b"".join(iter(lambda: connection.recv(65536), b"")).decode()
    assert answer.startswith("HTTP/1.1 421 ")
    assert "wp-" not in answer
    assert stack.env["WP_TITLE"] not in answer


@pytest.mark.requirement("C12")
@pytest.mark.parametrize(
    ("method", "path"),
    [("GET", "/"), ("POST", "/wp-login.php"), ("GET", "/wp-includes/css/buttons.css"), ("GET", "/.health")],
)
def test_nothing_is_reached_under_another_name(method: str, path: str, stack: Stack) -> None:
    # The handshake names the site, as over a connection that a browser has already.
    page = stack.browser().request(method, path, headers={"Host": "www.example.org"})
    assert page.status == 421
    assert "x-cache" not in page.headers


@pytest.mark.requirement("C12")
def test_the_port_may_stand_behind_the_name(stack: Stack, settings: Settings) -> None:
    page = stack.browser().request("GET", "/", headers={"Host": f"{settings.domain}:{settings.https_port}"})
    assert page.status == 200


# Runs on the machine, or beside it: whoever reaches php-fpm and asks for /ping gets FastCGI records, and MariaDB
# greets in version 10 of its protocol. Anything else is of a stranger, who has the same address somewhere else.
KNOCK = """
import socket, struct, sys

def record(kind, content):
    return struct.pack(">BBHHBB", 1, kind, 1, len(content), 0, 0) + content

pairs = {"SCRIPT_FILENAME": "/ping", "SCRIPT_NAME": "/ping", "REQUEST_METHOD": "GET"}
params = b"".join(bytes([len(key), len(value)]) + (key + value).encode() for key, value in pairs.items())
try:
    with socket.create_connection((sys.argv[1], int(sys.argv[2])), timeout=3) as client:
        client.sendall(record(1, b"\\0\\1" + bytes(6)) + record(4, params) + record(4, b"") + record(5, b""))
        reply = client.recv(8)
        print("answers" if reply[:2] == b"\\1\\6" or reply[4:5] == b"\\n" else f"no such service: {reply}")
except OSError as error:
    print("no way:", error)
"""
# Runs in a neighbour: a route to the first address by the second one, in the kernel's struct rtentry: padding,
# destination, gateway, mask, flags (up, by a gateway, to a host), and zeros.
ROUTE = """
import contextlib, fcntl, socket, struct, sys
to, by = (struct.pack("=HH4s8x", socket.AF_INET, 0, socket.inet_aton(address)) for address in sys.argv[1:])
with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as any, contextlib.suppress(FileExistsError):
    fcntl.ioctl(any, 0x890B, struct.pack("L16s16s16sH62x", 0, to, by, bytes(16), 1 | 2 | 4))
"""
NOBODY = ("setpriv", "--reuid=65534", "--regid=65534", "--clear-groups")


@pytest.fixture
def forwarding(stack: Stack) -> Iterator[None]:
    """Have a machine that hands on what is not for itself, as one with a VPN or other virtual machines does."""
    before = stack.execute("iptables", "--list-rules", "FORWARD").split()[2]
    stack.execute("iptables", "--policy", "FORWARD", "ACCEPT")
    yield
    stack.execute("iptables", "--policy", "FORWARD", before)


@pytest.fixture
def neighbour(stack: Stack, settings: Settings) -> Iterator[Callable[[str, str], str]]:
    """Return what becomes of an attempt that a neighbour makes, who sends it through the machine as its router."""

    def outer(*command: str, data: str = "") -> str:
        done = subprocess.run(command, input=data, check=True, capture_output=True, text=True)
        return done.stdout.strip()

    def attempt(address: str, port: str) -> str:
        outer("docker", "exec", "--interactive", made, "python3", "-", address, stack.address, data=ROUTE)
        return outer("docker", "exec", "--interactive", made, "python3", "-", address, port, data=KNOCK)

    of_machine = ("docker", "inspect", settings.machine, "--format")
    image, network = outer(*of_machine, "{{.Config.Image}} {{.HostConfig.NetworkMode}}").split()
    words = ("--detach", "--rm", "--network", network, "--cap-add", "NET_ADMIN", "--entrypoint", "python3", image)
    made = outer("docker", "run", *words, "-c", "import time; time.sleep(300)")
    yield attempt
    outer("docker", "rm", "--force", made)


def inner_addresses(stack: Stack, owner: str) -> list[str]:
    """Return the addresses of a container in all of its networks."""
    networks = stack.inspect(owner)["NetworkSettings"]["Networks"]
    return [facts["IPAddress"] for facts in networks.values() if facts["IPAddress"]]


def inner_port(stack: Stack, owner: str) -> str:
    return stack.env["DB_PORT" if owner == "mariadb" else "PHP_FPM_PORT"]


def knock(stack: Stack, owner: str, *way: str) -> list[str]:
    """Return what becomes of the attempts to reach an inner service on each of its addresses."""
    port = inner_port(stack, owner)
    return [
        stack.execute(*way, "python3", "-", address, port, data=KNOCK).strip()
        for address in inner_addresses(stack, owner)
    ]


def inside_of(stack: Stack, container: str) -> tuple[str, ...]:
    """Return the command that leads into the network of a container; the client is the machine's own Python."""
    pid = stack.docker("inspect", "--format", "{{.State.Pid}}", container).strip()
    return ("nsenter", "--target", pid, "--net")


CALLERS = {"mariadb": "wordpress", "wordpress": "nginx"}


@pytest.mark.requirement("R35", "C7")
@pytest.mark.parametrize("owner", sorted(CALLERS))
def test_inner_service_answers_its_caller_and_no_other_container(
    owner: str, stack: Stack, foreign_network: str
) -> None:
    image = stack.inspect("nginx")["Config"]["Image"]
    stranger = stack.docker(
        *("run", "--detach", "--rm", "--network", foreign_network, "--entrypoint", "sleep", image, "60")
    ).strip()
    try:
        found = {
            name: knock(stack, owner, *inside_of(stack, container))
            for name, container in {
                **{service: stack.container(service) for service in SERVICES if service != owner},
                "stranger": stranger,
            }.items()
        }
    finally:
        stack.docker("rm", "--force", stranger)
    assert {name for name, answers in found.items() if "answers" in answers} == {CALLERS[owner]}, found


@pytest.mark.requirement("R35", "C7")
@pytest.mark.parametrize("owner", sorted(CALLERS))
def test_inner_service_does_not_answer_the_users_of_the_machine(owner: str, stack: Stack) -> None:
    assert "answers" not in knock(stack, owner, *NOBODY)


@pytest.mark.requirement("R35", "C7")
@pytest.mark.usefixtures("forwarding")
@pytest.mark.parametrize("owner", sorted(CALLERS))
def test_inner_service_does_not_answer_a_neighbour(
    owner: str, stack: Stack, neighbour: Callable[[str, str], str]
) -> None:
    # NGINX's own address can be reached in this way, or the attempt would prove nothing.
    network = stack.inspect("nginx")["NetworkSettings"]["Networks"][stack.networks["inception"]]
    assert "no such service" in neighbour(network["IPAddress"], stack.env["NGINX_PORT"])
    port = inner_port(stack, owner)
    assert "answers" not in {neighbour(address, port) for address in inner_addresses(stack, owner)}


@pytest.mark.requirement("R35", "C7")
def test_the_database_has_no_way_out(stack: Stack, settings: Settings) -> None:
    # The machine's own address is the nearest place outside. WordPress, which asks for updates, reaches it.
    code = f"import socket; socket.create_connection(({stack.address!r}, {settings.https_port}), timeout=3)"

    def leaves(service: str) -> bool:
        return stack.attempt(*inside_of(stack, stack.container(service)), "python3", "-c", code).returncode == 0

    assert (leaves("wordpress"), leaves("mariadb")) == (True, False)
