"""Suppressions: a finding may be silenced with a reason, inline or in one file, and every report shows it."""

from __future__ import annotations

import fnmatch
import re
from collections.abc import Iterable, Set
from dataclasses import dataclass, field

from inception_check.evidence.source import Tree
from inception_check.evidence.yamlnodes import Value, parse_yaml
from inception_check.model import Finding, Severity

FILE_NAMES = (".inception-check.yml", ".inception-check.yaml")
RULE_ID = "suppressions"
_INLINE = re.compile(r"(?:^|\s)(?:#|//|;|--|<!--)\s*inception-check:\s*ignore\b\s*(?:\[([^\]\n]*)\])?\s*(.*)$")
_EXTERNAL = re.compile(r"(?:hadolint/DL\d{4}|hadolint/SC\d{4}|shellcheck/SC\d{4})")


@dataclass
class Suppression:
    """One suppression and whether it was of use.

    Attributes:
        rules: the rule ids that it covers.
        reason: why.
        path: where it is written.
        line: its line.
        pattern: the paths that it covers.
        lines: the lines that it covers, or None for all.

    """

    rules: tuple[str, ...]
    reason: str
    path: str
    line: int
    pattern: str
    lines: tuple[int, ...] | None
    used: bool = False

    def covers(self, finding: Finding) -> bool:
        """Tell whether a finding falls under it."""
        if finding.rule not in self.rules or not _matches(finding.path, self.pattern):
            return False
        return self.lines is None or finding.line in self.lines


@dataclass
class Suppressions:
    """All suppressions of a repository, and what is wrong with them."""

    entries: list[Suppression] = field(default_factory=list)
    findings: list[Finding] = field(default_factory=list)

    def apply(self, findings: Iterable[Finding]) -> list[Finding]:
        """Mark the findings that are suppressed."""
        result = []
        for finding in findings:
            entry = next((e for e in self.entries if e.covers(finding)), None)
            if entry is None:
                result.append(finding)
            else:
                entry.used = True
                result.append(finding.suppressed_for(entry.reason))
        return result

    def unused(self, ran: set[str]) -> list[Finding]:
        """Report the suppressions that covered nothing, of rules that did run."""
        return [
            _finding(
                Severity.WARNING,
                e.path,
                e.line,
                f"the suppression of {', '.join(e.rules)} covers nothing",
                "Remove it.",
            )
            for e in self.entries
            if not e.used and all(rule in ran for rule in e.rules)
        ]


def _matches(path: str, pattern: str) -> bool:
    if pattern.endswith("/**"):
        return path.startswith(pattern[:-2]) or fnmatch.fnmatchcase(path, pattern)
    return path == pattern or fnmatch.fnmatchcase(path, pattern)


def _finding(severity: Severity, path: str, line: int | None, message: str, fix: str) -> Finding:
    return Finding(RULE_ID, (), severity, path, line, message, fix)


def read_suppressions(tree: Tree, known: Set[str], found: Iterable[Finding]) -> Suppressions:
    """Read the suppression file and the inline comments.

    Args:
        tree: the repository.
        known: the ids of all rules.
        found: the findings; the files that they are in are searched for comments, and besides them those
            at the root and below ``srcs``.

    """
    result = Suppressions()
    for name in FILE_NAMES:
        source = tree.get(name)
        if source is not None:
            _read_file(source.path, source.text, known, result)
    paths = {finding.path for finding in found if finding.path}
    paths |= {p for p in tree.files if "/" not in p or p.startswith("srcs/")}
    for path in sorted(paths):
        source = tree.get(path)
        if source is None or path in FILE_NAMES or path.endswith(".md") or source.size > 300_000:
            continue
        if "inception-check:" in source.text:
            _read_inline(path, source.lines, known, result)
    return result


def _valid(rules: tuple[str, ...], reason: str, path: str, line: int, known: Set[str], result: Suppressions) -> bool:
    if not rules:
        message, fix = "a suppression names no rule", "Name the rule: ignore[rule-id] and the reason."
        result.findings.append(_finding(Severity.ERROR, path, line, message, fix))
        return False
    unknown = [rule for rule in rules if rule not in known and not _EXTERNAL.fullmatch(rule)]
    if unknown:
        message = f"a suppression names an unknown rule: {', '.join(unknown)}"
        result.findings.append(_finding(Severity.ERROR, path, line, message, "Take an id from --list-rules."))
        return False
    if len(reason.strip()) < 3:
        message = f"the suppression of {', '.join(rules)} has no reason"
        result.findings.append(
            _finding(Severity.ERROR, path, line, message, "Say why the finding does not matter here.")
        )
        return False
    return True


def _read_inline(path: str, lines: list[str], known: Set[str], result: Suppressions) -> None:
    for number, text in enumerate(lines, start=1):
        if "inception-check:" not in text:
            continue
        match = _INLINE.search(text[:2000])
        if match is None:
            continue
        rules = tuple(rule.strip() for rule in (match.group(1) or "").split(",") if rule.strip())
        reason = match.group(2).removesuffix("-->").strip(" -:")
        if not _valid(rules, reason, path, number, known, result):
            continue
        alone = not text[: match.start()].strip()
        covered = (number, number + 1) if alone else (number,)
        result.entries.append(Suppression(rules, reason, path, number, path, covered))


def _read_file(path: str, text: str, known: Set[str], result: Suppressions) -> None:
    root, problems = parse_yaml(text, path)
    for problem in problems:
        result.findings.append(_finding(Severity.ERROR, path, problem.line, problem.message, "Mend the YAML."))
    if root is None:
        return
    section = root.get("suppress") if root.kind == "mapping" else None
    if section is None or section.kind != "sequence":
        message = "the file needs a list called suppress"
        result.findings.append(_finding(Severity.ERROR, path, root.line, message, "See the README of inception-check."))
        return
    for item in section.items:
        _read_entry(path, item, known, result)


def _read_entry(path: str, item: Value, known: Set[str], result: Suppressions) -> None:
    if item.kind != "mapping":
        message = "an entry is a mapping with rule, path and reason"
        result.findings.append(_finding(Severity.ERROR, path, item.line, message, "See the README of inception-check."))
        return
    rule, where, reason, line = item.get("rule"), item.get("path"), item.get("reason"), item.get("line")
    rules = tuple(
        v.text for v in (rule.items if rule is not None and rule.kind == "sequence" else (rule,)) if v and v.scalar
    )
    said = reason.text if reason is not None and reason.scalar else ""
    if not _valid(rules, said, path, item.line, known, result):
        return
    lines = (
        (int(line.text),) if line is not None and line.scalar and line.text.isdigit() and len(line.text) < 9 else None
    )
    pattern = where.text if where is not None and where.scalar else "*"
    result.entries.append(Suppression(rules, said, path, item.line, pattern, lines))
