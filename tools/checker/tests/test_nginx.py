"""nginx configuration is read as crossplane reads it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from inception_check.evidence.nginx import Directive, looks_like_nginx, parse_nginx

SAMPLES = [
    "user www-data;\nevents { worker_connections 10; }\n",
    'http {\n  server { listen 443 ssl; server_name a b; add_header X "a;{b}" always; }\n}\n',
    "server {\n  # a comment with ; and {\n  location ~ \\.php$ { fastcgi_pass wordpress:9000; }\n}\n",
    "map $http_upgrade $connection { default upgrade; '' close; }\n",
    "server { server_name ${DOMAIN_NAME}; root '/var/www html'; }\n",
    "log_format main '$remote_addr - \"$request\" '\n    '$status';\n",
]


def shape(directives: list[Directive]) -> list[Any]:
    return [
        (d.name, list(d.arguments), d.line, shape(d.children) if d.children is not None else None) for d in directives
    ]


def theirs(block: list[dict[str, Any]]) -> list[Any]:
    return [
        (d["directive"], d["args"], d["line"], theirs(d["block"]) if "block" in d else None)
        for d in block
        if d["directive"] != "#"
    ]


@pytest.mark.parametrize("text", SAMPLES)
def test_it_agrees_with_crossplane(text: str, tmp_path: Path) -> None:
    crossplane = pytest.importorskip("crossplane")
    file = tmp_path / "nginx.conf"
    file.write_text(text)
    parsed = crossplane.parse(str(file), single=True, strict=False, check_ctx=False, check_args=False)
    assert shape(parse_nginx(text).directives) == theirs(parsed["config"][0]["parsed"])


def test_lines_start_where_the_text_starts() -> None:
    config = parse_nginx("server {\n listen 443 ssl;\n}\n", "entrypoint.sh", first_line=12)
    assert [(d.name, d.line, d.path) for d in config.walk()] == [
        ("server", 12, "entrypoint.sh"),
        ("listen", 13, "entrypoint.sh"),
    ]


def test_broken_text_becomes_problems() -> None:
    assert parse_nginx("server { listen 443 ssl }").problems
    assert parse_nginx("}").problems
    assert parse_nginx("server {").problems
    assert parse_nginx("a b").problems
    assert parse_nginx("{" * 200).problems


def test_recognition() -> None:
    assert looks_like_nginx("server { listen 80; }")
    assert looks_like_nginx("ssl_protocols TLSv1.3;")
    assert not looks_like_nginx("[www]\nlisten = 9000\n; a comment")
    assert not looks_like_nginx("echo hello; server")


@settings(max_examples=200)
@given(st.text(alphabet=st.sampled_from("ab${};'\"#\\ \n"), max_size=120))
def test_it_never_raises_and_positions_stay_in_the_file(text: str) -> None:
    lines = text.count("\n") + 1
    assert all(1 <= d.line <= lines for d in parse_nginx(text).walk())


@given(
    st.recursive(
        st.lists(st.tuples(st.sampled_from("abc"), st.lists(st.sampled_from(["x", "y z"]), max_size=2)), max_size=3),
        lambda inner: st.lists(st.tuples(st.sampled_from("de"), inner), max_size=3),
        max_leaves=8,
    )
)
def test_writing_and_reading_gives_back_the_blocks(tree: Any) -> None:
    def write(node: Any) -> str:
        parts = []
        for name, value in node:
            if value and isinstance(value[0], tuple):
                parts.append(f"{name} {{ {write(value)} }}")
            else:
                words = " ".join(f"'{word}'" for word in value)
                parts.append(f"{name} {words};")
        return "\n".join(parts)

    def expect(node: Any) -> list[Any]:
        return [
            (name, [], expect(value)) if value and isinstance(value[0], tuple) else (name, list(value), None)
            for name, value in node
        ]

    def strip(directives: list[Directive]) -> list[Any]:
        return [(d.name, list(d.arguments), strip(d.children) if d.children is not None else None) for d in directives]

    assert strip(parse_nginx(write(tree)).directives) == expect(tree)
