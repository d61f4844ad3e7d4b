"""The report of a run: JSON for programs, a table for people, and a plot."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from inception_bench.plot import plot

_VARIANTS = ("reference", "ours", "limit")
_SERVICES = {"nginx": "nginx", "wordpress": "php-fpm", "mariadb": "mariadbd"}


def number(value: float | None, unit: str = "") -> str:
    """Return a number with about three digits and its unit, or a dash where there is none."""
    if value is None:
        return "–"
    digits = 0 if abs(value) >= 100 or value == int(value) else 1 if abs(value) >= 20 else 2
    text = f"{value:,.{digits}f}"
    return f"{text} {unit}" if unit else text


def seconds(value: float | None) -> str:
    """Return a duration given in seconds, in milliseconds where it is short."""
    if value is None:
        return "–"
    return number(value * 1000, "ms") if value < 1 else number(value, "s")


def table(head: Sequence[str], rows: Iterable[Sequence[str]], numbers: int) -> list[str]:
    """Return a table of Markdown with columns of even width.

    Args:
        head: the titles of the columns.
        rows: as many cells each.
        numbers: the first column that is aligned to the right, counted from 0.
    """
    lines = [list(head), *([cell.replace("|", "\\|") for cell in row] for row in rows)]
    widths = [max(len(line[column]) for line in lines) for column in range(len(head))]

    def line_of(cells: Sequence[str]) -> str:
        padded = [
            c.rjust(w) if i >= numbers else c.ljust(w) for i, (c, w) in enumerate(zip(cells, widths, strict=True))
        ]
        return "| " + " | ".join(padded) + " |"

    rule = "|" + "|".join("-" * (w + 1) + ":" if i >= numbers else "-" * (w + 2) for i, w in enumerate(widths)) + "|"
    return [line_of(lines[0]), rule, *(line_of(cells) for cells in lines[1:]), ""]


def _targets(result: dict[str, Any]) -> list[str]:
    words = {True: "met", False: "NOT MET", None: "not measured"}
    rows = [
        [verdict["title"], verdict["wanted"], number(verdict["value"], verdict["unit"]), words[verdict["met"]]]
        for verdict in result["verdicts"]
    ]
    return ["## What has to be reached", "", *table(["what", "wanted", "measured", ""], rows, 1)]


def _ratio(ratios: dict[str, Any], name: str) -> str:
    found = ratios.get(name)
    if found is None:
        return "–"
    width = (found["high"] - found["low"]) / 2 / found["median"] if found["median"] else 0
    return f"{number(found['median'])} ±{width:.0%}{'' if found['steady'] else ' *'}"


def _loads(result: dict[str, Any]) -> list[str]:
    cases = [case for case in result["loads"] if case["group"] != "parts"]
    if not cases:
        return []
    rows = []
    for case in cases:
        variants = case["variants"]
        rows.append(
            [
                case["title"],
                case["locale"],
                *(number(variants[kind]["rate"]) if kind in variants else "–" for kind in _VARIANTS),
                _ratio(case["ratios"], "ours/reference"),
                _ratio(case["ratios"], "ours/limit"),
                *(seconds(variants[kind]["p99"]) if kind in variants else "–" for kind in _VARIANTS),
                " / ".join(number(variants[kind]["errors"]) if kind in variants else "–" for kind in _VARIANTS),
                variants["ours"]["cache"] or "–",
            ]
        )
    head = ["case", "language", *(f"{kind}, 1/s" for kind in _VARIANTS), "ours / reference", "ours / limit"]
    head += [*(f"{kind}, p99" for kind in _VARIANTS), "errors", "X-Cache"]
    return [
        "## Under load",
        "",
        "Rates are medians over the rounds, in answers per second. A ratio is the median of the rounds' own ratios, with",
        "half the width of its interval; a star marks one that was not steady yet when the rounds were over. Errors are",
        "summed over all rounds: reference / ours / limit.",
        "",
        *table(head, rows, 2),
        *_processor(cases),
    ]


def _processor(cases: Sequence[dict[str, Any]]) -> list[str]:
    rows = [
        [case["title"], case["locale"], *(_milliseconds(case["variants"].get(kind)) for kind in _VARIANTS)]
        for case in cases
        if any(variant["processor_ms"] is not None for variant in case["variants"].values())
    ]
    if not rows:
        return []
    return [
        "## Processor time for each answer",
        "",
        "Milliseconds that the containers of the stack used, without the load generator: it depends little on what else",
        "the machine does meanwhile.",
        "",
        *table(["case", "language", *_VARIANTS], rows, 2),
    ]


def _parts(result: dict[str, Any]) -> list[str]:
    titles = {
        "limit": "the limit",
        "limit-log": "… with our log, which the engine keeps",
        "limit-log-word": "… and with the generation read for each page",
        "ours": "ours: besides, the key, the kept headers and ten more of our own",
    }
    rows = []
    for case in result["loads"]:
        if case["group"] == "parts":
            best = case["variants"]["limit"]["rate"]
            for kind, title in titles.items():
                variant = case["variants"][kind]
                rows.append([title, number(variant["rate"]), number(variant["rate"] / best), _milliseconds(variant)])
    if not rows:
        return []
    return [
        "## What an anonymous page costs",
        "",
        "The limit with parts of our own configuration, one after the other. The processor's time is that of NGINX; the",
        "engine writes the log in a process of its own.",
        "",
        *table(["what", "1/s", "/ limit", "processor, ms"], rows, 1),
    ]


def _milliseconds(variant: dict[str, Any] | None) -> str:
    value = None if variant is None else variant["processor_ms"]
    return "–" if value is None else f"{value:.3f}" if value < 1 else number(value)


def _times(result: dict[str, Any]) -> list[str]:
    figures = result["figures"]
    rows = []
    for name, title in (
        ("cold", "cold start, with first initialisation"),
        ("warm", "warm start (down, up)"),
        ("restart", "restart (stop, start)"),
    ):
        for kind in ("ours", "reference"):
            found = figures.get(name, {}).get(kind)
            if found:
                times = [seconds(found[key]) for key in ("first", "rendered", "command")]
                rows.append([title, kind, *times, str(len(found["samples"]))])
    lines = []
    if rows:
        head = ["start", "stack", "first 200", "first page without a cache", "Compose came back", "runs"]
        lines += ["## Starts", "", *table(head, rows, 2)]
    rows = []
    for kind in ("ours", "reference"):
        for service, found in figures.get("recovery", {}).get(kind, {}).items():
            rows.append(
                [
                    _SERVICES.get(service, service),
                    kind,
                    seconds(found["seconds"]),
                    number(found["served"], "%"),
                    str(len(found["samples"])),
                ]
            )
    if rows:
        head = ["SIGKILL of", "stack", "site answers after", "front page served meanwhile", "runs"]
        lines += ["## Recovery", "", *table(head, rows, 2)]
    return lines


def _sizes(result: dict[str, Any]) -> list[str]:
    figures = result["figures"]
    lines: list[str] = []
    memory = figures.get("memory", {})
    if memory:
        rows = []
        for kind, parts in memory.items():
            for name, part in parts.items():
                whole = number(None if part["alone"] is None else part["alone"] / 1e6, "MB")
                title = "all three" if name == "total" else name
                rows.append([title, kind, number(part["pss"] / 1e6, "MB"), whole, str(part["processes"])])
        head = ["container", "stack", "PSS", "as if alone", "processes"]
        lines += ["## Idle memory", ""]
        lines += ["PSS counts a page that processes outside share in part only; the next column counts it whole.", ""]
        lines += table(head, rows, 2)
    images = figures.get("images", {})
    if images:
        rows = [
            [kind, *(number(size / 1e6, "MB") for size in sizes.values()), number(sum(sizes.values()) / 1e6, "MB")]
            for kind, sizes in images.items()
        ]
        lines += ["## Images", "", *table(["stack", *next(iter(images.values())), "all"], rows, 1)]
    build = figures.get("build", {})
    if build:
        lines += [
            "## Build without a cache",
            "",
            *table(["stack", "time"], [[k, seconds(v)] for k, v in build.items()], 1),
        ]
    unchanged = figures.get("unchanged")
    if unchanged:
        row = [seconds(unchanged["make"]), seconds(unchanged["empty"]), _ratio({"r": unchanged["ratio"]}, "r")]
        lines += ["## A make that changes nothing", "", *table(["make", "empty local play", "ratio"], [row], 0)]
    return lines


def _profiles(result: dict[str, Any]) -> list[str]:
    profiles: dict[str, Any] = result["figures"].get("profile", {})
    if not profiles:
        return []
    titles = list(dict.fromkeys(phase["title"] for profile in profiles.values() for phase in profile["phases"]))
    rows = []
    for title in titles:
        times = [
            next((phase["ms"] for phase in profile["phases"] if phase["title"] == title), None)
            for profile in profiles.values()
        ]
        rows.append([title, *(number(ms) for ms in times)])
    whole = profiles.values()
    rows.append(["**the whole page**", *(f"**{number(p['total_ms'])}**" for p in whole)])
    rows.append(["of it waiting for MariaDB", *(number(p["sql_ms"]) for p in whole)])
    rows.append(["of it reading translations", *(number(p["translation_ms"]) for p in whole)])
    rows.append(["queries", *(number(p["sql_count"]) for p in whole)])
    rows.append(["files of translations", *(number(p["translations"]) for p in whole)])
    rows.append(["files of PHP", *(number(p["included_files"]) for p in whole)])
    rows.append(["peak memory of PHP, MB", *(number(p["memory_mb"]) for p in whole)])
    return [
        "## Where the time of a signed-in page goes",
        "",
        "Milliseconds of one request on an idle machine, as PHP sees it; medians.",
        "",
        *table(["", *(name.replace(".", ", ") for name in profiles)], rows, 1),
    ]


def _machine(result: dict[str, Any]) -> list[str]:
    machine = result["machine"]
    versions = ", ".join(f"{name} {version}" for name, version in machine.get("versions", {}).items() if name != "post")
    rows = [
        ["processor", f"{machine['processor']}, {machine['cores']} cores"],
        ["memory", number(machine["memory_bytes"] / 1e9, "GB")],
        ["system", f"{machine['system']}, Linux {machine['kernel']}, {machine['architecture']}"],
        ["virtualisation", machine["virtualisation"]],
        ["engine", f"Docker {machine['engine']} ({machine['storage_driver']}), Compose {machine['compose']}"],
        ["versions", versions or "–"],
        ["load before", f"{machine['load_before']:.2f}, {machine['other_containers']} other containers running"],
        ["commit", result["commit"]],
        ["duration", f"{result['seconds'] / 60:.0f} min{', QUICK' if result['quick'] else ''}"],
    ]
    return ["## The machine", "", *table(["", ""], rows, 9)]


def markdown(result: dict[str, Any]) -> str:
    """Return the table for people, in Markdown that also reads well as plain text."""
    lines = [f"# Benchmark of {result['when'][:16].replace('T', ' ')} UTC", ""]
    lines += [
        "*ours*: the stack as it is deployed. *reference*: a usual Inception of the same Debian packages in their stock",
        "configuration, without a cache. *limit*: NGINX alone with the same TLS, and a static file of the same bytes. All on",
        "this machine, one right after the other in each round; the load generator shares its cores with them.",
        "",
    ]
    if result["quick"]:
        lines += ["**QUICK=1: too few and too short runs to rely on the figures.**", ""]
    lines += ["![plot](bench.svg)", ""]
    for part in (_targets, _loads, _parts, _times, _sizes, _profiles, _machine):
        lines += part(result)
    problems = [*result["problems"], *(f"Left behind: {complaint}" for complaint in result.get("left_behind", []))]
    if problems:
        lines += ["## What went wrong", "", *(f"- {' '.join(problem.split())}" for problem in problems), ""]
    return "\n".join(lines)


def write(result: dict[str, Any], directory: Path) -> None:
    """Write ``bench.json``, ``bench.md`` and ``bench.svg``."""
    directory.mkdir(parents=True, exist_ok=True)
    texts = {"bench.json": json.dumps(result, indent=1) + "\n", "bench.md": markdown(result), "bench.svg": plot(result)}
    for name, text in texts.items():
        (directory / name).write_text(text, encoding="utf-8")
