"""The plot of a run, as SVG written by hand: it needs no library, and stays sharp at any size."""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence
from html import escape
from typing import Any

WIDTH = 1000
LEFT = 290
RIGHT = 150
ROW = 30
COLOURS = {"reference": "#7a828e", "ours": "#0a7d77", "limit": "#d08700"}
INK = "#1d2733"
FAINT = "#5c6773"
GRID = "#e3e7ec"
BAD = "#b3261e"
_FONT = "system-ui, -apple-system, 'Segoe UI', 'DejaVu Sans', Helvetica, Arial, sans-serif"
_SERVICES = (("nginx", "nginx"), ("wordpress", "php-fpm"), ("mariadb", "mariadbd"))


class Canvas:
    """Collects shapes, and how far down they reach."""

    def __init__(self) -> None:
        """Begin with an empty sheet."""
        self.shapes: list[str] = []
        self.height = 0.0

    def text(
        self, x: float, y: float, text: str, size: int = 12, anchor: str = "start", colour: str = INK, weight: int = 400
    ) -> None:
        """Write a text with its baseline at y."""
        self.shapes.append(
            f'<text x="{x:.1f}" y="{y:.1f}" font-size="{size}" text-anchor="{anchor}" fill="{colour}"'
            # A white rim keeps it readable where it crosses a line.
            f' font-weight="{weight}" stroke="#fff" stroke-width="3" paint-order="stroke">{escape(text)}</text>'
        )

    def line(self, x1: float, y1: float, x2: float, y2: float, colour: str, width: float = 1, dash: str = "") -> None:
        """Draw a line."""
        dashed = f' stroke-dasharray="{dash}"' if dash else ""
        self.shapes.append(
            f'<line x1="{x1:.1f}" y1="{y1:.1f}" x2="{x2:.1f}" y2="{y2:.1f}" stroke="{colour}" stroke-width="{width}"'
            f' stroke-linecap="round"{dashed}/>'
        )

    def dot(self, x: float, y: float, colour: str, radius: float = 5.5) -> None:
        """Draw a dot with a white rim, so that dots close together can be told apart."""
        self.shapes.append(
            f'<circle cx="{x:.1f}" cy="{y:.1f}" r="{radius}" fill="{colour}" stroke="#fff" stroke-width="1.5"/>'
        )

    def bar(self, x: float, y: float, width: float, height: float, colour: str) -> None:
        """Draw a bar."""
        self.shapes.append(
            f'<rect x="{x:.1f}" y="{y:.1f}" width="{max(width, 1):.1f}" height="{height}" rx="2" fill="{colour}"/>'
        )

    def svg(self) -> str:
        """Return the whole picture."""
        height = round(self.height)
        return (
            f'<svg xmlns="http://www.w3.org/2000/svg" width="{WIDTH}" height="{height}" viewBox="0 0 {WIDTH} {height}"'
            f' font-family="{_FONT}" role="img">\n<title>Benchmark</title>\n'
            f'<rect width="{WIDTH}" height="{height}" fill="#fff"/>\n' + "\n".join(self.shapes) + "\n</svg>\n"
        )


def short(value: float) -> str:
    """Return a number in as few characters as tell it."""
    if value >= 10_000:
        return f"{value / 1000:.1f}k"
    if value >= 1000:
        return f"{value / 1000:.2f}k"
    return f"{value:.0f}" if value >= 20 else f"{value:.1f}" if value >= 1 else f"{value:.2f}"


def decades(low: float, high: float) -> tuple[int, int]:
    """Return the powers of ten that enclose two positive numbers, at least one decade apart."""
    first, last = math.floor(math.log10(low)), math.ceil(math.log10(high))
    return first, max(last, first + 1)


def steps(high: float) -> list[float]:
    """Return round numbers from 0 to just above a positive number, for an axis."""
    raw = high / 5
    power = 10 ** math.floor(math.log10(raw))
    step = next(factor * power for factor in (1, 2, 5, 10) if factor * power >= raw)
    return [step * number for number in range(math.ceil(high / step) + 1)]


def _heading(canvas: Canvas, title: str, note: str) -> None:
    canvas.text(24, canvas.height + 20, title, 15, weight=600)
    canvas.text(24, canvas.height + 38, note, 12, colour=FAINT)
    canvas.height += 58


def _legend(canvas: Canvas, x: float, y: float, kinds: Sequence[str]) -> None:
    for kind in kinds:
        canvas.dot(x, y - 4, COLOURS[kind])
        canvas.text(x + 10, y, kind, 12)
        x += 28 + 7 * len(kind)


def _load_panel(canvas: Canvas, loads: Sequence[dict[str, Any]]) -> None:
    rates = [v["rate"] for case in loads for v in case["variants"].values() if v["rate"] > 0]
    if not rates:
        return
    _heading(canvas, "Answers per second", "Median over the rounds, logarithmic; the ratios are those within a round.")
    first, last = decades(min(rates), max(rates))
    width = WIDTH - LEFT - RIGHT

    def place(rate: float) -> float:
        return LEFT + (math.log10(rate) - first) / (last - first) * width

    top, bottom = canvas.height, canvas.height + ROW * len(loads)
    for power in range(first, last + 1):
        canvas.line(place(10**power), top - 4, place(10**power), bottom, GRID)
        canvas.text(place(10**power), bottom + 17, f"{10**power:,g}", 11, "middle", FAINT)
    canvas.text(WIDTH - RIGHT + 62, top - 8, "/ reference", 11, "end", FAINT)
    canvas.text(WIDTH - 24, top - 8, "/ limit", 11, "end", FAINT)
    for number, case in enumerate(loads):
        y = top + ROW * number + ROW / 2
        canvas.text(LEFT - 14, y + 4, f"{case['title']} · {case['locale'][:2]}", 12, "end")
        shown = [(kind, v["rate"]) for kind, v in case["variants"].items() if v["rate"] > 0]
        if shown:
            ends = [place(rate) for _, rate in shown]
            canvas.line(min(ends), y, max(ends), y, "#c9d0d8", 2)
        # Ours last, and so on top.
        for kind, rate in sorted(shown, key=lambda pair: pair[0] == "ours"):
            canvas.dot(place(rate), y, COLOURS[kind])
        if shown:
            kind, rate = min(shown, key=lambda pair: pair[1])
            canvas.text(place(rate) - 10, y + 4, short(rate), 10, "end", COLOURS[kind])
            kind, rate = max(shown, key=lambda pair: pair[1])
            canvas.text(place(rate) + 10, y + 4, short(rate), 10, "start", COLOURS[kind])
        for name, x in (("ours/reference", WIDTH - RIGHT + 62), ("ours/limit", WIDTH - 24)):
            if name in case["ratios"]:
                canvas.text(x, y + 4, f"{short(case['ratios'][name]['median'])}×", 12, "end", weight=600)
    canvas.height = bottom + 44


def _rows_of_times(result: dict[str, Any]) -> list[tuple[str, dict[str, float], float | None]]:
    """Return title, seconds of each stack, and the bound, of all starts and recoveries."""
    bounds = {verdict["title"]: verdict["bound"] for verdict in result["verdicts"]}
    figures = result["figures"]
    rows: list[tuple[str, dict[str, float], float | None]] = []
    for name, title, target in (
        ("cold", "cold start", "cold start with first initialisation"),
        ("warm", "warm start (down, up)", "warm start to the first 200"),
        ("restart", "restart (stop, start)", ""),
    ):
        found = {kind: one["first"] for kind, one in figures.get(name, {}).items()}
        if found:
            rows.append((title, found, bounds.get(target)))
    for service, daemon in _SERVICES:
        found = {kind: one[service]["seconds"] for kind, one in figures.get("recovery", {}).items() if service in one}
        if found:
            rows.append((f"after SIGKILL of {daemon}", found, bounds.get(f"SIGKILL of {daemon} → site answers")))
    return rows


def _time_panel(canvas: Canvas, result: dict[str, Any]) -> None:
    rows = _rows_of_times(result)
    if not rows:
        return
    _heading(canvas, "Seconds until the site answers", "Medians; the dashed mark is the most that it may take.")
    ticks = steps(max(max([*times.values(), bound or 0]) for _, times, bound in rows))
    width = WIDTH - LEFT - RIGHT

    def place(value: float) -> float:
        return LEFT + value / ticks[-1] * width

    height = 38
    top, bottom = canvas.height, canvas.height + height * len(rows)
    for tick in ticks:
        canvas.line(place(tick), top - 4, place(tick), bottom, GRID)
        canvas.text(place(tick), bottom + 17, f"{tick:g}", 11, "middle", FAINT)
    for number, (title, times, bound) in enumerate(rows):
        y = top + height * number
        canvas.text(LEFT - 14, y + height / 2 + 4, title, 12, "end")
        shown = [kind for kind in ("ours", "reference") if kind in times]
        for offset, kind in enumerate(shown):
            canvas.bar(LEFT, y + 5 + 14 * offset, place(times[kind]) - LEFT, 12, COLOURS[kind])
        if bound is not None:
            canvas.line(place(bound), y + 2, place(bound), y + height - 3, BAD, 1.5, "4 3")
        for offset, kind in enumerate(shown):
            canvas.text(place(times[kind]) + 6, y + 15 + 14 * offset, f"{times[kind]:.2f}", 11, colour=COLOURS[kind])
    canvas.height = bottom + 44


def _latency_panel(canvas: Canvas, loads: Sequence[dict[str, Any]]) -> None:
    cases = [case for case in loads if case["group"] == "connections"]
    points = {
        kind: [
            (case["load"]["connections"], case["variants"][kind]["p50"], case["variants"][kind]["p99"])
            for case in cases
            if kind in case["variants"] and case["variants"][kind]["p50"] and case["variants"][kind]["p99"]
        ]
        for kind in COLOURS
    }
    everything = [point for series in points.values() for point in series]
    if len(everything) < 2:
        return
    note = "Seconds, logarithmic. Full: the 99th percentile; dashed: the median. Answers with an error count, too."
    _heading(canvas, "Latency by connections", note)
    first, last = decades(min(p50 for _, p50, _ in everything), max(p99 for _, _, p99 in everything))
    counts = sorted({count for count, _, _ in everything})
    height, width = 220, WIDTH - LEFT - RIGHT
    bottom = canvas.height + height

    def across(count: int) -> float:
        return LEFT + (counts.index(count) + 0.5) / len(counts) * width

    def up(value: float) -> float:
        return bottom - (math.log10(value) - first) / (last - first) * height

    for power in range(first, last + 1):
        canvas.line(LEFT, up(10**power), WIDTH - RIGHT, up(10**power), GRID)
        label = f"{10**power:g} s" if power >= 0 else f"{10 ** (power + 3):g} ms"
        canvas.text(LEFT - 14, up(10**power) + 4, label, 11, "end", FAINT)
    for count in counts:
        canvas.text(across(count), bottom + 17, f"{count:,}", 11, "middle", FAINT)
    for kind, series in points.items():
        ordered = sorted(series)
        for (c1, m1, n1), (c2, m2, n2) in itertools.pairwise(ordered):
            canvas.line(across(c1), up(n1), across(c2), up(n2), COLOURS[kind], 2.5)
            canvas.line(across(c1), up(m1), across(c2), up(m2), COLOURS[kind], 1.5, "5 4")
        for count, p50, p99 in ordered:
            canvas.dot(across(count), up(p99), COLOURS[kind], 5)
            canvas.dot(across(count), up(p50), COLOURS[kind], 3.5)
    canvas.height = bottom + 44


def plot(result: dict[str, Any]) -> str:
    """Return the plot of a run's results as SVG."""
    canvas = Canvas()
    canvas.text(24, 36, "Inception under load", 20, weight=700)
    machine = result["machine"]
    note = f"{result['when'][:10]} · {machine['processor']}, {machine['cores']} cores · commit {result['commit'][:12]}"
    canvas.text(24, 57, note + (" · QUICK" if result["quick"] else ""), 12, colour=FAINT)
    _legend(canvas, WIDTH - 262, 36, tuple(COLOURS))
    judged = [verdict["met"] for verdict in result["verdicts"] if verdict["met"] is not None]
    if judged:
        met = f"{sum(judged)} of {len(judged)} targets met"
        canvas.text(WIDTH - 24, 57, met, 12, "end", INK if all(judged) else BAD, 600)
    canvas.height = 78
    _load_panel(canvas, [case for case in result["loads"] if case["group"] != "parts"])
    _time_panel(canvas, result)
    _latency_panel(canvas, result["loads"])
    return canvas.svg()
