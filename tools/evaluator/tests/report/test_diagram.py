"""The picture of what runs: nothing in it covers anything else, whatever runs."""

from __future__ import annotations

import dataclasses
import itertools

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from evaluation_sample import container, eight, three
from inception_evaluate.model import Attachment, Mount, Network, Port, Topology, Volume
from inception_evaluate.report.diagram import draw, shapes
from inception_evaluate.report.diagram.contents import calls
from inception_evaluate.report.diagram.shapes import Box, Diagram, Frame, Line, Point

Rectangle = tuple[float, float, float, float]


def _rectangle(thing: Box | Frame) -> Rectangle:
    return (thing.x, thing.y, thing.x + thing.width, thing.y + thing.height)


def _meet(one: Rectangle, other: Rectangle, least: float = 0.01) -> bool:
    return (
        one[0] < other[2] - least
        and other[0] < one[2] - least
        and one[1] < other[3] - least
        and other[1] < one[3] - least
    )


def _segments(line: Line) -> list[tuple[Point, Point]]:
    return list(itertools.pairwise(line.points))


def _hull(segment: tuple[Point, Point], grown: float = 0.0) -> Rectangle:
    (x0, y0), (x1, y1) = segment
    return (min(x0, x1) - grown, min(y0, y1) - grown, max(x0, x1) + grown, max(y0, y1) + grown)


def _label(frame: Frame) -> Rectangle:
    width = max(len(line) for line in frame.label) * shapes.CHARACTER
    bottom = frame.label_y + shapes.LINE * (len(frame.label) - 1)
    return (frame.label_x, frame.label_y - 10, frame.label_x + width, bottom + 3)


def _inside(point: Point, box: Box) -> bool:
    return (
        box.x - 0.01 <= point[0] <= box.x + box.width + 0.01 and box.y - 0.01 <= point[1] <= box.y + box.height + 0.01
    )


def _within(inner: Rectangle, picture: Diagram) -> bool:
    return inner[0] >= 0 and inner[1] >= 0 and inner[2] <= picture.width and inner[3] <= picture.height


def _hold(picture: Diagram) -> None:
    """Hold a picture against everything that makes it legible."""
    _hold_boxes(picture)
    _hold_lines(picture)
    _hold_frames(picture)


def _hold_boxes(picture: Diagram) -> None:
    assert len({box.key for box in picture.boxes}) == len(picture.boxes)
    for box in picture.boxes:
        assert _within(_rectangle(box), picture), f"{box.key} is cut off"
        texts = [(text, shapes.HEADING_CHARACTER) for text in box.heading]
        texts += [(text, shapes.CHARACTER) for text in box.lines]
        for text, width in texts:
            assert 10 + len(text) * width <= box.width, f"the text {text!r} leaves {box.key}"
        tall = box.text_top + len(box.heading) * shapes.HEADING + len(box.lines) * shapes.LINE
        assert tall <= box.height, f"the text leaves {box.key}"
    for one, other in itertools.combinations(picture.boxes, 2):
        assert not _meet(_rectangle(one), _rectangle(other)), f"{one.key} lies upon {other.key}"


def _hold_lines(picture: Diagram) -> None:
    boxes = {box.key: box for box in picture.boxes}
    for line in picture.lines:
        assert _inside(line.points[0], boxes[line.source]), f"{line.title}: does not begin at its box"
        assert _inside(line.points[-1], boxes[line.target]), f"{line.title}: does not end at its box"
        for segment in _segments(line):
            (x0, y0), (x1, y1) = segment
            assert abs(x0 - x1) < 0.01 or abs(y0 - y1) < 0.01, f"{line.title}: runs aslant"
            for box in picture.boxes:
                assert not _meet(_hull(segment), _rectangle(box)), f"{line.title}: runs through {box.key}"
            assert _within(_hull(segment), picture), f"{line.title}: is cut off"
    for one_line, other_line in itertools.combinations(picture.lines, 2):
        for a, b in itertools.product(_segments(one_line), _segments(other_line)):
            upright = abs(a[0][0] - a[1][0]) < 0.01
            if upright != (abs(b[0][0] - b[1][0]) < 0.01):
                continue  # they cross
            meet = _meet(_hull(a, 0.5), _hull(b, 0.5))
            assert not meet, f"{one_line.title} lies upon {other_line.title}"


def _hold_frames(picture: Diagram) -> None:
    for frame in picture.frames:
        for line in picture.lines:
            for segment in _segments(line):
                assert not _meet(_hull(segment, 0.5), _label(frame)), f"{line.title}: runs through {frame.label}"
        for box in picture.boxes:
            assert not _meet(_label(frame), _rectangle(box)), f"{frame.label} lies upon {box.key}"
        assert _label(frame)[0] >= frame.x
        assert _label(frame)[2] <= frame.x + frame.width
        if frame.kind == "network":
            for box in picture.boxes:
                inside = _meet(_rectangle(frame), _rectangle(box))
                assert inside == (box.kind == "container"), f"{box.key} and the network's frame"


names = st.text("abcdefghijklmnopqrstuvwxyz0123456789_.-", min_size=1, max_size=40)
ports = st.builds(
    Port,
    st.integers(1, 65535),
    st.integers(1, 65535),
    st.sampled_from(["tcp", "udp"]),
    st.sampled_from(["0.0.0.0", "::", "127.0.0.1", ""]),  # noqa: S104 -- where a port may be published
)


@st.composite
def topologies(make: st.DrawFn) -> Topology:
    volumes = make(st.lists(names, max_size=5, unique=True))
    networks = make(st.lists(names, max_size=3, unique=True))
    containers = []
    for name in make(st.lists(names, min_size=1, max_size=10, unique=True)):
        used = make(st.lists(st.sampled_from(volumes), max_size=3, unique=True)) if volumes else []
        joined = make(st.lists(st.sampled_from(networks), max_size=3, unique=True)) if networks else []
        containers.append(
            container(
                name,
                role=make(st.sampled_from(["nginx", "wordpress", "mariadb", "redis", "adminer", "static", "ftp", ""])),
                state=make(st.sampled_from(["running", "exited", "restarting"])),
                ports=tuple(make(st.lists(ports, max_size=3))),
                exposed=tuple(make(st.lists(st.sampled_from(["9000/tcp", "53/udp", "80/tcp"]), max_size=3))),
                networks=tuple(Attachment(network, "172.18.0.2") for network in joined),
                mounts=tuple(Mount("volume", volume, "/data", make(st.booleans())) for volume in used),
            )
        )
    return Topology(
        tuple(containers),
        tuple(Network(name, "bridge") for name in networks),
        tuple(Volume(name, "local", f"/home/wil/data/{name}") for name in volumes),
    )


@pytest.mark.parametrize("narrow", [False, True])
@given(topology=topologies())
@settings(max_examples=80, deadline=None)
def test_nothing_covers_anything(topology: Topology, narrow: bool) -> None:
    _hold(draw(topology, "machine wil.42.fr", narrow=narrow))


@pytest.mark.parametrize("narrow", [False, True])
@pytest.mark.parametrize("topology", [three(), eight()], ids=["three", "eight"])
def test_usual_stacks(topology: Topology, narrow: bool) -> None:
    _hold(draw(topology, "machine wil.42.fr", narrow=narrow))


def test_the_mandatory_part_reads_from_the_outside_in() -> None:
    picture = draw(three(), "machine wil.42.fr")
    place = {box.key.rpartition(":")[2]: box.x for box in picture.boxes if box.kind != "volume"}
    assert place["outside"] < place["443"] < place["nginx"] < place["wordpress"] < place["mariadb"]
    assert {line.title for line in picture.lines} == {
        "visitors reach port 443",
        "port 443 of the machine leads to port 443 of nginx",
        "nginx calls wordpress on port 9000",
        "wordpress calls mariadb on port 3306",
        "nginx reads the volume wordpress",
        "wordpress reads and writes the volume wordpress",
        "mariadb reads and writes the volume mariadb",
    }
    straight = [line for line in picture.lines if line.kind in ("visit", "call")]
    assert all(len(line.points) == 2 for line in straight)


def test_the_narrow_picture_fits_a_phone() -> None:
    # Text of 12 units stays above 9 pixels on a screen of 360.
    assert draw(three(), "machine wil.42.fr", narrow=True).width <= 420
    assert draw(three(), "machine wil.42.fr").width > 600


def test_trouble_is_written_and_not_only_coloured() -> None:
    backup = next(box for box in draw(eight(), "machine").boxes if box.key == "container:backup")
    assert backup.trouble
    assert "restarting" in backup.lines


def test_a_port_of_the_machine_alone_is_not_reached_from_outside() -> None:
    picture = draw(eight(), "machine")
    assert "visitors reach port 8080" not in {line.title for line in picture.lines}
    badge = next(box for box in picture.boxes if box.kind == "port" and box.heading == ("8080",))
    assert badge.lines == ("local",)


def test_containers_without_a_common_network_do_not_call_each_other() -> None:
    apart = tuple(
        dataclasses.replace(one, networks=(Attachment(one.service, "172.18.0.2"),)) for one in three().containers
    )
    assert calls(dataclasses.replace(three(), containers=apart)) == ()
    assert len(calls(three())) == 2
