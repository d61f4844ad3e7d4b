"""What `make` says in another language: catalogues that are whole and true to the sources, and runs that speak them."""

from __future__ import annotations

import ast
import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from catalogue import Catalogue, language, read_po
from support import BIN, ROOT, own_environment, run

CATALOGUES = {path.stem: read_po(path.read_text(encoding="utf-8")) for path in (ROOT / "languages").glob("*.po")}
KOREAN = re.compile("[가-힣]")


def gaps(text: str) -> list[str]:
    """Return the placeholders of a sentence."""
    return sorted(re.findall(r"\{\w*\}", text))


@pytest.mark.parametrize("name", CATALOGUES)
def test_every_sentence_is_translated_with_the_same_placeholders(name: str) -> None:
    assert len(CATALOGUES[name]) > 50
    for sentence, translation in CATALOGUES[name].items():
        assert translation.strip(), sentence
        assert gaps(translation) == gaps(sentence), sentence
        assert len(set(gaps(sentence))) == len(gaps(sentence)), sentence
        values = {gap[1:-1]: f"x{number}x" for number, gap in enumerate(gaps(sentence))}
        said = Catalogue(CATALOGUES[name]).line(sentence.format(**values))
        assert said == translation.format(**values), "another sentence of the catalogue takes this one's place"


def test_korean_is_korean() -> None:
    assert all(KOREAN.search(translation) for translation in CATALOGUES["ko"].values())


def strings(node: Any) -> Iterator[str]:
    """Yield the texts of a YAML document, keys too."""
    if isinstance(node, dict):
        for key, value in node.items():
            yield from (*strings(key), *strings(value))
    elif isinstance(node, list):
        for value in node:
            yield from strings(value)
    elif isinstance(node, str):
        yield node


def sources() -> Iterator[str]:
    """Yield what the bundle says, with `{}` for what it fills in."""
    for folder in ("plugins", "requirements"):
        for path in (ROOT / folder).rglob("*.py"):
            for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
                if isinstance(node, ast.JoinedStr):
                    yield "".join(part.value if isinstance(part, ast.Constant) else "{}" for part in node.values)  # type: ignore[misc]
                elif isinstance(node, ast.Constant) and isinstance(node.value, str):
                    yield node.value
    for path in (*ROOT.glob("playbooks/**/*.yml"), *ROOT.glob("roles/*/tasks/*.yml")):
        for text in strings(yaml.safe_load(path.read_text(encoding="utf-8"))):
            yield re.sub(r"\{%.*?%\}", "", re.sub(r"\{\{.*?\}\}", "{}", text, flags=re.DOTALL))
            yield from re.findall(r"'([^']*)'", text)
    for path in (ROOT / "Makefile", *ROOT.glob("requirements/*.sh")):
        yield re.sub(r"\$\([^()]*\)|\$\{?\w+\}?", "{}", path.read_text(encoding="utf-8"))


def test_every_sentence_is_said_somewhere() -> None:
    whole = re.sub(r"(\{\})+", "{}", "\n".join(sources()))
    missing = [sentence for sentence in CATALOGUES["ko"] if re.sub(r"\{\w+\}", "{}", sentence) not in whole]
    assert missing == []


@pytest.mark.parametrize(
    ("environment", "found"),
    [
        ({}, ""),
        ({"LANG": "C"}, ""),
        ({"LANG": "C.UTF-8"}, ""),
        ({"LANG": "ko_KR.UTF-8"}, "ko"),
        ({"LANG": "ko_KR.utf8"}, "ko"),
        ({"LANG": "ko_KR.EUC-KR"}, ""),
        ({"LANG": "en_US.UTF-8", "LC_MESSAGES": "ko_KR.UTF-8"}, "ko"),
        ({"LANG": "ko_KR.UTF-8", "LC_ALL": "C"}, ""),
        ({"LC_ALL": "C.UTF-8", "INCEPTION_LANGUAGE": "ko_KR.UTF-8"}, "ko"),
        ({"LANG": "../../etc/passwd"}, ""),
    ],
    ids=str,
)
def test_which_language(environment: dict[str, str], found: str) -> None:
    assert language(environment) == found


def test_a_line_is_found_whatever_stands_before_it() -> None:
    said = Catalogue(CATALOGUES["ko"])
    sentence = "inception_https_port is 0, but a port lies between 1 and 65535."
    assert KOREAN.search(said.line(sentence))
    for place in ("inventory/my group/inception.yml:12: ", "on the command line: "):
        assert said.line(place + sentence) == place + said.line(sentence)
    text = "nobody has translated this\n" + sentence
    assert said.text(text).splitlines() == ["nobody has translated this", said.line(sentence)]
    assert "포트 443번" in said.line("Port 443 is taken by the process apache2 (pid 7); stop it, or choose another x.")
    assert "프로세스 apache2 (pid 7)" in said.line(
        "Port 443 is taken by the process apache2 (pid 7); stop it, or choose another x."
    )
    assert Catalogue({}).text(text) == text


@pytest.fixture(scope="module")
def bundle(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a copy of the bundle where anybody may write, in a path with a space, Hangul and quotes."""
    root = tmp_path_factory.mktemp("languages") / 'it\'s "my" 한국 work'
    root.mkdir()
    tracked = run(["git", "ls-files"], cwd=ROOT, env=own_environment()).stdout.splitlines()
    for top in {name.split("/")[0] for name in tracked} - {"inventory"}:
        (root / top).symlink_to(ROOT / top)
    for name in [name for name in tracked if name.startswith("inventory/")]:
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / name, root / name)
    (root / ".venv").symlink_to(BIN.parent)
    root.chmod(0o777)
    return root


def make(bundle: Path, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run make with nothing of a locale but what is given, and a mask that lets nobody else read."""
    plain = {name: value for name, value in own_environment().items() if not name.startswith(("LC_", "LANG", "TERM"))}
    command = ["sh", "-c", 'umask 077; exec make "$@"', "make", "--old-file=.venv/.ready", *arguments]
    return run(command, cwd=bundle, env={**plain, **environment})


@pytest.mark.parametrize(
    ("environment", "korean"),
    [
        ({}, False),
        ({"LANG": "C", "TERM": "dumb"}, False),
        ({"LC_ALL": "C.UTF-8"}, False),
        ({"LANG": "ko_KR.UTF-8"}, True),
        ({"LC_ALL": "ko_KR.UTF-8", "TERM": "dumb"}, True),
        ({"LANG": "C", "LC_MESSAGES": "ko_KR.UTF-8"}, True),
        ({"LC_ALL": "ko_KR.EUC-KR", "LANG": "ko_KR.EUC-KR", "TERM": "xterm"}, False),
    ],
    ids=str,
)
def test_make_speaks_it(bundle: Path, environment: dict[str, str], *, korean: bool) -> None:
    done = make(bundle, "help", "settings", **environment)
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.startswith("Run the site\n")
    assert re.search(r"^inception_domain +\S+\.42\.fr +default$", done.stdout, re.MULTILINE), (
        "settings stay as they are"
    )
    wrong = make(bundle, "settings", "LOGIN=Wil", **environment)
    assert wrong.returncode == 2
    assert bool(KOREAN.search(wrong.stdout)) == korean, wrong.stdout + wrong.stderr
    unknown = make(bundle, "check", "LOGN=wil", **environment)
    assert unknown.returncode == 2
    assert "LOGIN" in unknown.stderr
    assert bool(KOREAN.search(unknown.stderr)) == korean


def test_what_programs_read_stays_as_it_is(bundle: Path) -> None:
    done = make(bundle, "check", "FORMAT=json", LANG="ko_KR.UTF-8")
    assert done.stdout.startswith("{")
    assert '"project"' in done.stdout


def test_the_virtualenv_speaks_it_before_there_is_an_ansible(tmp_path: Path) -> None:
    for name in ("Makefile", "languages", "requirements", "tools"):
        (tmp_path / name).symlink_to(ROOT / name)
    programs = tmp_path / "bin"
    programs.mkdir()
    (programs / "python3").write_text(
        '#!/bin/sh\ncase "$*" in *"import ensurepip"*) exit 1;; esac\nexec /usr/bin/python3 "$@"\n', encoding="utf-8"
    )
    (programs / "python3").chmod(0o755)
    environment = {"LANG": "ko_KR.UTF-8", "PATH": f"{programs}:/usr/bin:/bin"}
    done = run(["make", "settings"], cwd=tmp_path, env={**own_environment(), **environment, "LC_ALL": ""})
    assert done.returncode == 2
    assert "python3-venv가 없습니다: sudo apt-get install python3-venv" in done.stderr
