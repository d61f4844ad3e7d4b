"""The command: formats, exit codes, options."""

from __future__ import annotations

import json
import re
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
    assert text.startswith("Nothing in the files would fail the evaluation\n0 errors, 0 warnings in ")
    assert re.search(r"^PASS  .*\bE9\b", text, re.MULTILINE)
    assert "\x1b" not in text


def test_findings_end_with_1_and_follow_the_sheet(broken: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main([*DATE, str(broken)]) == 1
    text = capsys.readouterr().out
    assert text.startswith("The evaluation would end at E12: ")
    assert "(and at E13 E27 E30 E33)" in text
    assert "FAIL  E13! E33!  srcs/requirements/nginx/Dockerfile:1  " in text
    assert "| FROM debian:11" in text
    assert text.index("FAIL  E12!") < text.index("FAIL  E13!") < text.index("FAIL  E27!") < text.index("\nPASS")
    # Ids of requirements on request, where a line of the sheet says the same.
    assert "R35" not in text
    cli.main([*DATE, "--verbose", str(broken)])
    assert "E27! E30! E41 R35" in capsys.readouterr().out


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
    assert run["tool"]["driver"]["version"] == "0.2.0"
    assert all(rule["help"]["text"].startswith(f"# {rule['id']}") for rule in rules)
    assert sum("helpUri" in rule for rule in rules) > 40
    prints = [result["partialFingerprints"]["inceptionCheck/v1"] for result in run["results"]]
    assert len(set(prints)) == len(prints)
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


def test_explain_a_line_of_the_sheet(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["--explain", "e14"]) == 0
    text = capsys.readouterr().out
    assert text.startswith("E14: An entrypoint script runs no program in the background.")
    assert "\n# script-background\n" in text
    assert "\n# endless-loop\n" not in text
    assert cli.main(["--explain", "E58"]) == 0
    assert {"after-reboot", "restart-policy"} <= set(re.findall(r"^# (.*)$", capsys.readouterr().out, re.MULTILINE))


def test_five_failures_take_sixty_lines_at_most(broken: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (broken / "USER_DOC.md").unlink()
    write(broken, "srcs/notes.env", "".join(f"SECRET_{n}_PASSWORD=s3same-open{n}\n" for n in range(40)))
    compose = broken / "srcs/docker-compose.yml"
    compose.write_text(
        compose.read_text().replace("image: mariadb:", "image: database:").replace("unless-stopped", "on-failure")
    )
    assert cli.main([*DATE, str(broken)]) == 1
    text = capsys.readouterr().out
    assert len(text.splitlines()) <= 60
    assert "… and 37 more of credentials-in-git (--verbose shows them)" in text
    assert "s3same-open" not in text


def test_no_report_repeats_a_secret(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    root = copy_clean(tmp_path)
    write(root, "srcs/.env", (root / "srcs/.env").read_text() + "DB_PASSWORD=Qx7-kettle\n")
    write(
        root,
        "srcs/requirements/nginx/Dockerfile",
        "FROM debian:12-slim\nENV PASSWORD=Qx7-kettle\nRUN curl https://u:Qx7-kettle@example.org/a.tgz\nCMD nginx -g 'daemon off;' # Qx7-kettle\n",
    )
    for form in cli.FORMATS:
        cli.main([*DATE, "--format", form, "--verbose", str(root)])
        captured = capsys.readouterr()
        assert "Qx7-kettle" not in captured.out + captured.err


def test_fail_on_error_lets_warnings_pass(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    root = copy_clean(tmp_path)
    compose = root / "srcs/docker-compose.yml"
    compose.write_text(compose.read_text().replace("unless-stopped", "on-failure"))
    assert cli.main([*DATE, str(root)]) == 1
    assert cli.main([*DATE, "--fail-on", "error", str(root)]) == 0
    assert "WARN  E58!" in capsys.readouterr().out
    compose.write_text(compose.read_text().replace("on-failure", "no"))
    assert cli.main([*DATE, "--fail-on", "error", str(root)]) == 1


def rules_found(output: str) -> set[str]:
    return {finding["rule"] for finding in json.loads(output)["findings"]}


def test_only_and_skip(broken: Path, capsys: pytest.CaptureFixture[str]) -> None:
    form = ["--format", "json"]
    cli.main([*DATE, *form, "--only", "E13,published-ports", str(broken)])
    document = capsys.readouterr().out
    assert rules_found(document) == {"base-image", "published-ports"}
    # What was not looked at is not passed.
    assert "E9" not in json.loads(document)["checked"]
    cli.main([*DATE, *form, "--skip", "E13", "--only", "E13,published-ports", str(broken)])
    assert rules_found(capsys.readouterr().out) == {"published-ports"}
    cli.main([*DATE, *form, "--skip", "credentials-in-git", str(broken)])
    document = capsys.readouterr().out
    assert "E1" in json.loads(document)["undecided"]
    assert cli.main([*DATE, "--only", "no-such-rule", str(broken)]) == 2
    assert "neither a rule nor a line of the sheet" in capsys.readouterr().err


def test_a_baseline_accepts_what_is_known(broken: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    baseline = tmp_path / "known.json"
    assert cli.main([*DATE, "--write-baseline", str(baseline), str(broken)]) == 0
    assert cli.main([*DATE, "--baseline", str(baseline), str(broken)]) == 0
    assert "because: it is in the baseline known.json" in capsys.readouterr().out
    # Lines may move; what is new is reported.
    compose = broken / "srcs/docker-compose.yml"
    compose.write_text("# a remark\n\n" + compose.read_text())
    assert cli.main([*DATE, "--baseline", str(baseline), str(broken)]) == 0
    (broken / "USER_DOC.md").unlink()
    capsys.readouterr()
    assert cli.main([*DATE, "--format", "json", "--baseline", str(baseline), str(broken)]) == 1
    findings = json.loads(capsys.readouterr().out)["findings"]
    assert {f["rule"] for f in findings if f["suppressed"] is None} == {"user-doc"}


@pytest.mark.parametrize("text", [None, "", "[]", '{"findings": [1]}', "\x00"])
def test_a_broken_baseline_ends_with_2(
    text: str | None, broken: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    baseline = tmp_path / "known.json"
    if text is not None:
        baseline.write_text(text)
    assert cli.main([*DATE, "--baseline", str(baseline), str(broken)]) == 2
    assert "--write-baseline" in capsys.readouterr().err


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
