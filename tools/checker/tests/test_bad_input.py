"""Whatever the directory holds: a clear message or a finding, never a crash, nothing executed."""

from __future__ import annotations

import os
import shutil
import subprocess
import time
from pathlib import Path

import pytest

from checker_trees import copy_clean, run, write
from inception_check.evidence.project import Project
from inception_check.evidence.source import NotReadableError, decode
from inception_check.model import Context, Outcome, Rule
from inception_check.reports import as_json, as_junit, as_sarif, as_text
from inception_check.runner import Report


def rules_of(report: Report) -> set[str]:
    assert report.crashes == []
    for render in (as_text.render, as_json.render, as_sarif.render, as_junit.render):
        assert "\x1b" not in render(report)
    return {f.rule for f in report.findings}


def test_nothing_there(tmp_path: Path) -> None:
    with pytest.raises(NotReadableError):
        run(tmp_path / "missing")
    write(tmp_path, "file", "x")
    with pytest.raises(NotReadableError):
        run(tmp_path / "file")
    with pytest.raises(NotReadableError):
        run(tmp_path / "a\0b")


def test_a_nearly_empty_directory_lacks_everything(tmp_path: Path) -> None:
    write(tmp_path, "notes.txt", "nothing yet\n")
    report = run(tmp_path)
    assert {"makefile", "compose-file", "sources-below-srcs", "readme-first-line", "user-doc"} <= rules_of(report)
    assert {"E3", "E6", "E21"} <= set(report.checked)
    # What was not there to look at is not passed in silence.
    assert not {"E9", "E10", "E12", "E13", "R11", "R19"} & set(report.checked)
    assert report.exit_code == 1


def test_another_kind_of_repository(tmp_path: Path) -> None:
    write(tmp_path, "main.c", "int main(void) { return 0; }\n")
    write(tmp_path, "Makefile", "all:\n\tcc main.c\n")
    assert "compose-file" in rules_of(run(tmp_path))


def test_two_compose_files(tmp_path: Path) -> None:
    root = copy_clean(tmp_path)
    shutil.copy(root / "srcs/docker-compose.yml", root / "docker-compose.yml")
    assert rules_of(run(root)) == set()


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "utf-16-le-bom", "crlf"])
def test_encodings(encoding: str, tmp_path: Path) -> None:
    root = copy_clean(tmp_path)
    for name in ("srcs/docker-compose.yml", "README.md", "srcs/.env", "srcs/requirements/nginx/Dockerfile"):
        file = root / name
        text = file.read_text(encoding="utf-8")
        if encoding == "crlf":
            file.write_bytes(text.replace("\n", "\r\n").encode())
        elif encoding == "utf-16-le-bom":
            file.write_bytes(b"\xff\xfe" + text.encode("utf-16-le"))
        else:
            file.write_text(text, encoding=encoding)
    assert rules_of(run(root)) == set()


def test_latin_1(tmp_path: Path) -> None:
    root = copy_clean(tmp_path)
    file = root / "srcs/requirements/nginx/tools/entrypoint.sh"
    file.write_bytes(file.read_bytes() + "# Hôte à démarrer\n".encode("latin-1"))
    assert rules_of(run(root)) == set()
    assert decode("é".encode("latin-1")) == ("é", "latin-1")


def test_binary_files_under_text_names(tmp_path: Path) -> None:
    root = copy_clean(tmp_path)
    junk = bytes(range(256)) * 40
    for name in ("srcs/docker-compose.yml", "srcs/.env", "Makefile", "README.md", "srcs/requirements/nginx/Dockerfile",
                 "srcs/requirements/nginx/tools/entrypoint.sh", "srcs/requirements/nginx/conf/nginx.conf", ".gitignore"):  # fmt: skip
        (root / name).write_bytes(junk)
    assert "compose-file" in rules_of(run(root))


def test_large_files_are_named(tmp_path: Path) -> None:
    root = copy_clean(tmp_path)
    (root / "srcs/dump.sql").write_bytes(b"-- x\n" * 300_000)
    (root / "srcs/requirements/nginx/conf/nginx.conf").write_bytes(b"# x\n" * 300_000)
    report = run(root)
    rules_of(report)
    assert any(f.rule == "unreadable" and "limit" in f.message for f in report.findings)
    assert "R11" not in report.checked


def test_links_are_not_followed_out_of_the_tree(tmp_path: Path) -> None:
    root = copy_clean(tmp_path)
    write(tmp_path, "outside/secret.env", "DB_PASSWORD=s3same\n")
    (root / "srcs/out.env").symlink_to(tmp_path / "outside/secret.env")
    (root / "srcs/outside").symlink_to(tmp_path / "outside")
    (root / "srcs/loop").symlink_to(root / "srcs")
    (root / "srcs/self").symlink_to("self")
    (root / "srcs/dangling").symlink_to("nowhere")
    report = run(root)
    assert rules_of(report) == {"unreadable"}
    assert {f.path for f in report.findings} == {"srcs/out.env", "srcs/outside", "srcs/self", "srcs/dangling"}


def test_a_link_inside_the_tree_is_read(tmp_path: Path) -> None:
    root = copy_clean(tmp_path)
    (root / "srcs/real.env").write_text("DB_PASSWORD=s3same\n")
    (root / "srcs/link.env").symlink_to("real.env")
    assert {f.path for f in run(root).findings} == {"srcs/real.env", "srcs/link.env"}


def test_special_files_are_left_alone(tmp_path: Path) -> None:
    root = copy_clean(tmp_path)
    os.mkfifo(root / "srcs/pipe.sh")
    assert rules_of(run(root)) == set()


def test_directories_under_file_names(tmp_path: Path) -> None:
    for name in ("Makefile", "srcs/docker-compose.yml", "srcs/.env", "README.md", "srcs/requirements/nginx/Dockerfile"):
        (tmp_path / name).mkdir(parents=True)
    write(tmp_path, "notes.txt", "nothing yet\n")
    assert "compose-file" in rules_of(run(tmp_path))


def test_terminal_escapes_do_not_reach_the_terminal(tmp_path: Path) -> None:
    root = copy_clean(tmp_path)
    write(root, "srcs/\x1b[2Jevil\n.env", "DB_PASSWORD=s3same\x1b]0;owned\x07\n")
    compose = root / "srcs/docker-compose.yml"
    compose.write_text(compose.read_text().replace("    restart: unless-stopped", '    restart: "\\e[31mnever\\u202e"'))
    report = run(root)
    assert {"credentials-in-git", "restart-policy"} <= rules_of(report)
    text = as_text.render(report)
    assert "\u202e" not in text
    assert "\x07" not in text


def test_names_that_are_no_utf_8(tmp_path: Path) -> None:
    root = copy_clean(tmp_path)
    (Path(os.fsdecode(os.fsencode(root) + b"/srcs/\xff\xfe.env"))).write_text("DB_PASSWORD=s3same\n")
    report = run(root)
    assert rules_of(report) == {"credentials-in-git"}
    as_json.render(report).encode()
    as_text.render(report).encode()


@pytest.mark.parametrize(
    "bait",
    ["A" * 50_000, "a=" * 20_000, "'" * 20_001, "<" * 20_000, "*" * 20_000, "[" * 20_000, "define('" * 5_000, "PASSWORD('" * 5_000,
     " " * 50_000, "\\\n" * 10_000, "${" * 10_000, "- " * 10_000, "<<E " * 5_000, "(" * 10_000, "{" * 10_000, "x_pass=" + "a" * 20_000],
    ids=range(16),
)  # fmt: skip
def test_regular_expression_bait_is_quick(bait: str, tmp_path: Path) -> None:
    # Both figures come from one run on one machine: a quarter of the bait may not be 16 times as quick as all of it.
    quarter = seconds_for(bait[: len(bait) // 4], tmp_path / "quarter")
    assert seconds_for(bait, tmp_path / "whole") < 8 * quarter + 1


def seconds_for(bait: str, directory: Path) -> float:
    directory.mkdir()
    root = copy_clean(directory)
    for name in ("srcs/.env", "srcs/x.sql", "srcs/x.php", "srcs/x.conf", "srcs/x.json", "srcs/x.yml", "srcs/x.sh", "README.md",
                 "Makefile", "srcs/requirements/nginx/conf/nginx.conf", "srcs/requirements/nginx/Dockerfile", ".gitignore"):  # fmt: skip
        write(root, name, bait)
    start = time.process_time()
    rules_of(run(root))
    return time.process_time() - start


def test_nothing_of_the_repository_is_executed(tmp_path: Path) -> None:
    root = copy_clean(tmp_path)
    mark = tmp_path / "executed"
    subprocess.run(["git", "init", "--quiet", str(root)], check=True)
    (root / ".git/config").write_text(f"[core]\n\tfsmonitor = touch {mark}\n\tpager = touch {mark}\n")
    write(root, "Makefile", f"X := $(shell touch {mark})\nall:\n\tdocker compose up # $$(touch {mark})\n")
    write(root, "srcs/evil.yml", f"a: !!python/object/apply:os.system ['touch {mark}']\n")
    rules_of(run(root))
    assert not mark.exists()


def test_a_rule_that_crashes_is_named_and_takes_nothing_down(tmp_path: Path) -> None:
    root = copy_clean(tmp_path)

    def crash(_project: Project, _context: Context) -> list[Outcome]:
        raise RuntimeError("it broke \x1b[2J")

    from inception_check.rules import all_rules

    report = run(root, rules=(Rule("crashing", "Crashes", ("E9",), crash), *all_rules()))
    assert [(c.rule, c.error) for c in report.crashes] == [("crashing", "RuntimeError: it broke \x1b[2J")]
    assert report.exit_code == 2
    assert "E9" not in report.checked
    assert "E10" in report.checked
    assert "CRASH in the rule crashing" in as_text.render(report)
    assert "\x1b" not in as_text.render(report)


def test_many_files(tmp_path: Path) -> None:
    root = copy_clean(tmp_path)
    for number in range(300):
        write(root, f"site/{number % 7}/{number}.html", "<p>text</p>\n" * 20)
    assert rules_of(run(root)) == set()
