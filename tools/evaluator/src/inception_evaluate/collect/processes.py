"""What runs and listens in the containers, as the kernel of the machine lists it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from inception_evaluate.evidence import Inside, Process
from inception_evaluate.machine import Machine

# Runs on the machine. A container's processes are the descendants of its first one: what `docker exec` or a health
# check starts descends from the engine and is left out. Two looks, for a process may be passing by.
_LOOK = r"""
import os, struct, time

def family(first):
    table = {}
    for name in filter(str.isdigit, os.listdir("/proc")):
        try:
            with open(f"/proc/{name}/stat", "rb") as stat:
                table.setdefault(int(stat.read().rpartition(b")")[2].split()[1]), []).append(int(name))
        except (OSError, ValueError, IndexError):
            pass
    found = [first] if os.path.exists(f"/proc/{first}") else []
    for pid in found:
        found += sorted(table.get(pid, []))
    return found

def describe(pid):
    with open(f"/proc/{pid}/status") as status:
        fields = dict(line.split(":", 1) for line in status if ":" in line)
    with open(f"/proc/{pid}/cmdline", "rb") as line:
        command = [part.decode(errors="replace") for part in line.read().split(b"\0") if part]
    memory = 0
    try:
        with open(f"/proc/{pid}/smaps_rollup") as maps:
            memory = sum(int(row.split()[1]) * 1024 for row in maps if row.startswith("Pss:"))
    except OSError:
        pass
    return {
        "pid": pid, "inner": int(fields.get("NSpid", str(pid)).split()[-1]), "parent": int(fields["PPid"]),
        "name": fields["Name"].strip(), "command": command[:60], "user": int(fields["Uid"].split()[1]),
        "group": int(fields["Gid"].split()[1]), "memory": memory, "state": fields["State"].split()[0],
    }

def listening(pid):
    ports = set()
    for table in ("tcp", "tcp6"):
        try:
            with open(f"/proc/{pid}/net/{table}") as rows:
                next(rows)
                for row in rows:
                    fields = row.split()
                    address, _, port = fields[1].rpartition(":")
                    raw = bytes.fromhex(address)
                    loopback = raw[-1] == 127 if len(raw) == 4 else raw == bytes(12) + b"\x01\0\0\0"
                    if fields[3] == "0A" and not loopback:
                        ports.add(int(port, 16))
        except (OSError, StopIteration, ValueError, IndexError):
            pass
    return sorted(ports)

def user_name(pid, user):
    try:
        with open(f"/proc/{pid}/root/etc/passwd", errors="replace") as accounts:
            for line in accounts:
                fields = line.split(":")
                if len(fields) > 2 and fields[2] == str(user):
                    return fields[0]
    except OSError:
        pass
    return ""

def look(pids):
    found = {}
    for service, first in pids.items():
        found[service] = []
        for pid in family(first):
            try:
                found[service].append(describe(pid))
            except (OSError, KeyError, ValueError, IndexError):
                pass
    return found

pids = {service: pid for service, pid in QUESTION["pids"].items() if pid > 0}
first = look(pids)
time.sleep(QUESTION["pause"])
second = {service: {one["pid"] for one in found} for service, found in look(pids).items()}
answer = {}
for service, found in first.items():
    living = [one for one in found if one["state"] not in ("Z", "X")]
    answer[service] = {
        "processes": living, "lasting": sorted(second[service]), "listening": listening(pids[service]),
        "user": user_name(pids[service], living[0]["user"]) if living else "",
    }
print(json.dumps(answer))
"""


@dataclass(frozen=True, slots=True)
class Look:
    """What one look at a container showed.

    Attributes:
        inside: its processes and ports.
        user: the user of the first process, by name where the container knows one.
        memory: bytes of main memory that its processes hold, shared pages by their share (PSS).
        worker: user and group id of the process that does the work, ``uid:gid``; not root where there is another.

    """

    inside: Inside
    user: str
    memory: int
    worker: str


def look(machine: Machine, pids: Mapping[str, int], pause: float = 1.0) -> dict[str, Look]:
    """Look at the processes of containers twice.

    Args:
        machine: where they run.
        pids: service to the number of its first process on the machine.
        pause: seconds between the looks.

    Raises:
        UnseenError: the machine's processes cannot be listed.

    """
    answer = machine.python(_LOOK, {"pids": dict(pids), "pause": pause})
    found = {}
    for service, facts in answer.items():
        processes = tuple(
            Process(one["pid"], one["inner"], one["parent"], one["name"], tuple(one["command"]), one["user"])
            for one in facts["processes"]
        )
        workers = [one for one in facts["processes"] if one["user"] != 0] or facts["processes"]
        found[service] = Look(
            Inside(processes, tuple(facts["listening"]), frozenset(facts["lasting"])),
            facts["user"] or (str(processes[0].user) if processes else ""),
            sum(one["memory"] for one in facts["processes"]),
            f"{workers[-1]['user']}:{workers[-1]['group']}" if workers else "",
        )
    return found
