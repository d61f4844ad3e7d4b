"""What is drawn: visitors, published ports, containers, volumes, and who calls whom."""

from __future__ import annotations

from dataclasses import dataclass, replace

from inception_evaluate.model import Container, Topology, Volume
from inception_evaluate.report.diagram.shapes import Box, Line, box, wrap

_WIDE_COLUMN = 4  # at most that many containers stand in a column


@dataclass(frozen=True, slots=True)
class Call:
    """One container calls another: keys of both, and the port where it is known."""

    source: str
    target: str
    port: str = ""


# Who calls whom in a WordPress stack, by role. A call is drawn only where the two share a network.
_CALLS = (
    ("nginx", "wordpress"),
    ("nginx", "adminer"),
    ("nginx", "static"),
    ("wordpress", "mariadb"),
    ("wordpress", "redis"),
    ("adminer", "mariadb"),
)


def calls(topology: Topology) -> tuple[Call, ...]:
    """Tell which containers call which, from their roles and the networks that they share.

    A container that publishes a port of its own is not taken to be behind NGINX.
    """
    found = []
    for caller, called in _CALLS:
        for source in topology.containers:
            for target in topology.containers:
                if source.role != caller or target.role != called or not _share(source, target):
                    continue
                if caller == "nginx" and called != "wordpress" and target.ports:
                    continue
                port = target.exposed[0].partition("/")[0] if len(target.exposed) == 1 else ""
                found.append(Call(container_key(source), container_key(target), port))
    return tuple(found)


def _share(one: Container, other: Container) -> bool:
    return bool({place.network for place in one.networks} & {place.network for place in other.networks})


def container_key(container: Container) -> str:
    """Return the key of a container's box."""
    return f"container:{container.name or container.service}"


def _program(command: str) -> str:
    """Return the name of the program in a command line; ``nginx: master process …`` is how NGINX calls itself."""
    first = command.split()[0] if command.split() else ""
    return first.rpartition("/")[2].rstrip(":")


def _container(container: Container, topology: Topology) -> Box:
    trouble = container.state not in ("running", "") or container.health == "unhealthy"
    lines = []
    if container.name and container.name != container.service:
        lines.append(container.name)
    lines.append(container.image)
    if container.pid_one:
        lines.append(f"PID 1: {_program(container.pid_one)}")
    if container.exposed:
        lines.append("listens: " + ", ".join(_short_port(port) for port in container.exposed))
    if len(topology.networks) > 1:
        lines.append("in: " + (", ".join(place.network for place in container.networks) or "no network"))
    if trouble:
        lines.append(" ".join(word for word in (container.state, container.health) if word))
    return box(
        container_key(container), "container", container.service or container.name, lines, width=196, trouble=trouble
    )


def _short_port(port: str) -> str:
    return port.removesuffix("/tcp")


def volume_box(volume: Volume, topology: Topology, *, narrow: bool) -> Box:
    """Return the cylinder of a volume."""
    users = []
    for container in topology.containers:
        mounts = [m for m in container.mounts if m.kind == "volume" and m.source == volume.name]
        if mounts:
            users.append(container.service + (" (ro)" if all(mount.read_only for mount in mounts) else ""))
    lines = [volume.device, "no container has it" if not users else ""]
    return box(f"volume:{volume.name}", "volume", volume.name, lines, width=200 if narrow else 210)


@dataclass(frozen=True, slots=True)
class _Way:
    """A published port, once for all the addresses that it is published on."""

    container: str
    label: str
    local: bool
    words: str

    @property
    def key(self) -> str:
        return f"port:{self.container}:{self.label}"


def _ways(topology: Topology) -> list[_Way]:
    found: dict[tuple[str, str], _Way] = {}
    for container in topology.containers:
        for port in container.ports:
            local = port.address.startswith("127.") or port.address == "::1"
            label = f"{port.host}" if port.protocol == "tcp" else f"{port.host}/{port.protocol}"
            words = f"port {label} of the machine leads to port {port.container} of {container.service}"
            if local:
                words += ", from the machine itself only"
            key = container_key(container)
            known = found.get((key, label))
            if known is None or (known.local and not local):
                found[key, label] = _Way(key, label, local, words)
    return list(found.values())


def columns_of(topology: Topology, *, narrow: bool) -> list[list[Box]]:
    """Return the boxes from the outside to the containers, column by column."""
    ways = _ways(topology)
    columns = [[box("outside", "outside", "WWW", ("visitors",), width=92)]]
    badges = [
        replace(box(way.key, "port", way.label, ("local",) if way.local else (), width=76), title=way.words)
        for way in ways
    ]
    # In the narrow picture three badges stand side by side at most.
    step = 3 if narrow else max(1, len(badges))
    columns.extend(badges[start : start + step] for start in range(0, len(badges), step))
    for rank in _ranks(topology, {way.container for way in ways}):
        step = 1 if narrow else _WIDE_COLUMN
        # Five become three and two, not four and one.
        parts = -(-len(rank) // step)
        size = -(-len(rank) // parts)
        starts = range(0, len(rank), size)
        columns.extend([_container(one, topology) for one in rank[start : start + size]] for start in starts)
    return columns


def _ranks(topology: Topology, published: set[str]) -> list[list[Container]]:
    """Order the containers by how far they are from the outside; each rank follows the order of the one before."""
    called: dict[str, list[str]] = {}
    for call in calls(topology):
        called.setdefault(call.source, []).append(call.target)
    rank = {container_key(c): 0 for c in topology.containers if container_key(c) in published}
    # Who calls others without being called is as near to the outside as can be.
    targets = {target for found in called.values() for target in found}
    for container in topology.containers:
        key = container_key(container)
        if key not in rank and key not in targets and (key in called or container.role == "nginx"):
            rank[key] = 0
    # The longest way counts, so that a call leads to a later rank. Calls follow roles, which form no circle; the
    # number of rounds is bounded all the same.
    for _round in topology.containers:
        for call in calls(topology):
            if call.source in rank and call.target not in published:
                rank[call.target] = max(rank.get(call.target, 0), rank[call.source] + 1)
    for container in topology.containers:
        rank.setdefault(container_key(container), 1 if rank else 0)
    order = {container_key(c): (c.role != "nginx", index) for index, c in enumerate(topology.containers)}
    made: list[list[Container]] = []
    place: dict[str, float] = {}
    for number in sorted(set(rank.values())):
        weights: dict[str, tuple[float, tuple[bool, int]]] = {}
        row = [c for c in topology.containers if rank[container_key(c)] == number]
        for container in row:
            key = container_key(container)
            before = [place[source] for source, found in called.items() if key in found and source in place]
            # Whom nobody calls stands last.
            weights[key] = (sum(before) / len(before) if before else 99.0), order[key]
        row.sort(key=lambda c: weights[container_key(c)])
        place.update({container_key(c): float(index) for index, c in enumerate(row)})
        made.append(row)
    return made


def edges_of(topology: Topology) -> list[Line]:
    """Return the lines between the boxes, which have no places yet."""
    names = {container_key(c): c.service for c in topology.containers}
    found = []
    for way in _ways(topology):
        if not way.local:
            found.append(Line("outside", way.key, "visit", f"visitors reach port {way.label}"))
        found.append(Line(way.key, way.container, "visit", way.words))
    for call in calls(topology):
        where = f" on port {call.port}" if call.port else ""
        found.append(Line(call.source, call.target, "call", f"{names[call.source]} calls {names[call.target]}{where}"))
    volumes = {volume.name for volume in topology.volumes}
    for container in topology.containers:
        modes: dict[str, bool] = {}
        for mount in container.mounts:
            if mount.kind == "volume" and mount.source in volumes:
                modes[mount.source] = modes.get(mount.source, True) and mount.read_only
        for name, read_only in modes.items():
            verb = "reads" if read_only else "reads and writes"
            found.append(
                Line(
                    container_key(container),
                    f"volume:{name}",
                    "data",
                    f"{container.service} {verb} the volume {name}",
                    both=not read_only,
                    dashed=read_only,
                )
            )
    return found


def network_label(topology: Topology, *, narrow: bool) -> tuple[str, ...]:
    """Return what is written in the network's frame."""
    names = [network.name for network in topology.networks]
    if not names:
        return ("no network",)
    word = "network" if len(names) == 1 else "networks"
    listed = ", ".join(names)
    return (word, wrap(listed, 24, 1)[0]) if narrow else (f"Docker {word} {listed}",)
