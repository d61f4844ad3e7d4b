"""Every rule has a page, one bad and one good fixture, and metadata that fit the subject."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from checker_trees import FIXTURES, copy_clean, run, write
from inception_check import subject
from inception_check.cli import page
from inception_check.model import Rule
from inception_check.rules import all_rules

RULES = {rule.id: rule for rule in all_rules()}
FILES = {file.stem: file for file in (FIXTURES / "rules").glob("*.yml")}


def change(root: Path, changes: list[dict[str, Any]]) -> None:
    """Apply a fixture's changes to a tree."""
    for item in changes:
        if "commit" in item:
            _commit(root, item["commit"])
            continue
        if "into" in item:
            _move_all(root, item["into"])
            continue
        file = root / item["file"]
        if "mode" in item:
            file.chmod(int(item["mode"], 8))
        elif item.get("remove"):
            file.unlink()
        elif "write" in item:
            write(root, item["file"], item["write"])
        elif "copy" in item:
            file.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(root / item["copy"], file)
        else:
            text = file.read_text(encoding="utf-8")
            assert item["replace"] in text
            file.write_text(text.replace(item["replace"], item["with"], 1), encoding="utf-8")


def _move_all(root: Path, directory: str) -> None:
    entries = list(root.iterdir())
    (root / directory).mkdir()
    for entry in entries:
        entry.rename(root / directory / entry.name)


def _commit(root: Path, message: str) -> None:
    options = ["-c", "user.name=x", "-c", "user.email=x@example.org", "-c", "commit.gpgsign=false"]
    for command in (["init", "--quiet"], ["add", "--all"], ["commit", "--quiet", "--message", message]):
        subprocess.run(["git", "-C", str(root), *options, *command], check=True)


def test_every_rule_has_fixtures_and_every_fixture_a_rule() -> None:
    assert set(FILES) == set(RULES)


@pytest.mark.parametrize("name", sorted(RULES))
def test_the_bad_fixture_is_found(name: str, tmp_path: Path) -> None:
    bad = yaml.safe_load(FILES[name].read_text(encoding="utf-8"))["bad"]
    root = copy_clean(tmp_path)
    change(root, bad["changes"])
    report = run(root)
    # A few changes cannot be made without another rule's having something to say.
    findings = [finding for finding in report.findings if finding.rule not in bad.get("also", [])]
    assert {finding.rule for finding in findings} == {name}, report.findings
    assert {f.path if f.line is None else f"{f.path}:{f.line}" for f in findings} == set(bad["expect"])
    rule = RULES[name]
    for finding in findings:
        assert set(finding.requirements) <= set(rule.requirements)
        assert finding.message
        assert finding.fix.endswith((".", "…", "*"))


@pytest.mark.parametrize("name", sorted(RULES))
def test_the_good_fixture_is_left_alone(name: str, tmp_path: Path) -> None:
    good = yaml.safe_load(FILES[name].read_text(encoding="utf-8"))["good"]
    root = copy_clean(tmp_path)
    change(root, good["changes"])
    report = run(root)
    assert report.findings == [], good["because"]
    assert not report.crashes


@pytest.mark.parametrize("rule", all_rules(), ids=lambda rule: rule.id)
def test_the_metadata_fit_the_subject(rule: Rule) -> None:
    assert re.fullmatch(r"[a-z][a-z0-9-]+", rule.id)
    assert rule.title[0].isupper() or "/" in rule.title.split(" ")[0]
    assert not rule.title.endswith(".")
    assert set(rule.requirements) <= set(subject.REQUIREMENTS)
    assert len(set(rule.requirements)) == len(rule.requirements)
    for name in rule.decides:
        # What only the running stack can show is never decided by a rule that finds nothing.
        assert not subject.REQUIREMENTS[name].live, name


@pytest.mark.parametrize("rule", all_rules(), ids=lambda rule: rule.id)
def test_every_rule_has_a_page(rule: Rule) -> None:
    text = page(rule.id)
    assert text is not None
    assert text.startswith(f"# {rule.id}\n")
    for heading in ("## What", "## Why", "## Bad", "## Good", "## When to suppress", "## References"):
        assert f"\n{heading}\n" in text
    for name in rule.requirements:
        assert re.search(rf"\b{name}\b", text), f"{name} is not on the page"


def test_every_requirement_that_files_can_decide_is_decided_by_a_rule() -> None:
    decided = {name for rule in all_rules() for name in rule.decides}
    open_ones = {r.id for r in subject.REQUIREMENTS.values() if not r.live} - decided
    # R50 is decided by the rules on Dockerfiles and images, service by service.
    assert open_ones == {"R50"}
