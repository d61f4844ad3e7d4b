"""The sections of README.md (E23, R39-R42)."""

from __future__ import annotations

import re
from collections.abc import Iterator

from inception_check.evidence.markdown import Document, Section, has_text
from inception_check.evidence.project import Project
from inception_check.model import Context, Outcome, Rule

_AI = re.compile(
    r"\bA\.?I\.?\b|artificial intelligence|chat\s?gpt|\bgpt\b|copilot|\bclaude\b|\bgemini\b|\bllms?\b|deepseek|mistral|perplexity",
    re.IGNORECASE,
)
_DESIGN = re.compile(r"design|choice|architecture|decision|technical", re.IGNORECASE)


def find(document: Document, pattern: str) -> Section | None:
    """Return the first section whose title matches; one with text is preferred."""
    matching = [s for s in document.sections if re.search(pattern, s.title, re.IGNORECASE)]
    return next((s for s in matching if has_text(s)), matching[0] if matching else None)


def _check(project: Project, _: Context) -> Iterator[Outcome]:
    document = project.document("README.md")
    if document is None or document.is_empty:
        yield RULE.finding(
            "README.md",
            None,
            "there is no README.md with the sections of the subject",
            "Write it: Description, Instructions, Resources, project description.",
        )
        return
    for name, pattern, requirement in (
        ("Description", r"\bdescriptions?\b", "R39"),
        ("Instructions", r"(?<!compose )(?<!dockerfile )\binstructions?\b", "R40"),
        ("Resources", r"\bres+ources?\b", "R41"),
    ):
        section = find(document, pattern)
        if section is None:
            yield RULE.finding(
                document.path,
                None,
                f"README.md has no section called {name}",
                f"Add a heading {name} and its text.",
                requirements=("E23", requirement),
            )
        elif not has_text(section):
            yield RULE.finding(
                document.path,
                section.line,
                f"the section {section.title} is empty",
                "Write its text.",
                requirements=("E23", requirement),
            )
    if not _AI.search(document.substance):
        resources = find(document, r"\bres+ources?\b")
        yield RULE.finding(
            document.path,
            resources.line if resources else None,
            "README.md does not say what AI was used for",
            "Say in Resources for which tasks and parts AI was used, or that it was not.",
            requirements=("E23", "R41"),
        )
    project_section = find(document, r"project\s+description|design|architecture|choices|technical|decisions")
    if project_section is None and not re.search(
        r"design choice|design decision|technical choice|choices? of design", document.prose, re.IGNORECASE
    ):
        yield RULE.finding(
            document.path,
            None,
            "README.md has no project description with the design choices",
            "Add a section that explains how Docker is used and which choices were made.",
            requirements=("E23", "R42"),
        )
    elif project_section is not None and not has_text(project_section):
        yield RULE.finding(
            document.path,
            project_section.line,
            f"the section {project_section.title} is empty",
            "Write its text.",
            requirements=("E23", "R42"),
        )


RULE = Rule(
    "readme-sections",
    "README.md has the sections Description, Instructions, Resources and a project description",
    ("E23", "R39", "R40", "R41", "R42"),
    _check,
)
