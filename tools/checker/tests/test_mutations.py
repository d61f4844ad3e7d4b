"""Every single mutation of the clean tree is caught by exactly the expected rule, at the right line."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import pytest

from checker_layouts import ROWS
from checker_mutations import TABLE, Mutation
from checker_trees import copy_clean, run, write
from inception_check.model import Severity
from inception_check.rules import all_rules


def apply(root: Path, mutation: Mutation) -> str:
    """Mutate a tree; returns the place that the finding has to be at."""
    file = root / mutation.path
    if mutation.new is None:
        if mutation.rule == "directory-layout" and mutation.path.endswith(".cnf"):
            shutil.rmtree(file.parent)
        else:
            file.unlink()
        return mutation.at
    if mutation.old is None:
        write(root, mutation.path, mutation.new)
        return mutation.at
    text = file.read_text(encoding="utf-8")
    assert mutation.old in text, f"{mutation.old!r} is not in {mutation.path}"
    changed = text.replace(mutation.old, mutation.new, 1)
    assert changed != text
    file.write_text(changed, encoding="utf-8")
    if mutation.at:
        return mutation.at
    start = text.index(mutation.old)
    lead = len(mutation.new) - len(mutation.new.lstrip())
    return f"{mutation.path}:{changed.count(chr(10), 0, start + lead) + 1}"


def adjust(root: Path, mutation: Mutation) -> None:
    """Add what a mutation needs besides itself, so that it is the only thing wrong."""
    if mutation.rule == "sources-below-srcs":
        shutil.copytree(root / "srcs/requirements/bonus/static", root / "static")
    if mutation.rule == "directory-layout" and mutation.path.endswith("server.cnf"):
        dockerfile = root / "srcs/requirements/mariadb/Dockerfile"
        text = dockerfile.read_text(encoding="utf-8")
        dockerfile.write_text(text.replace("COPY conf/server.cnf /etc/mysql/mariadb.conf.d/60-server.cnf\n", ""))


#: What a row cannot help breaking besides: a release brings its own PHP, a moved directory is not made.
ALSO = {
    "base-image": "php-version",
    "directory-layout": "inner-listen",
    "docker-secrets": "values-passed",
    "dockerfile-per-service": "values-passed",
    "volume-path": "device-directories",
}
#: Rows that are expected to change nothing: a place of "-" says so.
HARMLESS = [m for m in TABLE if m.at == "-"]
HARMFUL = [m for m in TABLE if m.at != "-"]


def test_the_clean_tree_is_clean(tmp_path: Path) -> None:
    report = run(copy_clean(tmp_path))
    assert report.findings == []
    assert report.undecided == {}
    assert report.exit_code == 0


def test_the_table_is_large_and_covers_every_rule() -> None:
    assert len(HARMFUL) >= 150
    missing = {rule.id for rule in all_rules()} - {m.rule for m in HARMFUL}
    # These need more than one change, or are shown by the other layouts; their fixtures show them too.
    layouts = {part for row in ROWS for part in re.split(r"[+|]", row.rule)}
    assert missing - layouts == {
        "environment-used",
        "project-root",
        "readme-english",
        "secrets-in-history",
        "static-site",
    }


@pytest.mark.parametrize("mutation", HARMFUL, ids=lambda m: f"{m.rule}-{m.path.rpartition('/')[2]}")
def test_a_mutation_is_caught_by_its_rule_alone(mutation: Mutation, tmp_path: Path) -> None:
    root = copy_clean(tmp_path)
    place = apply(root, mutation)
    adjust(root, mutation)
    report = run(root)
    assert not report.crashes
    findings = [finding for finding in report.findings if finding.rule != ALSO.get(mutation.rule)]
    assert {finding.rule for finding in findings} == {mutation.rule}, report.findings
    found = {f.path if f.line is None else f"{f.path}:{f.line}" for f in findings}
    assert found == set(place.split(" ")), report.findings
    assert any(f.severity in {Severity.ERROR, Severity.WARNING} for f in findings)


@pytest.mark.parametrize("mutation", HARMLESS, ids=lambda m: f"{m.rule}-{m.path.rpartition('/')[2]}")
def test_a_harmless_change_is_left_alone(mutation: Mutation, tmp_path: Path) -> None:
    root = copy_clean(tmp_path)
    apply(root, mutation)
    assert run(root).findings == []
