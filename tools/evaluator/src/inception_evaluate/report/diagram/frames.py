"""The frames of machine and network around the boxes."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace

from inception_evaluate.report.diagram.shapes import CHARACTER, FRAME, LABEL, LINE, Box, Frame, Line, Point, wrap

Rectangle = tuple[float, float, float, float]


def hull(boxes: Iterable[Box], points: Iterable[Point]) -> Rectangle:
    """Return the smallest rectangle around boxes and points; all zeros without any."""
    corners = list(points)
    for box in boxes:
        corners += [(box.x, box.y), (box.x + box.width, box.y + box.height)]
    if not corners:
        return (0.0, 0.0, 0.0, 0.0)
    xs, ys = [x for x, _ in corners], [y for _, y in corners]
    return (min(xs), min(ys), max(xs), max(ys))


def join(one: Rectangle, other: Rectangle) -> Rectangle:
    """Return the smallest rectangle around two."""
    return (min(one[0], other[0]), min(one[1], other[1]), max(one[2], other[2]), max(one[3], other[3]))


def frame_around(kind: str, label: Sequence[str], inner: Rectangle, lines: list[Line], *, below: bool = False) -> Frame:
    """Draw a frame around something, with its label where no line runs; it grows when there is no such place.

    Args:
        kind: what it stands for.
        label: what is written in it, line by line.
        inner: what it goes around.
        lines: what the label must not touch.
        below: whether the label may stand at the lower edge as well as at the upper one.

    """
    text = tuple(wrap(line, 60, 1)[0] for line in label)
    high = LABEL + LINE * (len(text) - 1)
    long = max(len(line) for line in text) * CHARACTER
    made = []
    for at_top in (True, False) if below else (True,):
        left, right = inner[0] - FRAME, inner[2] + FRAME
        top, bottom = inner[1] - FRAME, inner[3] + FRAME
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


def through(host: Frame, badges: list[Box], *, narrow: bool) -> Frame:
    """Move the edge of the machine's frame so that the published ports lie upon it."""
    if not badges:
        return host
    if narrow:
        first = [b for b in badges if b.y == min(badge.y for badge in badges)]
        edge = first[0].y + max(b.height for b in first) / 2
        bottom = host.y + host.height
        left = min(host.x, min(b.x for b in badges) - FRAME)
        right = max(
            host.x + host.width,
            max(b.x + b.width for b in badges) + FRAME,
            left + 20 + len(host.label[0]) * CHARACTER,
        )
        # No line leads below the last box, so the label stands there.
        return replace(
            host,
            x=left,
            y=edge,
            width=right - left,
            height=bottom - edge + LABEL,
            label_x=left + 10,
            label_y=bottom + LABEL - 10,
        )
    edge = badges[0].x + badges[0].width / 2
    top = min(host.y, min(b.y for b in badges) - FRAME - LABEL)
    bottom = max(host.y + host.height, max(b.y + b.height for b in badges) + FRAME)
    right = host.x + host.width
    return replace(host, x=edge, y=top, width=right - edge, height=bottom - top, label_x=edge + 10, label_y=top + 17)
