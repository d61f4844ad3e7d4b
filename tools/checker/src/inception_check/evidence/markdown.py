"""Markdown documents: first line, headings with their sections, and running text without code."""

from __future__ import annotations

import html
import re
from dataclasses import dataclass

_NUMBERED = re.compile(r"\d{1,2}[.)]\s")
_FENCE = re.compile(r"^ {0,3}(`{3,}|~{3,})")
_ATX = re.compile(r"^ {0,3}(#{1,6})(?:[ \t]+|$)(.*?)(?:[ \t]+#+)?[ \t]*$")
_SETEXT = re.compile(r"^ {0,3}(=+|-+)[ \t]*$")
_HTML_HEADING = re.compile(r"<h([1-6])[^>]*>(.*?)</h\1>", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Section:
    """A heading and the text below it, up to the next heading of the same or a higher level."""

    title: str
    level: int
    line: int
    text: str


@dataclass(frozen=True, slots=True)
class Document:
    """A parsed document."""

    path: str
    lines: tuple[str, ...]
    sections: tuple[Section, ...]
    prose: str

    @property
    def first_line(self) -> str:
        """The very first line."""
        return self.lines[0] if self.lines else ""

    @property
    def text(self) -> str:
        """The whole text."""
        return "\n".join(self.lines)

    @property
    def substance(self) -> str:
        """The text without the headings of sections in which nothing stands."""
        empty = {s.line for s in self.sections if not has_text(s)}
        return "\n".join(line for number, line in enumerate(self.lines, start=1) if number not in empty)

    @property
    def is_empty(self) -> bool:
        """Whether nothing but blanks is in it."""
        return not any(line.strip() for line in self.lines)


def has_text(section: Section) -> bool:
    """Tell whether a section holds more than headings."""
    return any(
        line.strip() and not line.lstrip().startswith("#") and not re.fullmatch(r"[\s*_=-]*", line)
        for line in section.text.split("\n")
    )


def plain(text: str) -> str:
    """Strip Markdown's and HTML's marks off a piece of text."""
    text = re.sub(r"<[^<>]{0,300}>", " ", text)
    text = re.sub(r"!?\[([^\[\]]{0,500})\]\([^()]{0,500}\)", r"\1", text)
    text = re.sub(r"[*_`~#]+", "", text)
    return " ".join(html.unescape(text).split())


def parse_markdown(text: str, path: str = "README.md") -> Document:
    """Parse a Markdown text."""
    lines = text.split("\n")
    headings: list[tuple[str, int, int]] = []
    prose: list[str] = []
    fence = ""
    previous = ""
    for number, line in enumerate(lines, start=1):
        match = _FENCE.match(line)
        if fence:
            if match and match.group(1)[0] == fence[0] and len(match.group(1)) >= len(fence):
                fence = ""
            previous = ""
            continue
        if match:
            fence, previous = match.group(1), ""
            continue
        atx = _ATX.match(line)
        tagged = _HTML_HEADING.search(line)
        if atx:
            headings.append((plain(atx.group(2)), len(atx.group(1)), number))
        elif tagged:
            headings.append((plain(tagged.group(2)), int(tagged.group(1)), number))
        elif _SETEXT.match(line) and previous.strip() and not previous.lstrip().startswith(("-", "*", ">", "|")):
            headings.append((plain(previous), 1 if "=" in line else 2, number - 1))
        elif re.fullmatch(r"\s*(?:\*\*|__)[^*_]{2,80}(?:\*\*|__)\s*:?\s*", line):
            # A line that is nothing but bold text is a heading to its reader.
            headings.append((plain(line).rstrip(": "), 6, number))
        prose.append(line)
        previous = line
    sections = []
    for index, (title, level, number) in enumerate(headings):
        numbered = _NUMBERED.match(title) is not None
        end = next(
            (
                n
                for following, other, n in headings[index + 1 :]
                # Where the numbers tell which headings belong together, one without a number does not end a section.
                if other < level or (other == level and (not numbered or _NUMBERED.match(following)))
            ),
            len(lines) + 1,
        )
        sections.append(Section(title, level, number, "\n".join(lines[number : end - 1])))
    return Document(path, tuple(lines), tuple(sections), "\n".join(prose))
