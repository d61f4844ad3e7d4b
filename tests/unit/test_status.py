"""What `make status` reads out of clocks and logs."""

from __future__ import annotations

import importlib.util
from types import ModuleType

import pytest

from support import ROLES


@pytest.fixture(scope="module")
def status() -> ModuleType:
    spec = importlib.util.spec_from_file_location("site_status", ROLES / "status/files/site_status.py")
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.parametrize(
    ("stamp", "moment"),
    [
        ("2026-11-28T17:00:00.123456789Z", 1795885200.0),
        ("2026-11-28T18:00:00+01:00", 1795885200.0),
        ("0001-01-01T00:00:00Z", None),
        ("", None),
    ],
)
def test_times_of_the_engine(status: ModuleType, stamp: str, moment: float | None) -> None:
    assert status.seconds(stamp) == moment


def test_answers_of_the_page_cache(status: ModuleType) -> None:
    line = '172.18.0.1 - - [28/Nov/2026:17:00:00 +0000] "GET / HTTP/2.0" 200 9 "-" "a \\x22HIT" 0.000 {} {}'
    log = "\n".join(
        line.format(*words) for words in (("-", "HIT"), ("0.101", "MISS"), ("-", "-"), ("0.2, 0.3", "BYPASS"))
    )
    assert status.CACHE.findall(log) == ["HIT", "MISS"]


@pytest.mark.parametrize(
    ("service", "line", "is_error"),
    [
        ("mariadb", "2026-11-28 17:00:00 0 [ERROR] InnoDB: no space", True),
        ("mariadb", "2026-11-28 17:00:00 0 [Note] InnoDB: ready, no [errors]", False),
        ("wordpress", "[28-Nov-2026 17:00:00 UTC] PHP Fatal error:  Uncaught Error", True),
        ("wordpress", "[28-Nov-2026 17:00:00 UTC] PHP Warning:  undefined", False),
        ("nginx", "2026/11/28 17:00:00 [error] 7#7: *1 upstream timed out", True),
        ("nginx", '10.0.0.1 - - [28/Nov/2026] "GET /error HTTP/2.0" 404', False),
    ],
)
def test_errors_in_logs(status: ModuleType, service: str, line: str, is_error: bool) -> None:
    assert bool(status.ERRORS[service].search(line)) is is_error


def test_a_machine_without_a_site(status: ModuleType, tmp_path: object) -> None:
    settings = {
        "project_name": "none-of-this-name",
        "project_dir": str(tmp_path),
        "data_dir": f"{tmp_path}/data",
        "state_dir": str(tmp_path),
        "services": ["nginx"],
        "schedule": "never",
        "url": "https://wil.42.fr/",
    }
    seen = status.look(settings)
    assert seen["services"] == {"nginx": {"state": "missing"}}
    assert seen["certificate"] == {"ends": None, "days": None}
    assert seen["backup"] == {"schedule": "never", "failure": "", "good_seconds_ago": None}
