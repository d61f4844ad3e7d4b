"""Load: scripts for wrk, commands for wrk and h2load, and what their output says."""

from __future__ import annotations

import dataclasses
import json
import re
from pathlib import Path

from inception_bench.engine import PREFIX, docker
from inception_bench.errors import BenchError, NoAnswerError

#: Before the line in which our script sums a run of wrk up.
MARK = "INCEPTION-BENCH "
#: h2load gives up on a connection that the server closes, which NGINX does after 1,000 requests.
H2_PER_CONNECTION = 900
#: What wrk itself prints is rounded for people ("31.05k"); its hook knows the exact figures.
_DONE = """
done = function(summary, latency, requests)
    local e = summary.errors
    io.write(string.format(
        'MARK{"requests":%d,"duration_us":%d,"bytes":%d,"connect":%d,"read":%d,"write":%d,"status":%d,"timeout":%d,'
        .. '"p50_us":%d,"p90_us":%d,"p99_us":%d,"max_us":%d}\\n',
        summary.requests, summary.duration, summary.bytes, e.connect, e.read, e.write, e.status, e.timeout,
        latency:percentile(50), latency:percentile(90), latency:percentile(99), latency.max))
end
""".replace("MARK", MARK)
#: Each request asks for an address that nobody has asked for before.
_UNIQUE = """
local threads = 0
function setup(thread)
    threads = threads + 1
    thread:set("number", threads)
end
local asked = 0
local seed = os.time()
function request()
    asked = asked + 1
    return wrk.format(nil, PATH .. seed .. "-" .. number .. "-" .. asked)
end
"""


@dataclasses.dataclass(frozen=True)
class Load:
    """How a page is asked for.

    Attributes:
        connections: how many connections ask at the same time.
        seconds: how long it is measured.
        warm_up: how long it is asked for before that, in seconds.
        close: whether each request has a connection, and so a TLS handshake, of its own.
        unique: whether each request gets an address of its own.
        http2: whether it is asked for by HTTP/2, with ten streams on each connection.
    """

    connections: int = 10
    seconds: int = 3
    warm_up: int = 1
    close: bool = False
    unique: bool = False
    http2: bool = False


@dataclasses.dataclass(frozen=True)
class Sample:
    """One run of a load generator.

    Attributes:
        rate: complete answers per second.
        requests: how many there were.
        errors: connections and requests that failed or timed out, and answers that were no success.
        p50: the median latency in seconds, or None where the generator does not tell.
        p99: the 99th percentile of the latency in seconds, or None likewise.
        bytes_each: how many bytes an answer took, with its headers.
        processor: seconds of the processor that the stack itself used for each request, where known.
    """

    rate: float
    requests: int
    errors: int
    p50: float | None
    p99: float | None
    bytes_each: float
    processor: float | None = None


def script(path: str, headers: dict[str, str], load: Load) -> str:
    """Return the script that makes wrk ask for a path.

    A header may hold a session's cookie, which is why it stands in a file and on no command line.
    """
    lines = [f"wrk.path = {_lua(path)}", 'wrk.headers["Accept-Encoding"] = "gzip"']
    lines += [f"wrk.headers[{_lua(name)}] = {_lua(value)}" for name, value in headers.items()]
    if load.close:
        lines.append('wrk.headers["Connection"] = "close"')
    if load.unique:
        lines.append(_UNIQUE.replace("PATH", _lua(path)))
    return "\n".join(lines) + _DONE


def _lua(text: str) -> str:
    """Return a text as a string of Lua."""
    return '"' + "".join(c if c.isprintable() and c.isascii() and c not in '"\\' else _bytes(c) for c in text) + '"'


def _bytes(character: str) -> str:
    return "".join(f"\\{byte:03d}" for byte in character.encode())


def wrk(origin: str, name: str, connections: int, seconds: int) -> list[str]:
    """Return the command of a run of wrk with a script of the directory ``/load``."""
    return [
        "wrk", "--threads", str(min(2, connections)), "--connections", str(connections), "--duration", f"{seconds}s",
        "--timeout", "10s", "--latency", "--script", f"/load/{name}", f"{origin}/",
    ]  # fmt: skip


def h2load(url: str, connections: int, requests: int) -> list[str]:
    """Return the command of a run of h2load."""
    return [
        "h2load", f"--threads={min(2, connections)}", f"--clients={connections}", f"--requests={requests}",
        "--max-concurrent-streams=10", "--header=accept-encoding: gzip", url,
    ]  # fmt: skip


def read_wrk(output: str) -> Sample:
    """Read what wrk printed with our script.

    Raises:
        BenchError: it holds no summary, or says that nothing was answered at all.
    """
    line = next((line for line in output.splitlines() if line.startswith(MARK)), None)
    if line is None:
        raise BenchError(f"wrk did not tell what it measured: {output.strip()[-300:] or 'it printed nothing'}")
    try:
        found = {name: int(value) for name, value in json.loads(line.removeprefix(MARK)).items()}
    except (ValueError, TypeError) as error:
        raise BenchError(f"wrk's summary cannot be read: {line}") from error
    requests, seconds = found["requests"], found["duration_us"] / 1e6
    errors = sum(found[kind] for kind in ("connect", "read", "write", "status", "timeout"))
    if requests == 0 and errors == 0:
        raise NoAnswerError(f"wrk has had no answer in {seconds:.1f} s.")
    return Sample(
        rate=(requests - found["status"]) / seconds,
        requests=requests,
        errors=errors,
        p50=found["p50_us"] / 1e6,
        p99=found["p99_us"] / 1e6,
        bytes_each=found["bytes"] / requests if requests else 0.0,
    )


_H2_RATE = re.compile(r"^finished in (?P<seconds>[\d.]+)(?P<unit>us|ms|s), (?P<rate>[\d.]+) req/s", re.MULTILINE)
_H2_REQUESTS = re.compile(
    r"^requests: (?P<total>\d+) total, \d+ started, (?P<done>\d+) done, (?P<succeeded>\d+) succeeded, "
    r"(?P<failed>\d+) failed, (?P<errored>\d+) errored, (?P<timeout>\d+) timeout",
    re.MULTILINE,
)
_H2_TRAFFIC = re.compile(r"^traffic: .*\((?P<bytes>\d+)\) total", re.MULTILINE)


def read_h2load(output: str) -> Sample:
    """Read what h2load printed.

    Raises:
        BenchError: it is not complete, or HTTP/2 was not spoken.
    """
    rate, requests, traffic = (pattern.search(output) for pattern in (_H2_RATE, _H2_REQUESTS, _H2_TRAFFIC))
    if rate is None or requests is None or traffic is None:
        raise BenchError(f"h2load did not tell what it measured: {output.strip()[-300:] or 'it printed nothing'}")
    if "Application protocol: h2" not in output:
        raise BenchError("The server did not speak HTTP/2 with h2load.")
    done = int(requests["done"])
    if done == 0:
        raise BenchError("h2load has had no answer.")
    # An answer that is no success counts as failed, and so does a request that had none.
    errors = int(requests["failed"])
    return Sample(
        rate=float(rate["rate"]) * int(requests["succeeded"]) / done,
        requests=done,
        errors=errors,
        p50=None,
        p99=None,
        bytes_each=int(traffic["bytes"]) / done,
    )


class Generator:
    """The container that makes the load."""

    container = f"{PREFIX}-load"

    def __init__(self, scripts: Path) -> None:
        """Remember the directory that is mounted at ``/load``."""
        self.scripts = scripts

    def run(self, host: str, path: str, headers: dict[str, str], load: Load) -> Sample:
        """Ask a host for a path, and return what came of it.

        Raises:
            BenchError: the generator failed, or had no answer.
        """
        try:
            sample = read_wrk(self._wrk(host, path, headers, load, load.seconds))
        except NoAnswerError:
            # A machine that is busy with something else: once more, for long enough.
            sample = read_wrk(self._wrk(host, path, headers, load, 5 * load.seconds))
        if not load.http2:
            return sample
        # wrk, which knows no HTTP/2, has told how many requests make a run of the length that is wanted.
        requests = round(sample.rate * load.seconds)
        requests = max(2 * load.connections, min(requests, H2_PER_CONNECTION * load.connections))
        command = h2load(f"https://{host}{path}", load.connections, requests)
        return read_h2load(self._execute(command, load.seconds))

    def warm_up(self, host: str, path: str, headers: dict[str, str], load: Load) -> None:
        """Ask a host for a path for a while, whatever comes of it.

        Raises:
            BenchError: the generator failed.
        """
        self._wrk(host, path, headers, load, load.warm_up)

    def _wrk(self, host: str, path: str, headers: dict[str, str], load: Load, seconds: int) -> str:
        file = self.scripts / "request.lua"
        file.touch(mode=0o600)
        file.write_text(script(path, headers, load), encoding="utf-8")
        return self._execute(wrk(f"https://{host}", file.name, load.connections, seconds), seconds)

    def _execute(self, command: list[str], seconds: int) -> str:
        # In the container, too, a generator that hangs comes to an end.
        return docker("exec", self.container, "timeout", str(seconds + 30), *command, timeout=seconds + 60)
