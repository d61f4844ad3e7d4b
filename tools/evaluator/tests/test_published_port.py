"""Where the published port stands in a project, whatever its layout, and how it is changed there and nowhere else."""

from __future__ import annotations

import pytest

from inception_evaluate.published_port import Edit, plan

BEFORE = """# 443:443 of old
services:
  mariadb:
    ports:
      - "443:443"
  nginx:
    image: nginx:1.0
{}
    restart: always
  adminer:
    ports: ["443:8080"]
volumes:
  nginx:
"""


def edit(ports: str, env: str = "") -> Edit | None:
    return plan({"/srcs/docker-compose.yml": BEFORE.format(ports)}, ("/srcs/.env", env), "nginx", 443, 8443)


@pytest.mark.parametrize(
    ("ports", "after"),
    [
        ('    ports:\n      - "443:443"', '    ports:\n      - "8443:443"'),
        ("    ports:\n      - 443:443", "    ports:\n      - 8443:443"),
        ("    ports:\n    - '443:8443'", "    ports:\n    - '8443:8443'"),
        ('    ports: ["443:443"]', '    ports: ["8443:443"]'),
        ('    ports: ["0.0.0.0:443:443"]', '    ports: ["0.0.0.0:8443:443"]'),
        ("    ports:\n      - target: 443\n        published: 443", "    ports:\n      - target: 443\n        published: 8443"),
        ('    ports:\n      - published: "443"\n        target: 443', '    ports:\n      - published: "8443"\n        target: 443'),
        ('    ports:\n      - "443:443/tcp" # the way in', '    ports:\n      - "8443:443/tcp" # the way in'),
        ('    ports:\n      - "80:80"\n      - "443:443"', '    ports:\n      - "80:80"\n      - "8443:443"'),
    ],
)  # fmt: skip
def test_a_literal_port_is_changed_in_the_compose_file(ports: str, after: str) -> None:
    found = edit(ports)
    assert found is not None
    assert found.path == "/srcs/docker-compose.yml"
    assert found.before == BEFORE.format(ports)
    assert found.after == BEFORE.format(after)


@pytest.mark.parametrize(
    ("ports", "env", "after"),
    [
        ('    ports: ["${HTTPS_PORT}:443"]', "A=443\nHTTPS_PORT=443 # published\nB=1\n", "A=443\nHTTPS_PORT=8443 # published\nB=1\n"),
        ("    ports:\n      - $PORT:443", 'export PORT="443"\n', 'export PORT="8443"\n'),
        ('    ports: ["${PORT:-443}:443"]', "A=1", "A=1\nPORT=8443\n"),
        ('    ports: ["${PORT:-443}:443"]', "", "PORT=8443\n"),
        ('    ports: ["${PORT:?}:${INNER:-443}"]', "PORT=443\n", "PORT=8443\n"),
        ('    ports: ["${ADDRESS}:${PORT}:443"]', "PORT=443\n", "PORT=8443\n"),
        ("    ports:\n      - target: 443\n        published: ${PORT}", "PORT=1\nPORT=443\n", "PORT=1\nPORT=8443\n"),
    ],
)  # fmt: skip
def test_a_variable_is_changed_in_the_env_file(ports: str, env: str, after: str) -> None:
    found = edit(ports, env)
    assert found is not None
    assert found.path == "/srcs/.env"
    assert (found.before, found.after) == (env, after)


@pytest.mark.parametrize(
    ("ports", "env"),
    [
        ("    expose: [443]", ""),
        ('    ports: ["443"]', ""),
        ('    ports: ["${PORT}:443"]', ""),
        ('    ports: ["${PORT:-444}:443"]', ""),
        ('    ports: ["${PORT}:443"]', "PORT=444\n"),
        ('    ports: ["4430:443"]', ""),
    ],
)
def test_what_no_file_tells_is_not_guessed(ports: str, env: str) -> None:
    assert edit(ports, env) is None


def test_a_service_that_is_not_there_is_not_guessed() -> None:
    assert plan({"a": "services: {}\n", "b": "x: y\n"}, (".env", ""), "nginx", 443, 8443) is None
