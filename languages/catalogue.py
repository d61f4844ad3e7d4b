"""What `make` says, in the language of a person: sentences of <language>.po in the place of English ones.

English is what the bundle itself writes and reads. What is shown is translated last of all, where it is printed: by the
callback `phases`, and by this file as a filter of standard input for what is said without Ansible. A sentence that the
catalogue does not have stays as it is.
"""

from __future__ import annotations

import ast
import os
import re
import sys
from collections.abc import Mapping
from pathlib import Path

CATALOGUES = Path(__file__).resolve().parent
_PLACEHOLDER = re.compile(r"\{(\w+)\}")
#: What stands before a sentence: a file with its line, or that it was given to the command.
_PLACE = re.compile(r"((?:\S.*?\.ya?ml(?::\d+)*|on the command line): )(.+)")


def language(environment: Mapping[str, str]) -> str:
    """Return the language that is asked for, such as `ko`, as setlocale(3) finds it; empty for English.

    The locale need not have been generated. Where the terminal is not said to read UTF-8, the answer is English.

    Args:
        environment: `make` has put there as INCEPTION_LANGUAGE what LC_ALL, LC_MESSAGES and LANG were.
    """
    names = ("INCEPTION_LANGUAGE", "LC_ALL", "LC_MESSAGES", "LANG")
    locale = next((value for name in names if (value := environment.get(name))), "")
    found = re.fullmatch(r"([a-z]{2,3})(?:_[A-Z]{2})?\.utf-?8(?:@\w+)?", locale, re.IGNORECASE)
    return found.group(1).lower() if found else ""


def read_po(text: str) -> dict[str, str]:
    """Return the translation by sentence of a file in gettext's PO format, without its header."""
    found: dict[str, str] = {}
    for block in re.split(r"\n\s*\n", text):
        parts = {"msgid": "", "msgstr": ""}
        part = ""
        for line in block.splitlines():
            keyword, _, rest = line.partition(" ")
            if keyword in parts:
                part, line = keyword, rest
            if part and line.startswith('"'):
                parts[part] += ast.literal_eval(line)
        if parts["msgid"]:
            found[parts["msgid"]] = parts["msgstr"]
    return found


class Catalogue:
    """The sentences of one language."""

    def __init__(self, sentences: Mapping[str, str]) -> None:
        """Take sentences with `{placeholders}`, which stand for anything."""
        # The one that says most comes first: another one's placeholder may match the rest of it.
        ordered = sorted(sentences, key=lambda sentence: -len(_PLACEHOLDER.sub("", sentence)))
        self._patterns = [(_pattern(sentence), sentences[sentence]) for sentence in ordered if sentences[sentence]]

    def line(self, text: str) -> str:
        """Return a line in this language, or as it is."""
        for pattern, translation in self._patterns:
            if match := pattern.fullmatch(text):
                values = match.groupdict()
                # What fills a gap may be words of ours.
                return _PLACEHOLDER.sub(lambda gap, of=values: self.line(of[gap[1]]), translation)  # type: ignore[misc]
        if match := _PLACE.fullmatch(text):
            return match[1] + self.line(match[2])
        return text

    def text(self, text: str) -> str:
        """Return a text of several lines in this language."""
        return "\n".join(self.line(line) for line in text.split("\n")) if self._patterns else text


def _pattern(sentence: str) -> re.Pattern[str]:
    pieces = _PLACEHOLDER.split(sentence)
    # By turns: text, name of a gap.
    return re.compile(
        "".join(f"(?P<{piece}>.+?)" if number % 2 else re.escape(piece) for number, piece in enumerate(pieces))
    )


def catalogue(environment: Mapping[str, str]) -> Catalogue:
    """Return the catalogue of the language that is asked for; an empty one for English, and where there is none."""
    chosen = language(environment)
    path = CATALOGUES / f"{chosen}.po"
    return Catalogue(read_po(path.read_text(encoding="utf-8")) if chosen and path.is_file() else {})


if __name__ == "__main__":
    said = catalogue(os.environ).text(sys.stdin.buffer.read().decode("utf-8", "replace"))
    sys.stdout.buffer.write(said.encode("utf-8", "replace"))
