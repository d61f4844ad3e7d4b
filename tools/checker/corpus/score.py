#!/usr/bin/env python3
"""Score the checker against the corpus: fetch each repository, check it, compare line by line with what reading says.

    python tools/checker/corpus/score.py                      # needs git and the internet, about five minutes
    python tools/checker/corpus/score.py --set unseen --write # and write the figures into docs/checker-accuracy.md
    python tools/checker/corpus/score.py --address 'file:///mirror/{owner}+{name}/repo'

Nothing that is fetched is kept or run. Ends with 1 when a repository could not be fetched.
"""

from __future__ import annotations

import argparse
import re
import sys
import tempfile
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any

import yaml

from inception_check.evidence.source import NotReadableError
from inception_check.given import clone
from inception_check.model import Severity
from inception_check.runner import check

CORPUS = Path(__file__).parent / "repositories.yml"
DOCUMENT = Path(__file__).parents[3] / "docs" / "checker-accuracy.md"
#: The day of the judgement: it says which release is the penultimate one. The version of the subject is the newest.
TODAY = date(2026, 11, 23)
#: The lines that are judged, one for each question: those that ask the same (R34 and E1, say) count once. Of E28, E29,
#: E35 and E57 files can only show that they fail.
_LINES = """
    E1 E3 E5 E6 E9 E10 E11 E12 E13 E14 E15 E21 E22 E23 E24 E25 E26 E28 E29 E31 E32 E33 E34 E35 E39 E44 E45 E51 E52 E57
    R6 R11 R16 R17 R19 R20 R24 R25 R26 R29 R30 R31 R32 R33 R35 R39 R40 R41 R42 R43 R44 R45 R46 R47
"""
LINES = tuple(re.findall(r"\S+", _LINES))
#: Those about README.md and the other documents, which older projects could not know and mostly fail at once.
DOCUMENTS = {line for line in LINES if re.fullmatch(r"E2[1-6]|R39|R4[0-7]", line)}


@dataclass
class Score:
    """How often the checker is right.

    Attributes:
        right: failures that are there and found.
        false: found, and not there.
        missed: there, and not found.
        undecided: left open by the checker, though the files decide it.
        judged: all verdicts that the files decide.

    """

    right: int = 0
    false: int = 0
    missed: int = 0
    undecided: int = 0
    judged: int = 0

    def count(self, fails: set[str], found: set[str], undecided: set[str], lines: Iterable[str]) -> None:
        """Count the verdicts about one repository."""
        for line in lines:
            self.judged += 1
            if line in undecided and line not in found:
                self.undecided += 1
            elif line in fails:
                self.right += line in found
                self.missed += line not in found
            else:
                self.false += line in found

    def row(self, title: str) -> str:
        """Return a line of the table."""
        precision = self.right / (self.right + self.false) if self.right else 0
        recall = self.right / (self.right + self.missed) if self.right else 0
        left = self.undecided / self.judged if self.judged else 0
        cells = (title, self.judged, self.right, self.false, self.missed, self.undecided)
        return f"| {' | '.join(map(str, cells))} | {precision:.1%} | {recall:.1%} | {left:.1%} |"


@dataclass
class Sums:
    """The scores of one set, of its documents' lines alone, and of the rest."""

    every: Score = field(default_factory=Score)
    documents: Score = field(default_factory=Score)
    rest: Score = field(default_factory=Score)
    repositories: int = 0

    def count(self, entry: dict[str, Any], found: set[str], undecided: set[str]) -> None:
        """Count one repository."""
        self.repositories += 1
        lines = [line for line in LINES if line not in entry.get("open", [])]
        fails = set(entry["fail"])
        self.every.count(fails, found, undecided, lines)
        self.documents.count(fails, found, undecided, [line for line in lines if line in DOCUMENTS])
        self.rest.count(fails, found, undecided, [line for line in lines if line not in DOCUMENTS])

    def rows(self, title: str) -> list[str]:
        """Return the lines of the table for this set."""
        return [
            self.every.row(f"{self.repositories} {title}"),
            self.documents.row("– README and documents"),
            self.rest.row("– everything else"),
        ]


def entries(path: Path = CORPUS) -> list[dict[str, Any]]:
    """Return the repositories of the corpus."""
    return list(yaml.safe_load(path.read_text(encoding="utf-8")))


def first_run(entry: dict[str, Any]) -> tuple[set[str], set[str]]:
    """Return what the checker had found, and left open, when it saw a repository for the first time."""
    first = entry.get("first", {})
    undecided = set(first.get("undecided", []))
    found = set(entry["fail"]) - set(first.get("missed", [])) - undecided | set(first.get("wrong", []))
    return found, undecided


def judged(folder: Path) -> tuple[set[str], set[str]]:
    """Check a folder; returns the lines that fail and those that stay open."""
    report = check(folder, today=TODAY, run_external=False)
    found = {name for f in report.active if f.severity is Severity.ERROR for name in f.requirements}
    return found, set(report.undecided)


def differences(entry: dict[str, Any], found: set[str], undecided: set[str]) -> list[str]:
    """Name the verdicts that are not as reading says."""
    lines = [line for line in LINES if line not in entry.get("open", [])]
    shown = []
    for line in lines:
        if line in undecided and line not in found:
            shown.append(f"{line} is left open")
        elif (line in found) != (line in entry["fail"]):
            shown.append(f"{line} is {'found and not there' if line in found else 'there and not found'}")
    return shown


HEAD = (
    "| | verdicts | failures found | false | missed | left open | precision | recall | open |\n"
    "|---|---|---|---|---|---|---|---|---|"
)


def main() -> int:
    """Score the sets that are asked for; returns the exit status."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--set", choices=("mended", "unseen"), help="score one set alone")
    parser.add_argument(
        "--address", default="https://github.com/{owner}/{name}.git", help="where a repository is fetched"
    )
    parser.add_argument("--write", action="store_true", help=f"write the figures into {DOCUMENT.name}")
    options = parser.parse_args()
    sums = {"mended": Sums(), "unseen": Sums()}
    first = Sums()
    lost = 0
    for entry in entries():
        if options.set not in {None, entry["set"]}:
            continue
        owner, _, name = entry["repository"].partition("/")
        with tempfile.TemporaryDirectory(prefix="inception-corpus-") as work:
            try:
                clone(options.address.format(owner=owner, name=name), Path(work) / name, entry["commit"], shallow=True)
            except NotReadableError as error:
                print(f"{entry['repository']}: {error}", file=sys.stderr)
                lost += 1
                continue
            found, undecided = judged(Path(work) / name)
        sums[entry["set"]].count(entry, found, undecided)
        if entry["set"] == "unseen":
            first.count(entry, *first_run(entry))
        print(f"{entry['repository']}: {', '.join(differences(entry, found, undecided)) or 'as reading says'}")
    table = [HEAD]
    if first.repositories:
        table += first.rows("unseen repositories, the first time")
        table += sums["unseen"].rows("the same, today")
    if sums["mended"].repositories:
        table += sums["mended"].rows("repositories that have taught it, today")
    text = "\n".join(table)
    print(f"\n{text}")
    if options.write and not lost:
        old = DOCUMENT.read_text(encoding="utf-8")
        new = re.sub(
            r"(<!-- corpus:begin -->\n).*?(<!-- corpus:end -->)",
            lambda m: f"{m[1]}{text}\n{m[2]}",
            old,
            flags=re.DOTALL,
        )
        DOCUMENT.write_text(new, encoding="utf-8")
    return 1 if lost else 0


if __name__ == "__main__":
    sys.exit(main())
