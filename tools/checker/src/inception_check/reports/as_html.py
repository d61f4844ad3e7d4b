"""The report as one page: nothing in it runs, and nothing is fetched (CSP); it looks like the evaluator's."""

from __future__ import annotations

import base64
import hashlib
from html import escape
from pathlib import Path

from inception_check import subject
from inception_check.model import Finding, Severity
from inception_check.reports.as_text import ids, line_of, verdict
from inception_check.reports.clean import printable
from inception_check.reports.grade import grade
from inception_check.runner import Report

_HEADINGS = {Severity.ERROR: "What fails", Severity.WARNING: "What to look at", Severity.INFO: "Notes"}


def render(report: Report) -> str:
    """Render the report as a page of HTML that needs nothing else."""
    style = (Path(__file__).parent / "page.css").read_text(encoding="utf-8")
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    policy = f"default-src 'none'; img-src data:; style-src 'sha256-{digest}'; base-uri 'none'; form-action 'none'"
    name = _text(Path(report.project).resolve().name if report.project == "." else report.project)
    errors, warnings = report.count(Severity.ERROR), report.count(Severity.WARNING)
    colour = "fail" if errors else "warn" if warnings else "pass"
    parts = [
        '<!DOCTYPE html>\n<html lang="en">\n<head>\n<meta charset="utf-8">',
        f'<meta http-equiv="Content-Security-Policy" content="{policy}">',
        '<meta name="viewport" content="width=device-width, initial-scale=1">',
        '<meta name="color-scheme" content="light dark">\n<meta name="robots" content="noindex">',
        f'<meta name="referrer" content="no-referrer">\n<title>Inception, checked: {name}</title>',
        f'<link rel="icon" href="data:,">\n<style>{style}</style>\n</head>\n<body>\n<header>',
        f'<p class="kind">Inception, what the files tell</p>\n<h1>{name}</h1>\n<div class="verdict {colour}">',
        f'<p class="sentence">{_text(verdict(report))}</p>\n<p>{_text(grade(report).sentence)}</p>\n</div>',
        f'<p class="about">{errors} error{"" if errors == 1 else "s"}, {warnings} warning{"" if warnings == 1 else "s"}; '
        f"subject {_text(report.context.subject)}, releases as of {report.context.today.isoformat()}</p>\n</header>\n<main>",
    ]
    for severity, heading in _HEADINGS.items():
        found = [finding for finding in report.active if finding.severity is severity]
        if found:
            parts += ["<section>", f"<h2>{heading}</h2>", *(_finding(report, one) for one in found), "</section>"]
    parts += ["<section>", "<h2>The sheet</h2>", "<ul>", *_sheet(report), "</ul>", "</section>"]
    suppressed = [finding for finding in report.findings if finding.suppressed is not None]
    if suppressed:
        parts += ["<section>", "<h2>Suppressed</h2>", *(_finding(report, one) for one in suppressed), "</section>"]
    notes = [*report.notes, *(f"CRASH in the rule {crash.rule}: {crash.error}" for crash in report.crashes)]
    if notes:
        parts += [
            "<section>",
            "<h2>Besides</h2>",
            "<ul>",
            *(f"<li>{_text(n)}</li>" for n in notes),
            "</ul>",
            "</section>",
        ]
    parts.append(
        "</main>\n<footer>Made by inception-check, which ran nothing of the repository.</footer>\n</body>\n</html>"
    )
    return "\n".join(parts) + "\n"


def _text(text: str) -> str:
    return escape(printable(text, 2000))


def _finding(report: Report, finding: Finding) -> str:
    place = (finding.path or "the repository") + (f":{finding.line}" if finding.line is not None else "")
    names = ids(finding, verbose=False)
    line = line_of(report, finding)
    because = f'<p class="why">because: {_text(finding.suppressed)}</p>' if finding.suppressed is not None else ""
    return (
        f'<div class="finding {finding.severity.value}">\n<p class="message">{_text(finding.message)}</p>\n'
        f"<p><code>{_text(place)}</code></p>\n"
        + (f"<pre>{_text(line)}</pre>\n" if line else "")
        + (f"<p>{_text(finding.fix)}</p>\n" if finding.fix else "")
        + f'{because}<p class="why">{_text(f"{names} · " if names else "")}{_text(finding.rule)}</p>\n</div>'
    )


def _sheet(report: Report) -> list[str]:
    """Return each line of the sheet with what the files say about it."""
    made = []
    applicable = subject.applicable(report.context.subject)
    for name in sorted((n for n in applicable if n.startswith("E")), key=subject.ORDER.__getitem__):
        about = {finding.severity for finding in report.active if name in finding.requirements}
        why = ""
        if Severity.ERROR in about:
            word = "fail"
        elif Severity.WARNING in about:
            word = "warn"
        elif name in report.checked:
            word = "pass"
        else:
            word = "open"
            why = "; ".join(report.undecided.get(name, ["only the running stack or a person can tell"]))
        requirement = subject.REQUIREMENTS[name]
        ends = " (a failure ends the evaluation)" if requirement.ends and word == "fail" else ""
        reason = f'<span class="why">{_text(why)}</span>' if why else ""
        made.append(
            f'<li class="check"><span class="badge {word}">{word.upper()}</span><span class="id">{name}</span>'
            f"<span>{_text(requirement.title)}{ends}{reason}</span></li>"
        )
    return made
