#!/usr/bin/env python3
"""Coverage-guided fuzzing of every parser of the checker, by hand and for minutes.

Needs the package atheris, which is no dependency of the project:

    pip install atheris
    python tools/checker/tests/fuzz/fuzz_parsers.py -max_total_time=300 -timeout=20 some/corpus

The first byte chooses the parser, the rest is its text. Any exception is a find.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path

import atheris

sys.path.insert(0, str(Path(__file__).parents[2] / "src"))

with atheris.instrument_imports(include=["inception_check"]):
    from inception_check.evidence import credentials
    from inception_check.evidence.dockerfile import copies, parse_dockerfile
    from inception_check.evidence.dotenv import parse_dotenv
    from inception_check.evidence.gitrepo import parse_index
    from inception_check.evidence.interpolation import interpolate
    from inception_check.evidence.makefile import parse_makefile
    from inception_check.evidence.markdown import parse_markdown
    from inception_check.evidence.nginx import parse_nginx
    from inception_check.evidence.shell import parse_shell
    from inception_check.evidence.shellcredentials import in_shell
    from inception_check.evidence.source import decode
    from inception_check.evidence.yamlnodes import parse_yaml
    from inception_check.reports.clean import printable


def dockerfile(text: str) -> None:
    """Parse a Dockerfile and ask it everything."""
    parsed = parse_dockerfile(text)
    for instruction in parsed.instructions:
        instruction.words()
        instruction.pairs()
    for stage in parsed.stages:
        parsed.effective(stage)
    copies(list(parsed.instructions))


def shell(text: str) -> None:
    """Parse a script, all that is nested in it, and look for credentials."""
    script = parse_shell(text)
    for inner in script.everything():
        list(in_shell(inner))


def yaml(text: str) -> None:
    """Parse YAML and look for credentials."""
    parse_yaml(text, "x.yml")
    list(credentials.in_yaml(text, "x.yml", example=False))


def settings(text: str) -> None:
    """Look for credentials in every other kind of text."""
    list(credentials.in_sql(text))
    list(credentials.in_php(text, example=False))
    list(credentials.in_settings(text, example=False))
    list(credentials.in_json(text, example=False))
    list(credentials.in_dotenv(text, ".env", example=False))
    list(credentials.private_keys(text))


PARSERS: tuple[Callable[[str], object], ...] = (
    dockerfile,
    parse_dotenv,
    lambda text: interpolate(text, {"A": "b"}),
    shell,
    yaml,
    parse_nginx,
    parse_makefile,
    parse_markdown,
    settings,
    printable,
)


def one(data: bytes) -> None:
    """Run one input."""
    if not data:
        return
    if data[0] == 255:
        try:
            parse_index(data[1:])
        except ValueError:
            return
        return
    text, _ = decode(data[1:4000])
    PARSERS[data[0] % len(PARSERS)](text)


if __name__ == "__main__":
    atheris.Setup(sys.argv, one)
    atheris.Fuzz()
