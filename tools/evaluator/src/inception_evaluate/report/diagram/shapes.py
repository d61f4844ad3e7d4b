"""What a picture is made of: boxes, lines and frames, and how text is fitted into them."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

#: The height of a line of small text, and the width of one of its characters (a monospaced font of 12 units).
LINE, CHARACTER = 15.0, 7.3
#: The height of a heading, and the width that one of its characters has at most (a bold font of 15 units).
HEADING, HEADING_CHARACTER = 20.0, 9.6
_PAD = 10.0
FRAME = 16.0  # from a frame to what it holds
LABEL = 24.0  # the height that a frame's label takes

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
        return "M" + " L".join(f"{number(x)} {number(y)}" for x, y in self.points)

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


def wrap(text: str, width: int, most: int) -> tuple[str, ...]:
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


def box(
    key: str, kind: str, heading: str, lines: Sequence[str], *, width: float, trouble: bool = False, most: int = 3
) -> Box:
    """Make a box of a width, as high as its text; ``most`` lines of each text at most."""
    inner = width - 2 * _PAD
    head = wrap(heading, int(inner / HEADING_CHARACTER), 2)
    small = tuple(part for line in lines if line for part in wrap(line, int(inner / CHARACTER), most))
    top = 20.0 if kind == "volume" else 6.0
    height = top + len(head) * HEADING + len(small) * LINE + _PAD
    title = "; ".join(line for line in (heading, *lines) if line)
    return Box(key, kind, head, small, title, width, height, trouble=trouble)


def _head(before: Point, tip: Point) -> str:
    """Return an arrowhead at the end of a segment."""
    (x0, y0), (x1, y1) = before, tip
    length = max(abs(x1 - x0), abs(y1 - y0)) or 1.0
    dx, dy = (x1 - x0) / length, (y1 - y0) / length
    base_x, base_y = x1 - 9 * dx, y1 - 9 * dy
    points = ((x1, y1), (base_x - 4.5 * dy, base_y + 4.5 * dx), (base_x + 4.5 * dy, base_y - 4.5 * dx))
    return " ".join(f"{number(x)},{number(y)}" for x, y in points)


def number(value: float) -> str:
    """Write a length with one digit after the point, and none where it is 0."""
    return f"{value:.1f}".removesuffix(".0")
