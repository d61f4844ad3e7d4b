"""Suppressions need a reason, name known rules, are shown, and are reported when they cover nothing."""

from __future__ import annotations

from pathlib import Path

import pytest

from checker_trees import copy_clean, run, write
from inception_check.model import Severity

COMPOSE = "srcs/docker-compose.yml"


@pytest.fixture
def root(tmp_path: Path) -> Path:
    made = copy_clean(tmp_path)
    file = made / COMPOSE
    file.write_text(file.read_text().replace('      - "443:443"\n', '      - "443:443"\n      - "80:80"\n'))
    return made


def edit(root: Path, old: str, new: str) -> None:
    file = root / COMPOSE
    text = file.read_text()
    assert old in text
    file.write_text(text.replace(old, new))


@pytest.mark.parametrize(
    "new",
    [
        '      - "80:80" # inception-check: ignore[published-ports] the evaluator asked for it\n',
        '      # inception-check: ignore[published-ports] the evaluator asked for it\n      - "80:80"\n',
        '      - "80:80" # inception-check: ignore[links, published-ports] the evaluator asked for it\n',
    ],
)
def test_inline(root: Path, new: str) -> None:
    edit(root, '      - "80:80"\n', new)
    report = run(root)
    assert [(f.rule, f.suppressed) for f in report.findings] == [("published-ports", "the evaluator asked for it")]
    assert report.exit_code == 0
    assert report.count(Severity.ERROR) == 0
    assert "R35" in report.checked


def test_file(root: Path) -> None:
    write(
        root,
        ".inception-check.yml",
        "suppress:\n  - rule: published-ports\n    path: 'srcs/**'\n    reason: asked for\n",
    )
    assert [f.suppressed for f in run(root).findings] == ["asked for"]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("suppress:\n  - rule: no-such\n    reason: because\n", "unknown rule"),
        ("suppress:\n  - rule: published-ports\n", "no reason"),
        ("suppress:\n  - reason: because\n", "names no rule"),
        ("suppress: published-ports\n", "needs a list"),
        ("suppress:\n  - published-ports\n", "mapping"),
        ("suppress: [", "did not find"),
    ],
)
def test_wrong_suppressions_are_errors(root: Path, text: str, message: str) -> None:
    write(root, ".inception-check.yml", text)
    found = [f for f in run(root).findings if f.rule == "suppressions"]
    assert any(message in f.message and f.severity is Severity.ERROR for f in found), found


@pytest.mark.parametrize(
    ("comment", "message"),
    [
        ("ignore[no-such] because", "unknown rule"),
        ("ignore[published-ports]", "no reason"),
        ("ignore because", "names no rule"),
    ],
)
def test_wrong_comments_are_errors(root: Path, comment: str, message: str) -> None:
    edit(root, '      - "80:80"\n', f'      - "80:80" # inception-check: {comment}\n')
    findings = run(root).findings
    assert any(message in f.message and f.severity is Severity.ERROR for f in findings)
    assert any(f.rule == "published-ports" and f.suppressed is None for f in findings)


def test_an_unused_suppression_is_a_warning(root: Path) -> None:
    edit(root, "name: inception\n", "# inception-check: ignore[links] there are none\nname: inception\n")
    found = [f for f in run(root).findings if f.rule == "suppressions"]
    assert [(f.severity, f.path, f.line) for f in found] == [(Severity.WARNING, COMPOSE, 1)]


def test_a_comment_covers_its_own_line_only(root: Path) -> None:
    edit(root, "name: inception\n", "name: inception # inception-check: ignore[published-ports] not here\n")
    assert any(f.rule == "published-ports" and f.suppressed is None for f in run(root).findings)
