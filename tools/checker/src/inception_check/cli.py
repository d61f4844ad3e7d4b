"""The command behind ``make check``: the static rules on any Inception repository."""

from __future__ import annotations

import argparse
import os
import re
import sys
from collections.abc import Sequence
from datetime import UTC, date, datetime
from pathlib import Path
from typing import NoReturn

from inception_check import subject, version
from inception_check.baseline import BaselineError, write_baseline
from inception_check.evidence.source import NotReadableError, Tree
from inception_check.given import opened
from inception_check.mending import FixError, mend, summary
from inception_check.model import Rule, Severity
from inception_check.reports import as_html, as_json, as_junit, as_sarif, as_text
from inception_check.reports.clean import printable, printable_lines
from inception_check.rules import PAGES, all_rules, documented_rules
from inception_check.runner import Report, check

FORMATS = ("text", "json", "sarif", "junit", "html")


def _date(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(f"{text!r} is no day of the form YYYY-MM-DD") from error


class Parser(argparse.ArgumentParser):
    """Tells a wrong option in one sentence; ``--help`` shows them all."""

    def error(self, message: str) -> NoReturn:
        """End with that sentence and the status 2."""
        self.exit(2, f"{self.prog}: {message}; {self.prog} --help shows what there is\n")


def parser() -> argparse.ArgumentParser:
    """Make the parser of the command line."""
    made = Parser(
        prog="inception-check",
        description="Check an Inception repository against the subject and its evaluation sheet.",
        epilog="Exit status: 0 clean, 1 findings, 2 could not run.",
    )
    made.add_argument(
        "project",
        nargs="?",
        default=".",
        help="a folder, an archive (zip, tar) or a git address (default: this folder)",
    )
    made.add_argument("--format", choices=FORMATS, default="text", help="the form of the report")
    made.add_argument(
        "--date",
        type=_date,
        default=None,
        help="the day for 'penultimate release', YYYY-MM-DD (default: today)",
    )
    made.add_argument("--subject", choices=subject.VERSIONS, default=subject.NEWEST, help="the version of the subject")
    made.add_argument(
        "--fail-on",
        choices=("error", "warning"),
        default="warning",
        help="from which severity on findings end with 1 (default: warning)",
    )
    made.add_argument("--only", metavar="NAMES", help="run these rules alone: names, or lines of the sheet such as E14")
    made.add_argument("--skip", metavar="NAMES", help="leave these rules out; what they decide stays open")
    made.add_argument(
        "--baseline", metavar="FILE", type=Path, help="accept the findings of this file, and report new ones"
    )
    made.add_argument(
        "--write-baseline", metavar="FILE", type=Path, help="write the findings of now to this file and end"
    )
    made.add_argument("--verbose", action="store_true", help="show every line of the sheet, every id and every finding")
    made.add_argument("--version", action="version", version=f"inception-check {version()}".strip())
    made.add_argument("--explain", metavar="NAME", help="print the page of a rule, or of a line such as E14, and end")
    made.add_argument("--list-rules", action="store_true", help="print the table of all rules in Markdown and end")
    made.add_argument("--fix", action="store_true", help="mend what has one right answer, say what was done, and check")
    made.add_argument(
        "--diff", action="store_true", help="show what --fix would change, leave the files as they are, and end"
    )
    made.add_argument("--no-external", action="store_true", help="run neither hadolint nor ShellCheck")
    made.add_argument(
        "--colour", choices=("auto", "always", "never"), default="auto", help="colours in the text report"
    )
    return made


def rule_table() -> str:
    """Return the table of all rules in Markdown; the checker's README holds it between two marks."""
    lines = ["| rule | decides | shows to fail | what must hold |", "|---|---|---|---|"]
    lines += [
        f"| [{r.id}](src/inception_check/pages/{r.id}.md) | {ids_of(r.decides)} | {ids_of(r.refutes)} | {r.title}{_weight(r)} |"
        for r in all_rules()
    ]
    return "\n".join(lines) + "\n"


def ids_of(names: tuple[str, ...]) -> str:
    """Return the ids of requirements in the order of the sheet; a failure of those with ``!`` ends the evaluation."""
    return " ".join(
        f"{name}!" if subject.REQUIREMENTS[name].ends else name for name in sorted(names, key=subject.ORDER.__getitem__)
    )


def _weight(rule: Rule) -> str:
    return "" if rule.severity == "error" else f" ({rule.severity.value})"


def page(identifier: str) -> str | None:
    """Return the documentation page of a rule, or None."""
    return (PAGES / f"{identifier}.md").read_text(encoding="utf-8") if identifier in documented_rules() else None


def explanation(name: str) -> str | None:
    """Return the page of a rule, or the pages of all rules that speak about a line of the sheet; None for neither."""
    requirement = subject.REQUIREMENTS.get(name.upper())
    if requirement is None:
        return page(name)
    pages = [page(identifier) or "" for identifier in sorted(documented_rules())]
    # The table of a page names the lines that its rule decides or shows to fail.
    speaking = [text for text in pages if re.search(rf"^\|.*\b{requirement.id}\b.*\|$", text, re.MULTILINE)]
    ends = " A failure ends the evaluation." if requirement.ends else ""
    head = f"{requirement.id}: {requirement.title}.{ends}\n"
    return "\n".join([head, *speaking]) if speaking else f"{head}\nNo rule decides it: a person has to.\n"


class UnknownNameError(Exception):
    """A name that is neither a rule nor a line of the sheet."""


def chosen_rules(only: str | None, skip: str | None) -> tuple[tuple[Rule, ...], tuple[Rule, ...]]:
    """Return the rules to run, and those that are left out.

    Raises:
        UnknownNameError: a name is neither a rule nor a requirement.

    """
    wanted = [rule for rule in all_rules() if only is None or _is_named(rule, only)]
    ran = [rule for rule in wanted if skip is None or not _is_named(rule, skip)]
    return tuple(ran), tuple(rule for rule in all_rules() if rule not in ran)


def _is_named(rule: Rule, names: str) -> bool:
    given = [name.strip() for name in names.split(",") if name.strip()]
    known = {rule.id for rule in all_rules()}
    for name in given:
        if name not in known and name.upper() not in subject.REQUIREMENTS:
            raise UnknownNameError(f"{name} is neither a rule nor a line of the sheet; --list-rules lists the rules")
    return any(name == rule.id or name.upper() in rule.requirements for name in given)


def render(report: Report, form: str, *, colour: bool = False, verbose: bool = False) -> str:
    """Render a report in one of the formats."""
    if form == "json":
        return as_json.render(report)
    if form == "sarif":
        return as_sarif.render(report)
    if form == "html":
        return as_html.render(report)
    if form == "junit":
        return as_junit.render(report)
    return as_text.render(report, colour=colour, verbose=verbose)


def _colour(choice: str) -> bool:
    if choice != "auto":
        return choice == "always"
    return sys.stdout.isatty() and "NO_COLOR" not in os.environ and os.environ.get("TERM") != "dumb"


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command; returns its exit status."""
    for stream in (sys.stdout, sys.stderr):
        reconfigure = getattr(stream, "reconfigure", None)
        if reconfigure is not None:
            reconfigure(errors="backslashreplace")
    options = parser().parse_args(arguments)
    if options.list_rules:
        sys.stdout.write(rule_table())
        return 0
    if options.explain is not None:
        return _explain(options.explain)
    try:
        report = _asked(options)
    except (NotReadableError, BaselineError, UnknownNameError, FixError) as error:
        sys.stderr.write(f"inception-check: {printable(str(error))}\n")
        return 2
    if report is None:
        return 0
    try:
        sys.stdout.write(render(report, options.format, colour=_colour(options.colour), verbose=options.verbose))
        sys.stdout.flush()
    except BrokenPipeError:
        # The reader has seen enough; that is not an error.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    for crash in report.crashes:
        sys.stderr.write(f"inception-check: the rule {crash.rule} crashed: {printable(crash.error)}\n")
    for path in report.denied:
        sys.stderr.write(f"inception-check: {printable(path)} cannot be read; give the user the right to read it\n")
    return report.status(Severity(options.fail_on))


def _asked(options: argparse.Namespace) -> Report | None:
    """Do what the options say; returns the report, or None when none is asked for."""
    if options.fix or options.diff:
        _fix(options)
        if options.diff:
            return None
    report = _checked(options)
    if options.write_baseline is not None:
        count = write_baseline(options.write_baseline, report.findings)
        sys.stderr.write(f"inception-check: {count} findings written to {printable(str(options.write_baseline))}\n")
        return None
    return report


def _checked(options: argparse.Namespace) -> Report:
    """Check what the options say."""
    rules, skipped = chosen_rules(options.only, options.skip)
    with opened(options.project) as root:
        nothing = Tree(root).nothing
        if nothing:
            raise NotReadableError(nothing)
        report = _judged(options, root, rules, skipped)
    report.project = options.project
    return report


def _fix(options: argparse.Namespace) -> None:
    """Mend a folder, or show what would be changed; what was done goes to the standard error, a diff to the output.

    Raises:
        FixError: it is no folder, or a file cannot be written.

    """
    root = Path(options.project)
    if not root.is_dir():
        raise FixError("--fix and --diff need a folder: unpack the archive, or clone the address, and give the folder")
    options.no_external, asked = True, options.no_external
    before = _checked(options)
    fixes = mend(root, lambda: _checked(options), keep=options.fix)
    options.no_external = asked
    if options.diff:
        sys.stdout.write(printable_lines(fixes.diff()))
    for line in summary(fixes, before, before if options.diff else _checked(options)):
        sys.stderr.write(f"inception-check: {printable(line)}\n")


def _judged(options: argparse.Namespace, root: Path, rules: tuple[Rule, ...], skipped: tuple[Rule, ...]) -> Report:
    return check(
        root,
        today=options.date or datetime.now(tz=UTC).date(),
        version=options.subject,
        rules=rules,
        skipped=skipped,
        run_external=not options.no_external,
        baseline=options.baseline,
    )


def _explain(name: str) -> int:
    text = explanation(name)
    if text is None:
        known = ", ".join(sorted(documented_rules()))
        sys.stderr.write(f"inception-check: there is no rule {printable(name)}; the rules are: {known}\n")
        return 2
    sys.stdout.write(text)
    return 0


if __name__ == "__main__":
    sys.exit(main())
