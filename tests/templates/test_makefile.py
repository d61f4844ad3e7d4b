"""`make` works whatever the shell and the directory are like in which it is called."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from support import BIN, ROOT, own_environment, run

#: The programs that the Makefile and its script need before there is a virtualenv.
SYSTEM = ("bash", "sh", "env", "make", "cat", "grep", "id", "mkdir", "rm", "sleep", "sudo", "tail", "touch", "uname")


@pytest.fixture(scope="module")
def shared_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a checkout as it is in a shared folder: anybody may write, and there is a space in its name."""
    folder = tmp_path_factory.mktemp("shared") / "my work"
    folder.mkdir()
    for path in ROOT.iterdir():
        if path.name != ".venv":
            (folder / path.name).symlink_to(path)
    (folder / ".venv").symlink_to(BIN.parent)
    folder.chmod(0o777)
    return folder


@pytest.mark.parametrize(
    "locale",
    [
        {},
        {"LANG": "ko_KR.UTF-8"},
        {"LC_ALL": "ko_KR.EUC-KR"},
        {"LC_ALL": "C"},
        {"LC_ALL": "POSIX", "LANG": "ko_KR.UTF-8"},
        {"LC_CTYPE": "xx_XX"},
    ],
    ids=str,
)
def test_any_locale_in_a_directory_that_anybody_may_write_to(shared_folder: Path, locale: dict[str, str]) -> None:
    plain = {name: value for name, value in own_environment().items() if not name.startswith(("LC_", "LANG"))}
    # The virtualenv is that of this run: it must not be made anew.
    command = ["make", "--old-file=.venv/.ready", "ARGS=--syntax-check"]
    done = run(command, cwd=shared_folder, env={**plain, **locale})
    assert done.returncode == 0, done.stdout + done.stderr
    assert "playbook: playbooks/site.yml" in done.stdout


def test_an_evaluation_leaves_nothing_of_roots(tmp_path: Path) -> None:
    (tmp_path / "plugins/__pycache__").mkdir(parents=True)
    program = tmp_path / ".venv/evaluate/bin/inception-evaluate"
    program.parent.mkdir(parents=True)
    program.write_text(
        "#!/bin/sh\nmkdir -p reports/evaluate\nprintenv PYTHONDONTWRITEBYTECODE\nexit 1\n", encoding="utf-8"
    )
    program.chmod(0o755)
    owner = 65534 if os.geteuid() == 0 else os.geteuid()
    os.chown(tmp_path, owner, -1)
    command = ["make", f"--file={ROOT}/Makefile", "--old-file=.venv/.evaluate", "evaluate"]
    environment = own_environment()
    environment.pop("PYTHONDONTWRITEBYTECODE", None)
    done = run(command, cwd=tmp_path, env=environment)
    assert done.stdout == "1\n"
    assert done.returncode == 2, "the result of the evaluation is that of make"
    for name in ("reports/evaluate", "plugins/__pycache__"):
        assert (tmp_path / name).stat().st_uid == owner


def test_over_ssh_the_evaluation_has_the_keys_of_the_user(checkout: Path) -> None:
    programs = checkout / "bin"
    programs.mkdir()
    (programs / "id").write_text("#!/bin/sh\necho 1000\n", encoding="utf-8")
    (programs / "id").chmod(0o755)
    options = ["-n", "--old-file=.venv/.evaluate", "evaluate"]
    path = f"{programs}:{os.environ['PATH']}"
    assert "sudo" in make(checkout, *options, PATH=path).stdout
    asked = make(checkout, *options, "SSH=op@web", PATH=path).stdout
    assert '--ssh "op@web"' in asked
    assert "sudo" not in asked


def test_of_a_folder_that_was_chosen_only_the_report_is_the_users(tmp_path: Path) -> None:
    program = tmp_path / ".venv/evaluate/bin/inception-evaluate"
    program.parent.mkdir(parents=True)
    program.write_text(
        '#!/bin/sh\nmkdir -p "my reports/shots"; cd "my reports"; touch evaluation.html shots/1.png\necho "$*"\n'
    )
    program.chmod(0o755)
    mine = tmp_path / "my reports/mine"
    mine.parent.mkdir()
    mine.touch()
    before = mine.stat().st_uid
    owner = 65534 if os.geteuid() == 0 else os.geteuid()
    os.chown(tmp_path, owner, -1)
    command = ["make", f"--file={ROOT}/Makefile", "--old-file=.venv/.evaluate", "evaluate", "OUTPUT=my reports"]
    done = run(command, cwd=tmp_path, env=own_environment())
    assert done.returncode == 0, done.stderr
    assert "--output my reports" in done.stdout
    for name in ("evaluation.html", "shots", "shots/1.png"):
        assert (mine.parent / name).stat().st_uid == owner, name
    assert mine.stat().st_uid == before


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """Return a checkout whose virtualenv was made there."""
    folder = tmp_path / "it's mine 한"
    folder.mkdir()
    for name in ("Makefile", "requirements"):
        (shutil.copytree if (ROOT / name).is_dir() else shutil.copy)(ROOT / name, folder / name)
    for name in ("languages", "tools", "playbooks", "ansible.cfg"):
        (folder / name).symlink_to(ROOT / name)
    (folder / ".venv").mkdir()
    (folder / ".venv/.ready").write_text(f"{folder}\n", encoding="utf-8")
    return folder


def make(checkout: Path, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run make in a checkout."""
    return run(["make", *arguments], cwd=checkout, env={**own_environment(), **environment})


@pytest.mark.parametrize(("name", "same_as"), [("all", "up"), ("stop", "down"), ("up", "")])
def test_the_names_that_every_makefile_has(checkout: Path, name: str, same_as: str) -> None:
    done = make(checkout, "-n", name)
    assert done.returncode == 0, done.stderr
    assert done.stdout == make(checkout, "-n", *same_as.split()).stdout
    assert "ansible-playbook" in done.stdout


def test_every_variable_that_is_documented_is_known(checkout: Path) -> None:
    documents = [ROOT / name for name in ("Makefile", "README.md", "README.ko.md", "USER_DOC.md", "DEV_DOC.md")]
    named = {
        name
        for path in documents
        for command in re.findall(r"make (?:[a-z-]+`? )?\(?`?[A-Z]+=[^`)\n]*", path.read_text(encoding="utf-8"))
        for name in re.findall(r"\b([A-Z]+)=", command)
    }
    assert {"LOGIN", "ARGS", "KEEP", "SUBJECT"} <= named
    for name in named:
        done = make(checkout, "-n", "help", f"{name}=x")
        assert done.returncode == 0, done.stderr


def test_help_names_every_target_in_groups_with_examples(checkout: Path) -> None:
    output = make(checkout, "help").stdout
    (phony,) = re.findall(r"^\.PHONY: (.*)$", (checkout / "Makefile").read_text(encoding="utf-8"), re.MULTILINE)
    for target in set(phony.split()) - {"help", "moved"}:
        assert f"make {target}" in output
    assert output.startswith("Run the site\n")
    assert "  make LOGIN=wil " in output[output.index("Examples") :]


@pytest.mark.parametrize(
    ("content", "anew"), [("/somewhere/else\n", True), ("", False), (None, False)], ids=["moved", "older", "same"]
)
def test_a_moved_checkout_gets_a_new_virtualenv(checkout: Path, content: str | None, anew: bool) -> None:
    if content is not None:
        (checkout / ".venv/.ready").write_text(content, encoding="utf-8")
    assert ("virtualenv.sh" in make(checkout, "-n", "settings").stdout) == anew


def test_the_settings_are_judged_before_a_password_is_asked_for(checkout: Path) -> None:
    programs = checkout / "bin"
    programs.mkdir()
    for name, script in (("id", "echo 1000"), ("sudo", "exit 1")):
        (programs / name).write_text(f"#!/bin/sh\n{script}\n", encoding="utf-8")
        (programs / name).chmod(0o755)
    asked = make(checkout, "-n", "up", PATH=f"{programs}:{os.environ['PATH']}").stdout
    first, then = asked.split("&&")
    assert first.strip().endswith("playbooks/judge.yml")
    assert "--ask-become-pass" not in first
    assert "--ask-become-pass" in then
    (programs / "sudo").write_text("#!/bin/sh\n", encoding="utf-8")
    assert "judge.yml" not in make(checkout, "-n", "up", PATH=f"{programs}:{os.environ['PATH']}").stdout


@pytest.fixture
def programs(tmp_path: Path) -> Path:
    """Return a directory with what a bare machine has, but no Python."""
    directory = tmp_path / "bin"
    directory.mkdir()
    for name in SYSTEM:
        if path := shutil.which(name):
            (directory / name).symlink_to(path)
    return directory


def fake_python(programs: Path, refused: str) -> None:
    """Put a Python there that is the real one, but cannot do one thing."""
    python = programs / "python3"
    python.write_text(
        f'#!/bin/sh\ncase "$*" in *"{refused}"*) exit 1;; esac\nexec /usr/bin/python3 "$@"\n', encoding="utf-8"
    )
    python.chmod(0o755)


@pytest.mark.parametrize(
    ("refused", "says"),
    [
        (None, "python3 is missing: sudo apt-get install python3 python3-venv"),
        ("import ensurepip", "python3-venv is missing: sudo apt-get install python3-venv"),
        ("version_info", "is too old: 3.11 or newer is needed"),
    ],
)
def test_what_is_missing_is_told_with_its_remedy(
    checkout: Path, programs: Path, refused: str | None, says: str
) -> None:
    shutil.rmtree(checkout / ".venv")
    if refused:
        fake_python(programs, refused)
    done = make(checkout, "settings", PATH=str(programs))
    assert done.returncode == 2
    assert says in done.stderr
    assert len([line for line in done.stderr.splitlines() if not line.startswith("make")]) == 1, done.stderr
    assert not (checkout / ".venv").exists()


def test_without_a_network_the_remedy_is_told(checkout: Path) -> None:
    shutil.rmtree(checkout / ".venv")
    nowhere = {"PIP_INDEX_URL": "http://127.0.0.1:9/simple", "PIP_CONFIG_FILE": "/dev/null", "PIP_RETRIES": "1"}
    done = make(checkout, "settings", **nowhere)
    assert done.returncode == 2
    assert "PyPI, where Ansible comes from, cannot be reached: see to the network or the proxy" in done.stderr
    assert "uv, which installs fast" in done.stdout, "no sign of life"
    log = checkout / ".venv/prepare.log"
    assert str(log.relative_to(checkout)) in done.stderr
    assert "Connection refused" in log.read_text(encoding="utf-8")
    assert not (checkout / ".venv/.ready").exists()


@pytest.fixture
def read_only(checkout: Path) -> Iterator[Path]:
    """Return the checkout without a virtualenv where nobody may write."""
    shutil.rmtree(checkout / ".venv")
    place = Path("/var/tmp") / f"read-only-{os.getpid()}"  # noqa: S108 - pytest's own directories let nobody else in
    shutil.copytree(checkout, place, symlinks=True)
    place.chmod(0o555)
    yield place
    place.chmod(0o755)
    shutil.rmtree(place)


def test_a_read_only_checkout_is_told(read_only: Path) -> None:
    nobody = ["setpriv", "--reuid=65534", "--clear-groups"] if os.geteuid() == 0 else []
    done = run([*nobody, "make", "settings"], cwd=read_only, env=own_environment())
    assert done.returncode == 2
    assert f"{read_only} cannot be written to: copy the checkout to a directory of yours" in done.stderr
