"""The picture of what runs, laid out by code: visitors, published ports, containers, volumes, and who calls whom.

The layout is that of the subject's own diagram: the machine is a frame, the Docker network a frame within it, each
container a box, each volume a cylinder below them, the way in from the outside. Boxes stand in columns; lines run in
the channels between them, at right angles, each in a lane of its own, so that no line crosses a box or lies upon
another line. The same code draws the narrow picture for a phone: it works in coordinates along and across the
direction of reading, and the narrow picture exchanges the two.

All lengths are in units of the picture (CSS pixels, unless the page scales it).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace

from inception_evaluate.model import Container, Topology, Volume

#: The height of a line of small text, and the width of one of its characters (a monospaced font of 12 units).
LINE, CHARACTER = 15.0, 7.3
#: The height of a heading, and the width that one of its characters has at most (a bold font of 15 units).
HEADING, HEADING_CHARACTER = 20.0, 9.6
_PAD = 10.0
_STUB = 20.0  # from a box to the first lane: room for an arrowhead
_LANE = 11.0  # from lane to lane
_STACK = 26.0  # between boxes of one column
_FRAME = 16.0  # from a frame to what it holds
_LABEL = 24.0  # the height that a frame's label takes
_CLEAR = 6.0  # two lines never run closer than this
_WIDE_COLUMN = 4  # at most that many containers stand in a column

Point = tuple[float, float]


@dataclass(frozen=True, slots=True)
class Box:
    """Something drawn: ``x`` and ``y`` are its upper left corner.

    Attributes:
        key: unique within the picture.
        kind: ``outside``, ``port``, ``container`` or ``volume``.
        heading: its name, wrapped.
        lines: what else it says, wrapped.
        title: all of it in one unabridged line.
        trouble: whether it is not as it should be (not running, unhealthy); the lines say what.

    """

    key: str
    kind: str
    heading: tuple[str, ...]
    lines: tuple[str, ...]
    title: str
    width: float
    height: float
    x: float = 0.0
    y: float = 0.0
    trouble: bool = False

    @property
    def text_top(self) -> float:
        """Return the distance from the upper edge to the first line of text; a cylinder's lid takes more room."""
        return 20.0 if self.kind == "volume" else 6.0


@dataclass(frozen=True, slots=True)
class Line:
    """A line at right angles between two boxes.

    Attributes:
        source: the key of the box that it comes from.
        target: the key of the box that it leads to.
        kind: ``visit`` (from outside), ``call`` (container to container), ``data`` (container and volume).
        both: whether it has an arrowhead at its beginning, too.
        dashed: whether it is drawn dashed: the volume can only be read.
        title: what it means, in words.
        points: its corners.

    """

    source: str
    target: str
    kind: str
    title: str
    both: bool = False
    dashed: bool = False
    points: tuple[Point, ...] = ()

    @property
    def path(self) -> str:
        """Return the line as SVG path data."""
        return "M" + " L".join(f"{_number(x)} {_number(y)}" for x, y in self.points)

    @property
    def heads(self) -> tuple[str, ...]:
        """Return the arrowheads as lists of SVG polygon points."""
        if self.dashed:
            ends = [(self.points[1], self.points[0])]
        else:
            ends = [(self.points[-2], self.points[-1])]
            if self.both:
                ends.append((self.points[1], self.points[0]))
        return tuple(_head(*end) for end in ends)


@dataclass(frozen=True, slots=True)
class Frame:
    """A frame around boxes, with its label; ``label_x`` and ``label_y`` are where its first base line begins."""

    kind: str
    label: tuple[str, ...]
    x: float
    y: float
    width: float
    height: float
    label_x: float = 0.0
    label_y: float = 0.0


@dataclass(frozen=True, slots=True)
class Diagram:
    """A picture, ready to be drawn."""

    name: str
    width: float
    height: float
    boxes: tuple[Box, ...]
    lines: tuple[Line, ...]
    frames: tuple[Frame, ...]


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
                found.append(Call(_container_key(source), _container_key(target), port))
    return tuple(found)


def _share(one: Container, other: Container) -> bool:
    return bool({place.network for place in one.networks} & {place.network for place in other.networks})


def draw(topology: Topology, machine: str, *, narrow: bool = False) -> Diagram:
    """Lay the picture out.

    Args:
        topology: what runs; at least one container.
        machine: the label of the machine's frame.
        narrow: whether it is for a small screen: one column, read from the top.

    """
    picture = _Picture(narrow=narrow)
    picture.columns = _columns(topology, narrow=narrow)
    volumes = [_volume(volume, topology, narrow=narrow) for volume in topology.volumes]
    picture.edges = _edges(topology)
    picture.first_container = sum(1 for column in picture.columns if column[0].kind != "container")
    picture.first_volume = len(picture.columns)
    if narrow:
        picture.columns.extend([box] for box in volumes)
    else:
        picture.below = volumes
    picture.route()
    return picture.finish(_network_label(topology, narrow=narrow), machine)


# -- what is drawn ---------------------------------------------------------------------------------------------------


def _container_key(container: Container) -> str:
    return f"container:{container.name or container.service}"


def _wrap(text: str, width: int, most: int) -> tuple[str, ...]:
    """Break text into lines of at most ``width`` characters, where it has a joint; what is too long is cut off."""
    lines: list[str] = []
    rest = "".join(" " if ord(c) < 32 else c for c in text)
    while len(rest) > width and len(lines) < most - 1:
        cut = max((m.end() for m in re.finditer(r"[/\-_.: ]", rest[:width])), default=width)
        if cut < width // 2:
            cut = width
        lines.append(rest[:cut].rstrip())
        rest = rest[cut:].lstrip()
    lines.append(rest if len(rest) <= width else rest[: width - 1] + "…")
    return tuple(line for line in lines if line)


def _box(
    key: str, kind: str, heading: str, lines: Sequence[str], *, width: float, trouble: bool = False, most: int = 3
) -> Box:
    inner = width - 2 * _PAD
    head = _wrap(heading, int(inner / HEADING_CHARACTER), 2)
    small = tuple(part for line in lines if line for part in _wrap(line, int(inner / CHARACTER), most))
    top = 20.0 if kind == "volume" else 6.0
    height = top + len(head) * HEADING + len(small) * LINE + _PAD
    title = "; ".join(line for line in (heading, *lines) if line)
    return Box(key, kind, head, small, title, width, height, trouble=trouble)


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
    return _box(
        _container_key(container), "container", container.service or container.name, lines, width=196, trouble=trouble
    )


def _short_port(port: str) -> str:
    return port.removesuffix("/tcp")


def _volume(volume: Volume, topology: Topology, *, narrow: bool) -> Box:
    users = []
    for container in topology.containers:
        mounts = [m for m in container.mounts if m.kind == "volume" and m.source == volume.name]
        if mounts:
            users.append(container.service + (" (ro)" if all(mount.read_only for mount in mounts) else ""))
    lines = [volume.device, "no container has it" if not users else ""]
    return _box(f"volume:{volume.name}", "volume", volume.name, lines, width=200 if narrow else 210)


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
            key = _container_key(container)
            known = found.get((key, label))
            if known is None or (known.local and not local):
                found[key, label] = _Way(key, label, local, words)
    return list(found.values())


def _columns(topology: Topology, *, narrow: bool) -> list[list[Box]]:
    ways = _ways(topology)
    columns = [[_box("outside", "outside", "WWW", ("visitors",), width=92)]]
    badges = [
        replace(_box(way.key, "port", way.label, ("local",) if way.local else (), width=76), title=way.words)
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
    rank = {_container_key(c): 0 for c in topology.containers if _container_key(c) in published}
    # Who calls others without being called is as near to the outside as can be.
    targets = {target for found in called.values() for target in found}
    for container in topology.containers:
        key = _container_key(container)
        if key not in rank and key not in targets and (key in called or container.role == "nginx"):
            rank[key] = 0
    # The longest way counts, so that a call leads to a later rank. Calls follow roles, which form no circle; the
    # number of rounds is bounded all the same.
    for _round in topology.containers:
        for call in calls(topology):
            if call.source in rank and call.target not in published:
                rank[call.target] = max(rank.get(call.target, 0), rank[call.source] + 1)
    for container in topology.containers:
        rank.setdefault(_container_key(container), 1 if rank else 0)
    order = {_container_key(c): (c.role != "nginx", index) for index, c in enumerate(topology.containers)}
    made: list[list[Container]] = []
    place: dict[str, float] = {}
    for number in sorted(set(rank.values())):
        weights: dict[str, tuple[float, tuple[bool, int]]] = {}
        row = [c for c in topology.containers if rank[_container_key(c)] == number]
        for container in row:
            key = _container_key(container)
            before = [place[source] for source, found in called.items() if key in found and source in place]
            # Whom nobody calls stands last.
            weights[key] = (sum(before) / len(before) if before else 99.0), order[key]
        row.sort(key=lambda c: weights[_container_key(c)])
        place.update({_container_key(c): float(index) for index, c in enumerate(row)})
        made.append(row)
    return made


def _edges(topology: Topology) -> list[Line]:
    names = {_container_key(c): c.service for c in topology.containers}
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
                    _container_key(container),
                    f"volume:{name}",
                    "data",
                    f"{container.service} {verb} the volume {name}",
                    both=not read_only,
                    dashed=read_only,
                )
            )
    return found


def _network_label(topology: Topology, *, narrow: bool) -> tuple[str, ...]:
    names = [network.name for network in topology.networks]
    if not names:
        return ("no network",)
    word = "network" if len(names) == 1 else "networks"
    listed = ", ".join(names)
    return (word, _wrap(listed, 24, 1)[0]) if narrow else (f"Docker {word} {listed}",)


# -- where it is drawn -----------------------------------------------------------------------------------------------


@dataclass
class _Spot:
    """A box in the coordinates of the layout: ``a`` runs along the direction of reading, ``c`` across it."""

    box: Box
    column: int
    size_a: float
    size_c: float
    a: float = 0.0
    c: float = 0.0
    last: bool = False


@dataclass
class _Route:
    """A line on its way: the positions of its ends on their boxes' sides, and its lanes.

    ``kind`` is ``next`` (to the following column), ``around`` (to any other), ``drop`` (straight down to the row
    below) or ``down`` (by way of the gap behind its column to the row below).
    """

    line: Line
    source: _Spot
    target: _Spot
    kind: str
    out: float = 0.0
    into: float = 0.0
    gap_out: float = 0.0
    gap_in: float = 0.0
    channel: float = 0.0
    after: bool = False  # for `around`: by the channel after the boxes rather than by the one before them


@dataclass
class _Picture:
    narrow: bool
    columns: list[list[Box]] = field(default_factory=list)
    below: list[Box] = field(default_factory=list)
    edges: list[Line] = field(default_factory=list)
    spots: dict[str, _Spot] = field(default_factory=dict)
    routes: list[_Route] = field(default_factory=list)
    #: For each column, where its boxes begin and end along the direction of reading.
    spans: list[tuple[float, float]] = field(default_factory=list)
    before: float = 0.0  # where the grid begins across the direction of reading
    behind: float = 0.0  # where it ends
    row: float = 0.0  # where the row below begins
    first_container: int = 0  # the first column of containers
    first_volume: int = 0  # the first column behind them

    def route(self) -> None:
        self._place()
        self._choose()
        self._attach()
        self._lanes()
        self._below()

    def _place(self) -> None:
        """Stack each column around the middle; the gaps get their widths when the lanes are counted."""
        for number, column in enumerate(self.columns):
            for box in column:
                sizes = (box.height, box.width) if self.narrow else (box.width, box.height)
                self.spots[box.key] = _Spot(box, number, *sizes)
            if column:
                self.spots[column[-1].key].last = True
        gap = 14.0 if self.narrow else _STACK
        tallest = 0.0
        for column in self.columns:
            tall = sum(self.spots[box.key].size_c for box in column) + gap * max(0, len(column) - 1)
            tallest = max(tallest, tall)
            at = -tall / 2
            for box in column:
                self.spots[box.key].c = at
                at += self.spots[box.key].size_c + gap
        self.before, self.behind = -tallest / 2, tallest / 2
        for box in self.below:
            self.spots[box.key] = _Spot(box, -1, box.width, box.height)

    def _choose(self) -> None:
        turn = False
        for line in self.edges:
            source, target = self.spots[line.source], self.spots[line.target]
            if target.column == -1:
                kind = "drop" if source.last else "down"
            elif target.column == source.column + 1:
                kind = "next"
            else:
                kind = "around"
            route = _Route(line, source, target, kind)
            if kind == "around" and self.narrow:
                # Data on one side, calls on the other, unless that is crowded.
                route.after = line.kind == "data" or turn
                turn = not turn if line.kind == "visit" else turn
            self.routes.append(route)

    def _attach(self) -> None:
        """Spread the ends of the lines over the sides of the boxes, in the order of where they lead."""
        for spot in self.spots.values():
            leaving = [r for r in self.routes if r.source is spot and r.kind != "drop"]
            leaving.sort(key=lambda r: self._height(r, r.target))
            for route, at in zip(leaving, _spread(spot.c, spot.size_c, len(leaving)), strict=True):
                route.out = at
            if spot.column == -1:
                continue
            coming = [r for r in self.routes if r.target is spot]
            coming.sort(key=lambda r: self._height(r, r.source))
            for route, at in zip(coming, _spread(spot.c, spot.size_c, len(coming)), strict=True):
                route.into = at
        self._straighten()
        for gap in range(len(self.columns)):
            self._part(gap)

    def _height(self, route: _Route, other: _Spot) -> float:
        if route.kind == "down":
            return 1e6
        if route.kind == "around":
            return 1e5 if route.after else -1e5
        return other.c + other.size_c / 2

    def _straighten(self) -> None:
        """Let a line run straight where one of its ends is free to move."""
        for route in self.routes:
            if route.kind != "next":
                continue
            leaving = sum(1 for r in self.routes if r.source is route.source and r.kind != "drop")
            coming = sum(1 for r in self.routes if r.target is route.target)
            if coming == 1 and _within(route.out, route.target):
                route.into = route.out
            elif leaving == 1 and _within(route.into, route.source):
                route.out = route.into

    def _part(self, gap: int) -> None:
        """Keep the ends on both sides of a gap apart, so that no two lines run upon each other in it."""
        leaving = [r for r in self.routes if r.kind != "drop" and r.source.column == gap]
        coming = [r for r in self.routes if r.kind in ("next", "around") and r.target.column == gap + 1]
        for route in coming:
            if route.kind == "next" and route in leaving and route.into == route.out:
                continue
            taken = [r.out for r in leaving if r is not route] + [r.into for r in coming if r is not route]
            route.into = _free(route.into, taken, route.target.c, route.target.size_c)

    def _lanes(self) -> None:
        """Give every line its lanes in the gaps between the columns, and the columns their places."""
        at = 0.0
        around = [r for r in self.routes if r.kind == "around"]
        for number, column in enumerate(self.columns):
            entering: list[tuple[float, _Route, bool]] = []
            for r in self.routes:
                if r.kind == "next" and r.source.column == number - 1 and abs(r.out - r.into) > 0.01:
                    # Of lines that go up, the highest turns first; of those that go down, the lowest.
                    entering.append((r.out if r.into < r.out else 1e4 - r.out, r, False))
                elif r.kind == "down" and r.source.column == number - 1:
                    entering.append((2e5 - r.out, r, False))
            for r in around:
                if r.source.column == number - 1:
                    entering.append((1e5 + r.out * (-1 if r.after else 1), r, False))
                if r.target.column == number:
                    entering.append((3e5 + r.into * (1 if r.after else -1), r, True))
            # The narrow picture's labels stand in the gaps before the first container and behind the last one.
            label = _FRAME + _LABEL + LINE if self.narrow and number else 0.0
            if number == self.first_volume:
                at += label
            if number:
                at += _STUB
            elif entering:
                at -= _STUB + _LANE * (len(entering) - 1)
            for _weight, route, arriving in sorted(entering, key=lambda e: e[0]):
                if arriving:
                    route.gap_in = at
                else:
                    route.gap_out = at
                at += _LANE
            if entering:
                at -= _LANE
            if number or entering:
                at += _STUB
            if number and len(entering) < 2:
                at += 8
            if number == self.first_container:
                at += label
            wide = max((self.spots[box.key].size_a for box in column), default=0.0)
            for box in column:
                spot = self.spots[box.key]
                # Every box reaches both sides of its column, or its lines would run past their lanes.
                spot.a = at + (wide - spot.size_a) / 2
            self.spans.append((at, at + wide))
            at += wide
        # Behind the last column: lines that leave it.
        leaving = [r for r in self.routes if r.kind in ("around", "down") and r.source.column == len(self.columns) - 1]
        for index, route in enumerate(sorted(leaving, key=lambda r: (r.kind == "around", -r.out))):
            route.gap_out = at + _STUB + index * _LANE
        above = _packed([r for r in around if not r.after])
        for number, lane in enumerate(above):
            for route in lane:
                route.channel = self.before - _STUB - number * _LANE
        after = _packed([r for r in around if r.after])
        for number, lane in enumerate(after):
            for route in lane:
                route.channel = self.behind + _STUB + number * _LANE
        if above:
            self.before -= _STUB + _LANE * (len(above) - 1)
        if after:
            self.behind += _STUB + _LANE * (len(after) - 1)

    def _below(self) -> None:
        """Place the row of volumes under their containers, and the lines that lead down to it."""
        if not self.below:
            return
        down = [r for r in self.routes if r.kind in ("drop", "down")]
        for spot in self.spots.values():
            dropping = [r for r in down if r.source is spot and r.kind == "drop"]
            for route, at in zip(dropping, _spread(spot.a, spot.size_a, len(dropping)), strict=True):
                route.out = at
        users = {
            box.key: [r.out if r.kind == "drop" else r.gap_out for r in down if r.target.box is box]
            for box in self.below
        }
        order = sorted(self.below, key=lambda box: sum(users[box.key]) / len(users[box.key]) if users[box.key] else 1e6)
        wide = [self.spots[box.key].size_a for box in order]
        wish = [
            (sum(users[box.key]) / len(users[box.key]) if users[box.key] else self.spans[-1][1]) - size / 2
            for box, size in zip(order, wide, strict=True)
        ]
        left = self.spans[2][0] if len(self.spans) > 2 else self.spans[-1][0]
        for box, at in zip(order, _in_a_row(wish, wide, left, _STACK), strict=True):
            self.spots[box.key].a = at
        for box in order:
            spot = self.spots[box.key]
            coming = sorted(
                (r for r in down if r.target is spot), key=lambda r: r.out if r.kind == "drop" else r.gap_out
            )
            for route, at in zip(coming, _spread(spot.a, spot.size_a, len(coming)), strict=True):
                route.into = at
                if len(coming) == 1 and route.kind == "drop" and spot.a + 12 <= route.out <= spot.a + spot.size_a - 12:
                    route.into = route.out
        for route in down:
            if route.kind == "drop" and route.into == route.out:
                continue
            taken = [r.out if r.kind == "drop" else r.gap_out for r in down if r is not route]
            taken += [r.into for r in down if r is not route]
            route.into = _free(route.into, taken, route.target.a, route.target.size_a)
        turning = [r for r in down if r.kind == "down" or abs(r.into - r.out) > 0.01]
        lane = self.behind + _FRAME + _STUB
        for route in sorted(turning, key=lambda r: abs(r.into - (r.out if r.kind == "drop" else r.gap_out))):
            route.channel = lane
            lane += _LANE
        self.row = lane - (_LANE if turning else 0) + _STUB
        for box in self.below:
            self.spots[box.key].c = self.row

    # -- turning it into a picture -----------------------------------------------------------------------------------

    def _corners(self, r: _Route) -> list[Point]:
        begin, end = r.source.a + r.source.size_a, r.target.a
        if r.kind == "next":
            if abs(r.out - r.into) < 0.01:
                return [(begin, r.out), (end, r.out)]
            return [(begin, r.out), (r.gap_out, r.out), (r.gap_out, r.into), (end, r.into)]
        if r.kind == "around":
            return [
                (begin, r.out),
                (r.gap_out, r.out),
                (r.gap_out, r.channel),
                (r.gap_in, r.channel),
                (r.gap_in, r.into),
                (end, r.into),
            ]
        if r.kind == "drop":
            bottom = r.source.c + r.source.size_c
            if abs(r.out - r.into) < 0.01:
                return [(r.out, bottom), (r.out, r.target.c)]
            return [(r.out, bottom), (r.out, r.channel), (r.into, r.channel), (r.into, r.target.c)]
        return [
            (begin, r.out),
            (r.gap_out, r.out),
            (r.gap_out, r.channel),
            (r.into, r.channel),
            (r.into, r.target.c),
        ]

    def finish(self, network: Sequence[str], machine: str) -> Diagram:
        """Turn the layout into a picture with frames, moved so that it begins at 0, 0."""
        boxes = {
            key: replace(spot.box, x=spot.c if self.narrow else spot.a, y=spot.a if self.narrow else spot.c)
            for key, spot in self.spots.items()
        }
        lines = [
            replace(r.line, points=tuple((c, a) if self.narrow else (a, c) for a, c in self._corners(r)))
            for r in self.routes
        ]
        frames = self._frames(boxes, lines, network, machine)
        left = min([b.x for b in boxes.values()] + [f.x for f in frames]) - 4
        top = min([b.y for b in boxes.values()] + [f.y for f in frames]) - 4
        right = max([b.x + b.width for b in boxes.values()] + [f.x + f.width for f in frames]) + 4
        bottom = max([b.y + b.height for b in boxes.values()] + [f.y + f.height for f in frames]) + 4
        return Diagram(
            "narrow" if self.narrow else "wide",
            right - left,
            bottom - top,
            tuple(replace(b, x=b.x - left, y=b.y - top) for b in boxes.values()),
            tuple(replace(line, points=tuple((x - left, y - top) for x, y in line.points)) for line in lines),
            tuple(
                replace(f, x=f.x - left, y=f.y - top, label_x=f.label_x - left, label_y=f.label_y - top) for f in frames
            ),
        )

    def _frames(self, boxes: dict[str, Box], lines: list[Line], network: Sequence[str], machine: str) -> list[Frame]:
        badges = [b for b in boxes.values() if b.kind == "port"]
        containers = [b for b in boxes.values() if b.kind == "container"]
        volumes = [b for b in boxes.values() if b.kind == "volume"]
        frames: list[Frame] = []
        calling = [line for line in lines if line.kind == "call"]
        if containers:
            # Calls run within the network; so does the way down to the volumes as far as the last container.
            points = [p for line in calling for p in line.points]
            inner = _hull(containers, points)
            if self.narrow:
                sides = [p for line in lines for p in line.points]
                low, high = self.spans[0][1], self.spans[self.first_volume - 1][1]
                inner = _join(inner, _hull([], [p for p in sides if low < p[1] < high] or [(inner[0], inner[1])]))
                inner = (inner[0], min(b.y for b in containers), inner[2], high)
            elif any(r.kind in ("around", "down") for r in self.routes):
                ends = [(r.gap_out, 0.0) for r in self.routes if r.kind in ("around", "down")]
                inner = _join(inner, (inner[0], inner[1], max([inner[2]] + [x for x, _ in ends]), inner[3]))
                inner = (inner[0], min(inner[1], self.before), inner[2], max(inner[3], self.behind))
            frames.append(_frame("network", network, inner, lines, below=self.narrow))
        everything = [*containers, *volumes]
        inner = _hull(everything, [])
        for frame in frames:
            inner = _join(inner, (frame.x, frame.y, frame.x + frame.width, frame.y + frame.height))
        points = [p for line in lines if line.kind == "data" for p in line.points]
        inner = _join(inner, _hull([], points)) if points else inner
        host = _frame("machine", (machine,), inner, [])
        frames.insert(0, self._through(host, badges))
        return frames

    def _through(self, host: Frame, badges: list[Box]) -> Frame:
        """Move the edge of the machine's frame so that the published ports lie upon it."""
        if not badges:
            return host
        if self.narrow:
            first = [b for b in badges if b.y == min(badge.y for badge in badges)]
            edge = first[0].y + max(b.height for b in first) / 2
            bottom = host.y + host.height
            left = min(host.x, min(b.x for b in badges) - _FRAME)
            right = max(
                host.x + host.width,
                max(b.x + b.width for b in badges) + _FRAME,
                left + 20 + len(host.label[0]) * CHARACTER,
            )
            # No line leads below the last box, so the label stands there.
            return replace(
                host,
                x=left,
                y=edge,
                width=right - left,
                height=bottom - edge + _LABEL,
                label_x=left + 10,
                label_y=bottom + _LABEL - 10,
            )
        edge = badges[0].x + badges[0].width / 2
        top = min(host.y, min(b.y for b in badges) - _FRAME - _LABEL)
        bottom = max(host.y + host.height, max(b.y + b.height for b in badges) + _FRAME)
        right = host.x + host.width
        return replace(
            host, x=edge, y=top, width=right - edge, height=bottom - top, label_x=edge + 10, label_y=top + 17
        )


_Rectangle = tuple[float, float, float, float]


def _hull(boxes: Iterable[Box], points: Iterable[Point]) -> _Rectangle:
    corners = list(points)
    for box in boxes:
        corners += [(box.x, box.y), (box.x + box.width, box.y + box.height)]
    if not corners:
        return (0.0, 0.0, 0.0, 0.0)
    xs, ys = [x for x, _ in corners], [y for _, y in corners]
    return (min(xs), min(ys), max(xs), max(ys))


def _join(one: _Rectangle, other: _Rectangle) -> _Rectangle:
    return (min(one[0], other[0]), min(one[1], other[1]), max(one[2], other[2]), max(one[3], other[3]))


def _frame(kind: str, label: Sequence[str], inner: _Rectangle, lines: list[Line], *, below: bool = False) -> Frame:
    """Draw a frame around something, with its label where no line runs; it grows when there is no such place.

    Args:
        kind: what it stands for.
        label: what is written in it, line by line.
        inner: what it goes around.
        lines: what the label must not touch.
        below: whether the label may stand at the lower edge as well as at the upper one.

    """
    text = tuple(_wrap(line, 60, 1)[0] for line in label)
    high = _LABEL + LINE * (len(text) - 1)
    long = max(len(line) for line in text) * CHARACTER
    made = []
    for at_top in (True, False) if below else (True,):
        left, right = inner[0] - _FRAME, inner[2] + _FRAME
        top, bottom = inner[1] - _FRAME, inner[3] + _FRAME
        if at_top:
            strip = (top - high, inner[1])
            top = strip[0]
        else:
            strip = (inner[3], bottom + high)
            bottom = strip[1]
        blocked = [
            (min(x0, x1) - 5, max(x0, x1) + 5)
            for line in lines
            for (x0, y0), (x1, y1) in zip(line.points, line.points[1:], strict=False)
            if min(y0, y1) < strip[1] and max(y0, y1) > strip[0]
        ]
        at = left + 10
        for start, end in sorted(blocked):
            if start < at + long and end > at:
                at = end
        right = max(right, at + long + 10)
        base = top + 17 if at_top else bottom - 10 - LINE * (len(text) - 1)
        made.append(Frame(kind, text, left, top, right - left, bottom - top, at, base))
    return min(made, key=lambda frame: frame.width)


def _within(at: float, spot: _Spot) -> bool:
    return spot.c + 10 <= at <= spot.c + spot.size_c - 10


def _spread(start: float, size: float, count: int) -> list[float]:
    return [start + size * (index + 1) / (count + 1) for index in range(count)]


def _free(wish: float, taken: Sequence[float], start: float, size: float) -> float:
    """Return the place on a side that is nearest to a wish and clear of what is taken."""
    steps = int(size)
    places = [start + 8 + (size - 16) * index / steps for index in range(steps + 1)]
    clear = [p for p in [wish, *places] if all(abs(p - t) >= _CLEAR for t in taken)]
    if not clear:
        # More lines than room: the one farthest from the others.
        return max(places, key=lambda p: min(abs(p - t) for t in taken))
    return min(clear, key=lambda p: abs(p - wish))


def _packed(routes: list[_Route]) -> list[list[_Route]]:
    """Share the lanes of a channel out: lines that do not meet run in the same one, the short ones nearest."""
    lanes: list[list[_Route]] = []
    for route in sorted(routes, key=lambda r: abs(r.gap_in - r.gap_out)):
        low, high = sorted((route.gap_in, route.gap_out))
        for lane in lanes:
            if all(high + _CLEAR < min(r.gap_in, r.gap_out) or low - _CLEAR > max(r.gap_in, r.gap_out) for r in lane):
                lane.append(route)
                break
        else:
            lanes.append([route])
    return lanes


def _in_a_row(wish: Sequence[float], size: Sequence[float], left: float, gap: float) -> list[float]:
    """Place things in a row, each as near to its wish as its neighbours allow, none before ``left``."""
    places: list[float] = []
    at = left
    for want, wide in zip(wish, size, strict=True):
        at = max(at, want)
        places.append(at)
        at += wide + gap
    return places


def _head(before: Point, tip: Point) -> str:
    """Return an arrowhead at the end of a segment."""
    (x0, y0), (x1, y1) = before, tip
    length = max(abs(x1 - x0), abs(y1 - y0)) or 1.0
    dx, dy = (x1 - x0) / length, (y1 - y0) / length
    base_x, base_y = x1 - 9 * dx, y1 - 9 * dy
    points = ((x1, y1), (base_x - 4.5 * dy, base_y + 4.5 * dx), (base_x + 4.5 * dy, base_y - 4.5 * dx))
    return " ".join(f"{_number(x)},{_number(y)}" for x, y in points)


def _number(value: float) -> str:
    return f"{value:.1f}".removesuffix(".0")
