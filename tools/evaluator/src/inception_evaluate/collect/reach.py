"""Who reaches database and php-fpm: the project's containers, others, users of the machine, and its neighbours."""

from __future__ import annotations

import contextlib
import secrets
from collections.abc import Mapping
from typing import Any

from inception_evaluate.collect.processes import Look
from inception_evaluate.evidence import Reach, Stack
from inception_evaluate.machine import Machine, UnseenError

#: Where php-fpm and MariaDB listen when the kernel does not tell.
_USUAL = {"wordpress": 9000, "mariadb": 3306}

# Tries every target at once, and prints what became of each: "answers" in the service's own protocol, "accepts" the
# connection, or nothing. Neither question does any harm: php-fpm is asked how it is configured, MariaDB speaks first.
_CLIENT = r"""
import json, socket, sys
from concurrent.futures import ThreadPoolExecutor

def attempt(target):
    address, port, role = target
    try:
        with socket.create_connection((address, port), timeout=3) as client:
            if role == "wordpress":
                client.sendall(b"\1\11\0\0\0\21\0\0\17\0FCGI_MPXS_CONNS")
            try:
                reply = client.recv(64)
            except TimeoutError:
                return "accepts"
            proper = reply[:2] == b"\1\12" if role == "wordpress" else reply[4:5] in (b"\12", b"\377")
            # To be let in and shown the door at once is not to be let in: listen.allowed_clients does that.
            return "answers" if proper else "accepts" if reply else ""
    except OSError:
        return ""

targets = json.loads(sys.argv[1])
with ThreadPoolExecutor(len(targets)) as pool:
    print(json.dumps(list(pool.map(attempt, targets))))
"""

# Runs on the machine: the client is its own Python, in the network of a process or as an ordinary user.
_TRY = r"""
import subprocess
answer = {}
for name, pid in QUESTION["places"].items():
    way = ["nsenter", "--target", str(pid), "--net", "--"] if pid else []
    who = {} if pid else {"user": 65534, "group": 65534, "extra_groups": []}
    done = subprocess.run([*way, "python3", "-c", QUESTION["client"], json.dumps(QUESTION["targets"])],
        capture_output=True, text=True, timeout=30, cwd="/", **who)
    if done.returncode:
        raise SystemExit(f"an attempt failed: {(done.stderr.strip().splitlines() or ['without a word'])[-1]}")
    answer[name] = json.loads(done.stdout)
print(json.dumps(answer))
"""

# Runs on the machine: gives the network of a process one cable to the machine and the machine as its router, as a
# neighbour in the machine's own network may have it. The program `ip` is not on every machine.
_CABLE = r"""
import fcntl, os, socket, struct, subprocess, sys

def attribute(kind, data):
    return struct.pack("=HH", len(data) + 4, kind) + data + bytes(-len(data) % 4)

# RTM_NEWLINK (request, acknowledge, exclusive, create): a pair of the kind veth, whose other end is in that network.
def make_pair(name, pid):
    blank = bytes(16)
    peer = blank + attribute(3, name) + attribute(19, struct.pack("=I", pid))
    pair = attribute(18, attribute(1, b"veth") + attribute(2, attribute(1, peer)))
    body = blank + attribute(3, name) + pair
    with socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, 0) as link:
        link.bind((0, 0))
        link.send(struct.pack("=IHHII", 16 + len(body), 16, 0x605, 1, 0) + body)
        code = -struct.unpack_from("=i", link.recv(65536), 16)[0]
    if code:
        raise OSError(code, os.strerror(code))

# SIOCSIFADDR, SIOCSIFNETMASK, SIOCSIFFLAGS (up); SIOCADDRT for the route.
SET_UP = '''
import fcntl, socket, struct, sys
name, address, router = sys.argv[1].encode(), sys.argv[2], sys.argv[3]
place = lambda text: struct.pack("=HH4s8x", socket.AF_INET, 0, socket.inet_aton(text))
with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as any:
    fcntl.ioctl(any, 0x8916, struct.pack("16s16s8x", name, place(address)))
    fcntl.ioctl(any, 0x891C, struct.pack("16s16s8x", name, place("255.255.255.252")))
    fcntl.ioctl(any, 0x8914, struct.pack("16sH22x", name, 1))
    if router:
        fcntl.ioctl(any, 0x890B, struct.pack("L16s16s16sH62x", 0, place("0.0.0.0"), place(router), place("0.0.0.0"), 3))
'''
# The range for tests of networks (RFC 2544), where nobody else should be.
here, there = "198.18.255.253", "198.18.255.254"
with open("/proc/net/route") as table:
    for row in list(table)[1:]:
        fields = row.split()
        to, mask = (int.from_bytes(bytes.fromhex(fields[n]), "little") for n in (1, 7))
        if mask and to == int.from_bytes(socket.inet_aton(here), "big") & mask:
            raise SystemExit("the machine has a route to 198.18.255.252 already")
inside = ["nsenter", "--target", str(QUESTION["pid"]), "--net", "--"]
try:
    make_pair(QUESTION["name"].encode(), QUESTION["pid"])
    subprocess.run(["python3", "-c", SET_UP, QUESTION["name"], here, ""], check=True, capture_output=True, text=True)
    subprocess.run([*inside, "python3", "-c", SET_UP, QUESTION["name"], there, here], check=True, capture_output=True, text=True)
except subprocess.CalledProcessError as error:
    raise SystemExit(error.stderr.strip().splitlines()[-1])
# Refused or not, an answer of the machine shows that packets come through.
CODE = '''
import socket, sys
try:
    socket.create_connection((sys.argv[1], int(sys.argv[2])), timeout=3)
except ConnectionRefusedError:
    pass
'''
if not any(
    subprocess.run([*inside, "python3", "-c", CODE, here, str(port)], capture_output=True).returncode == 0
    for port in (1, *QUESTION["published"])
):
    raise SystemExit("the machine does not answer a neighbour at all")
print("null")
"""


def collect(machine: Machine, stack: Stack, looks: dict[str, Look]) -> tuple[Reach, ...]:
    """Try the inner services from everywhere that they might be reached from.

    Probes are containers of an image that is already here; they and their network are removed again.

    Raises:
        UnseenError: no inner service runs, or no probe could be made.

    """
    services = []
    targets = []
    for role in ("mariadb", "wordpress"):
        container = stack.role(role)
        if container is None or container.state != "running":
            continue
        addresses = [one.address for one in container.networks if one.address]
        listening = looks[container.service].inside.listening if container.service in looks else ()
        if addresses and listening:
            port = _USUAL[role] if _USUAL[role] in listening else listening[0]
            services.append((container, port))
            targets += [(address, port, role) for address in addresses]
    if not targets:
        raise UnseenError("neither the database nor php-fpm runs and listens on a network")
    mark = f"inception-evaluate-{secrets.token_hex(4)}"
    image = next((one.image for one in stack.containers if one.role == "nginx"), stack.containers[0].image)
    published = [port.host for one in stack.containers for port in one.ports]
    # No process: as an ordinary user of the machine itself.
    places = {service: pid for service, pid in stack.pids.items() if pid} | {"": 0}
    why_no_neighbour = ""
    try:
        made = machine.docker("network", "create", "--label", "inception.evaluate=1", mark)
        if made.code != 0:
            raise UnseenError(f"a foreign network cannot be made: {made.complaint}")
        places["foreign"] = _probe(machine, f"{mark}-foreign", mark, image)
        try:
            pid = _probe(machine, f"{mark}-neighbour", "none", image)
            machine.python(_CABLE, {"pid": pid, "name": f"eval-{mark[-8:]}", "published": published})
            places["neighbour"] = pid
        except UnseenError as error:
            why_no_neighbour = f"a neighbour of the machine could not be imitated: {error}"
        question = {"places": places, "client": _CLIENT, "targets": targets}
        found: Mapping[str, Any] = machine.python(_TRY, question, timeout=30 * len(places))
    finally:
        with contextlib.suppress(UnseenError):
            machine.docker("rm", "--force", f"{mark}-foreign", f"{mark}-neighbour")
            machine.docker("network", "rm", mark)
    reaches = []
    for container, port in services:
        mine = [index for index, target in enumerate(targets) if target[2] == container.role]
        own = {
            service: max(found[service][index] for index in mine)
            for service in stack.pids
            if service in found and service != container.service
        }
        # What its callers are told is what it says; a stranger at the same address elsewhere says something else.
        best = max(own.values(), default="")
        reached = {name for name, answers in found.items() if best and best in [answers[index] for index in mine]}
        reaches.append(
            Reach(
                container.service,
                container.role,
                port,
                from_own=bool(best),
                from_foreign="foreign" in reached,
                from_neighbour=None if why_no_neighbour else "neighbour" in reached,
                from_user="" in reached,
                from_containers=tuple(sorted(reached & own.keys())),
                why_no_neighbour=why_no_neighbour,
            )
        )
    return tuple(reaches)


def _probe(machine: Machine, name: str, network: str, image: str) -> int:
    """Start a container that only lends its network, and return the number of its process."""
    words = ["run", "--detach", "--name", name, "--label", "inception.evaluate=1", "--network", network]
    words += ["--pull", "never", "--user", "65534", "--cap-drop", "ALL", "--entrypoint", "sleep", image, "120"]
    started = machine.docker(*words)
    if started.code != 0:
        raise UnseenError(f"no probe could be started in the network {network}: {started.complaint}")
    shown = machine.docker("inspect", "--format", "{{.State.Pid}}", name)
    if not shown.out.strip().isdigit() or shown.out.strip() == "0":
        raise UnseenError(f"the probe in the network {network} does not run")
    return int(shown.out)
