"""Which TCP ports answer on the machine's own addresses: a full connect scan, made on the machine."""

from __future__ import annotations

from collections.abc import Iterable

from inception_evaluate.evidence import Ports
from inception_evaluate.machine import Machine

#: Seconds that the scan may take altogether, and seconds that one port may take to answer.
LIMIT = 90.0
PORT_LIMIT = 0.5

# Runs on the machine. A refused connection is known at once; only what a filter swallows has to be waited for,
# and at most 400 of those at a time.
_SCAN = r"""
import errno, multiprocessing, os, select, socket, subprocess, time

def own_addresses():
    found = ["127.0.0.1"]
    try:
        rows = json.loads(subprocess.run(["ip", "-j", "addr"], capture_output=True, text=True).stdout)
        for row in rows:
            if row.get("ifname", "").startswith(("docker", "br-", "veth")):
                continue
            for one in row.get("addr_info", []):
                if one.get("scope") == "global":
                    found.append(one["local"])
    except (OSError, ValueError):
        lines = open("/proc/net/fib_trie").read().splitlines()
        for before, line in zip(lines, lines[1:]):
            if "host LOCAL" in line and "|--" in before:
                found.append(before.split("|--")[1].strip())
    try:
        with open("/proc/net/if_inet6") as rows:
            if any(row.split()[0] == "0" * 31 + "1" for row in rows):
                found.append("::1")
    except OSError:
        pass
    skip = set(QUESTION["skip"])
    return [one for one in dict.fromkeys(found) if one not in skip and not (one.startswith("127.") and one != "127.0.0.1")][:6]

def scan(address, end):
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    answering, pending, poller = set(), {}, select.poll()

    def settle(wait):
        for number, _ in poller.poll(wait * 1000):
            client, port, _ = pending.pop(number)
            poller.unregister(number)
            if client.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR) == 0:
                answering.add(port)
            client.close()
        now = time.monotonic()
        for number in [n for n, (_, _, due) in pending.items() if due < now]:
            client, _, _ = pending.pop(number)
            poller.unregister(number)
            client.close()

    for port in range(1, 65536):
        if not port % 256 and time.monotonic() > end:
            return answering, False
        client = socket.socket(family, socket.SOCK_STREAM)
        client.setblocking(False)
        code = client.connect_ex((address, port))
        if code == 0:
            # A port may connect to itself when the kernel picks it as its own.
            if client.getsockname()[1] != port:
                answering.add(port)
            client.close()
        elif code == errno.EINPROGRESS:
            pending[client.fileno()] = (client, port, time.monotonic() + QUESTION["port"])
            poller.register(client, select.POLLOUT)
            while len(pending) >= 400:
                settle(0.05)
        else:
            client.close()
    while pending:
        settle(0.05)
    return answering, True

def owners():
    inodes = {}
    for table in ("tcp", "tcp6"):
        try:
            with open(f"/proc/net/{table}") as rows:
                next(rows)
                for row in rows:
                    fields = row.split()
                    if fields[3] == "0A":
                        inodes[fields[9]] = int(fields[1].rpartition(":")[2], 16)
        except (OSError, StopIteration):
            pass
    found = {port: "" for port in inodes.values()}
    for pid in filter(str.isdigit, os.listdir("/proc")):
        try:
            for number in os.listdir(f"/proc/{pid}/fd"):
                target = os.readlink(f"/proc/{pid}/fd/{number}")
                if target.startswith("socket:[") and target[8:-1] in inodes:
                    with open(f"/proc/{pid}/comm") as name:
                        found[inodes[target[8:-1]]] = name.read().strip()
        except OSError:
            pass
    return found

began = time.monotonic()
complete, answering = True, {}
addresses = own_addresses()
# One process for each address: a single one would leave the other processors idle.
with multiprocessing.get_context("fork").Pool(len(addresses)) as pool:
    results = pool.starmap(scan, [(address, began + QUESTION["limit"]) for address in addresses])
for address, (found, whole) in zip(addresses, results):
    # Asked once more: the scan's own clients must not be taken for services.
    sure = []
    for port in sorted(found):
        with socket.socket(socket.AF_INET6 if ":" in address else socket.AF_INET) as client:
            client.settimeout(2)
            if client.connect_ex((address, port)) == 0 and client.getsockname() != client.getpeername():
                sure.append(port)
    answering[address] = sure
    complete = complete and whole
print(json.dumps({"answering": answering, "owners": owners(), "complete": complete, "seconds": time.monotonic() - began}))
"""


def collect(machine: Machine, bridges: Iterable[str] = ()) -> Ports:
    """Try every TCP port of the machine's own addresses.

    Args:
        machine: the machine.
        bridges: addresses that are no way in from outside, such as the gateways of Docker's networks.

    Raises:
        UnseenError: the scan could not be made.

    """
    question = {"limit": LIMIT, "port": PORT_LIMIT, "skip": sorted(bridges)}
    answer = machine.python(_SCAN, question, timeout=LIMIT + 60)
    return Ports(
        addresses=tuple(answer["answering"]),
        answering={address: tuple(ports) for address, ports in answer["answering"].items()},
        owners={int(port): owner for port, owner in answer["owners"].items()},
        complete=bool(answer["complete"]),
        seconds=float(answer["seconds"]),
    )
