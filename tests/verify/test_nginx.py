"""NGINX against somebody who means harm: from outside, and from php-fpm after a break-in."""

from __future__ import annotations

import contextlib
import json
import time
import uuid
from collections.abc import Iterator
from typing import Any

import pytest

from support.stack import Settings, Stack
from support.web import Browser, kept

SITE = "/var/www/html"
# Runs beside NGINX, in its network: so each client can have an address of its own, and no other test shares it.
CLIENT = """
import http.client, json, socket, ssl, sys
order = json.load(sys.stdin)
tls = ssl.create_default_context()
tls.check_hostname, tls.verify_mode = False, ssl.CERT_NONE
connection = http.client.HTTPSConnection(order["domain"])
def connect():
    raw = socket.create_connection(("127.0.0.1", order["port"]), 60, (order["source"], 0))
    connection.sock = tls.wrap_socket(raw, server_hostname=order["domain"])
connection.connect = connect
def ticks():
    return sum(sum(map(int, open(f"/proc/{pid}/stat").read().rpartition(")")[2].split()[11:13])) for pid in order["pids"])
seen = []
before = ticks()
for _ in range(order["times"]):
    connection.request(order["method"], order["path"], order["body"], order["headers"])
    answer = connection.getresponse()
    answer.read()
    seen.append([answer.status, {name.lower(): value for name, value in answer.getheaders()}])
print(json.dumps({"cpu": ticks() - before, "seen": seen}))
"""


class Client:
    """A client with an address that no other one has."""

    def __init__(self, stack: Stack, domain: str, address: str) -> None:
        self.stack = stack
        self.domain = domain
        self.address = address
        self.workers = [one["Pid"] for one in stack.processes("nginx") if "worker" in one["Command"]]

    def ask(self, path: str, times: int = 1, *, method: str = "GET", headers: dict[str, str] | None = None) -> Any:
        """Send a request many times over one connection; what came back, and the CPU of NGINX in clock ticks."""
        order = {
            "domain": self.domain,
            "port": int(self.stack.env["NGINX_PORT"]),
            "source": self.address,
            "pids": self.workers,
            "times": times,
            "method": method,
            "path": path,
            "body": "log=nobody&pwd=wrong" if method == "POST" else None,
            "headers": {"Content-Type": "application/x-www-form-urlencoded", **(headers or {})},
        }
        command = ("nsenter", "--target", self.workers[0], "--net", "python3", "-c", CLIENT)
        return json.loads(self.stack.execute(*command, data=json.dumps(order)))

    def statuses(self, path: str, times: int = 1, *, method: str = "GET", headers: dict[str, str] | None = None) -> Any:
        """Send a request many times and return the statuses."""
        return [status for status, _ in self.ask(path, times, method=method, headers=headers)["seen"]]


@pytest.fixture
def clients(stack: Stack, settings: Settings) -> Iterator[Client]:
    """Return clients that nobody has met before."""
    block, start = divmod(uuid.uuid4().int % 60000, 250)
    return (Client(stack, settings.domain, f"127.9.{block}.{start + one}") for one in range(1, 5))


# --- Links that PHP made ---


@pytest.fixture
def php(stack: Stack) -> Iterator[Any]:
    """Return what runs a shell command as php-fpm does, in a new directory of the uploads, which is removed afterwards."""
    name = uuid.uuid4().hex
    place = f"{SITE}/wp-content/uploads/{name}"

    def run(command: str) -> str:
        script = f"mkdir -p {place} && cd {place} && {command}"
        stack.docker("exec", "--user", "www-data", stack.container("wordpress"), "sh", "-c", script)
        return f"/wp-content/uploads/{name}"

    yield run
    stack.docker("exec", "--user", "www-data", stack.container("wordpress"), "rm", "-rf", place)


@pytest.mark.requirement("C7", "R33")
@pytest.mark.parametrize(
    ("link", "asked"),
    [
        ("ln -s /run/secrets/tls_key key.txt", "key.txt"),
        ("ln -s /run/secrets/tls_key key", "key"),
        ("ln -s /etc/passwd list.css", "list.css"),
        ("ln -s /run/secrets there", "there/tls_key"),
        ("ln -s / there", "there/run/secrets/tls_key"),
        ("ln -s / there", "there/etc/nginx/nginx.conf"),
        ("mkdir real && echo here >real/here.txt && ln -s real there", "there/here.txt"),
    ],
)
def test_no_link_of_php_is_followed(link: str, asked: str, php: Any, visitor: Browser) -> None:
    page = visitor.request("GET", f"{php(link)}/{asked}")
    assert page.status in (403, 404)
    assert page.status == 403 or "</html>" in page.text
    assert not [words for words in ("PRIVATE KEY", "root:x:", "worker_processes") if words in page.text]


@pytest.mark.requirement("E42")
def test_files_that_php_wrote_are_served(php: Any, visitor: Browser) -> None:
    place = php("echo here >here.txt && mkdir -p a/b && echo deeper >a/b/picture.png")
    assert visitor.request("GET", f"{place}/here.txt").text == "here\n"
    assert visitor.request("GET", f"{place}/a/b/picture.png").text == "deeper\n"


# --- What stands in place of the generation ---

IN_ITS_PLACE = {
    "pipe": "mkfifo generation",
    "link to a pipe": "mkfifo generation.pipe && ln -s generation.pipe generation",
    "link to a good word": "cp generation.kept generation.pipe && ln -s generation.pipe generation",
    "device": "mknod generation c 1 5",
    "huge file": "printf %08x $(date +%s) >generation && truncate --size 1T generation",
    "directory": "mkdir generation",
    "nothing": "true",
}


@contextlib.contextmanager
def replaced(stack: Stack, settings: Settings, command: str) -> Iterator[None]:
    """Have something else in place of the generation."""
    place = f"cd /home/{settings.login}/data/wordpress/.inception/cache"
    stack.shell(f"{place} && mv generation generation.kept && {command}")
    try:
        # A worker of php-fpm that has not met the file, and so remembers where a link leads.
        for process in stack.processes("wordpress")[1:]:
            stack.attempt("kill", process["Pid"])
        # NGINX looks each second which file it is.
        time.sleep(1.5)
        yield
    finally:
        stack.shell(f"{place} && rm -rf generation generation.pipe && mv generation.kept generation")


@pytest.mark.requirement("C7", "R19")
@pytest.mark.parametrize("what", IN_ITS_PLACE)
def test_nothing_in_place_of_the_generation_stops_nginx(
    what: str, administrator: Browser, visitor: Browser, stack: Stack, settings: Settings
) -> None:
    page = administrator.rest("GET", "/wp/v2/pages?per_page=1&status=publish").json[0]
    kept(visitor, "/")
    with replaced(stack, settings, IN_ITS_PLACE[what]):
        # More than there are workers, which all have to stay well.
        pages = [visitor.request("GET", "/") for _ in range(8)]
        assert {(page.status, page.headers["x-cache"]) for page in pages} == {(200, "BYPASS")}
        assert visitor.request("GET", "/wp-includes/css/buttons.css").status == 200
    time.sleep(1.5)
    kept(visitor, "/")
    # And once the file is back, an edit shows: PHP does not write where the link led.
    assert administrator.rest("POST", f"/wp/v2/pages/{page['id']}", {"status": "publish"}).status == 200
    assert visitor.request("GET", "/").headers["x-cache"] == "MISS"


# --- Long addresses ---

LONG = 8000
DEAR = [
    "x" + "&" * (LONG - 2) + "x",
    "&" * LONG,
    "&p" * (LONG // 2),
    "x&" * (LONG // 2),
    "_ga&" * (LONG // 4),
    "x" + "&_ga" * (LONG // 4 - 1) + "&x",
    "x" + "&utm_aX" * (LONG // 7 - 1),
    "utm_" + "a" * (LONG - 5) + "X",
    "customize_" + "a" * (LONG - 11) + "X",
]


@pytest.mark.requirement("C7")
def test_no_address_costs_nginx_much_more_than_another_of_its_length(clients: Iterator[Client]) -> None:
    client = next(clients)

    def cost(query: str, cookie: str = "a") -> int:
        headers = {"Cookie": cookie}
        assert client.ask(f"/?{query}", 3, method="HEAD", headers=headers)["seen"][-1][1]["x-cache"] == "HIT"
        return int(client.ask(f"/?{query}", 2000, method="HEAD", headers=headers)["cpu"])

    cheap = cost("x" * LONG)
    assert cheap > 5, "too little to compare with"
    costs = {query[:20]: cost(query) / cheap for query in DEAR}
    assert {query: round(ratio, 1) for query, ratio in costs.items() if ratio > 3} == {}
    # The same for cookies, which a request may have twice as much of.
    cheap = cost("", "x" * LONG)
    costs = {text[:20]: cost("", text) / cheap for text in (";" * LONG, "; w" * (LONG // 3), ";" + " " * LONG + "x")}
    assert {text: round(ratio, 1) for text, ratio in costs.items() if ratio > 3} == {}


@pytest.mark.requirement("C7")
def test_many_marks_of_where_a_visitor_came_from(clients: Iterator[Client], stack: Stack) -> None:
    client = next(clients)
    began = stack.execute("date", "+%s").strip()
    assert client.statuses("/?" + "utm_a=b&" * 900 + "colour=1") == [200]
    assert client.statuses("/?colour=1" + "&_ga" * 1900) == [200]
    time.sleep(1)
    said = stack.attempt("docker", "logs", "--since", began, stack.container("nginx"))
    assert "pcre" not in said.stdout + said.stderr


# --- Guessing ---

SIGNS_IN = {"Authorization": "Basic bm9ib2R5Ondyb25n"}


@pytest.mark.requirement("C7")
@pytest.mark.parametrize(
    ("method", "path", "headers", "family", "guesser"),
    [
        ("POST", "/wp-login.php", {}, 25, 60),
        ("POST", "/wp-login.php?action=postpass", {}, 25, 60),
        ("POST", "//xmlrpc.php", {}, 25, 60),
        ("GET", "/wp-json/", SIGNS_IN, 50, 150),
        ("GET", "/wp-json/wp/v2/posts/1?_fields=id&password=guess", {}, 50, 150),
    ],
)
def test_who_guesses_must_wait_and_nobody_else(
    method: str,
    path: str,
    headers: dict[str, str],
    family: int,
    guesser: int,
    clients: Iterator[Client],
) -> None:
    client, other = next(clients), next(clients)
    answers = client.ask(path, guesser, method=method, headers=headers)["seen"]
    statuses = [status for status, _ in answers]
    assert 429 not in statuses[:family]
    assert statuses[-1] == 429
    assert 0 < int(answers[-1][1]["retry-after"]) < 60
    assert other.statuses(path, method=method, headers=headers) != [429]
    # Reading goes on, and so does the login page.
    kept_page = client.ask("/", 3)["seen"][-1]
    assert (kept_page[0], kept_page[1]["x-cache"]) == (200, "HIT")
    assert "retry-after" not in kept_page[1]
    assert client.statuses("/wp-login.php") == [200]


@pytest.mark.requirement("E49", "E50")
def test_the_block_editor_is_not_hindered(clients: Iterator[Client]) -> None:
    statuses = next(clients).statuses("/wp-json/", 120, headers={"Cookie": "wordpress_logged_in_x=y"})
    assert set(statuses) == {200}
