"""The command behind ``make check``: the static rules on any Inception repository."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence
from datetime import UTC, date, datetime
from pathlib import Path

from inception_check import subject
from inception_check.evidence.source import NotReadableError
from inception_check.model import Rule
from inception_check.reports import as_json, as_junit, as_sarif, as_text
from inception_check.reports.clean import printable
from inception_check.rules import PAGES, all_rules, documented_rules
from inception_check.runner import Report, check

FORMATS = ("text", "json", "sarif", "junit")


def _date(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(f"{text!r} is no day of the form YYYY-MM-DD") from error


def parser() -> argparse.ArgumentParser:
    """Make the parser of the command line."""
    made = argparse.ArgumentParser(
        prog="inception-check",
        description="Check an Inception repository against the subject and its evaluation sheet.",
        epilog="Exit status: 0 clean, 1 findings, 2 could not run.",
    )
    made.add_argument("project", nargs="?", default=".", help="the directory of the repository (default: this one)")
    made.add_argument("--format", choices=FORMATS, default="text", help="the form of the report")
    made.add_argument(
        "--date",
        type=_date,
        default=None,
        help="the day for 'penultimate release', YYYY-MM-DD (default: today)",
    )
    made.add_argument("--subject", choices=subject.VERSIONS, default=subject.NEWEST, help="the version of the subject")
    made.add_argument("--explain", metavar="RULE", help="print the page of a rule and end")
    made.add_argument("--list-rules", action="store_true", help="print the table of all rules in Markdown and end")
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


def render(report: Report, form: str, *, colour: bool = False) -> str:
    """Render a report in one of the formats."""
    if form == "json":
        return as_json.render(report)
    if form == "sarif":
        return as_sarif.render(report)
    if form == "junit":
        return as_junit.render(report)
    return as_text.render(report, colour=colour)


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
        text = page(options.explain)
        if text is None:
            known = ", ".join(sorted(documented_rules()))
            sys.stderr.write(
                f"inception-check: there is no rule {printable(options.explain)}; the rules are: {known}\n"
            )
            return 2
        sys.stdout.write(text)
        return 0
    today = options.date or datetime.now(tz=UTC).date()
    try:
        report = check(
            Path(options.project), today=today, version=options.subject, run_external=not options.no_external
        )
    except NotReadableError as error:
        sys.stderr.write(f"inception-check: {printable(str(error))}\n")
        return 2
    try:
        sys.stdout.write(render(report, options.format, colour=_colour(options.colour)))
        sys.stdout.flush()
    except BrokenPipeError:
        # The reader has seen enough; that is not an error.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    for crash in report.crashes:
        sys.stderr.write(f"inception-check: the rule {crash.rule} crashed: {printable(crash.error)}\n")
    return report.exit_code


if __name__ == "__main__":
    sys.exit(main())
