"""``--fix`` and ``--diff``: one right answer is written, nothing else is touched, and the result passes."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from checker_trees import copy_clean, run, write
from inception_check import cli
from inception_check.mending import FixError, Fixes, mend

COMPOSE = "srcs/docker-compose.yml"
NGINX = "srcs/requirements/nginx"
DATE = ["--date", "2026-11-23", "--no-external"]


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """Return the clean tree of somebody: ``wil`` is only the example of the subject."""
    root = copy_clean(tmp_path)
    for file in [f for f in root.rglob("*") if f.is_file()]:
        file.write_bytes(file.read_bytes().replace(b"wil", b"jdoe"))
    assert rules(root) == set()
    return root


def contents(root: Path) -> dict[str, bytes]:
    return {str(f.relative_to(root)): f.read_bytes() for f in sorted(root.rglob("*")) if f.is_file()}


def rules(root: Path) -> set[str]:
    return {finding.rule for finding in run(root).active}


def change(root: Path, path: str, old: str, new: str) -> None:
    file = root / path
    text = file.read_bytes().decode()
    assert old in text, (path, old)
    file.write_bytes(text.replace(old, new, 1).encode())


def mended(root: Path, *, keep: bool = True) -> Fixes:
    return mend(root, lambda: run(root), keep=keep)


FIRST = "*This project has been created as part of the 42 curriculum by jdoe.*"
MISTAKES = [
    (COMPOSE, "image: mariadb:${IMAGE_VERSION}", "image: db:3", "image-name"),
    (COMPOSE, "    image: nginx:${IMAGE_VERSION}\n", "", "image-name"),
    (COMPOSE, "image: nginx:${IMAGE_VERSION}", "image: nginx:latest", "latest-tag"),
    (COMPOSE, "image: nginx:${IMAGE_VERSION}", 'image: "nginx"  # ours', "latest-tag"),
    (COMPOSE, "    restart: unless-stopped\n", "", "restart-policy"),
    (COMPOSE, "restart: unless-stopped", 'restart: "no"', "restart-policy"),
    (COMPOSE, "restart: unless-stopped", "restart: on-failure:5", "restart-policy"),
    (
        COMPOSE,
        "    depends_on:\n      - wordpress\n",
        "    depends_on:\n      - wordpress\n    links: [wordpress]\n",
        "links",
    ),
    (
        COMPOSE,
        "    depends_on:\n      - wordpress\n",
        "    depends_on:\n      - wordpress\n    links:\n    - wordpress\n",
        "links",
    ),
    (COMPOSE, "    ports:\n", "    links:\n      - wordpress:php\n      # and no more\n    ports:\n", "links"),
    (f"{NGINX}/Dockerfile", "FROM debian:12-slim", "FROM debian:13-slim", "base-image"),
    (f"{NGINX}/Dockerfile", "FROM debian:12-slim", "from debian:bullseye-slim AS base", "base-image"),
    (f"{NGINX}/Dockerfile", "FROM debian:12-slim", "FROM debian", "base-image"),
    (f"{NGINX}/Dockerfile", "FROM debian:12-slim", "FROM debian:latest", "latest-tag"),
    (f"{NGINX}/tools/entrypoint.sh", 'exec "$@"', '"$@"', "pid-one"),
    (f"{NGINX}/tools/entrypoint.sh", 'exec "$@"', "nginx -g 'daemon off;'", "pid-one"),
    (f"{NGINX}/tools/entrypoint.sh", 'exec "$@"', "nginx \\\n    -g 'daemon off;'\n\n# the end", "pid-one"),
    ("README.md", f"{FIRST}\n\n", "", "readme-first-line"),
    ("README.md", FIRST, FIRST.strip("*"), "readme-first-line"),
    ("README.md", f"{FIRST}\n\n# Inception\n", f"# Inception\n\n{FIRST}\n", "readme-first-line"),
]


@pytest.mark.parametrize(("path", "old", "new", "rule"), MISTAKES)
def test_what_has_one_right_answer_is_mended(path: str, old: str, new: str, rule: str, root: Path) -> None:
    clean = contents(root)
    change(root, path, old, new)
    assert rule in rules(root)
    broken = contents(root)
    shown = mended(root, keep=False)
    assert contents(root) == broken
    done = mended(root)
    assert done.diff() == shown.diff() != ""
    after = contents(root)
    assert rules(root) == set()
    assert {name for name in after if after[name] != broken[name]} == {path}
    assert abs(len(after[path].splitlines()) - len(clean[path].splitlines())) <= 4
    assert mended(root).done == []
    assert contents(root) == after


def test_several_mistakes_of_one_file_are_mended_together(root: Path) -> None:
    text = (root / COMPOSE).read_text()
    text = (
        text.replace("    restart: unless-stopped\n", "")
        .replace(":${IMAGE_VERSION}", "")
        .replace("image: static", "image: page")
    )
    text = text.replace("    ports:\n", "    links:\n      - wordpress\n    ports:\n")
    (root / COMPOSE).write_text(text)
    done = mended(root)
    assert rules(root) == set()
    assert sorted({line.partition(": ")[2] for line in done.done}) == [
        "links are gone; the network knows the services by their names",
        "mariadb is restarted unless it was stopped",
        "nginx is restarted unless it was stopped",
        "static is restarted unless it was stopped",
        "the image of mariadb is called mariadb:1.0",
        "the image of nginx is called nginx:1.0",
        "the image of static is called static:1.0",
        "the image of wordpress is called wordpress:1.0",
        "wordpress is restarted unless it was stopped",
    ]


def test_line_ends_and_modes_stay(root: Path) -> None:
    script = root / NGINX / "tools/entrypoint.sh"
    change(root, f"{NGINX}/tools/entrypoint.sh", 'exec "$@"', '"$@"')
    script.chmod(0o750)
    compose = root / COMPOSE
    compose.write_bytes(compose.read_bytes().replace(b"    restart: unless-stopped\n", b"", 1).replace(b"\n", b"\r\n"))
    mended(root)
    assert script.stat().st_mode & 0o777 == 0o750
    assert compose.read_bytes().count(b"\n") == compose.read_bytes().count(b"\r\n")
    assert rules(root) == set()


def test_a_diff_can_be_applied(root: Path) -> None:
    for path, old, new in ((COMPOSE, "    restart: unless-stopped\n", ""), ("README.md", f"{FIRST}\n\n", "")):
        change(root, path, old, new)
    diff = mended(root, keep=False).diff()
    subprocess.run(["git", "apply", "-"], cwd=root, input=diff, text=True, check=True)
    assert rules(root) == set()


def test_links_and_what_lies_elsewhere_are_left_alone(root: Path, tmp_path: Path) -> None:
    outside = tmp_path / "README.md"
    outside.write_text("# Inception\n")
    (root / "README.md").unlink()
    (root / "README.md").symlink_to(outside)
    mended(root)
    assert outside.read_text() == "# Inception\n"
    assert (root / "README.md").is_symlink()


@pytest.mark.parametrize(
    ("path", "old", "new"),
    [
        # No built image: which one to build is for a person to say.
        (
            COMPOSE,
            "    image: static:${IMAGE_VERSION}\n    build:\n      context: requirements/bonus/static\n",
            "    image: redis:7\n",
        ),
        (f"{NGINX}/Dockerfile", "FROM debian:12-slim", "FROM nginx:1.27"),
        # The shell has something to do afterwards, or around it.
        (f"{NGINX}/tools/entrypoint.sh", 'exec "$@"', "nginx -g 'daemon off;'\necho over"),
        (f"{NGINX}/tools/entrypoint.sh", 'exec "$@"', "nginx -g 'daemon off;' | tee /tmp/log"),
        (f"{NGINX}/tools/entrypoint.sh", 'exec "$@"', "sleep infinity"),
    ],
)
def test_what_has_more_than_one_answer_is_left_alone(path: str, old: str, new: str, root: Path) -> None:
    change(root, path, old, new)
    before = contents(root)
    assert rules(root)
    assert mended(root).diff() == ""
    assert contents(root) == before


def test_two_logins_are_named_and_none_is_chosen(root: Path) -> None:
    change(root, "README.md", f"{FIRST}\n\n", "")
    write(root, "srcs/.env.example", "DOMAIN_NAME=asmith.42.fr\n")
    before = contents(root)
    done = mended(root)
    assert contents(root) == before
    assert any("asmith, jdoe" in line for line in done.left)


def test_a_committed_password_is_ignored_and_the_command_is_said(root: Path) -> None:
    git = ["git", "-C", str(root), "-c", "user.name=a", "-c", "user.email=a@b"]
    write(root, "secrets/db_password.txt", "Uv8rT2qLm4Xz\n")
    for arguments in (["init", "-q"], ["add", "-fA"], ["commit", "-qm", "all"]):
        subprocess.run([*git, *arguments], check=True)
    (root / ".gitignore").unlink()
    assert "credentials-in-git" in rules(root)
    done = mended(root)
    assert (root / ".gitignore").read_text() == "/secrets/db_password.txt\n"
    assert done.left == ["git rm --cached -- secrets/db_password.txt"]
    assert mended(root).diff() == ""


def test_what_cannot_be_written_changes_nothing(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    change(root, COMPOSE, "    restart: unless-stopped\n", "")
    change(root, "README.md", f"{FIRST}\n\n", "")
    before = contents(root)
    real = Path.replace

    def replace(source: Path, target: Path) -> None:
        if target.name == "docker-compose.yml" and "replaced" not in seen:
            seen.append("replaced")
            raise PermissionError(13, "Permission denied")
        real(source, target)

    seen: list[str] = []
    monkeypatch.setattr(Path, "replace", replace)
    with pytest.raises(FixError, match="as before"):
        mended(root)
    assert contents(root) == before


# -- the command -------------------------------------------------------------------------------------------
def test_the_command_mends_and_reports(root: Path, capsys: pytest.CaptureFixture[str]) -> None:
    change(root, COMPOSE, "    restart: unless-stopped\n", "")
    before = contents(root)
    assert cli.main([str(root), "--diff", *DATE]) == 0
    output, errors = capsys.readouterr()
    assert output.startswith(f"--- a/{COMPOSE}\n+++ b/{COMPOSE}\n")
    assert "1 errors before" not in errors
    assert contents(root) == before
    assert cli.main([str(root), "--fix", *DATE]) == 0
    output, errors = capsys.readouterr()
    assert f"{COMPOSE}: mariadb is restarted unless it was stopped" in errors
    assert "1 error before, 0 now" in errors


def test_an_archive_is_not_mended(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    archive = tmp_path / "a.zip"
    archive.write_bytes(b"PK")
    assert cli.main([str(archive), "--fix"]) == 2
    assert "need a folder" in capsys.readouterr().err
