"""What the playbook hands over: one file of JSON."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path

from inception_bench.cases import LOCALES, chosen
from inception_bench.errors import BenchError


@dataclasses.dataclass(frozen=True)
class Plan:
    """One run of the benchmark.

    Attributes:
        work: an empty directory of this run alone; all that is made lies below it.
        ours: for each language the directory that our own project was rendered to.
        base_image: what the Dockerfiles begin with.
        nginx_uid: the user that our NGINX runs as.
        extra_ca: further authorities for builds in a network that inspects TLS; the file may be missing.
        log: where progress is told.
        groups: what is measured.
        quick: whether a few short runs are enough.
        minutes: after so many minutes nothing new is begun.
        checkout: where `make` is, for the time of one that changes nothing; None on a remote server.
        login: the login that it was given.
        commit: what is measured.
    """

    work: Path
    ours: dict[str, Path]
    base_image: str
    nginx_uid: int
    extra_ca: Path
    log: Path
    groups: frozenset[str]
    quick: bool
    minutes: int
    checkout: Path | None
    login: str
    commit: str


def read(path: Path) -> Plan:
    """Read a plan.

    Raises:
        BenchError: it is not what the playbook writes, or asks for something that there is not.
    """
    try:
        raw = json.loads(path.read_text(encoding="utf-8"))
        return Plan(
            work=Path(raw["work"]),
            ours={locale: Path(raw["ours"][locale]) for locale in LOCALES},
            base_image=raw["base_image"],
            nginx_uid=int(raw["nginx_uid"]),
            extra_ca=Path(raw["extra_ca"]),
            log=Path(raw["log"]),
            groups=chosen(raw["only"]),
            quick=bool(raw["quick"]),
            minutes=int(raw["minutes"]),
            checkout=Path(raw["checkout"]) if raw["checkout"] else None,
            login=raw["login"],
            commit=raw["commit"],
        )
    except OSError as error:
        raise BenchError(f"The plan {path} cannot be read: {error}") from error
    except (KeyError, TypeError) as error:
        raise BenchError(f"The plan {path} is not what the playbook writes: {error!r}") from error
    except ValueError as error:
        raise BenchError(str(error)) from error
