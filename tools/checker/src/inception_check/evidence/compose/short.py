"""The short syntax of ports, volumes and commands."""

from __future__ import annotations

import re

from inception_check.evidence.compose.model import Located, Mount, Port


def split(text: str) -> list[str]:
    """Split a command text like Compose (shellwords): quotes and backslashes, no expansion."""
    words: list[str] = []
    current, quote, started, position = "", "", False, 0
    while position < len(text):
        char = text[position]
        if quote:
            if char == quote:
                quote = ""
            elif char == "\\" and quote == '"' and position + 1 < len(text):
                position += 1
                current += text[position]
            else:
                current += char
        elif char in "'\"":
            quote, started = char, True
        elif char == "\\" and position + 1 < len(text):
            position += 1
            current, started = current + text[position], True
        elif char.isspace():
            if started:
                words.append(current)
            current, started = "", False
        else:
            current, started = current + char, True
        position += 1
    if started:
        words.append(current)
    return words


def short_port(source: Located) -> Port:
    """Read ``[[IP:]HOST:]CONTAINER[/PROTOCOL]``."""
    text, _, protocol = source.value.partition("/")
    address = ""
    match = re.match(r"\[([0-9a-fA-F:.]*)\]:", text)
    if match:
        address, text = match.group(1), text[match.end() :]
    parts = text.split(":")
    container = parts[-1]
    host = parts[-2] if len(parts) >= 2 else ""
    if len(parts) >= 3:
        address = ":".join(parts[:-2])
    return Port(host or None, container or None, address, protocol or "tcp", source)


def short_mount(source: Located) -> Mount:
    """Tell the short syntax's parts apart; a source that begins like a path is a bind mount."""
    texts = _split_colons(source.text)
    if len(texts) == 1:
        return Mount("anonymous", "", source.value, read_only=False, origin=source)
    written = texts[0]
    values = _split_colons(source.value)
    if len(values) != len(texts):
        values = texts
    options = values[2].split(",") if len(values) > 2 else []
    is_path = written.startswith((".", "/", "~")) or values[0].startswith((".", "/", "~"))
    if not is_path and "$" in written:
        # A variable that is not known: with a slash it can only be a path, a volume's name has none.
        is_path = "/" in written.split("}")[-1] or "/" in values[0]
    return Mount("bind" if is_path else "volume", values[0], values[1], "ro" in options, source)


def _split_colons(text: str) -> list[str]:
    """Split at colons that are not inside ``${...}``."""
    parts, current, depth, position = [], "", 0, 0
    while position < len(text):
        if text.startswith("${", position):
            depth += 1
            current += "${"
            position += 2
            continue
        char = text[position]
        if char == "}" and depth:
            depth -= 1
        if char == ":" and depth == 0:
            parts.append(current)
            current = ""
        else:
            current += char
        position += 1
    parts.append(current)
    return parts
