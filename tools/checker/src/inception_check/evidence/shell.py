"""Shell scripts, parsed by tree-sitter's Bash grammar.

It was chosen over bashlex because it recovers from errors and never gives up on a file, knows exact positions,
reads heredocs, and covers the whole language (bashlex stops at ``case`` patterns, arithmetic and others).
"""

from __future__ import annotations

import re
import time
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from functools import cache

import tree_sitter_bash
from tree_sitter import Language, Node, Parser

_MAX_DEPTH = 120
#: Up to here a text is parsed at once; above, the parser is watched; far above, it is not tried.
_SMALL, _LARGE = 4_000, 200_000
#: The CPU time that one text may take.
_SECONDS = 2.0
_EXPANSIONS = frozenset(
    {"simple_expansion", "expansion", "command_substitution", "process_substitution", "arithmetic_expansion"}
)
_WORDS = frozenset(
    {
        "word", "string", "raw_string", "ansi_c_string", "translated_string", "concatenation", "number",
        "simple_expansion", "expansion", "command_substitution", "process_substitution", "arithmetic_expansion",
        "brace_expression", "extglob_pattern", "regex", "test_operator", "special_variable_name", "variable_name",
    }
)  # fmt: skip
SHELLS = frozenset({"sh", "bash", "ash", "dash", "zsh", "ksh", "busybox"})


@dataclass(frozen=True, slots=True)
class Word:
    """One word of a command.

    Attributes:
        raw: as written.
        value: without its quotes; expansions stay as written.
        literal: whether nothing in it is expanded.
        line: where it begins.
        variables: the variables that it expands.
        substituted: whether the output of a command is part of it.

    """

    raw: str
    value: str
    literal: bool
    line: int
    variables: tuple[str, ...] = ()
    substituted: bool = False


@dataclass(frozen=True, slots=True)
class Redirect:
    """A redirection to or from a file."""

    operator: str
    target: Word


@dataclass(frozen=True, slots=True)
class HereText:
    """A heredoc: its content and the line of its first content line."""

    content: str
    line: int
    expand: bool


@dataclass(frozen=True, slots=True)
class Assigned:
    """A variable assignment; ``exported`` for export, declare, readonly and local, ``context`` as for commands."""

    name: str
    value: Word | None
    line: int
    exported: bool
    context: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class ShellCommand:
    """A simple command.

    Attributes:
        words: the name and the arguments.
        line: where it begins.
        end_line: where it ends.
        context: what it is inside of, outermost first: ``function NAME``, ``if NUMBER`` and ``case NUMBER`` (of the branch), ``loop``, ``subshell``,
            ``substitution``, ``pipeline``, ``and``, ``background``, ``condition``.
        assignments: the ``NAME=value`` prefixes.
        redirects: the files.
        heredocs: the texts that are fed to it.

    """

    words: tuple[Word, ...]
    line: int
    end_line: int
    context: tuple[str, ...]
    assignments: tuple[Assigned, ...]
    redirects: tuple[Redirect, ...]
    heredocs: tuple[HereText, ...]
    offset: int

    @property
    def name(self) -> str:
        """The command's name without its directory; empty when it is not literal."""
        return self.words[0].value.rpartition("/")[2] if self.words else ""

    @property
    def arguments(self) -> tuple[Word, ...]:
        """What follows the name."""
        return self.words[1:]

    @property
    def values(self) -> list[str]:
        """All words without quotes."""
        return [word.value for word in self.words]

    def inside(self, *kinds: str) -> bool:
        """Tell whether the command stands inside one of some constructs."""
        return any(part.split(" ", 1)[0] in kinds for part in self.context)


@dataclass(frozen=True, slots=True)
class Loop:
    """A while, until or for loop.

    Attributes:
        kind: ``while``, ``until``, ``for`` or ``cfor``.
        line: where it begins.
        condition: the condition's text.
        constant: whether the condition can never end the loop.
        leaves: whether something in it leaves it: break, return, exit, exec.
        commands: the names of the commands in condition and body.
        condition_commands: the names of those in the condition.
        bounded: whether the condition compares numbers.
        context: as for commands.

    """

    kind: str
    line: int
    condition: str
    constant: bool
    leaves: bool
    commands: tuple[str, ...]
    condition_commands: tuple[str, ...]
    bounded: bool
    context: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Background:
    """A job that ``&`` puts into the background."""

    line: int
    text: str
    context: tuple[str, ...]


@dataclass
class Script:
    """A parsed shell text."""

    path: str
    text: str
    first_line: int
    commands: list[ShellCommand] = field(default_factory=list)
    loops: list[Loop] = field(default_factory=list)
    backgrounds: list[Background] = field(default_factory=list)
    assignments: list[Assigned] = field(default_factory=list)
    functions: set[str] = field(default_factory=set)
    has_errors: bool = False
    unparsed: bool = False
    seconds: float = 0.0

    @property
    def interpreter(self) -> str:
        """The program that the ``#!`` line names, without its directory."""
        first = self.text.partition("\n")[0]
        if not first.startswith("#!"):
            return ""
        parts = first[2:].split()
        if parts and parts[0].endswith("/env"):
            parts = [part for part in parts[1:] if not part.startswith("-")]
        return parts[0].rpartition("/")[2] if parts else ""

    def value_of(self, name: str) -> Assigned | None:
        """Return the last assignment of a variable."""
        return next((a for a in reversed(self.assignments) if a.name == name), None)

    def nested(self) -> Iterator[Script]:
        """Yield the scripts that ``sh -c '…'``, ``eval '…'`` and the like hand over as a text."""
        for command in self.commands:
            inner = inline_script(command.words)
            if inner is not None and (inner.literal or "$" in inner.raw):
                script = parse_shell(inner.value, self.path, inner.line)
                before = _around(command)
                script.commands = [replace(c, context=before + c.context) for c in script.commands]
                script.loops = [replace(c, context=before + c.context) for c in script.loops]
                script.backgrounds = [replace(c, context=before + c.context) for c in script.backgrounds]
                yield script

    def everything(self) -> Iterator[Script]:
        """Yield this script and all that are nested in it."""
        pending, count = [self], 0
        while pending and count < 50:
            script = pending.pop(0)
            count += 1
            yield script
            pending.extend(script.nested())


def _around(command: ShellCommand) -> tuple[str, ...]:
    """Return the context of what a command hands to a shell as a text."""
    extra = ("timeout",) if "timeout" in command.values else ()
    return (*command.context, *extra, "inline")


def inline_script(words: tuple[Word, ...]) -> Word | None:
    """Return the text that a command hands to a shell (``-c``) or to eval, or None."""
    values = [word.value.rpartition("/")[2] for word in words]
    for index, name in enumerate(values):
        if name in SHELLS or name in {"su", "runuser"}:
            for position in range(index + 1, len(words) - 1):
                value = words[position].value
                if value in {"-c", "--command"} or (name in SHELLS and re.fullmatch(r"-[a-z]*c", value)):
                    return words[position + 1]
                if name in SHELLS and not value.startswith("-"):
                    return None
        if index == 0 and name == "eval" and len(words) == 2:
            return words[1]
        if index > 8:
            break
    return None


@cache
def _parser() -> Parser:
    return Parser(Language(tree_sitter_bash.language()))


def _tree(data: bytes) -> Node | None:
    """Parse bytes; None when that takes longer than any real script does, as bait for the parser can."""
    parser = _parser()
    if len(data) <= _SMALL:
        return parser.parse(data).root_node
    if len(data) > _LARGE:
        return None
    deadline = time.process_time() + _SECONDS

    def read(offset: int, _point: object) -> bytes:
        return data[offset : offset + 65536]

    def over(_offset: int, _has_error: bool) -> bool:
        return time.process_time() > deadline

    try:
        return parser.parse(read, progress_callback=over).root_node
    except ValueError:
        parser.reset()
        return None


def _text(node: Node) -> str:
    return (node.text or b"").decode("utf-8", "replace")


class _Walker:
    def __init__(self, script: Script) -> None:
        self.script = script

    def line(self, node: Node) -> int:
        return self.script.first_line + node.start_point[0]

    # -- words ---------------------------------------------------------------------------------------------
    def word(self, node: Node) -> Word:
        variables: list[str] = []
        state = {"literal": True, "substituted": False}
        self._inspect(node, variables, state, 0)
        raw = _text(node)
        return Word(
            raw,
            self._value(node, 0),
            state["literal"],
            self.line(node),
            tuple(variables),
            state["substituted"],
        )

    def _inspect(self, node: Node, variables: list[str], state: dict[str, bool], depth: int) -> None:
        if node.type in _EXPANSIONS:
            state["literal"] = False
            if node.type in {"command_substitution", "process_substitution"}:
                state["substituted"] = True
                return
        if node.type in {"variable_name", "special_variable_name"}:
            variables.append(_text(node))
        if depth < _MAX_DEPTH:
            for child in node.children:
                self._inspect(child, variables, state, depth + 1)

    def _value(self, node: Node, depth: int) -> str:
        raw = _text(node)
        kind = node.type
        if kind == "raw_string":
            return raw[1:-1]
        if kind == "string":
            body = raw[1:-1] if raw.endswith('"') and len(raw) > 1 else raw[1:]
            return re.sub(r'\\([\\"`])', r"\1", body.replace("\\\n", ""))
        if kind == "ansi_c_string":
            return raw[2:-1].replace("\\n", "\n").replace("\\t", "\t").replace("\\'", "'")
        if kind == "concatenation" and depth < _MAX_DEPTH:
            return "".join(self._value(child, depth + 1) for child in node.children)
        if kind == "command_name" and depth < _MAX_DEPTH and node.named_child_count:
            return "".join(self._value(child, depth + 1) for child in node.children)
        if kind == "word":
            return re.sub(r"\\(.)", r"\1", raw.replace("\\\n", ""))
        return raw

    # -- structure -----------------------------------------------------------------------------------------
    def walk(self, node: Node, context: tuple[str, ...], depth: int = 0) -> None:
        if depth > _MAX_DEPTH:
            self.script.has_errors = True
            return
        kind = node.type
        if kind == "command":
            self.command(node, context, (), depth)
        elif kind == "redirected_statement":
            self.redirected(node, context, depth)
        elif kind in {"declaration_command", "unset_command"}:
            self.declaration(node, context, depth)
        elif kind == "variable_assignment":
            self.assignment(node, context, depth, exported=False)
        elif kind in {"while_statement", "for_statement", "c_style_for_statement"}:
            self.loop(node, context, depth)
        elif kind == "function_definition":
            self.function(node, context, depth)
        else:
            self.children(node, self.deeper(node, context), depth)

    def deeper(self, node: Node, context: tuple[str, ...]) -> tuple[str, ...]:
        # Each branch of an if has a number of its own: what is in the first one is not in the second.
        extra = {
            "if_statement": f"if {node.start_byte}", "elif_clause": f"if {node.start_byte}",
            "else_clause": f"if {node.start_byte}", "case_item": f"case {node.start_byte}",
            "subshell": "subshell", "command_substitution": "substitution",
            "process_substitution": "substitution", "pipeline": "pipeline",
        }.get(node.type)  # fmt: skip
        return (*context, extra) if extra else context

    def children(self, node: Node, context: tuple[str, ...], depth: int) -> None:
        children = _flat(node)
        for index, child in enumerate(children):
            if not child.is_named:
                continue
            inner = context
            following = children[index + 1] if index + 1 < len(children) else None
            if following is not None and following.type == "&":
                self.script.backgrounds.append(Background(self.line(child), _text(child), context))
                inner = (*context, "background")
            if node.type == "list" and index > 0:
                inner = (*inner, "and")
            if node.type in {"if_statement", "elif_clause"} and child.prev_sibling is not None:
                previous = child.prev_sibling
                if previous.type in {"if", "elif"}:
                    inner = (*inner, "condition")
            self.walk(child, inner, depth + 1)

    def function(self, node: Node, context: tuple[str, ...], depth: int) -> None:
        name = node.child_by_field_name("name")
        text = _text(name) if name is not None else ""
        self.script.functions.add(text)
        body = node.child_by_field_name("body")
        if body is not None:
            self.walk(body, (*context, f"function {text}"), depth + 1)

    def declaration(self, node: Node, context: tuple[str, ...], depth: int) -> None:
        words = []
        for child in node.children:
            if child.type == "variable_assignment":
                self.assignment(child, context, depth, exported=True)
            words.append(self.word(child))
        if words:
            self.script.commands.append(
                ShellCommand(
                    tuple(words),
                    self.line(node),
                    self.script.first_line + node.end_point[0],
                    context,
                    (),
                    (),
                    (),
                    node.start_byte,
                )
            )

    def assignment(self, node: Node, context: tuple[str, ...], depth: int, *, exported: bool) -> Assigned:
        name, value = node.child_by_field_name("name"), node.child_by_field_name("value")
        word = None
        if value is not None:
            word = self.word(value)
            self.substitutions(value, context, depth + 1)
        text = _text(name) if name is not None else ""
        made = Assigned(text, word, self.line(node), exported, context)
        self.script.assignments.append(made)
        return made

    def substitutions(self, node: Node, context: tuple[str, ...], depth: int) -> None:
        """Walk the commands whose output a word takes."""
        if depth > _MAX_DEPTH:
            return
        if node.type in {"command_substitution", "process_substitution"}:
            self.children(node, (*context, "substitution"), depth)
            return
        for child in node.children:
            self.substitutions(child, context, depth + 1)

    def command(self, node: Node, context: tuple[str, ...], extra: tuple[Node, ...], depth: int) -> None:
        words: list[Word] = []
        assigned: list[Assigned] = []
        redirects: list[Redirect] = []
        heredocs: list[HereText] = []
        for child in node.children:
            if child.type == "variable_assignment" and not words:
                assigned.append(self.assignment(child, context, depth + 1, exported=False))
            elif child.type in {"file_redirect", "heredoc_redirect", "herestring_redirect"}:
                self.redirect(child, redirects, heredocs, context, depth)
            elif child.is_named or child.type in {"==", "=~", "!=", "=", "(", ")"}:
                words.append(self.word(child))
                self.substitutions(child, context, depth + 1)
        for one in extra:
            self.redirect(one, redirects, heredocs, context, depth)
        self.script.commands.append(
            ShellCommand(
                tuple(words),
                self.line(node),
                self.script.first_line + node.end_point[0],
                context,
                tuple(assigned),
                tuple(redirects),
                tuple(heredocs),
                node.start_byte,
            )
        )

    def redirect(  # noqa: C901 -- one branch for each kind of redirection of the grammar
        self,
        node: Node,
        redirects: list[Redirect],
        heredocs: list[HereText],
        context: tuple[str, ...],
        depth: int,
    ) -> None:
        if node.type == "heredoc_redirect":
            body, start = None, ""
            for child in node.children:
                if child.type == "heredoc_body":
                    body = child
                elif child.type == "heredoc_start":
                    start = _text(child)
                elif child.type == "file_redirect":
                    self.redirect(child, redirects, heredocs, context, depth)
                elif child.is_named and child.type != "heredoc_end":
                    self.walk(child, context, depth + 1)
            if body is not None:
                line = self.script.first_line + body.start_point[0]
                expand = not any(mark in start for mark in "'\"\\")
                heredocs.append(HereText(_text(body), line, expand))
                if expand:
                    self.substitutions(body, context, depth + 1)
            return
        destination = node.child_by_field_name("destination")
        operator = next((_text(c) for c in node.children if not c.is_named), "")
        if node.type == "herestring_redirect":
            target = next((c for c in node.children if c.is_named), None)
            if target is not None:
                word = self.word(target)
                heredocs.append(HereText(word.value + "\n", word.line, expand=True))
                self.substitutions(target, context, depth + 1)
            return
        if destination is not None:
            redirects.append(Redirect(operator, self.word(destination)))
            self.substitutions(destination, context, depth + 1)

    def redirected(self, node: Node, context: tuple[str, ...], depth: int) -> None:
        body = node.child_by_field_name("body")
        extra = tuple(
            c for c in node.children if c.type in {"file_redirect", "heredoc_redirect", "herestring_redirect"}
        )
        target, path = body, context
        # The redirection belongs to the last command of a list or a pipeline.
        while target is not None and target.type in {"list", "pipeline"} and target.named_child_count:
            path = self.deeper(target, path)
            for child in target.named_children[:-1]:
                self.walk(child, path, depth + 1)
            if target.type == "list":
                path = (*path, "and")
            target = target.named_children[-1]
        if target is not None and target.type == "command":
            self.command(target, path, extra, depth)
            return
        if target is not None:
            self.walk(target, path, depth + 1)
        for one in extra:
            redirects: list[Redirect] = []
            heredocs: list[HereText] = []
            self.redirect(one, redirects, heredocs, path, depth)
            self.script.commands.append(
                ShellCommand(
                    (),
                    self.line(node),
                    self.line(node),
                    path,
                    (),
                    tuple(redirects),
                    tuple(heredocs),
                    node.start_byte,
                )
            )

    def loop(self, node: Node, context: tuple[str, ...], depth: int) -> None:
        kind = {"for_statement": "for", "c_style_for_statement": "cfor"}.get(node.type, "while")
        body = node.child_by_field_name("body")
        condition_nodes: list[Node] = []
        for child in node.children:
            if child.type == "until":
                kind = "until"
            if body is not None and child.id == body.id:
                break
            if child.is_named and child.type != "comment":
                condition_nodes.append(child)
        before = len(self.script.commands)
        inner_loops = len(self.script.loops)
        for child in condition_nodes:
            self.walk(child, (*context, "loop", "condition"), depth + 1)
        middle = len(self.script.commands)
        if body is not None:
            self.walk(body, (*context, "loop"), depth + 1)
        elif kind in {"while", "until"}:
            self.script.has_errors = True
        condition = " ; ".join(_text(child) for child in condition_nodes)
        if kind == "cfor":
            condition = _text(node).partition("do")[0]
        level = len(context)
        leaves = any(_leaves(c, level) for c in self.script.commands[before:])
        names = tuple(c.name for c in self.script.commands[before:])
        made = Loop(
            kind,
            self.line(node),
            condition,
            _never_ends(kind, condition),
            leaves,
            names,
            tuple(c.name for c in self.script.commands[before:middle]),
            _compares_numbers(condition),
            context,
        )
        self.script.loops.insert(inner_loops, made)


def _flat(node: Node) -> list[Node]:
    """Return a node's children; a chain of && and || is nested on its left, and made flat here."""
    children = node.children
    while node.type == "list" and children and children[0].type == "list":
        inner = children[0].children
        children = [*inner, *children[1:]]
        if len(children) > 5000:
            break
    return children


def _leaves(command: ShellCommand, level: int) -> bool:
    """Tell whether a command leaves the loop that begins at a nesting level."""
    inside = command.context[level:]
    if "subshell" in inside or "substitution" in inside or "background" in inside:
        return False
    if command.name in {"exit", "exec", "return"}:
        return command.name != "exec" or len(command.words) > 1
    if command.name == "break":
        loops = inside.count("loop")
        count = command.words[1].value if len(command.words) > 1 else "1"
        return loops <= (int(count) if count.isdigit() and len(count) < 4 else 1)
    return False


_ALWAYS = re.compile(
    r"""(?:/?(?:usr/)?(?:bin/)?true|:|sleep\s+[\d.]+[smhd]?|(?:\[\s+|\[\[\s+|test\s+)["']?(?:true|1|:|always|[a-z]+)["']?(?:\s+\]\]?)?|\(\(\s*(?:1|true)\s*\)\)
    |(?:\[\s+|\[\[\s+|test\s+)["']?(\w+)["']?\s+(?:=|==|-eq)\s+["']?\1["']?(?:\s+\]\]?)?|!\s*false|true\s*;\s*true)""",
    re.VERBOSE,
)
_NEVER = re.compile(
    r"""(?:/?(?:usr/)?(?:bin/)?false|!\s*(?:true|:)|\[\s+\]|\[\s+["']{2}\s+\]|\(\(\s*0\s*\)\)
    |(?:\[\s+|\[\[\s+|test\s+)["']?0["']?\s+(?:=|==|-eq)\s+["']?1["']?(?:\s+\]\]?)?)""",
    re.VERBOSE,
)


def _never_ends(kind: str, condition: str) -> bool:
    text = condition.strip()
    if kind == "while":
        return _ALWAYS.fullmatch(text) is not None
    if kind == "until":
        return _NEVER.fullmatch(text) is not None
    if kind == "cfor":
        match = re.search(r"\(\([^;]*;([^;]*);", text)
        return match is not None and match.group(1).strip() in {"", "1", "true"}
    return False


def _stays_true(loop: Loop, script: Script) -> bool:
    """Tell whether a loop asks a variable that only a function, such as the handler of a signal, ever makes false."""
    match = re.fullmatch(
        r"""(?:\[+ )?["']?\$\{?(\w+)\}?["']?(?: ==? ["']?(?:true|1)["']?)?(?: \]+)?""", loop.condition.strip()
    )
    if loop.kind != "while" or match is None:
        return False
    main = [
        a
        for a in script.assignments
        if a.name == match.group(1) and not any(c.startswith("function ") for c in a.context)
    ]
    return bool(main) and all(a.value is not None and a.value.value in {"true", "1", ":"} for a in main)


def _compares_numbers(condition: str) -> bool:
    return (
        re.search(
            r"\s-(?:lt|le|gt|ge)\s|\(\([^)]*[<>][^)]*\)\)|\(\([^)]*(?:--|\+\+)[^)]*\)\)|\s-ne\s+[\"']?\d",
            condition,
        )
        is not None
    )


def parse_shell(text: str, path: str = "script.sh", first_line: int = 1) -> Script:
    """Parse a shell text; ``first_line`` is the number that its first line has in its file."""
    script = Script(path, text, first_line)
    start = time.process_time()
    root = _tree(text.encode("utf-8", "replace"))
    if root is None:
        script.has_errors = script.unparsed = True
        script.seconds = time.process_time() - start
        return script
    script.has_errors = root.has_error
    _Walker(script).walk(root, ())
    script.commands.sort(key=lambda c: c.offset)
    script.loops = [replace(loop, constant=True) if _stays_true(loop, script) else loop for loop in script.loops]
    script.seconds = time.process_time() - start
    return script


def is_shell(name: str, text: str) -> bool:
    """Tell whether a file is a shell script, by its name or its first line."""
    if text.startswith("#!"):
        first = text.partition("\n")[0]
        return re.search(r"[/ ](?:ba|da|a|z|k)?sh\b", first) is not None
    return name.endswith((".sh", ".bash", ".ash"))
