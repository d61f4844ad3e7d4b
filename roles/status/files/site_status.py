#!/usr/bin/env python3
"""Looks at a site and prints what a person wants to know as JSON. Run as root on the machine; it changes nothing.

site_status.py < settings.json
"""

from __future__ import annotations

import contextlib
import datetime
import json
import re
import shutil
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

#: Lines that tell of an error, by service; the time of a line is the engine's.
ERRORS = {
    "mariadb": re.compile(r" \[ERROR\] "),
    "wordpress": re.compile(r"PHP (?:Fatal|Parse) error|ERROR:|^wordpress: "),
    "nginx": re.compile(r" \[(?:error|crit|alert|emerg)\] "),
}
#: The last word of a line of NGINX's access log.
CACHE = re.compile(r'" [\d.]+ \S+ (HIT|STALE|UPDATING|REVALIDATED|MISS|EXPIRED|BYPASS)$', re.MULTILINE)
HITS = frozenset({"HIT", "STALE", "UPDATING", "REVALIDATED"})


def run(*command: str) -> str:
    """Run a command and return all that it prints; empty when it cannot be run or fails."""
    try:
        done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False, timeout=60)
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return done.stdout.decode(errors="replace") if done.returncode == 0 else ""


def seconds(stamp: str) -> float | None:
    """Return a time of the engine as seconds since 1970; None for none."""
    match = re.match(r"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(?:\.\d+)?(Z|[+-]\d\d:\d\d)", stamp)
    if not match or stamp.startswith("0001"):
        return None
    return datetime.datetime.fromisoformat(f"{match[1]}{match[2].replace('Z', '+00:00')}").timestamp()


def age(moment: float | None) -> int | None:
    """Return how many seconds ago a moment was."""
    return None if moment is None else max(0, int(time.time() - moment))


def services(project: str, names: list[str]) -> dict[str, dict[str, Any]]:
    """Return of each service: state, health, seconds up, image and its age in seconds, errors of the last day."""
    found: dict[str, dict[str, Any]] = {name: {"state": "missing"} for name in names}
    for identity in run(
        "docker", "ps", "--all", "--quiet", "--filter", f"label=com.docker.compose.project={project}"
    ).split():
        (facts,) = json.loads(run("docker", "container", "inspect", identity) or "[{}]")
        if not facts:
            continue
        name = facts["Config"]["Labels"]["com.docker.compose.service"]
        image = json.loads(run("docker", "image", "inspect", facts["Image"]) or "[{}]")[0]
        log = run("docker", "logs", "--since", "24h", identity)
        pattern = ERRORS.get(name, re.compile(r"(?i)\berror\b"))
        found[name] = {
            "state": facts["State"]["Status"],
            "health": facts["State"].get("Health", {}).get("Status", ""),
            "up_seconds": age(seconds(facts["State"]["StartedAt"])) if facts["State"]["Running"] else None,
            "restarts": facts["RestartCount"],
            "image": facts["Config"]["Image"],
            "image_age_seconds": age(seconds(image.get("Created", ""))),
            "errors_last_day": sum(bool(pattern.search(line)) for line in log.splitlines()),
        }
        if name == "nginx":
            words = CACHE.findall(log)
            found[name]["cached_pages"] = {"hits": sum(word in HITS for word in words), "all": len(words)}
        if name == "wordpress":
            last = run("docker", "exec", identity, "stat", "-c", "%Y", "/run/wordpress/cron").strip()
            found[name]["cron_seconds_ago"] = age(float(last)) if last.isdigit() else None
    return found


def certificate(path: Path) -> dict[str, Any]:
    """Return when a certificate ends, and in how many days."""
    text = run("openssl", "x509", "-in", str(path), "-noout", "-enddate").strip().partition("=")[2]
    if not text:
        return {"ends": None, "days": None}
    ends = datetime.datetime.strptime(text, "%b %d %H:%M:%S %Y GMT").replace(tzinfo=datetime.UTC)
    return {"ends": ends.isoformat(), "days": (ends - datetime.datetime.now(datetime.UTC)).days}


def memory() -> dict[str, int]:
    """Return the machine's memory in MiB."""
    text = Path("/proc/meminfo").read_text(encoding="ascii")
    kib = {name: int(value) for name, value in re.findall(r"^(MemTotal|MemAvailable):\s+(\d+) kB", text, re.MULTILINE)}
    return {"total_mib": kib["MemTotal"] >> 10, "available_mib": kib["MemAvailable"] >> 10}


def last(state_dir: Path, what: str) -> dict[str, Any]:
    """Return how the last backup or drill ended, and how long ago the last good one was."""
    told: dict[str, str] = {}
    with contextlib.suppress(FileNotFoundError):
        told = json.loads((state_dir / f"backup/last-{what}.json").read_text(encoding="utf-8"))
    good = told.get("good") or ""
    return {
        "failure": told.get("failure", ""),
        "good_seconds_ago": age(datetime.datetime.fromisoformat(good).timestamp()) if good else None,
    }


def look(settings: dict[str, Any]) -> dict[str, Any]:
    """Return all that is to be known of a site."""
    data = Path(settings["data_dir"])
    while not data.exists():
        data = data.parent
    disk = shutil.disk_usage(data)
    state = Path(settings["state_dir"])
    return {
        "site": settings["url"],
        "services": services(settings["project_name"], settings["services"]),
        "certificate": certificate(Path(settings["project_dir"]) / "secrets/tls.crt"),
        "disk": {
            "path": str(data),
            "free_mib": disk.free >> 20,
            "used_percent": round(100 * (1 - disk.free / disk.total)),
        },
        "memory": memory(),
        "backup": {"schedule": settings["schedule"], **last(state, "backup")},
        "drill": last(state, "drill"),
    }


if __name__ == "__main__":
    json.dump(look(json.load(sys.stdin)), sys.stdout)
