"""README.md is there and begins as the subject wants (E21, E22, R37, R38)."""

from __future__ import annotations

import re
from collections.abc import Iterator

from inception_check.evidence.markdown import plain
from inception_check.evidence.project import Project
from inception_check.model import Context, Outcome, Rule, Severity

_ITALIC = re.compile(
    r"""[>\s#]*(?:(?P<star>\*|\*\*\*)(?![\s*])(?P<a>.+?)(?<![\s*])(?P=star)(?!\*)|(?P<line>_|___)(?![\s_])(?P<b>.+?)(?<![\s])(?P=line)
    |<(?P<tag>i|em)\b[^>]*>(?P<c>.+?)</(?P=tag)>)\s*\.?(?:<br\s*/?>)?\\?\s*""",
    re.VERBOSE | re.IGNORECASE,
)
_LOGIN = re.compile(r"\bby\W*\s+(.+)", re.IGNORECASE)
_PLACEHOLDER = re.compile(r"<\s*login\d*\s*>|\[\s*login\d*\s*\]|\blogin\d*\b|your[_ -]?login", re.IGNORECASE)
_FIX = "Write, as the very first line: *This project has been created as part of the 42 curriculum by <your login>.*"


def _check(project: Project, _: Context) -> Iterator[Outcome]:
    document = project.document("README.md")
    if document is None:
        yield RULE.finding(
            "README.md",
            None,
            "there is no README.md at the root",
            _FIX,
            requirements=("E21", "E22", "R37", "R38"),
        )
        return
    if document.is_empty:
        yield RULE.finding(document.path, None, "README.md is empty", _FIX, requirements=("E21", "E22", "R37", "R38"))
        return
    if document.path != "README.md":
        yield RULE.finding(
            document.path,
            None,
            f"the file is called {document.path}",
            "Call it README.md.",
            severity=Severity.WARNING,
            requirements=("E21", "R37"),
        )
    line = document.first_line.strip()
    match = _ITALIC.fullmatch(line)
    ids = ("E22", "R38")
    text = plain(line.replace("<login", "[login").replace(">", "]") if "<login" in line else line)
    if not re.search(
        r"42\W+(?:common\W+core\W+|school\W+)?(?:curriculum|cursus|common core)|(?:curriculum|cursus)\W+(?:of|at)\W+42",
        text,
        re.IGNORECASE,
    ):
        yield RULE.finding(
            document.path,
            1,
            "the first line does not say that the project was made for the 42 curriculum",
            _FIX,
            requirements=ids,
        )
        return
    login = _LOGIN.search(text)
    if login is None or not re.search(r"[A-Za-z0-9]", login.group(1)) or _PLACEHOLDER.search(login.group(1)):
        yield RULE.finding(
            document.path,
            1,
            "the first line does not say by which login the project was made",
            _FIX,
            requirements=ids,
        )
        return
    if match is None:
        yield RULE.finding(document.path, 1, "the first line is not in italics", _FIX, requirements=ids)


RULE = Rule(
    "readme-first-line",
    "README.md is there, and its first line names the 42 curriculum and the login in italics",
    ("E21", "E22", "R37", "R38"),
    _check,
)
