"""The report as one HTML file that needs nothing else: no script, no network, no other file."""

from __future__ import annotations

import base64
import hashlib
import re
import struct
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup, escape

from inception_check.model import Finding, Severity
from inception_check.reports.clean import printable
from inception_evaluate.model import Check, Evaluation, Figure, Shot, Verdict
from inception_evaluate.report import diagram, facts
from inception_evaluate.report.diagram import shapes
from inception_evaluate.report.sections import sections
from inception_evaluate.report.units import quantity

#: No screenshot larger than that (bytes) gets into the file: a report is sent by mail.
LARGEST_SHOT = 6 * 1024 * 1024

_WORDS = {
    Verdict.PASS: "PASS",
    Verdict.FAIL: "FAIL",
    Verdict.WARN: "WARN",
    Verdict.UNDECIDED: "not decided",
    Verdict.SPOKEN: "spoken",
    Verdict.ABSENT: "not present",
}
_SEVERITIES = {Severity.ERROR: "fails", Severity.WARNING: "doubtful", Severity.INFO: "note"}
#: Heading of each group of figures, and what its sum is called; None where a sum means nothing.
_GROUPS = {
    "sizes": ("Sizes", None),
    "memory": ("Memory in use", "together"),
    "start-up": ("Time to start", None),
    "restart": ("Time until the site answered again after the daemon was killed", None),
    "answers": ("Time to answer", None),
}
_PNG = b"\x89PNG\r\n\x1a\n"


@dataclass(frozen=True, slots=True)
class _Picture:
    """A screenshot, embedded, or the reason why it is not, or the check that already shows the same file."""

    title: str
    anchor: str
    data: Markup | None = None
    width: int = 0
    height: int = 0
    missing: str = ""
    same: str = ""


@dataclass(frozen=True, slots=True)
class _Bar:
    label: str
    text: str
    share: float


@dataclass(frozen=True, slots=True)
class _Group:
    title: str
    bars: tuple[_Bar, ...]
    total: str
    total_label: str


def render_html(evaluation: Evaluation, directory: Path) -> str:
    """Render an evaluation as one self-contained HTML page.

    Everything that comes from the evaluation is escaped, and so are characters that steer a terminal or turn the
    direction of writing; the page's own policy (CSP) lets nothing run and nothing be fetched.

    Args:
        evaluation: what was found.
        directory: where its screenshots are. One that is missing, is no PNG or is too large gets a sentence in its
            place.

    """
    style = Markup(_style())  # noqa: S704 -- the package's own file
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    owners: dict[Finding, str] = {}
    for check in evaluation.checks:
        for finding in check.findings:
            owners.setdefault(finding, check.id)
    verdict, sentence = facts.headline(evaluation)
    machine = "machine" + (f" {evaluation.domain}" if evaluation.domain else "")
    topology = evaluation.topology
    drawings = (
        [diagram.draw(topology, machine), diagram.draw(topology, machine, narrow=True)] if topology.containers else []
    )
    return (
        _environment()
        .get_template("report.html.j2")
        .render(
            e=evaluation,
            style=style,
            policy=f"default-src 'none'; img-src data:; style-src 'sha256-{digest}'; base-uri 'none'; form-action 'none'",
            verdict=verdict,
            sentence=sentence,
            Verdict=Verdict,
            words=_WORDS,
            severities=_SEVERITIES,
            sections=sections(evaluation.checks),
            owners=owners,
            pictures=_pictures(evaluation.checks, directory),
            drawings=drawings,
            metrics=shapes,
            groups=_groups(evaluation.figures),
            facts=facts,
            common=facts.common(evaluation),
            partial=facts.partial(evaluation),
            beyond=[finding for finding in evaluation.beyond if finding.suppressed is None],
            suppressed=facts.suppressed(evaluation),
            heads=facts.heads(evaluation),
            ids={check.id for check in evaluation.checks},
        )
    )


def _environment() -> Environment:
    environment = Environment(
        loader=PackageLoader("inception_evaluate.report"),
        autoescape=True,
        undefined=StrictUndefined,
        lstrip_blocks=True,
        finalize=_clean,
    )
    environment.filters |= {
        "quantity": quantity,
        "number": shapes.number,
        "anchor": _anchor,
        "moment": _moment,
        "path": _path,
        "prose": _prose,
    }
    return environment


def _clean(value: object) -> object:
    """Make text visible and harmless; what is markup already was made from such text."""
    if isinstance(value, str) and not isinstance(value, Markup):
        return printable(value, 4000)
    return value


def _style() -> str:
    return (Path(__file__).parent / "templates" / "report.css").read_text(encoding="utf-8")


def _anchor(text: str) -> str:
    """Return a text as an anchor: letters, digits and hyphens."""
    return re.sub(r"[^a-z0-9]+", "-", text.lower()).strip("-") or "x"


def _moment(text: str) -> str:
    """Write a moment of ISO 8601 as a person does; what is none stays as it is."""
    try:
        return datetime.fromisoformat(text).strftime("%-d %B %Y, %H:%M UTC")
    except ValueError:
        return text


def _path(text: str) -> Markup:
    """Let a path be broken after its slashes and nowhere else."""
    return Markup("/<wbr>").join(escape(part) for part in printable(text, 4000).split("/"))


def _prose(text: str) -> Markup:
    """Set what stands between backticks as code, and let paths be broken."""
    parts = re.split(r"`([^`]+)`", text)
    return Markup().join(
        Markup("<code>{}</code>").format(_path(part)) if index % 2 else _path(part) for index, part in enumerate(parts)
    )


def _pictures(checks: tuple[Check, ...], directory: Path) -> dict[str, list[_Picture]]:
    """Embed every screenshot once, at the first check that has it."""
    owners: dict[str, str] = {}
    made: dict[str, list[_Picture]] = {}
    for check in checks:
        made[check.id] = []
        for number, shot in enumerate(check.shots, 1):
            anchor = f"shot-{_anchor(check.id)}-{number}"
            owner = owners.setdefault(shot.file, check.id)
            shown = owner == check.id and all(shot.file != earlier.file for earlier in check.shots[: number - 1])
            made[check.id].append(
                _picture(shot, anchor, directory) if shown else _Picture(shot.title, anchor, same=owner)
            )
    return made


def _picture(shot: Shot, anchor: str, directory: Path) -> _Picture:
    root = directory.resolve()
    try:
        path = (root / shot.file).resolve()
    except ValueError:
        return _Picture(shot.title, anchor, missing=f"{shot.file} is no name of a file")
    if not path.is_relative_to(root):
        return _Picture(shot.title, anchor, missing=f"{shot.file} is outside the directory of the screenshots")
    try:
        if path.stat().st_size > LARGEST_SHOT:
            return _Picture(shot.title, anchor, missing=f"{shot.file} is too large for this file; open it by itself")
        data = path.read_bytes()
    except OSError as error:
        return _Picture(shot.title, anchor, missing=f"{shot.file} cannot be read: {error.strerror}")
    if not data.startswith(_PNG) or data[12:16] != b"IHDR" or len(data) < 24:
        return _Picture(shot.title, anchor, missing=f"{shot.file} is no PNG picture")
    width, height = struct.unpack(">II", data[16:24])
    encoded = base64.b64encode(data).decode()
    return _Picture(shot.title, anchor, Markup(f"data:image/png;base64,{encoded}"), width, height)  # noqa: S704 -- base64


def _groups(figures: tuple[Figure, ...]) -> tuple[_Group, ...]:
    """Put figures under their headings, known groups first; figures of other units stay apart."""
    filed: dict[tuple[str, str], list[Figure]] = {}
    for figure in figures:
        filed.setdefault((figure.group, figure.unit), []).append(figure)
    known = list(_GROUPS)
    made = []
    for group, unit in sorted(filed, key=lambda key: (known.index(key[0]) if key[0] in known else len(known), key)):
        found = filed[group, unit]
        title, sum_label = _GROUPS.get(group, (group, None))
        largest = max((abs(figure.value) for figure in found), default=0) or 1
        bars = tuple(_Bar(f.label, quantity(f.value, unit), 100 * abs(f.value) / largest) for f in found)
        total = quantity(sum(f.value for f in found), unit) if sum_label and len(found) > 1 else ""
        made.append(_Group(title, bars, total, sum_label or ""))
    return tuple(made)
