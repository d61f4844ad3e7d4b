"""Compose files are read as Compose reads them."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from checker_trees import write
from inception_check.evidence.compose import Compose, load_compose
from inception_check.evidence.source import Tree
from inception_check.evidence.yamlnodes import parse_yaml


def load(tmp_path: Path, text: str, **files: str) -> Compose:
    write(tmp_path, "srcs/docker-compose.yml", text)
    for name, content in files.items():
        write(tmp_path, "srcs/" + name.replace("__", "."), content)
    return load_compose(Tree(tmp_path), "srcs/docker-compose.yml")


def test_anchors_and_merges(tmp_path: Path) -> None:
    compose = load(
        tmp_path,
        "x-base: &base\n  restart: always\n  networks: [a]\nservices:\n  s:\n    <<: *base\n    restart: on-failure\nnetworks:\n  a:\n",
    )
    service = compose.services["s"]
    assert service.networks == ("a",)
    assert service.place("restart") == ("srcs/docker-compose.yml", 7)
    assert service.place("networks") == ("srcs/docker-compose.yml", 3)
    assert not compose.problems


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ('"443:443"', ("443", "443", "", "tcp")),
        ("443:443", ("443", "443", "", "tcp")),
        ("22:22", ("22", "22", "", "tcp")),
        ('"443"', (None, "443", "", "tcp")),
        ('"127.0.0.1:80:8080/udp"', ("80", "8080", "127.0.0.1", "udp")),
        ('"[::1]:80:8080"', ("80", "8080", "::1", "tcp")),
        ('"${PORT:-443}:443"', ("443", "443", "", "tcp")),
        ('"8000-8010:8000-8010"', ("8000-8010", "8000-8010", "", "tcp")),
        ("{target: 443, published: 444}", ("444", "443", "", "tcp")),
    ],
)
def test_ports(text: str, expected: tuple[str | None, ...], tmp_path: Path) -> None:
    port = load(tmp_path, f"services:\n  s:\n    ports:\n      - {text}\n").services["s"].ports[0]
    assert (port.host, port.container, port.host_ip, port.protocol) == expected
    assert port.source.line == 4


@pytest.mark.parametrize(
    ("text", "kind", "source"),
    [
        ("data:/x", "volume", "data"),
        ("./data:/x", "bind", "./data"),
        ("/data:/x:ro", "bind", "/data"),
        ("~/data:/x", "bind", "~/data"),
        ("/x", "anonymous", ""),
        ("${D}/x:/y", "bind", "/x"),
        ("${V}:/y", "volume", ""),
        ("{type: bind, source: /a, target: /b}", "bind", "/a"),
        ("{type: volume, source: v, target: /b}", "volume", "v"),
        ("{type: tmpfs, target: /b}", "tmpfs", ""),
    ],
)
def test_mounts(text: str, kind: str, source: str, tmp_path: Path) -> None:
    mount = (
        load(tmp_path, f"services:\n  s:\n    volumes:\n      - {text if text[0] == '{' else repr(text)}\n")
        .services["s"]
        .mounts[0]
    )
    assert (mount.kind, mount.source) == (kind, source)


def test_interpolation_comes_from_the_env_file(tmp_path: Path) -> None:
    compose = load(
        tmp_path,
        "services:\n  s:\n    image: s:${V}\n    environment:\n      - A=${B:-d}\n      - C\n",
        __env="V=1.0\n",
    )
    service = compose.services["s"]
    assert service.image is not None
    assert service.image.value == "s:1.0"
    assert [(v.name, v.value.value if v.value else None) for v in service.environment] == [("A", "d"), ("C", None)]


def test_include_extends_and_override(tmp_path: Path) -> None:
    compose = load(
        tmp_path,
        "include:\n  - other.yml\nservices:\n  s:\n    extends: {file: base.yml, service: b}\n    ports: ['1:1']\n",
        other__yml="services:\n  o: {image: 'o:1'}\n",
        base__yml="services:\n  b:\n    restart: always\n    ports: ['2:2']\n    environment: {A: x}\n",
        **{"docker-compose__override__yml": "services:\n  s:\n    restart: 'no'\n    environment: [B=y]\n"},
    )
    service = compose.services["s"]
    assert set(compose.services) == {"o", "s"}
    assert [p.host for p in service.ports] == ["2", "1"]
    assert service.value.get("restart").text == "no"  # type: ignore[union-attr]
    assert {v.name for v in service.environment} == {"A", "B"}
    assert service.place("restart")[0] == "srcs/docker-compose.override.yml"


def test_commands(tmp_path: Path) -> None:
    compose = load(tmp_path, "services:\n  s:\n    command: sh -c 'a b'\n    entrypoint: [\"/x\", y]\n")
    service = compose.services["s"]
    assert service.command is not None
    assert service.command.words == ("sh", "-c", "a b")
    assert service.entrypoint is not None
    assert service.entrypoint.words == ("/x", "y")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("services: [", "expected"),
        ("services:\n  a: {}\n  a: {}\n", "already defined"),
        ("services:\n  a:\n    port: [1]\n", "unknown key"),
        ("services:\n  a:\n    depends_on:\n      b\n", "has to be a list or a mapping"),
        ("services:\n  a:\n    ports: 443:443\n", "has to be a list"),
        ("a: &a [*b]\n", "undefined alias"),
        ("- a\n", "mapping"),
        ("", "empty"),
        ("services:\n  a:\n    image: ${x\n", "never closed"),
        ("services:\n  a:\n    extends: b\n", "no service b"),
        ("services:\n  a:\n    extends: a\n", "circle"),
        ("services:\n\tb: c\n", "token"),
    ],
)
def test_problems(text: str, message: str, tmp_path: Path) -> None:
    problems = load(tmp_path, text).problems
    assert any(message in problem.message for problem in problems), problems


def test_a_yaml_bomb_is_refused(tmp_path: Path) -> None:
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x, x]"]
    lines += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]" for n in range(1, 12)]
    problems = load(tmp_path, "\n".join(lines)).problems
    assert any("nodes" in problem.message for problem in problems)


def test_a_circle_of_aliases_is_refused() -> None:
    root, problems = parse_yaml("a: &a [*a]\n", "x")
    assert root is None
    assert problems


def test_deep_nesting_is_refused() -> None:
    root, problems = parse_yaml("[" * 5000 + "]" * 5000, "x")
    assert root is None
    assert problems


@settings(deadline=None)  # a busy machine is no mistake
@given(st.text(alphabet=st.sampled_from("ab:- \n{}[]&*!|>'\"#,?<"), max_size=120))
def test_yaml_never_raises_and_positions_stay_in_the_file(text: str) -> None:
    root, problems = parse_yaml(text, "x")
    lines = text.count("\n") + 2
    assert all(p.line is None or 1 <= p.line <= lines for p in problems)
    if root is not None:
        assert all(1 <= value.line <= lines for value in root.scalars())
