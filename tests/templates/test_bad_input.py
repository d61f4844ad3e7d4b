"""Bad input of a hundred kinds and more, given to `make` itself: one sentence for each mistake, a status that is not 0, and
nothing touched.

Mistakes that do not concern each other share a run, which must tell each of them once and nothing else.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from collections import defaultdict
from pathlib import Path
from typing import Any

import pytest

from support import BIN, ROOT, load_plugin, own_environment, run
from support.bad_settings import BAD

action = load_plugin("action/validate_settings")
SPECS = action.load_specs()
FILE = "inventory/group_vars/inception.yml"

#: How many bad values of one setting are tried here; tests/unit judges all of them.
RUNS = 4
#: By part of what the sentence says, the mistakes that only two settings together make: they have runs of their own.
TOGETHER = (
    "name the relay too",
    "the present inception_domain",
    "are the same",
    "make them agree",
    "set wordpress_sha256 too",
    "one address for each",
)


def batches() -> dict[str, list[tuple[str, Any, str]]]:
    """Return the bad values in as many runs as there are for one setting."""
    found: dict[str, list[tuple[str, Any, str]]] = defaultdict(list)
    for case in BAD:
        name, value, says = case
        if isinstance(value, str) and any("\ud800" <= character <= "\udfff" for character in value):
            continue  # No file holds that.
        if name == "inception_project_dir":
            continue  # For this machine, hosts.yml sets it.
        # Values are judged when all names and types are sound.
        kind = "names" if name not in SPECS else "types" if action._type_problem(name, value, SPECS[name]) else "values"
        if any(part in says for part in TOGETHER):
            kind = "relations"
        elif name == "inception_login":
            kind = "login"  # From a bad login follow a bad domain and bad addresses.
        number = next(n for n in range(len(BAD)) if name not in [other for other, *_ in found.get(f"{kind} {n}", [])])
        if number < RUNS:
            found[f"{kind} {number}"].append(case)
    return found


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a copy of the bundle that all tests here share; none may change it."""
    root = tmp_path_factory.mktemp("bad") / "it's my work 한"
    root.mkdir()
    tracked = run(["git", "ls-files", "inventory", "playbooks"], cwd=ROOT, env=own_environment()).stdout.splitlines()
    for name in ("Makefile", "ansible.cfg", *tracked):
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / name, root / name)
    for name in ("languages", "plugins", "requirements", "roles", "tools", "CHANGELOG.md"):
        (root / name).symlink_to(ROOT / name)
    (root / ".venv").mkdir()
    for name in ("bin", "collections"):
        (root / ".venv" / name).symlink_to(BIN.parent / name)
    # The evaluation's own virtualenv has browser and scanner too, which no mistake here comes to.
    (root / ".venv/evaluate").symlink_to(BIN.parent)
    return root


@pytest.fixture
def bundle(whole: Path) -> Path:
    """Return the copy without what another test has put there."""
    for name in ("inventory/group_vars/inception.yml", "hosts.yml", ".login"):
        (whole / name).unlink(missing_ok=True)
    shutil.rmtree(whole / "inventory/host_vars", ignore_errors=True)
    return whole


def snapshot(root: Path) -> dict[str, tuple[int, int]]:
    """Return size and time of change of each file of the copy itself."""
    return {
        str(path.relative_to(root)): (path.lstat().st_size, path.lstat().st_mtime_ns)
        for path in root.rglob("*")
        if not path.is_relative_to(root / ".venv") and (path.is_symlink() or path.is_file())
    }


def make(bundle: Path, *arguments: str, **environment: str) -> list[str]:
    """Run make, which must fail and touch nothing; return what it says, without make's own line."""
    before = snapshot(bundle)
    command = ["make", "--old-file=.venv/.ready", "--old-file=.venv/.evaluate", *arguments]
    done: subprocess.CompletedProcess[str] = run(command, cwd=bundle, env={**own_environment(), **environment})
    assert done.returncode == 2, done.stdout + done.stderr
    assert snapshot(bundle) == before
    assert "Traceback" not in done.stdout + done.stderr
    lines = [line.strip() for line in (done.stdout + done.stderr).splitlines()]
    return [line.removeprefix("[ERROR]: ") for line in lines if line and not line.startswith("make: *** [")]


BATCHES = batches()


def test_there_are_enough_kinds() -> None:
    assert sum(map(len, (*BATCHES.values(), FILES, NAMES, INVENTORIES, LOGINS, VARIABLES, PROGRAMS))) > 130
    assert len(BATCHES) < 20, "each is a run"


@pytest.mark.parametrize("batch", BATCHES)
def test_settings(bundle: Path, batch: str) -> None:
    cases = BATCHES[batch]
    lines = [f"{name}: {json.dumps(value, ensure_ascii=False)}" for name, value, _ in cases]
    if any("one address" in says for *_, says in cases):
        lines.append("wordpress_admin_email: boss@wil.42.fr")
    (bundle / FILE).write_text("\n".join(lines) + "\n", encoding="utf-8")
    said = make(bundle, "settings")
    assert len(said) == len(cases), "\n".join(said)
    for number, (name, _, says) in enumerate(cases, 1):
        (sentence,) = [line for line in said if (f": {name}" in line or f" and {name} " in line) and says in line]
        where, _, _ = sentence.partition(": ")
        assert where == f"{FILE}:{number}" or (batch.startswith("relations") and where.startswith(f"{FILE}:"))
        assert "hunter2" not in sentence


#: What a file of settings may be like, and what must be said of it behind its name.
FILES: dict[str, tuple[bytes, str]] = {
    "a colon": (b"wordpress_title: Tom: the site\n", ":1:21: Colons in unquoted values must be followed by"),
    "a tab": (b"wordpress_title: x\n\tinception_https_port: 1\n", ":2:1: Tabs are usually invalid in YAML"),
    "an open quote": (b'wordpress_title: "x\n', ":"),
    "an open bracket": (b"inception_services: [nginx\n", ":"),
    "Latin-1": (
        b"wordpress_title: x\nwordpress_user: Ren\xe9\n",
        ":2: this is not UTF-8; save the file in that encoding.",
    ),
    "UTF-16": ("wordpress_title: x\n".encode("utf-16"), ":1: this is not UTF-8"),
    "a list": (b"- wordpress_title: x\n", ""),
    "a sentence": (b"title is x\n", ""),
    "a key twice": (b"wordpress_title: x\nwordpress_title: y\n", ""),
    "a template that is open": (b'wordpress_title: "{{ x"\n', ":1: wordpress_title cannot be worked out"),
    "a name that nobody knows": (b'wordpress_title: "{{ titel }}"\n', ":1: wordpress_title cannot be worked out"),
    "a filter that is none": (b'wordpress_title: "{{ 1 | uper }}"\n', ":1: wordpress_title cannot be worked out"),
    "itself": (b'wordpress_title: "{{ wordpress_title }}"\n', ":1: wordpress_title cannot be worked out"),
    "an alias of nothing": (b"wordpress_title: *title\n", ":"),
    "control characters": (b"wordpress_title: a\x01b\n", ""),
}


@pytest.mark.parametrize("kind", FILES)
def test_files(bundle: Path, kind: str) -> None:
    content, says = FILES[kind]
    (bundle / FILE).write_bytes(content)
    (sentence,) = make(bundle, "settings")
    assert sentence.removeprefix(f"{bundle}/").startswith((f"{FILE}{says}", f"{FILE}:")) or FILE in sentence
    assert says in sentence


#: Names that are no setting, in the file for settings alone, with the one that is meant.
NAMES = {
    "wordpres_title": "wordpress_title",
    "incepton_base": "inception_base",
    "Wordpress_locale": "wordpress_locale",
    "INCEPTION_SUPPLY": "inception_supply",
    "inception-network": "inception_network",
    "upload_limit_mb": "inception_upload_limit_mb",
    "mariabd_user": "mariadb_user",
    "ngnix_port": "nginx_port",
    "admin_user": "wordpress_admin_user",
}


def test_names(bundle: Path) -> None:
    (bundle / FILE).write_text("".join(f"{name}: x\n" for name in NAMES), encoding="utf-8")
    (bundle / "inventory/host_vars").mkdir()
    (bundle / "inventory/host_vars/localhots.yml").touch()
    said = make(bundle, "settings")
    orphan = [line for line in said if "host_vars/localhots.yml: the inventory has no host localhots" in line]
    assert len(orphan) == 1
    assert len(said) == len(NAMES) + 1, said
    for number, (name, meant) in enumerate(NAMES.items(), 1):
        assert f"{FILE}:{number}: {name} is not a setting; did you mean {meant}?" in said


LOGINS = ("Wil", "wil s", "../etc", "-x", "wil;id", "a" * 40, "조", "42wil", "wil.x", "$(id)", "wil'", "root")


@pytest.mark.parametrize("login", LOGINS)
def test_logins(bundle: Path, login: str) -> None:
    # In a recipe make would work a dollar out.
    (sentence,) = make(bundle, "settings", f"LOGIN={login.replace('$', '$$')}")
    assert "is no" in sentence or "which names no person" in sentence or "a login names a user" in sentence


LOCAL = "localhost: {ansible_connection: local}"
INVENTORIES: dict[str, tuple[str | None, str]] = {
    "a list": ("- localhost\n", "Completely failed to parse inventory source"),
    "a tab": ("inception:\n\thosts:\n", "Completely failed to parse inventory source"),
    "empty": ("", "No host of the group inception is left to work on"),
    "without hosts": ("inception:\n  hosts:\n", "No host of the group inception is left to work on"),
    "misspelt": (f"inceptions:\n  hosts:\n    {LOCAL}\n", "No host of the group inception is left to work on"),
    "not there": (None, "Completely failed to parse inventory source"),
}


@pytest.mark.parametrize("kind", INVENTORIES)
def test_inventories(bundle: Path, kind: str) -> None:
    content, says = INVENTORIES[kind]
    if content is not None:
        (bundle / "hosts.yml").write_text(content, encoding="utf-8")
    said = make(bundle, "settings", "ARGS=-i hosts.yml")
    assert len([line for line in said if says in line]) == 1, said


#: What stands behind `make`, and what make itself says of it.
VARIABLES: dict[str, str] = {
    "check LOGN=wil": "LOGN is no variable of this Makefile; did you mean LOGIN?",
    "check PROJEKT=/x": "PROJEKT is no variable of this Makefile; did you mean PROJECT?",
    "up login=wil": "login is no variable of this Makefile; did you mean LOGIN?",
    "up QUITE=1": "QUITE is no variable of this Makefile; did you mean QUIET?",
    "fclean FROCE=1": "FROCE is no variable of this Makefile; did you mean FORCE?",
    "check QWERTZ=1": "QWERTZ is no variable of this Makefile; known are: ADMIN ARGS",
    "up TITLE=x": "TITLE is for make init alone; otherwise it is a setting",
    "up LOCALE=ko_KR": "LOCALE is for make init alone",
    "settings ADMIN=boss": "ADMIN is for make init alone",
    "up PORT=8443": "PORT is for make evaluate alone; otherwise the site's port is the setting inception_https_port",
    "up DOMAIN=x.org": "DOMAIN is for make evaluate alone; otherwise the site's name is the setting inception_domain",
    "export": "DIR is missing: make export DIR=../inception",
    "export DIR=": "DIR is missing: make export DIR=../inception",
    "dwon": "No rule to make target 'dwon'",
    "add-host": "HOST is '', which is no server",
    "add-host HOST=-oProxyCommand=id": "HOST is '-oProxyCommand=id', which is no server",
    "add-host HOST=web LOGIN=Wil": "LOGIN is 'Wil', but a login has lower-case letters",
    "add-host HOST=web:ssh": "HOST is 'web:ssh', which is no server",
    "init ADMIN=SuperAdmin LOGIN=wil TITLE=x LOCALE=ko_KR": "wordpress_admin_user is 'SuperAdmin'",
    "init LOCALE=korean LOGIN=wil TITLE=x ADMIN=boss": "wordpress_locale is 'korean'",
}


@pytest.mark.parametrize("arguments", VARIABLES)
def test_variables(bundle: Path, arguments: str) -> None:
    (sentence,) = make(bundle, *arguments.split())
    assert VARIABLES[arguments] in sentence


#: What checker and evaluator say, called by make.
PROGRAMS: dict[str, str] = {
    "check PROJECT=/nowhere": "/nowhere does not exist",
    "check PROJECT=Makefile": "Makefile is not a directory",
    "check FORMAT=xml": "argument --format: invalid choice: 'xml'",
    "check DATE=tomorrow": "'tomorrow' is no day of the form YYYY-MM-DD",
    "check DATE=2026-02-30": "'2026-02-30' is no day of the form YYYY-MM-DD",
    "check SUBJECT=9": "argument --subject: invalid choice: '9'",
    "evaluate PORT=70000": "70000 is no port",
    "evaluate PORT=https": "argument --port: invalid int value: 'https'",
    "evaluate ONLY=E99": "E99: there is no such requirement",
    "evaluate DOMAIN=x_y": "'x_y' is no domain",
    "evaluate LOGIN=Wil": "'Wil' is no login",
    "evaluate PROJECT=/nowhere": "there is no directory /nowhere",
    "evaluate CREDENTIALS=/nowhere": "the file of credentials /nowhere cannot be read",
    "evaluate SSH=op@nowhere.invalid INSTALL=0": "op@nowhere.invalid cannot be reached over SSH",
}


@pytest.mark.parametrize("arguments", PROGRAMS)
def test_programs(bundle: Path, arguments: str) -> None:
    (sentence,) = make(bundle, *arguments.split())
    assert PROGRAMS[arguments] in sentence


def test_settings_that_may_not_be_read(bundle: Path) -> None:
    (bundle / FILE).write_text("wordpress_title: x\n", encoding="utf-8")
    (bundle / FILE).chmod(0)
    if os.access(bundle / FILE, os.R_OK):
        pytest.skip("root may read everything")
    (sentence,) = make(bundle, "settings")
    assert FILE in sentence
