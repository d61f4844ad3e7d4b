"""YAML with positions, read the way Compose's YAML library does: anchors, merges, no execution, no bombs.

PyYAML's node graph is used (its C parser where there is one) instead of its constructors: nodes keep line and
column, aliases share nodes instead of copying them, and scalars keep their text, so that ``22:22`` stays a string
as it does in YAML 1.2 and does not become a base-60 number.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

import yaml

from inception_check.evidence.source import Problem

_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
#: So many nodes a file may have once aliases are followed; a compose file has a few hundred.
MAX_NODES = 50_000
_MAX_DEPTH = 60
_MERGE = "<<"


@dataclass(frozen=True, slots=True)
class Value:
    """A node of a YAML document.

    Attributes:
        line: counted from 1.
        kind: ``scalar``, ``mapping``, ``sequence`` or ``null``.
        text: a scalar's text.
        quoted: whether a scalar is quoted or a block.
        items: a sequence's values.
        pairs: a mapping's entries, merges applied.
        key_lines: the lines of a mapping's keys.

    """

    line: int
    kind: str
    text: str = ""
    quoted: bool = False
    tag: str = ""
    items: tuple[Value, ...] = ()
    pairs: tuple[tuple[str, Value], ...] = ()
    key_lines: tuple[tuple[str, int], ...] = ()

    def get(self, key: str) -> Value | None:
        """Return a mapping's value, or None."""
        return next((value for name, value in self.pairs if name == key), None)

    def has(self, key: str) -> bool:
        """Tell whether a mapping has a key."""
        return any(name == key for name, _ in self.pairs)

    def key_line(self, key: str) -> int:
        """Return the line of a mapping's key; the mapping's own without one."""
        return next((line for name, line in self.key_lines if name == key), self.line)

    def at(self, *path: str) -> Value | None:
        """Follow keys through nested mappings."""
        value: Value | None = self
        for key in path:
            value = value.get(key) if value is not None and value.kind == "mapping" else None
        return value

    @property
    def scalar(self) -> str | None:
        """A scalar's text; None for anything else."""
        return self.text if self.kind == "scalar" else None

    def scalars(self) -> Iterator[Value]:
        """Yield every scalar value below, in order."""
        if self.kind == "scalar":
            yield self
        for item in self.items:
            yield from item.scalars()
        for _, value in self.pairs:
            yield from value.scalars()

    @property
    def is_true(self) -> bool:
        """Whether a plain scalar is a true boolean."""
        return self.kind == "scalar" and not self.quoted and self.text.lower() in {"true", "yes", "on"}


class _TooLargeError(Exception):
    pass


class _Converter:
    def __init__(self, path: str) -> None:
        self.path = path
        self.count = 0
        self.problems: list[Problem] = []
        self.done: dict[int, tuple[Value, int]] = {}

    def convert(self, node: yaml.Node, depth: int) -> Value:
        """Convert a node; a shared node is converted once but counts each time, so that bombs are noticed."""
        known = self.done.get(id(node))
        if known is not None:
            self.count += known[1]
            self._limit(depth)
            return known[0]
        before = self.count
        self.count += 1
        self._limit(depth)
        value = self._fresh(node, depth)
        self.done[id(node)] = (value, self.count - before)
        return value

    def _limit(self, depth: int) -> None:
        if self.count > MAX_NODES:
            raise _TooLargeError(f"more than {MAX_NODES} nodes once the aliases are followed")
        if depth > _MAX_DEPTH:
            raise _TooLargeError(f"nested deeper than {_MAX_DEPTH} levels")

    def _fresh(self, node: yaml.Node, depth: int) -> Value:
        line = node.start_mark.line + 1
        if isinstance(node, yaml.ScalarNode):
            if not node.style and re.fullmatch(r"|~|null|Null|NULL", node.value):
                return Value(line, "null", tag=str(node.tag))
            return Value(line, "scalar", text=str(node.value), quoted=bool(node.style), tag=str(node.tag))
        if isinstance(node, yaml.SequenceNode):
            items = tuple(self.convert(item, depth + 1) for item in node.value)
            return Value(line, "sequence", items=items, tag=str(node.tag))
        if isinstance(node, yaml.MappingNode):
            return self._mapping(node, line, depth)
        return Value(line, "null")

    def _mapping(self, node: yaml.MappingNode, line: int, depth: int) -> Value:
        own: dict[str, Value] = {}
        lines: dict[str, int] = {}
        merged: list[Value] = []
        for key_node, value_node in node.value:
            key_line = key_node.start_mark.line + 1
            if not isinstance(key_node, yaml.ScalarNode):
                self.problems.append(Problem(self.path, key_line, "a key is not a plain text"))
                continue
            key = str(key_node.value)
            value = self.convert(value_node, depth + 1)
            if key == _MERGE and not key_node.style:
                merged.extend(value.items if value.kind == "sequence" else (value,))
                continue
            if key in own:
                self.problems.append(
                    Problem(self.path, key_line, f"the key {key!r} is already defined at line {lines[key]}")
                )
            own[key], lines[key] = value, key_line
        for source in merged:
            if source.kind != "mapping":
                self.problems.append(Problem(self.path, source.line, "only a mapping can be merged with <<"))
                continue
            for key, value in source.pairs:
                if key not in own:
                    own[key], lines[key] = value, source.key_line(key)
        return Value(line, "mapping", pairs=tuple(own.items()), key_lines=tuple(lines.items()), tag=str(node.tag))


def parse_yaml(text: str, path: str) -> tuple[Value | None, tuple[Problem, ...]]:
    """Parse the first document of a YAML text.

    Returns:
        The root, None when there is none or the text is not valid, and the problems.

    """
    converter = _Converter(path)
    try:
        # The events come first, because composing nodes recurses, in C, as deep as the text is nested.
        _limit_depth(text)
        loader = _LOADER(text)
        try:
            node = loader.get_single_node() if not _several(text) else _first(loader)
        finally:
            loader.dispose()
        if node is None:
            return None, ()
        return converter.convert(node, 0), tuple(converter.problems)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        message = " ".join(str(part) for part in (error.context, error.problem) if part)
        return None, (Problem(path, mark.line + 1 if mark else None, message or "is not valid YAML"),)
    except yaml.YAMLError as error:
        return None, (Problem(path, None, " ".join(str(error).split())),)
    except _TooLargeError as error:
        return None, (Problem(path, None, str(error)),)
    except (RecursionError, ValueError, OverflowError) as error:
        return None, (Problem(path, None, f"cannot be read as YAML: {type(error).__name__}"),)


def _limit_depth(text: str) -> None:
    depth = 0
    for event in yaml.parse(text, Loader=_LOADER):
        if isinstance(event, yaml.CollectionStartEvent):
            depth += 1
            if depth > _MAX_DEPTH:
                raise _TooLargeError(f"nested deeper than {_MAX_DEPTH} levels")
        elif isinstance(event, yaml.CollectionEndEvent):
            depth -= 1


def _several(text: str) -> bool:
    return len(re.findall(r"^---(?:\s|$)", text, flags=re.MULTILINE)) > 1


def _first(loader: yaml.SafeLoader) -> yaml.Node | None:
    return loader.get_node() if loader.check_node() else None
