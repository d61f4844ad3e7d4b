"""nginx configuration, tokenised and nested as nginx does it.

Written here although crossplane exists: that one reads files by name (and would follow an ``include`` to the
machine that the checker runs on), while configuration is often a heredoc inside a script or a template with
``${VARIABLES}``, and it has to be read from memory, with line numbers, however broken it is. A test holds this
parser against crossplane.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from inception_check.evidence.source import Problem

_MAX_DEPTH = 50


@dataclass(slots=True)
class Directive:
    """One directive; a block has ``children``."""

    name: str
    arguments: tuple[str, ...]
    line: int
    path: str
    children: list[Directive] | None = None

    def walk(self) -> Iterator[Directive]:
        """Yield this directive and everything below it."""
        yield self
        for child in self.children or ():
            yield from child.walk()

    def all(self, name: str) -> list[Directive]:
        """Return the direct children of a name."""
        return [child for child in self.children or () if child.name == name]


@dataclass(slots=True)
class NginxConfig:
    """A parsed text."""

    path: str
    directives: list[Directive] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)

    def walk(self) -> Iterator[Directive]:
        """Yield every directive."""
        for directive in self.directives:
            yield from directive.walk()


@dataclass(frozen=True, slots=True)
class Token:
    """A token; ``special`` for an unquoted brace or semicolon."""

    text: str
    line: int
    special: bool


def tokenize(text: str, first_line: int = 1) -> Iterator[Token]:  # noqa: C901 -- one branch for each kind of character, as in NGINX's own reader
    """Split a configuration into tokens; comments are left out."""
    position, line, length = 0, first_line, len(text)
    while position < length:
        char = text[position]
        if char == "\n":
            line += 1
            position += 1
        elif char.isspace():
            position += 1
        elif char == "#":
            end = text.find("\n", position)
            position = length if end < 0 else end
        elif char in ";{}":
            yield Token(char, line, special=True)
            position += 1
        elif char in "\"'":
            start = line
            position += 1
            parts: list[str] = []
            while position < length and text[position] != char:
                if text[position] == "\\" and position + 1 < length and text[position + 1] == char:
                    position += 1
                if text[position] == "\n":
                    line += 1
                parts.append(text[position])
                position += 1
            position += 1
            yield Token("".join(parts), start, special=False)
        else:
            start = position
            begin = line
            while position < length:
                char = text[position]
                if char == "\\" and position + 1 < length:
                    if text[position + 1] == "\n":
                        line += 1
                    position += 2
                    continue
                if text.startswith("${", position):
                    # A variable's braces belong to the word.
                    end = text.find("}", position)
                    if end > 0 and "\n" not in text[position:end]:
                        position = end + 1
                        continue
                if char.isspace() or char in ";{}":
                    break
                position += 1
            position = min(position, length)
            yield Token(text[start:position], begin, special=False)


def parse_nginx(text: str, path: str = "nginx.conf", first_line: int = 1) -> NginxConfig:  # noqa: C901 -- one branch for each kind of token
    """Parse a configuration text; broken parts become problems, the rest stays."""
    config = NginxConfig(path)
    stack: list[list[Directive]] = [config.directives]
    words: list[Token] = []
    for token in tokenize(text, first_line):
        if not token.special:
            words.append(token)
            continue
        if token.text == ";":
            if words:
                stack[-1].append(_directive(words, path, None))
            words = []
        elif token.text == "{":
            head = words or [Token("", token.line, special=False)]
            block = _directive(head, path, [])
            words = []
            if len(stack) > _MAX_DEPTH:
                config.problems.append(Problem(path, token.line, "blocks are nested too deeply"))
                return config
            stack[-1].append(block)
            stack.append(block.children if block.children is not None else [])
        else:
            if words:
                config.problems.append(Problem(path, words[0].line, "a directive does not end with a semicolon"))
                stack[-1].append(_directive(words, path, None))
                words = []
            if len(stack) > 1:
                stack.pop()
            else:
                config.problems.append(Problem(path, token.line, "a closing brace has no opening one"))
    if words:
        config.problems.append(Problem(path, words[0].line, "a directive does not end with a semicolon"))
    if len(stack) > 1:
        config.problems.append(Problem(path, None, "a block is never closed"))
    return config


def _directive(words: list[Token], path: str, children: list[Directive] | None) -> Directive:
    return Directive(words[0].text, tuple(word.text for word in words[1:]), words[0].line, path, children)


_SIGNS = ("server", "ssl_certificate", "ssl_protocols", "listen", "fastcgi_pass", "server_name", "http")


def looks_like_nginx(text: str) -> bool:
    """Tell whether a text is nginx configuration: it has braces or semicolons and nginx's own directives."""
    if ";" not in text or "\0" in text:
        return False
    found = {d.name for d in parse_nginx(text[:200_000]).walk()}
    return len(found.intersection(_SIGNS)) >= 2 or bool(found & {"ssl_protocols", "ssl_certificate"})
