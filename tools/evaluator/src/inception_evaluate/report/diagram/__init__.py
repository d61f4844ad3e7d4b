"""The picture of what runs, laid out by code: visitors, published ports, containers, volumes, and who calls whom.

The layout is that of the subject's own diagram: the machine is a frame, the Docker network a frame within it, each
container a box, each volume a cylinder below them, the way in from the outside. Boxes stand in columns; lines run in
the channels between them, at right angles, each in a lane of its own, so that no line crosses a box or lies upon
another line. The same code draws the narrow picture for a phone: it works in coordinates along and across the
direction of reading, and the narrow picture exchanges the two.

All lengths are in units of the picture (CSS pixels, unless the page scales it).
"""

from __future__ import annotations

from inception_evaluate.model import Topology
from inception_evaluate.report.diagram import contents
from inception_evaluate.report.diagram.layout import Layout
from inception_evaluate.report.diagram.shapes import Diagram


def draw(topology: Topology, machine: str, *, narrow: bool = False) -> Diagram:
    """Lay the picture out.

    Args:
        topology: what runs; at least one container.
        machine: the label of the machine's frame.
        narrow: whether it is for a small screen: one column, read from the top.

    """
    picture = Layout(narrow=narrow)
    picture.columns = contents.columns_of(topology, narrow=narrow)
    volumes = [contents.volume_box(volume, topology, narrow=narrow) for volume in topology.volumes]
    picture.edges = contents.edges_of(topology)
    picture.first_container = sum(1 for column in picture.columns if column[0].kind != "container")
    picture.first_volume = len(picture.columns)
    if narrow:
        picture.columns.extend([box] for box in volumes)
    else:
        picture.below = volumes
    picture.route()
    return picture.finish(contents.network_label(topology, narrow=narrow), machine)
