"""What a project could not download, and whether that is the missing internet's fault or its own."""

from __future__ import annotations

import re
from dataclasses import dataclass
from ipaddress import ip_address
from urllib.parse import urlsplit

from inception_evaluate.machine import Machine, UnseenError

#: What the engine says when it cannot pull an image, and which.
_IMAGES = (
    re.compile(r"failed to (?:resolve source metadata for|do request: Head \"https://)\s*([^\s\":]+(?::[\w.-]+)?)"),
    re.compile(r"pull access denied for ([\w./-]+)"),
    re.compile(r"manifest for ([\w./:-]+) not found"),
)
#: What programs say when a download fails, and what it was that they wanted.
_DOWNLOADS = (
    re.compile(r"(?:Get|Head) \"(https?://[^\"]+)\":"),
    re.compile(r"[Ff]ailed to get url '(https?://[^']+)'"),
    re.compile(r"unable to access '(https?://[^']+)'"),
    re.compile(r"(?:while downloading|[Cc]ould not fetch URL|Failed to fetch) (https?://[^\s:]+(?::\d+)?[^\s:]*)"),
    re.compile(r"Could not resolve (?:host|proxy): ([\w.-]+)"),
    re.compile(r"Temporary failure (?:in name resolution|resolving) '([\w.-]+)'"),
    re.compile(r"getaddrinfo for ([\w.-]+) failed"),
    re.compile(r"wget: (?:bad address|unable to resolve host address) ['\u2018]?([\w.-]+)"),
    re.compile(r"[Ff]ailed to connect to ([\w.-]+) port"),
    re.compile(r"[Cc]onnecting to ([\w.-]+)(?:\|[^|]*\|)?(?::\d+)?\.\.\. failed"),
    re.compile(r"file_get_contents\((https?://[^)]+)\)"),
    re.compile(r"WARNING: (?:fetching|opening) (\S+):"),
)  # fmt: skip
#: The command of a build that failed: what it wanted to download stands in it, where it was told to be silent.
_STEP = re.compile(r"process \"(.+)\" did not complete|The command '(.+)' returned a non-zero code")
_URL = re.compile(r"https?://[^\s\"'\\;|&)<>]+")
_NETWORK = re.compile(
    r"no such host|(?:not|unable to) resolve|temporary failure|bad address|time[d ]*-?\s?out|refused|unreachable|no route"
    r"|certificate|SSL|handshake|temporary error|network error|\b403\b|\b407\b|\b429\b|\b5\d\d\b|toomanyrequests"
    r"|proxyconnect|\bEOF\b|forbidden|connection reset",
    re.IGNORECASE,
)
_GONE = re.compile(r"\b404\b|\b410\b|not found|does not exist|manifest unknown|access denied", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Download:
    """Something that could not be downloaded: its address, and whether the network is known to be the reason."""

    address: str
    network: bool | None


def downloads(log: str) -> list[Download]:
    """Return what could not be downloaded, as far as a log says so.

    Args:
        log: the output of a build or of a container.

    """
    found: dict[str, bool | None] = {}
    for line in log.splitlines():
        for pattern in (*_IMAGES, *_DOWNLOADS):
            match = pattern.search(line)
            # A service that does not reach another one, or itself, wants nothing from the internet.
            if match and (pattern in _IMAGES or _is_outside(match.group(1))):
                rest = line.replace(match.group(1), "")
                network = True if _NETWORK.search(rest) else False if _GONE.search(rest) else None
                address = _image(match.group(1).rstrip(".,:\"'"))
                found[address] = found.get(address) if network is None else network
                break
    if not found:
        for match in _STEP.finditer(log):
            found.update(dict.fromkeys((url for text in match.groups() if text for url in _URL.findall(text)), None))
    return [Download(address, network) for address, network in found.items()]


def _is_outside(address: str) -> bool:
    """Tell whether an address or a host is somewhere in the internet."""
    host = (urlsplit(address if "://" in address else f"//{address}").hostname or "").rstrip(".")
    if "." not in host or host.endswith((".42.fr", ".local", ".localhost", ".internal", ".lan")):
        return False
    try:
        return ip_address(host).is_global
    except ValueError:
        return True


def _image(text: str) -> str:
    """Write an image as a Dockerfile does, where the engine names the address at its registry."""
    match = re.fullmatch(r"(?:https://)?registry-1\.docker\.io/v2/(\S+)/manifests/(\S+)", text)
    return f"docker.io/{match.group(1)}:{match.group(2)}" if match else text


def unreachable(machine: Machine, log: str) -> list[str]:
    """Return the addresses that a log says could not be downloaded, and that the machine indeed cannot reach.

    What is there but not as the project wants it, such as a file that is not found, is not among them.

    Args:
        machine: where it was tried.
        log: the output of a build or of a container.

    """
    return [
        one.address for one in downloads(log) if (one.network if one.network is not None else _cut_off(machine, one))
    ]


def _cut_off(machine: Machine, download: Download) -> bool:
    """Ask the machine itself whether it reaches an address; a proxy that forbids it counts as not reached."""
    if download.address.startswith(("http://", "https://")):
        url = download.address
    else:
        host = urlsplit(f"//{download.address}").hostname or ""
        # Hosts have a dot; what has none is an image of the usual registry.
        url = f"https://{host}/" if "." in host and host != "docker.io" else "https://registry-1.docker.io/v2/"
    words = (
        "curl",
        "--silent",
        "--location",
        "--output",
        "/dev/null",
        "--max-time",
        "20",
        "--write-out",
        "%{http_code}",
    )
    try:
        done = machine.run(*words, url)
    except UnseenError:
        return False
    if done.code == 127:
        return False
    status = done.out.strip()[-3:]
    return done.code != 0 or status in ("000", "403", "407", "429", "451") or status.startswith("5")
