"""Dockerfiles as BuildKit reads them.

Written here because the libraries at hand do not agree with BuildKit: ``dockerfile-parse`` takes the body of a
heredoc for instructions, and hadolint's parser stops at some valid files. The order of work is BuildKit's own:
parser directives, then physical lines joined by the escape character with comment lines left out, then heredoc
bodies for RUN, COPY and ADD, then flags and the JSON or shell form of each instruction.
"""

from __future__ import annotations

import json
import posixpath
import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from inception_check.evidence.interpolation import interpolate
from inception_check.evidence.source import Problem

INSTRUCTIONS = frozenset(
    [
        "ADD",
        "ARG",
        "CMD",
        "COPY",
        "ENTRYPOINT",
        "ENV",
        "EXPOSE",
        "FROM",
        "HEALTHCHECK",
        "LABEL",
        "MAINTAINER",
        "ONBUILD",
        "RUN",
        "SHELL",
        "STOPSIGNAL",
        "USER",
        "VOLUME",
        "WORKDIR",
    ]
)
_HEREDOC_INSTRUCTIONS = frozenset({"RUN", "COPY", "ADD"})
_FLAG_INSTRUCTIONS = frozenset({"FROM", "RUN", "COPY", "ADD", "HEALTHCHECK"})
_DIRECTIVE = re.compile(r"^#\s*([a-zA-Z][a-zA-Z0-9]*)\s*=\s*(.+?)\s*$")
_HEREDOC = re.compile(r"^(\d*)<<(-?)([^<]*)$")
_COMMENT = re.compile(r"^\s*#")


@dataclass(frozen=True, slots=True)
class Heredoc:
    r"""The body of one heredoc.

    Attributes:
        name: the terminator.
        content: the lines between, each with its ``\n``.
        line: the line of the first content line.
        expand: whether variables are substituted (the terminator is not quoted).

    """

    name: str
    content: str
    line: int
    expand: bool


@dataclass(frozen=True, slots=True)
class Instruction:
    """One instruction.

    Attributes:
        name: in capitals.
        line: the line that it begins on.
        end_line: its last line, heredocs included.
        flags: such as ``--from=build`` as ``("from", "build")``.
        body: what follows name and flags; continuations keep their escape and line end, so that line numbers
            inside it count from ``body_line``; comment lines became empty continuations.
        body_line: the line that the body begins on.
        arguments: the strings of the JSON form, or None in the shell form.
        heredocs: in their order.

    """

    name: str
    line: int
    end_line: int
    flags: tuple[tuple[str, str], ...]
    body: str
    body_line: int
    arguments: tuple[str, ...] | None
    heredocs: tuple[Heredoc, ...] = ()
    escape: str = "\\"

    @property
    def value(self) -> str:
        """The body on one line, as BuildKit joins it."""
        joined = re.sub(re.escape(self.escape) + r"[ \t]*\n", "", self.body)
        return joined.strip()

    def flag(self, name: str) -> str | None:
        """Return the value of a flag, or None when it is absent."""
        return next((value for flag, value in self.flags if flag == name), None)

    @property
    def is_json(self) -> bool:
        """Whether the exec (JSON) form is used."""
        return self.arguments is not None

    def words(self) -> list[str]:
        """Return the body's words, quotes removed; for COPY, ADD, ENV and the like."""
        if self.arguments is not None:
            return list(self.arguments)
        return [unquote(word, self.escape) for word in split_words(self.value, self.escape)]

    def line_of(self, offset: int) -> int:
        """Return the line that a character of the body is on."""
        return self.body_line + self.body.count("\n", 0, offset)

    def pairs(self) -> list[tuple[str, str | None, int]]:
        """Return the ``NAME=value`` pairs of ENV, ARG and LABEL as name, value (None without one) and line."""
        result: list[tuple[str, str | None, int]] = []
        words = split_words(self.value, self.escape)
        if self.name in {"ENV", "LABEL"} and words and "=" not in words[0]:
            # The old form: one name, and all the rest is its value.
            name = words[0]
            rest = self.value[len(name) :].strip()
            return [(name, unquote(rest, self.escape) if self.name == "ENV" else rest, self.line)]
        position = 0
        for word in words:
            name, equals, value = word.partition("=")
            found = self.body.find(name, position) if name else -1
            if found >= 0:
                position = found + len(name)
            line = self.line_of(found) if found >= 0 else self.line
            result.append((unquote(name, self.escape), unquote(value, self.escape) if equals else None, line))
        return result


@dataclass(frozen=True, slots=True)
class Stage:
    """One build stage.

    Attributes:
        instruction: its FROM.
        base: the image or stage as written.
        resolved: the same with the global ARGs' defaults put in.
        alias: the name after AS, in lower case, or empty.
        index: its number, from 0.
        instructions: what follows until the next FROM.

    """

    instruction: Instruction
    base: str
    resolved: str
    unknown: tuple[str, ...]
    alias: str
    index: int
    instructions: tuple[Instruction, ...]


@dataclass(frozen=True, slots=True)
class Dockerfile:
    """A parsed Dockerfile."""

    path: str
    instructions: tuple[Instruction, ...] = ()
    stages: tuple[Stage, ...] = ()
    global_args: Mapping[str, str] = field(default_factory=dict)
    problems: tuple[Problem, ...] = ()
    escape: str = "\\"

    @property
    def final(self) -> Stage | None:
        """The last stage, which is the image unless a target says otherwise."""
        return self.stages[-1] if self.stages else None

    def stage(self, target: str | None) -> Stage | None:
        """Return the stage that a build target names; the last one without a target."""
        if not target:
            return self.final
        wanted = target.lower()
        return next((s for s in self.stages if s.alias == wanted or str(s.index) == wanted), self.final)

    def lineage(self, stage: Stage) -> list[Stage]:
        """Return the stages that an image is made of: the stage and those it builds upon, oldest first."""
        chain = [stage]
        while True:
            first = chain[0]
            parent = next(
                (s for s in self.stages[: first.index] if s.alias and s.alias == first.resolved.lower()), None
            )
            if parent is None:
                return chain
            chain.insert(0, parent)

    def effective(self, stage: Stage) -> list[Instruction]:
        """Return the instructions that shape an image, in order."""
        return [i for s in self.lineage(stage) for i in s.instructions]

    def is_stage(self, name: str, before: int) -> bool:
        """Tell whether a name is that of a stage before a number."""
        return any(s.alias == name.lower() for s in self.stages[:before] if s.alias)


def split_words(text: str, escape: str = "\\") -> list[str]:
    """Split at blanks outside quotes; quotes and escapes stay in the words."""
    words: list[str] = []
    current: list[str] = []
    quote = ""
    position = 0
    started = False
    while position < len(text):
        char = text[position]
        if char == escape and quote != "'" and position + 1 < len(text):
            current.append(text[position : position + 2])
            started = True
            position += 2
            continue
        if quote:
            current.append(char)
            if char == quote:
                quote = ""
        elif char in "'\"":
            quote = char
            started = True
            current.append(char)
        elif char.isspace():
            if started:
                words.append("".join(current))
            current, started = [], False
        else:
            started = True
            current.append(char)
        position += 1
    if started:
        words.append("".join(current))
    return words


def unquote(word: str, escape: str = "\\") -> str:
    """Remove the quotes and escapes of one word."""
    result: list[str] = []
    quote = ""
    position = 0
    while position < len(word):
        char = word[position]
        following = word[position + 1 : position + 2]
        if char == escape and quote != "'" and following and (not quote or following in f'"${escape}'):
            result.append(following)
            position += 2
            continue
        if quote and char == quote:
            quote = ""
        elif not quote and char in "'\"":
            quote = char
        else:
            result.append(char)
        position += 1
    return "".join(result)


def _continuation(escape: str) -> re.Pattern[str]:
    char = re.escape(escape)
    return re.compile(rf"([^{char}]){char}[ \t]*$|^{char}[ \t]*$")


def _directives(lines: list[str]) -> str:
    """Read the parser directives at the top; returns the escape character."""
    escape, seen = "\\", set[str]()
    for line in lines:
        match = _DIRECTIVE.match(line)
        if match is None:
            break
        name = match.group(1).lower()
        if name in seen:
            break
        seen.add(name)
        if name == "escape" and match.group(2) in ("\\", "`"):
            escape = match.group(2)
    return escape


def _heredocs_of(text: str, escape: str) -> list[tuple[str, bool, bool]]:
    """Return name, whether tabs are stripped, and whether the body expands, for each heredoc that a line opens."""
    result = []
    for word in split_words(text, escape):
        match = _HEREDOC.match(word)
        if match is None or not match.group(3):
            continue
        raw = match.group(3)
        name = unquote(raw, escape)
        if name and not any(char.isspace() for char in name):
            result.append((name, match.group(2) == "-", name == raw))
    return result


def _json_form(body: str) -> tuple[str, ...] | None:
    text = body.strip()
    if not text.startswith("["):
        return None
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        return None
    if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
        return None
    return tuple(value)


class _Parser:
    def __init__(self, text: str, path: str) -> None:
        self.path = path
        self.lines = text.split("\n")
        self.escape = _directives(self.lines)
        self.continued = _continuation(self.escape)
        self.problems: list[Problem] = []
        self.instructions: list[Instruction] = []
        self.number = 0

    def run(self) -> None:
        while self.number < len(self.lines):
            line = self.lines[self.number]
            if not line.strip() or _COMMENT.match(line):
                self.number += 1
                continue
            self.logical_line()

    def logical_line(self) -> None:
        start = self.number
        pieces: list[str] = []
        while self.number < len(self.lines):
            line = self.lines[self.number]
            self.number += 1
            skipped = _COMMENT.match(line) is not None or (bool(pieces) and not line.strip())
            if pieces and skipped:
                # A comment or an empty line inside a continued instruction is left out.
                pieces.append(self.escape)
                continue
            pieces.append(line)
            if not self.continued.search(line):
                break
        # An instruction that ends in nothing but continuations loses them.
        while len(pieces) > 1 and pieces[-1].strip() == self.escape:
            pieces.pop()
        self.instruction(start, "\n".join(pieces))

    def instruction(self, start: int, text: str) -> None:
        lead = len(text) - len(text.lstrip())
        match = re.compile(r"[^\s]+").match(text, lead)
        if match is None:
            return
        word = match.group()
        if word.endswith(self.escape) and text[match.end() : match.end() + 1] in ("\n", ""):
            word = word[: -len(self.escape)]
        name = word.upper()
        line = start + 1 + text.count("\n", 0, lead)
        if name not in INSTRUCTIONS:
            self.problems.append(Problem(self.path, line, f"unknown instruction {word!r}"))
            return
        offset = match.start() + len(word)
        flags, offset = self.flags(name, text, offset)
        blank = re.compile(rf"(?:[ \t]|{re.escape(self.escape)}[ \t]*\n)*").match(text, offset)
        offset = blank.end() if blank else offset
        body = text[offset:].rstrip()
        body_line = start + 1 + text.count("\n", 0, offset)
        heredocs = self.heredocs(name, body, line)
        arguments = None
        if name in {"CMD", "ENTRYPOINT", "RUN", "SHELL", "VOLUME", "COPY", "ADD"}:
            joined = re.sub(re.escape(self.escape) + r"[ \t]*\n", "", body)
            arguments = _json_form(joined)
        made = Instruction(
            name, line, self.number, tuple(flags), body, body_line, arguments, tuple(heredocs), self.escape
        )
        self.instructions.append(made)
        if not body and name not in {"CMD", "ENTRYPOINT", "SHELL"}:
            self.problems.append(Problem(self.path, line, f"{name} has no argument"))

    def flags(self, name: str, text: str, offset: int) -> tuple[list[tuple[str, str]], int]:
        found: list[tuple[str, str]] = []
        if name not in _FLAG_INSTRUCTIONS:
            return found, offset
        blank = rf"(?:[ \t]|{re.escape(self.escape)}[ \t]*\n)+"
        pattern = re.compile(rf"{blank}--([a-zA-Z][a-zA-Z0-9-]*)(?:=((?:\"[^\"]*\"|'[^']*'|\S)*))?(?=\s|$)")
        while True:
            match = pattern.match(text, offset)
            if match is None:
                return found, offset
            found.append((match.group(1), unquote(match.group(2) or "", self.escape)))
            offset = match.end()

    def heredocs(self, name: str, body: str, line: int) -> list[Heredoc]:
        wanted = body
        if name == "ONBUILD":
            inner = body.split(None, 1)
            if len(inner) < 2 or inner[0].upper() not in _HEREDOC_INSTRUCTIONS:
                return []
            wanted = inner[1]
        elif name not in _HEREDOC_INSTRUCTIONS:
            return []
        if "<<" not in wanted:
            return []
        joined = re.sub(re.escape(self.escape) + r"[ \t]*\n", "", wanted)
        result = []
        for terminator, strip_tabs, expand in _heredocs_of(joined, self.escape):
            first = self.number
            content: list[str] = []
            closed = False
            while self.number < len(self.lines):
                raw = self.lines[self.number]
                self.number += 1
                shown = raw.lstrip("\t") if strip_tabs else raw
                if shown == terminator:
                    closed = True
                    break
                content.append(shown + "\n")
            result.append(Heredoc(terminator, "".join(content), first + 1, expand))
            if not closed:
                self.problems.append(Problem(self.path, line, f"heredoc {terminator} is never closed"))
        return result


def parse_dockerfile(text: str, path: str = "Dockerfile") -> Dockerfile:
    """Parse the text of a Dockerfile; whatever is wrong with it becomes a problem."""
    parser = _Parser(text, path)
    parser.run()
    global_args: dict[str, str] = {}
    stages: list[Stage] = []
    current: list[Instruction] = []
    opened: Instruction | None = None

    def close() -> None:
        if opened is None:
            return
        words = list(split_words(opened.value, parser.escape))
        base = unquote(words[0], parser.escape) if words else ""
        alias = words[2].lower() if len(words) >= 3 and words[1].upper() == "AS" else ""
        outcome = interpolate(base, global_args)
        stages.append(Stage(opened, base, outcome.text, outcome.unknown, alias, len(stages), tuple(current)))

    for instruction in parser.instructions:
        if instruction.name == "FROM":
            close()
            opened, current = instruction, []
        elif opened is None:
            if instruction.name == "ARG":
                for name, value, _ in instruction.pairs():
                    if value is not None:
                        global_args[name] = interpolate(value, global_args).text
            else:
                parser.problems.append(
                    Problem(path, instruction.line, f"{instruction.name} stands before the first FROM")
                )
        else:
            current.append(instruction)
    close()
    if parser.instructions and not stages:
        parser.problems.append(Problem(path, None, "there is no FROM"))
    return Dockerfile(
        path, tuple(parser.instructions), tuple(stages), global_args, tuple(parser.problems), parser.escape
    )


@dataclass(frozen=True, slots=True)
class Copied:
    """A file that COPY or ADD brings into an image.

    Attributes:
        source: relative to the build context (normalised), or empty for a heredoc.
        target: the absolute path in the image, without the name of the file when ``into`` is set.
        into: whether the target is a directory that receives the source under its own name.
        heredoc: the heredoc that is the content, or None.
        line: the line of the instruction.

    """

    source: str
    target: str
    into: bool
    heredoc: Heredoc | None
    line: int


def copies(instructions: list[Instruction]) -> list[Copied]:
    """List what COPY and ADD bring in from the build context and from heredocs."""
    workdir = "/"
    values: dict[str, str] = {}
    result: list[Copied] = []
    for instruction in instructions:
        if instruction.name in {"ENV", "ARG"}:
            for name, value, _ in instruction.pairs():
                if value is not None:
                    values[name] = interpolate(value, values).text
        elif instruction.name == "WORKDIR":
            workdir = posixpath.join(workdir, interpolate(unquote(instruction.value), values).text)
        elif instruction.name in {"COPY", "ADD"} and instruction.flag("from") is None:
            words = [interpolate(word, values).text for word in instruction.words()]
            if len(words) < 2:
                continue
            target = posixpath.normpath(posixpath.join(workdir, words[-1]))
            bodies = {f"<<{h.name}": h for h in instruction.heredocs} | {
                f"<<-{h.name}": h for h in instruction.heredocs
            }
            directory = words[-1].endswith(("/", "/.")) or words[-1] in {".", "./"} or len(words) > 2
            for word in words[:-1]:
                if word in bodies:
                    result.append(Copied("", target, into=directory, heredoc=bodies[word], line=instruction.line))
                else:
                    source = posixpath.normpath(word.lstrip("/") or ".")
                    result.append(Copied(source, target, into=directory, heredoc=None, line=instruction.line))
    return result
