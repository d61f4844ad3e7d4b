"""The command: formats, exit codes, options."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from xml.etree import ElementTree

import pytest

from checker_trees import copy_clean, write
from inception_check import cli
from inception_check.rules import all_rules

DATE = ["--date", "2026-11-23", "--no-external"]


@pytest.fixture
def broken(tmp_path: Path) -> Path:
    root = copy_clean(tmp_path)
    compose = root / "srcs/docker-compose.yml"
    compose.write_text(compose.read_text().replace('      - "443:443"\n', '      - "443:443"\n      - "80:80"\n'))
    write(root, "srcs/requirements/nginx/Dockerfile", "FROM debian:11\n")
    return root


def test_a_clean_repository_ends_with_0(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main([*DATE, str(copy_clean(tmp_path))]) == 0
    text = capsys.readouterr().out
    assert "PASS   E9 ! No host network" in text
    assert "0 errors, 0 warnings, 0 infos" in text
    assert "\x1b" not in text


def test_findings_end_with_1_and_follow_the_sheet(broken: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main([*DATE, str(broken)]) == 1
    text = capsys.readouterr().out
    assert "FAIL  E13 ! " in text
    assert "srcs/requirements/nginx/Dockerfile:1" in text
    assert "| FROM debian:11" in text
    assert text.index(" E12 ") < text.index(" E13 ") < text.index(" E33 ") < text.index(" R35 ")
    assert "see E13:" in text
    assert "The evaluation would end at: E12 E13 E27 E30 E33" in text


def test_colour_on_demand(broken: Path, capsys: pytest.CaptureFixture[str]) -> None:
    cli.main([*DATE, "--colour", "always", str(broken)])
    assert "\x1b[31mFAIL" in capsys.readouterr().out


def test_json(broken: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main([*DATE, "--format", "json", str(broken)]) == 1
    captured = capsys.readouterr()
    document = json.loads(captured.out)
    assert captured.err == ""
    assert document["project"] == str(broken)
    keys = {"rule", "requirements", "severity", "path", "line", "message", "fix", "suppressed"}
    assert all(set(finding) == keys for finding in document["findings"])
    assert document["summary"]["error"] == sum(f["severity"] == "error" for f in document["findings"])
    assert {"E13", "E33", "R35", "E27"} <= set(document["checked"])
    assert "E16" not in document["checked"]


def test_sarif(broken: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main([*DATE, "--format", "sarif", str(broken)]) == 1
    run = json.loads(capsys.readouterr().out)["runs"][0]
    rules = run["tool"]["driver"]["rules"]
    assert len(rules) >= len(all_rules())
    for result in run["results"]:
        assert rules[result["ruleIndex"]]["id"] == result["ruleId"]
        assert result["level"] in {"error", "warning", "note"}
        assert result["locations"][0]["physicalLocation"]["artifactLocation"]["uri"]


def test_junit(broken: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main([*DATE, "--format", "junit", str(broken)]) == 1
    suites = ElementTree.fromstring(capsys.readouterr().out)  # noqa: S314 - our own text
    cases = {case.get("name", "").split(" ")[0]: case for case in suites.iter("testcase")}
    assert cases["E13"].find("failure") is not None
    assert cases["E9"].find("failure") is None
    assert int(suites.get("failures", "0")) == sum(case.find("failure") is not None for case in suites.iter("testcase"))


@pytest.mark.parametrize("form", cli.FORMATS)
def test_no_directory_ends_with_2(form: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main([*DATE, "--format", form, str(tmp_path / "missing\x1b[2J")]) == 2
    captured = capsys.readouterr()
    assert captured.out == ""
    assert "does not exist" in captured.err
    assert "\x1b" not in captured.err


def test_a_file_is_no_directory(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write(tmp_path, "file", "")
    assert cli.main([*DATE, str(tmp_path / "file")]) == 2
    assert "not a directory" in capsys.readouterr().err


def test_explain(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["--explain", "tls-versions"]) == 0
    assert capsys.readouterr().out.startswith("# tls-versions")
    assert cli.main(["--explain", "no-such-rule"]) == 2
    assert "tls-versions" in capsys.readouterr().err


def test_list_rules(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["--list-rules"]) == 0
    table = capsys.readouterr().out
    assert all(f"[{rule.id}](src/inception_check/pages/{rule.id}.md)" in table for rule in all_rules())


@pytest.mark.parametrize("arguments", [["--date", "tomorrow"], ["--format", "xml"], ["--subject", "4"], ["--nonsense"]])
def test_wrong_options_end_with_2(arguments: list[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        cli.main(arguments)
    assert ended.value.code == 2


def test_the_date_decides_what_is_penultimate(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    root = copy_clean(tmp_path)
    assert cli.main(["--date", "2025-01-01", "--no-external", "--format", "json", str(root)]) == 1
    findings = json.loads(capsys.readouterr().out)["findings"]
    assert {f["rule"] for f in findings} == {"base-image"}
    assert "11 (bullseye)" in findings[0]["message"]


def test_the_subject_decides_what_applies(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    root = copy_clean(tmp_path)
    (root / "USER_DOC.md").unlink()
    (root / "README.md").write_text("# Inception\n")
    compose = root / "srcs/docker-compose.yml"
    compose.write_text(
        compose.read_text().replace("- mariadb:/var/lib/mysql", "- /home/wil/data/mariadb:/var/lib/mysql")
    )

    def found(version: str) -> set[str]:
        cli.main([*DATE, "--format", "json", "--subject", version, str(root)])
        return {f["rule"] for f in json.loads(capsys.readouterr().out)["findings"]}

    assert found("3.0") == set()
    assert found("5.0") == {"user-doc", "readme-first-line", "readme-sections", "readme-comparisons"}
    assert found("5.2") == found("5.4") == found("5.0") | {"named-volumes"}


def test_version_1_allows_debian_buster(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    root = copy_clean(tmp_path)
    for file in root.rglob("Dockerfile"):
        file.write_text(file.read_text().replace("debian:12-slim", "debian:buster").replace("8.2", "7.3"))
    assert cli.main([*DATE, "--subject", "1", str(root)]) == 0
    assert cli.main([*DATE, "--subject", "2", str(root)]) == 1
    capsys.readouterr()


def test_it_runs_as_a_module(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "inception_check.cli", *DATE, str(copy_clean(tmp_path))]
    done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=Path(cli.__file__).parents[1])
    assert done.returncode == 0, done.stderr
