"""Writing values for a ``.env`` file so that Docker Compose reads back exactly what was meant.

The grammar is that of compose-go's ``dotenv`` package: a single-quoted value is literal; in a
double-quoted one, backslash escapes and ``$`` expansion are active.
"""

from __future__ import annotations

import re

#: What can stand without quotes: nothing that the grammar could take for a comment, a quote, an
#: escape, an expansion or the end of the value.
_PLAIN = re.compile(r"[A-Za-z0-9_./:@%+,-]+")
#: Control characters, and the halves of characters that UTF-8 has no bytes for.
_UNSAFE = re.compile(r"[\x00-\x1f\x7f\ud800-\udfff]")


def quote(value: object) -> str:
    """Return a value in the form in which it can follow ``NAME=``.

    Args:
        value: text, a number or a boolean (written ``true`` / ``false``).

    Raises:
        ValueError: the text holds a control character (a line break, for instance) or half of
            one that takes two; no ``.env`` reader is sure to give it back.
    """
    text = ("true" if value else "false") if isinstance(value, bool) else str(value)
    if _UNSAFE.search(text):
        raise ValueError(f"a value for .env must not hold control characters or line breaks: {text!r}")
    if not text or _PLAIN.fullmatch(text):
        return text
    if "'" not in text and "\\" not in text:
        return f"'{text}'"
    escaped = text.replace("\\", "\\\\").replace('"', '\\"').replace("$", "\\$")
    return f'"{escaped}"'
