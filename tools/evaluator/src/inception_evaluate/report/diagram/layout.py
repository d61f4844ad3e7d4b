"""Where it is drawn: places for the boxes, lanes for the lines."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from inception_evaluate.report.diagram.frames import Rectangle, frame_around, hull, join, through
from inception_evaluate.report.diagram.shapes import FRAME, LABEL, LINE, Box, Diagram, Frame, Line, Point

_STUB = 20.0  # from a box to the first lane: room for an arrowhead
_LANE = 11.0  # from lane to lane
_STACK = 26.0  # between boxes of one column
_CLEAR = 6.0  # two lines never run closer than this


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

    @property
    def from_a(self) -> float:
        """Where a line to the row below comes from, along the direction of reading."""
        return self.out if self.kind == "drop" else self.gap_out


@dataclass
class Layout:
    """A picture while it is laid out; ``route`` gives every box and line its place."""

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
        """Place the boxes and lead the lines."""
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
        for number, column in enumerate(self.columns):
            at = self._gap(number, at)
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
        self._channels()

    def _gap(self, number: int, at: float) -> float:
        """Give the lines in the gap before a column their lanes; returns where the column begins.

        Args:
            number: the column's.
            at: where the column before it ends.

        """
        entering = self._entering(number)
        # The narrow picture's labels stand in the gaps before the first container and behind the last one.
        label = FRAME + LABEL + LINE if self.narrow and number else 0.0
        if number == self.first_volume:
            at += label
        if number:
            at += _STUB
        elif entering:
            at -= _STUB + _LANE * (len(entering) - 1)
        for route, arriving in entering:
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
        return at

    def _entering(self, number: int) -> list[tuple[_Route, bool]]:
        """Return the lines that turn in the gap before a column, the first lane first, and whether each arrives there."""
        found: list[tuple[float, _Route, bool]] = []
        for r in self.routes:
            leaves = r.source.column == number - 1
            if r.kind == "next" and leaves and abs(r.out - r.into) > 0.01:
                # Of lines that go up, the highest turns first; of those that go down, the lowest.
                found.append((r.out if r.into < r.out else 1e4 - r.out, r, False))
            elif r.kind == "down" and leaves:
                found.append((2e5 - r.out, r, False))
            elif r.kind == "around" and leaves:
                found.append((1e5 + r.out * (-1 if r.after else 1), r, False))
            if r.kind == "around" and r.target.column == number:
                found.append((3e5 + r.into * (1 if r.after else -1), r, True))
        return [(route, arriving) for _, route, arriving in sorted(found, key=lambda e: e[0])]

    def _channels(self) -> None:
        """Give the lines that go around their lanes before and behind the boxes."""
        around = [r for r in self.routes if r.kind == "around"]
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
        self._place_row(down)
        self._arrive(down)
        turning = [r for r in down if r.kind == "down" or abs(r.into - r.out) > 0.01]
        lane = self.behind + FRAME + _STUB
        for route in sorted(turning, key=lambda r: abs(r.into - r.from_a)):
            route.channel = lane
            lane += _LANE
        self.row = lane - (_LANE if turning else 0) + _STUB
        for box in self.below:
            self.spots[box.key].c = self.row

    def _place_row(self, down: list[_Route]) -> None:
        """Place each box of the row as near as can be under the middle of those that use it."""
        users = {box.key: [r.from_a for r in down if r.target.box is box] for box in self.below}
        middle = {key: sum(found) / len(found) for key, found in users.items() if found}
        order = sorted(self.below, key=lambda box: middle.get(box.key, 1e6))
        wide = [self.spots[box.key].size_a for box in order]
        wish = [middle.get(box.key, self.spans[-1][1]) - size / 2 for box, size in zip(order, wide, strict=True)]
        left = self.spans[2][0] if len(self.spans) > 2 else self.spans[-1][0]
        for box, at in zip(order, _in_a_row(wish, wide, left, _STACK), strict=True):
            self.spots[box.key].a = at

    def _arrive(self, down: list[_Route]) -> None:
        """Spread the lines over the upper sides of the row's boxes, straight where they can be, and apart."""
        for spot in (self.spots[box.key] for box in self.below):
            coming = sorted((r for r in down if r.target is spot), key=lambda r: r.from_a)
            for route, at in zip(coming, _spread(spot.a, spot.size_a, len(coming)), strict=True):
                route.into = at
                if len(coming) == 1 and route.kind == "drop" and spot.a + 12 <= route.out <= spot.a + spot.size_a - 12:
                    route.into = route.out
        for route in down:
            if route.kind == "drop" and route.into == route.out:
                continue
            taken = [r.from_a for r in down if r is not route]
            taken += [r.into for r in down if r is not route]
            route.into = _free(route.into, taken, route.target.a, route.target.size_a)

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
        if containers:
            inner = self._network(containers, lines)
            frames.append(frame_around("network", network, inner, lines, below=self.narrow))
        everything = [*containers, *volumes]
        inner = hull(everything, [])
        for frame in frames:
            inner = join(inner, (frame.x, frame.y, frame.x + frame.width, frame.y + frame.height))
        points = [p for line in lines if line.kind == "data" for p in line.points]
        inner = join(inner, hull([], points)) if points else inner
        host = frame_around("machine", (machine,), inner, [])
        frames.insert(0, through(host, badges, narrow=self.narrow))
        return frames

    def _network(self, containers: list[Box], lines: list[Line]) -> Rectangle:
        """Return what the network's frame goes around."""
        # Calls run within the network; so does the way down to the volumes as far as the last container.
        inner = hull(containers, [p for line in lines if line.kind == "call" for p in line.points])
        if self.narrow:
            sides = [p for line in lines for p in line.points]
            low, high = self.spans[0][1], self.spans[self.first_volume - 1][1]
            inner = join(inner, hull([], [p for p in sides if low < p[1] < high] or [(inner[0], inner[1])]))
            return (inner[0], min(b.y for b in containers), inner[2], high)
        ends = [r.gap_out for r in self.routes if r.kind in ("around", "down")]
        if not ends:
            return inner
        return (inner[0], min(inner[1], self.before), max(inner[2], *ends), max(inner[3], self.behind))


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
