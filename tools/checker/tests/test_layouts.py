"""Mutations of five layouts: the right rule at the right place and no other word; negative controls stay quiet."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import pytest

from checker_layouts import FILES, LAYOUTS, ROWS, Row
from checker_mutations import TABLE
from checker_trees import CLEAN, FIXTURES, run

DOCUMENTS = ("README.md", "USER_DOC.md", "DEV_DOC.md")


def source(layout: str) -> Path:
    return CLEAN if layout == "clean" else FIXTURES / "layouts" / layout


def text_of(layout: str, path: str) -> str | None:
    file = (CLEAN if path in DOCUMENTS else source(layout)) / path
    return file.read_text(encoding="utf-8") if file.is_file() else None


def mutations() -> list[tuple[str, Row]]:
    """Return each row with each layout in which its pattern matches."""
    found = []
    for row in ROWS:
        for layout in LAYOUTS:
            path = FILES[layout].get(row.file)
            text = text_of(layout, path) if path is not None else None
            if text is not None and re.search(row.pattern, text):
                found.append((layout, row))
    return found


MUTATIONS = mutations()
HARMFUL = [m for m in MUTATIONS if m[1].rule != "-"]
HARMLESS = [m for m in MUTATIONS if m[1].rule == "-"]


@pytest.fixture(scope="session")
def trees(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Copy every layout once; each mutation is undone after it was looked at."""
    made = {}
    for layout in LAYOUTS:
        root = tmp_path_factory.mktemp("layouts") / layout
        shutil.copytree(source(layout), root)
        for name in DOCUMENTS:
            shutil.copy(CLEAN / name, root / name)
        made[layout] = root
    return made


def found_after(root: Path, layout: str, row: Row) -> tuple[set[tuple[str, str]], str]:
    """Change a tree, check it, and change it back; returns rules with places, and the place that was changed."""
    path = FILES[layout][row.file]
    text = text_of(layout, path) or ""
    match = re.search(row.pattern, text)
    assert match is not None
    new = match.expand(row.new) if "\\" in row.new else row.new
    changed = text[: match.start()] + new + text[match.end() :]
    assert changed != text
    lead = len(new) - len(new.lstrip("\n"))
    line = changed.count("\n", 0, match.start() + lead) + 1
    (root / path).write_bytes(changed.encode())
    try:
        report = run(root)
    finally:
        (root / path).write_text(text, encoding="utf-8")
    assert not report.crashes
    places = {(f.rule, f.path if f.line is None else f"{f.path}:{f.line}") for f in report.findings}
    return places, f"{path}:{line + int(row.place)}" if re.fullmatch(
        r"[+-]\d+|", row.place
    ) and row.place else f"{path}:{line}"


def test_there_are_mutations_enough() -> None:
    assert len(HARMFUL) + len(TABLE) >= 300
    assert len(HARMLESS) >= 60
    for layout in LAYOUTS:
        assert sum(1 for name, _ in HARMFUL if name == layout) >= 30, layout
    # A row that fits nowhere is no test.
    assert {row for _, row in MUTATIONS} == set(ROWS)


@pytest.mark.parametrize("layout", LAYOUTS)
def test_the_layout_is_clean(layout: str, trees: dict[str, Path]) -> None:
    report = run(trees[layout])
    assert report.findings == []
    assert report.undecided == {}


@pytest.mark.parametrize(("layout", "row"), HARMFUL, ids=[f"{r.rule}-{layout}-{r.file}" for layout, r in HARMFUL])
def test_a_mutation_is_found(layout: str, row: Row, trees: dict[str, Path]) -> None:
    places, changed = found_after(trees[layout], layout, row)
    first, *others = row.rule.split("+")
    wanted = set(first.split("|"))
    rules = {rule for rule, _ in places}
    assert rules & wanted, places
    assert rules <= wanted | set(others), places
    seen = {place for rule, place in places if rule in wanted}
    if row.place == "file":
        assert seen == {changed.rpartition(":")[0]}
    elif row.place in FILES[layout]:
        assert {place.partition(":")[0] for place in seen} == {FILES[layout][row.place]}
    else:
        assert changed in seen, (seen, changed)


@pytest.mark.parametrize(("layout", "row"), HARMLESS, ids=[f"{layout}-{r.file}" for layout, r in HARMLESS])
def test_a_harmless_change_is_left_alone(layout: str, row: Row, trees: dict[str, Path]) -> None:
    assert found_after(trees[layout], layout, row)[0] == set()
