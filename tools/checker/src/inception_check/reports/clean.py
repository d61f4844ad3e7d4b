"""Makes text from a checked repository safe to print."""

from __future__ import annotations

import re
import unicodedata

_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff]")


def printable(text: str, limit: int = 400) -> str:
    """Escape what could steer a terminal or hide text; line ends and tabs become blanks."""
    flat = text.replace("\r\n", " ").replace("\n", " ").replace("\t", " ")
    if len(flat) > limit:
        flat = flat[: limit - 1] + "…"
    return _CONTROL.sub(_escape, "".join("\ufffd" if unicodedata.category(c) == "Cs" else c for c in flat))


def printable_lines(text: str) -> str:
    """Escape the same in a text of many lines, whose line ends and tabs stay."""
    return "\n".join(
        _CONTROL.sub(_escape, line.removesuffix("\r")) + "\r" * line.endswith("\r") for line in text.split("\n")
    )


def _escape(match: re.Match[str]) -> str:
    code = ord(match.group())
    return f"\\x{code:02x}" if code < 256 else f"\\u{code:04x}"
