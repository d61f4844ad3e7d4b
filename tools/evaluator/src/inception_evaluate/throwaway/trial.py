"""What is known of a project while it is made on a throw-away machine."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from inception_evaluate.evidence import Persisted, Step
from inception_evaluate.machine import Machine
from inception_evaluate.model import Figure

#: Where the repository lies on the machine.
PLACE = "/root/inception"


@dataclass
class Trial:
    """What became of making a project on a fresh machine.

    Attributes:
        machine: where it was made.
        container: the container that the machine is.
        steps: what the sheet is told (E7, E8, E16).
        notes: what was supplied.
        figures: how long it took.
        complaint: why it could not be made, or empty.
        pending: secrets that nobody has made yet: path to a made-up value, and a sentence about it.

    """

    machine: Machine
    container: str
    steps: list[Step] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    figures: list[Figure] = field(default_factory=list)
    complaint: str = ""
    pending: dict[str, tuple[str, str]] = field(default_factory=dict, repr=False)

    @property
    def evidence(self) -> Persisted:
        """What the rules read."""
        return Persisted(tuple(self.steps), tuple(self.figures))


def is_bundle(root: Path) -> bool:
    """Tell whether a project is the bundle itself, which prepares its machine without help."""
    return (root / "roles" / "stack" / "tasks" / "main.yml").is_file()
