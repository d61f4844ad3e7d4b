"""What load generators print, recorded from real runs, and what they are told to do."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from inception_bench.errors import BenchError
from inception_bench.load import MARK, Load, h2load, read_h2load, read_wrk, script, wrk

CORPUS = Path(__file__).parent / "fixtures"


def recorded(name: str) -> str:
    return (CORPUS / f"{name}.txt").read_text(encoding="utf-8")


def test_wrk() -> None:
    found = read_wrk(recorded("wrk-static"))
    assert found.requests == 910
    # wrk itself prints 444.39, and 83.75ms.
    assert found.rate == pytest.approx(444.39, abs=0.01)
    assert found.p50 == pytest.approx(0.018406)
    assert found.p99 == pytest.approx(0.083747)
    assert found.errors == 0
    assert found.bytes_each == pytest.approx(12273170 / 910)


def test_wrk_with_a_connection_for_each_request() -> None:
    found = read_wrk(recorded("wrk-close"))
    assert found.requests == 264
    assert found.errors == 0


def test_answers_that_are_no_success_are_errors_and_do_not_count_as_rate() -> None:
    found = read_wrk(recorded("wrk-missing"))
    assert found.errors == found.requests == 18785
    assert found.rate == 0.0


def test_timeouts_are_errors() -> None:
    found = read_wrk(recorded("wrk-timeout"))
    assert found.errors == 1
    assert found.requests == 1


def test_a_server_that_is_not_there() -> None:
    with pytest.raises(BenchError, match="unable to connect to wordpress:444 Connection refused"):
        read_wrk(recorded("wrk-refused"))


def test_no_answer_at_all() -> None:
    numbers = '"requests":0,"duration_us":1000000,"bytes":0,"connect":0,"read":0,"write":0,"status":0,"timeout":0'
    with pytest.raises(BenchError, match=r"no answer in 1\.0 s"):
        read_wrk(MARK + "{" + numbers + "}")
    with pytest.raises(BenchError, match="printed nothing"):
        read_wrk("")


def test_a_summary_that_was_cut_off() -> None:
    with pytest.raises(BenchError, match="cannot be read"):
        read_wrk(recorded("wrk-static")[:-40])


def test_h2load() -> None:
    found = read_h2load(recorded("h2load-asset"))
    assert found.rate == pytest.approx(467.26)
    assert found.requests == 500
    assert found.errors == 0
    assert found.bytes_each == pytest.approx(6637490 / 500)
    assert found.p99 is None


def test_h2load_whose_connections_were_closed() -> None:
    found = read_h2load(recorded("h2load-closed"))
    assert found.errors == 20000
    assert found.rate == 0.0


def test_h2load_without_http2() -> None:
    with pytest.raises(BenchError, match="did not speak HTTP/2"):
        read_h2load(recorded("h2load-http1"))


def test_h2load_without_a_server() -> None:
    with pytest.raises(BenchError, match=r"HTTP/2|no answer"):
        read_h2load(recorded("h2load-refused"))
    with pytest.raises(BenchError, match="printed nothing"):
        read_h2load("")


@settings(deadline=None)
@given(st.text(max_size=300))
def test_any_other_output_is_one_sentence(text: str) -> None:
    for reader in (read_wrk, read_h2load):
        with pytest.raises(BenchError):
            reader(text)


def test_commands() -> None:
    assert wrk("https://a.test", "request.lua", 1, 3)[:3] == ["wrk", "--threads", "1"]
    assert "--connections 1000" in " ".join(wrk("https://a.test", "request.lua", 1000, 3))
    assert h2load("https://a.test/", 20, 18000)[-1] == "https://a.test/"


def test_a_cookie_is_on_no_command_line() -> None:
    assert "secret" not in " ".join(wrk("https://a.test", "request.lua", 10, 3))
    assert 'wrk.headers["Cookie"] = "session=secret"' in script("/", {"Cookie": "session=secret"}, Load())


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("plain", '"plain"'),
        ('a"b\\c', r'"a\034b\092c"'),
        ("line\nbreak", r'"line\010break"'),
        ("é%20", r'"\195\169%20"'),
        ("]] .. os.exit()", '"]] .. os.exit()"'),
    ],
)
def test_texts_in_lua(text: str, expected: str) -> None:
    assert f"wrk.path = {expected}\n" in script(text, {}, Load())


@pytest.mark.parametrize("load", [Load(), Load(close=True), Load(unique=True)])
def test_scripts_are_lua(load: Load, tmp_path: Path) -> None:
    program = next((found for name in ("luac5.4", "luac5.1", "luac", "luajit") if (found := shutil.which(name))), None)
    text = script("/?s=a&bench=", {"Cookie": 'a="b"'}, load)
    assert text.count("\nend\n") == text.count("function")
    if program is not None:
        file = tmp_path / "request.lua"
        file.write_text(text, encoding="utf-8")
        subprocess.run([program, "-p" if "luac" in program else "-bl", str(file)], check=True, capture_output=True)
