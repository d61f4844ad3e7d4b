"""Results of a run that never was, in the form of a real one: made-up numbers to render."""

from __future__ import annotations

import dataclasses
from typing import Any

from inception_bench.cases import CASES
from inception_bench.ratios import ratio
from inception_bench.targets import judge

RATES = {"reference": 30.0, "ours": 26_000.0, "limit": 31_000.0, "limit-log": 29_500.0, "limit-log-word": 28_000.0}
RENDERED = {"reference": 28.0, "ours": 61.0}
LATENCY = {"reference": 0.2, "ours": 0.0004, "limit": 0.0003, "limit-log": 0.0003, "limit-log-word": 0.0003}


def result() -> dict[str, Any]:
    """Return results with every case in them."""
    loads = []
    metrics: dict[str, float] = {"warm": 1.7, "cold": 8.4, "memory": 131.0, "unchanged": 7.2}
    for case in CASES:
        rates = RENDERED if case.signed_in or case.load.unique else RATES
        waits = case.load.connections / 10
        series = {kind: [rates[kind] * (1 + 0.01 * n) for n in range(5)] for kind in case.variants}
        found = {(a, b): ratio(series[a], series[b]) for a, b in case.pairs}
        loads.append(
            {
                "key": case.key,
                "group": case.group,
                "title": case.title,
                "locale": case.locale,
                "load": dataclasses.asdict(case.load),
                "variants": {
                    kind: {
                        "rate": rates[kind],
                        "p50": None if case.load.http2 else LATENCY[kind] * waits,
                        "p99": None if case.load.http2 else LATENCY[kind] * waits * 3,
                        "errors": 12 if kind == "reference" and case.load.connections == 1000 else 0,
                        "processor_ms": 0.05,
                        "page_bytes": 11_874,
                        "cache": "HIT" if kind == "ours" and rates is RATES else "",
                        "samples": [],
                    }
                    for kind in case.variants
                },
                "ratios": {
                    f"{a}/{b}": {**dataclasses.asdict(one), "steady": one.steady}
                    for (a, b), one in found.items()
                    if one
                },
            }
        )
        metrics |= {f"{case.key}.{a}/{b}": one.median for (a, b), one in found.items() if one}
    metrics |= {"connections-1000.errors": 0.0, "connections-1000.p99": 0.12}
    starts: dict[str, Any] = {}
    for kind, first in (("ours", 1.7), ("reference", 3.9)):
        starts[kind] = {"first": first, "rendered": first + 0.1, "command": first + 0.4, "samples": [{}] * 5}
    recovery: dict[str, Any] = {
        kind: {
            service: {"seconds": seconds, "served": served, "samples": [{}] * 5}
            for service, seconds, served in (("nginx", 0.71, 0.0), ("wordpress", 0.94, 100.0), ("mariadb", 1.42, 100.0))
        }
        for kind in ("ours", "reference")
    }
    metrics |= {f"recovery.{service}": one["seconds"] for service, one in recovery["ours"].items()}
    metrics |= {f"recovery.{service}.served": one["served"] for service, one in recovery["ours"].items()}
    memory: dict[str, Any] = {
        "ours": {
            "total": {"pss": 120_000_000, "alone": 131_000_000, "processes": 9},
            "mariadb": {"pss": 70_000_000, "alone": None, "processes": 1},
        }
    }
    marks = [{"title": "rendering the blocks", "ms": 9.1}, {"title": "head: styles and scripts", "ms": 3.3}]
    profile = {
        "phases": marks, "total_ms": 21.4, "sql_ms": 2.2, "sql_count": 31, "translation_ms": 0.4, "translations": 2,
        "included_files": 412, "memory_mb": 6.1,
    }  # fmt: skip
    return {
        "schema": 1,
        "when": "2026-11-24T02:10:00+00:00",
        "commit": "0123456789ab",
        "quick": False,
        "groups": [],
        "seconds": 1710,
        "machine": {
            "processor": "A processor <with> signs & such", "cores": 2, "memory_bytes": 8 * 10**9, "system": "Debian",
            "kernel": "6.12", "architecture": "x86_64", "virtualisation": "kvm", "engine": "26.1.5",
            "storage_driver": "overlay2", "compose": "2.26.1", "load_before": 0.11, "other_containers": 3,
            "versions": {"nginx": "1.22.1", "post": "/2026/01/10/measured-10/"},
        },
        "verdicts": [
            {
                "title": verdict.target.title, "wanted": verdict.target.wanted, "unit": verdict.target.unit,
                "bound": verdict.target.bound, "value": verdict.value, "met": verdict.met,
            }
            for verdict in judge(metrics)
        ],
        "metrics": metrics,
        "loads": loads,
        "figures": {
            "cold": {kind: {**one, "first": one["first"] + 6.7} for kind, one in starts.items()},
            "warm": starts,
            "restart": starts,
            "recovery": recovery,
            "memory": memory,
            "images": {"ours": {"mariadb": 153e6, "wordpress": 260e6, "nginx": 89e6}},
            "build": {"ours": 61.0, "reference": 74.0},
            "unchanged": {
                "make": 4.1, "empty": 0.6,
                "ratio": {"median": 7.2, "low": 7.0, "high": 7.4, "coverage": 0.98, "rounds": 7, "steady": True},
            },
            "profile": {"ours.en_US": profile, "reference.en_US": {**profile, "total_ms": 40.0}},
        },
        "problems": ["a make that changes nothing: make would change 2 things at the running site."],
        "left_behind": [],
    }  # fmt: skip
