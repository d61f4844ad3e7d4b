"""The four comparisons of README.md (R43-R46)."""

from __future__ import annotations

import re
from collections.abc import Iterator

from inception_check.evidence.markdown import Document, has_text
from inception_check.evidence.project import Project
from inception_check.model import Context, Outcome, Rule

_PAIRS = (
    (
        "R43",
        "virtual machines with Docker",
        r"virtual\s+machines?|\bVMs?\b|virtualbox|virtuali[sz]ation",
        r"docker|containers?",
    ),
    ("R44", "secrets with environment variables", r"\bsecrets?\b", r"environment|\benv\b|\.env"),
    (
        "R45",
        "Docker network with host network",
        r"docker\s+networks?|bridge|custom\s+networks?|user-defined|container\s+networks?|docker'?s?\s+(?:internal\s+)?network|internal\s+network",
        r"\bhost\b",
    ),
    ("R46", "volumes with bind mounts", r"volumes?", r"bind[\s-]*mounts?|\bbinds?\b"),
)
_COMPARES = re.compile(
    r"\bvs\b|versus|compar|differ(?:s|ence|ences)?\b|whereas|\bwhile\b|unlike|instead|rather|\bthan\b|advantage|however|\bbut\b|contrast|(?<!and )\b(?:more|less)\b|against|lighter|heavier|prefer|chose|\|",
    re.IGNORECASE,
)


#: A heading, or a line that only links to what others have written.
_SILENT = re.compile(r"\s*(?:#|(?:[-*+]|\d+\.)?\s*\[[^\]]*\]\([^)]*\)(?:<br */?>)?\s*$)", re.IGNORECASE)


def _compared(document: Document, left: str, right: str) -> tuple[bool, int | None]:
    """Tell whether two things are compared; the line is that of a heading without text."""
    empty: int | None = None
    for section in document.sections:
        if re.search(left, section.title, re.IGNORECASE) and re.search(right, section.title, re.IGNORECASE):
            if has_text(section):
                return True, None
            empty = empty or section.line
    for paragraph in _paragraphs(document):
        if (
            re.search(left, paragraph, re.IGNORECASE)
            and re.search(right, paragraph, re.IGNORECASE)
            and _COMPARES.search(paragraph)
        ) and len(paragraph.split()) >= 8:
            return True, None
    return False, empty


def _paragraphs(document: Document) -> Iterator[str]:
    """Yield the paragraphs, and the innermost sections with their titles; headings alone say nothing."""
    yield from re.split(r"\n\s*\n", _said(document.prose))
    for section in document.sections:
        if has_text(section) and not re.search(r"^\s*#|<h[1-6]\b", section.text, re.MULTILINE | re.IGNORECASE):
            yield section.title + "\n" + _said(section.text)


def _said(text: str) -> str:
    """Return a text without comments, headings, and lines that only link to what others have written."""
    kept = re.sub(r"<!--.*?(?:-->|\Z)", "", text, flags=re.DOTALL)
    return "\n".join("" if _SILENT.match(line) else line for line in kept.split("\n"))


def _check(project: Project, _: Context) -> Iterator[Outcome]:
    document = project.document("README.md")
    if document is None or document.is_empty:
        yield RULE.finding("README.md", None, "there is no README.md with the comparisons of the subject", "Write it.")
        return
    for requirement, what, left, right in _PAIRS:
        good, line = _compared(document, left, right)
        if not good:
            yield RULE.finding(
                document.path,
                line,
                f"README.md has a heading for it, but does not compare {what}"
                if line
                else f"README.md does not compare {what}",
                "Add a short section that says how they differ and why the project uses what it uses.",
                requirements=(requirement, "E23"),
            )


RULE = Rule(
    "readme-comparisons",
    "README.md makes the four comparisons",
    ("R43", "R44", "R45", "R46"),
    _check,
    refutes=("E23",),
)
