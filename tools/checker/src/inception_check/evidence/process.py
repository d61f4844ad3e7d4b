"""Which process a container ends up with as PID 1: exec chains are followed through entrypoint scripts."""

from __future__ import annotations

import posixpath
import re
from dataclasses import dataclass, field, replace

from inception_check.evidence.dockerfile import Copied, Instruction, copies
from inception_check.evidence.project import Part, Project
from inception_check.evidence.shell import SHELLS, Script, ShellCommand, inline_script, parse_shell

_WRAPPERS = {
    "tini": (), "dumb-init": (), "catatonit": (), "docker-init": (), "env": (), "nice": ("-n",), "ionice": ("-c", "-n"),
    "su-exec": ("",), "gosu": ("",), "setpriv": (), "chroot": ("",), "stdbuf": (), "nohup": (), "setsid": (),
    "sudo": ("-u", "-g"), "time": (), "catchsegv": (), "s6-setuidgid": ("",), "chpst": ("-u",), "command": (), "exec": ("-a",),
}  # fmt: skip
_MAX_STEPS = 40
#: Files that a program reads as its configuration or data; only a first line with an interpreter makes a script of one.
_NO_SCRIPT = re.compile(
    r"\.(?:conf|cnf|cfg|ini|ya?ml|json|toml|xml|properties|env|rules|acl|sql|php|html?|css|js|lua|md|txt|crt|pem|key)"
    r"(?:\.(?:template|tmpl|tpl|j2|in))?$",
    re.IGNORECASE,
)
#: What may follow the daemon without being the work of the script.
_ASIDE = frozenset({"trap", "echo", "printf", ":", "true", "return", "export", "local", "unset", "cd"})


@dataclass(frozen=True, slots=True)
class Final:
    """A process that can become PID 1.

    Attributes:
        kind: ``program``; ``child`` when a shell stays PID 1 and starts it; ``shell`` for a shell without work;
            ``nothing`` when the script just ends, or when a shell is given a command as the name of a script; ``missing`` for a script that is not in the repository.
        argv: its command line, as far as it is known.
        path: the file that decides it.
        line: the line that decides it.
        shell_form: whether a Dockerfile's shell form puts a shell in front.

    """

    kind: str
    argv: tuple[str, ...]
    path: str
    line: int
    shell_form: bool = False

    @property
    def program(self) -> str:
        """The program's name without its directory."""
        return self.argv[0].rpartition("/")[2] if self.argv else ""


@dataclass
class Launch:
    """How a container starts.

    Attributes:
        finals: what can become PID 1.
        scripts: the scripts that take part, in order.
        path: the file of ENTRYPOINT or CMD.
        line: its line.
        argv: the complete start command.
        direct: the scripts that are started by their own names, each with the name; a shell is not asked to read them.
        programs: the programs that only become another one, such as tini, with the place that names them.

    """

    finals: list[Final] = field(default_factory=list)
    scripts: list[Script] = field(default_factory=list)
    path: str = ""
    line: int | None = None
    argv: tuple[str, ...] = ()
    direct: list[tuple[str, Script]] = field(default_factory=list)
    programs: list[tuple[str, str, int]] = field(default_factory=list)

    @property
    def unresolved(self) -> bool:
        """Whether a part of the chain is not in the repository."""
        return any(final.kind == "missing" for final in self.finals)


@dataclass(frozen=True, slots=True)
class _Start:
    argv: tuple[str, ...]
    path: str
    line: int
    shell_form: bool


@dataclass
class _Flow:
    """What is known while the commands of a script are followed: what ran, each with whether exec ran it."""

    script: Script
    arguments: tuple[str, ...]
    ran: list[tuple[ShellCommand, bool]] = field(default_factory=list)
    waits: list[ShellCommand] = field(default_factory=list)


class _Follower:
    def __init__(self, project: Project, part: Part) -> None:
        self.project = project
        self.part = part
        self.launch = Launch()
        self.copied: list[Copied] = copies(part.instructions)
        self.workdir = "/"
        for instruction in part.instructions:
            if instruction.name == "WORKDIR":
                self.workdir = posixpath.join(self.workdir, instruction.value)
        self.steps = 0
        self.seen: set[str] = set()

    # -- files ---------------------------------------------------------------------------------------------
    def find(self, name: str) -> Script | None:  # noqa: C901 -- the places of a script, tried in the order of their weight
        """Find the script that a path in the container stands for."""
        wanted = posixpath.normpath(posixpath.join(self.workdir, name))
        base = posixpath.basename(name)
        if "/" not in name and not name.startswith("."):
            # It is looked up along the search path; COPY has put it there.
            within = [
                self.source(copied, posixpath.join(copied.target, name))
                for copied in self.copied
                if copied.heredoc is None
            ]
            found = next((script for script in within if script is not None), None)
            if found is not None:
                return found
        for copied in reversed(self.copied):
            if copied.heredoc is not None:
                text = copied.heredoc.content
                if copied.target == wanted or (posixpath.basename(copied.target) == base and _is_script(base, text)):
                    path = self.part.dockerfile.path if self.part.dockerfile is not None else ""
                    return parse_shell(copied.heredoc.content, path, copied.heredoc.line)
                continue
            source = self.source(copied, wanted)
            if source is not None:
                return source
        mounted = self.mounted(wanted)
        if mounted is not None:
            return mounted
        renamed = self.renamed(base)
        for candidate in (base, renamed) if renamed else (base,):
            for copied in reversed(self.copied):
                # A directory that receives the file does not give it its name.
                names = {posixpath.basename(copied.source), "" if copied.into else posixpath.basename(copied.target)}
                if candidate in names:
                    found = self.context_script(copied.source)
                    if found is not None and _is_script(found.path, found.text):
                        return found
            if self.part.context is not None and "." in candidate:
                for source_file in self.project.tree.below("" if self.part.context == "." else self.part.context):
                    if source_file.name == candidate and _is_script(candidate, source_file.text):
                        return self.project.script(source_file.path)
        return self.written(wanted, base)

    def source(self, copied: Copied, wanted: str) -> Script | None:
        name = posixpath.basename(copied.source)
        if wanted == posixpath.join(copied.target, name) or (wanted == copied.target and not copied.into):
            found = self.context_script(copied.source)
            if found is not None:
                return found
        if wanted.startswith(copied.target.rstrip("/") + "/"):
            inside = wanted[len(copied.target.rstrip("/")) + 1 :]
            found = self.context_script(posixpath.join(copied.source, inside))
            if found is not None:
                return found
            if any(mark in copied.source for mark in "*?["):
                return self.context_script(posixpath.join(posixpath.dirname(copied.source), inside))
        return None

    def context_script(self, relative: str) -> Script | None:
        if self.part.context is None:
            return None
        path = posixpath.normpath(posixpath.join(self.part.context, relative))
        source = self.project.tree.get(path)
        if source is not None and _NO_SCRIPT.search(path) and not source.data.startswith(b"#!"):
            return None
        return self.project.script(path)

    def mounted(self, wanted: str) -> Script | None:
        compose = self.project.compose
        if compose is None or self.part.service is None:
            return None
        for mount in self.part.service.mounts:
            if mount.kind != "bind" or not mount.source.startswith("."):
                continue
            source = posixpath.normpath(posixpath.join(compose.directory, mount.source))
            target = mount.target.rstrip("/")
            if wanted == target:
                return self.project.script(source)
            if wanted.startswith(target + "/"):
                return self.project.script(posixpath.join(source, wanted[len(target) + 1 :]))
        return None

    def renamed(self, base: str) -> str:
        """Return the old name of a file that a RUN instruction moves, copies or links to a name."""
        if self.part.dockerfile is None:
            return ""
        for _, script in self.project.run_scripts(self.part.dockerfile):
            for command in script.commands:
                moves = command.name in {"mv", "cp", "ln", "install"} and len(command.words) >= 3
                if moves and posixpath.basename(command.words[-1].value) == base:
                    return posixpath.basename(command.words[-2].value)
        return ""

    def written(self, wanted: str, base: str) -> Script | None:
        """Find a script that a RUN instruction writes with a heredoc or echo."""
        if self.part.dockerfile is None:
            return None
        for _, script in self.project.run_scripts(self.part.dockerfile):
            for command in script.commands:
                targets = [r.target.value for r in command.redirects]
                if command.name == "tee":
                    targets += [w.value for w in command.arguments]
                if any(t == wanted or posixpath.basename(t) == base for t in targets):
                    texts = [(heredoc.content, heredoc.line) for heredoc in command.heredocs]
                    if not texts and command.name in {"echo", "printf"} and len(command.words) > 1:
                        texts = [(command.words[-1].value.replace("\\n", "\n"), command.words[-1].line)]
                    for text, line in texts:
                        if wanted in targets or _is_script(base, text):
                            return parse_shell(text.replace("\\$", "$"), script.path, line)
        return None

    # -- following -----------------------------------------------------------------------------------------
    def follow(self, argv: tuple[str, ...], path: str, line: int, *, shell_form: bool = False) -> None:
        self.steps += 1
        if self.steps > _MAX_STEPS:
            return
        if argv:
            self.launch.programs.append((argv[0].rpartition("/")[2], path, line))
        argv = strip_wrappers(argv)
        if not argv:
            self.launch.finals.append(Final("nothing", (), path, line, shell_form))
            return
        if re.fullmatch(r"\$\{?(?:0|BASH_SOURCE(?:\[0\])?)\}?", argv[0]):
            # The script starts itself anew, as another user: its other branch is followed already.
            return
        name = argv[0].rpartition("/")[2]
        if name == "busybox" and len(argv) > 1:
            argv = argv[1:]
            name = argv[0]
        if name in SHELLS:
            self.shell(argv, path, line, shell_form=shell_form)
            return
        if "$" not in argv[0]:
            script = self.find(argv[0]) if "/" in argv[0] or "." in argv[0] or self.copied_name(argv[0]) else None
            if (
                script is not None
                and (script.interpreter in SHELLS or not script.text.startswith("#!"))
                and script.text.strip()
            ):
                self.launch.direct.append((argv[0], script))
                self.script(script, argv[1:])
                return
            if script is None and argv[0].endswith(".sh"):
                self.launch.finals.append(Final("missing", argv, path, line, shell_form))
                return
        self.launch.finals.append(Final("program", argv, path, line, shell_form))

    def copied_name(self, name: str) -> bool:
        """Tell whether a name without a directory is that of a file that COPY puts where programs are looked up."""
        for copied in self.copied:
            paths = [posixpath.join(copied.target, posixpath.basename(copied.source))]
            if self.part.context is not None:
                inside = posixpath.normpath(posixpath.join(self.part.context, copied.source, name))
                paths += [posixpath.join(copied.target, name)] if inside in self.project.tree.files else []
            if not copied.into:
                paths.append(copied.target)
            for path in paths:
                directory, base = posixpath.split(path)
                if base == name and ("$" in directory or posixpath.basename(directory) in {"bin", "sbin"}):
                    return True
        return False

    def shell(self, argv: tuple[str, ...], path: str, line: int, *, shell_form: bool) -> None:
        rest = list(argv[1:])
        while rest and rest[0].startswith("-"):
            option = rest.pop(0)
            if option in {"-o", "+o", "--rcfile", "--init-file"} and rest:
                rest.pop(0)
            elif re.fullmatch(r"-[a-z]*c", option):
                if not rest:
                    break
                inner = parse_shell(rest[0], path, line)
                self.script(inner, tuple(rest[2:]), inline=True, shell_form=shell_form)
                return
        if not rest:
            self.launch.finals.append(Final("shell", argv, path, line, shell_form))
            return
        script = self.find(rest[0])
        if script is None and re.search(r"\s", rest[0].strip()) and "$" not in rest[0]:
            # No file has such a name: it is a command that lacks the -c in front of it.
            self.launch.finals.append(Final("nothing", argv, path, line, shell_form))
            return
        if script is None:
            self.launch.finals.append(Final("missing", argv, path, line, shell_form))
            return
        self.script(script, tuple(rest[1:]))

    def script(
        self, script: Script, arguments: tuple[str, ...], *, inline: bool = False, shell_form: bool = False
    ) -> None:
        key = f"{script.path}:{script.first_line}:{hash(script.text)}"
        if key in self.seen:
            return
        self.seen.add(key)
        known = any(s.path == script.path and s.first_line == script.first_line for s in self.launch.scripts)
        if not known and (not inline or script.backgrounds or script.loops):
            self.launch.scripts.append(script)
        self.flow(script, arguments, shell_form=shell_form, inline=inline)

    def commands(self, script: Script, function: str | None, depth: int = 0) -> list[ShellCommand]:
        """List the commands in the order in which they run, calls of the script's own functions put in."""
        result: list[ShellCommand] = []
        inside = f"function {function}"
        for command in script.commands:
            if function:
                if inside not in command.context:
                    continue
                command = replace(command, context=command.context[command.context.index(inside) + 1 :])
            elif command.inside("function"):
                continue
            if command.name in script.functions and depth < 4 and command.name != function:
                # What a function does, it does where it is called.
                result.extend(
                    replace(inner, context=command.context + inner.context)
                    for inner in self.commands(script, command.name, depth + 1)
                )
            else:
                result.append(command)
        return result

    def flow(self, script: Script, arguments: tuple[str, ...], *, shell_form: bool, inline: bool) -> None:
        state = _Flow(script, arguments)
        steps = {"exit": self._exit, "set": self._set, "source": self._source, ".": self._source, "exec": self._exec}
        for command in self.commands(script, None):
            if command.inside("substitution", "background", "condition") or not command.words:
                continue
            if steps.get(command.name, self._run)(command, state):
                return
        last, last_was_exec = state.ran[-1] if state.ran else (None, False)
        if not last_was_exec or last is None:
            self.end(script, state.arguments, last, shell_form=shell_form, inline=inline)
            return
        for waiting in state.waits:
            # The exec is in another branch: where the script waits, it waits for good, and a shell stays PID 1.
            if _other_branch(waiting, last) and _ends_branch(waiting, script):
                self.launch.finals.append(Final("child", tuple(waiting.values), script.path, waiting.line, shell_form))

    # Each step takes one command, and returns whether the script is over with it.
    def _exit(self, command: ShellCommand, state: _Flow) -> bool:
        branch = _branch(command)
        if branch:
            # It leaves the script, after an error or at the end; what ran before its branch is what counts.
            while state.ran and not state.ran[-1][1] and state.ran[-1][0].context[: len(branch)] == branch:
                state.ran.pop()
            return False
        if command.inside("and", "loop", "subshell", "pipeline") or not any(was_exec for _, was_exec in state.ran):
            return False
        # Some branch before has become the daemon: what is left of the script is for the case that none has.
        while not state.ran[-1][1] and not _branch(state.ran[-1][0]):
            state.ran.pop()
        return False

    def _set(self, command: ShellCommand, state: _Flow) -> bool:
        if "--" not in command.values:
            return self._run(command, state)
        words = command.values[command.values.index("--") + 1 :]
        if not command.inside("if", "case", "and"):
            state.arguments = self.expand(words, state.arguments, state.script)
        return False

    def _source(self, command: ShellCommand, state: _Flow) -> bool:
        sourced = self.find(command.words[1].value) if len(command.words) > 1 else None
        if sourced is None:
            return False
        self.visit(sourced)
        if any(c.name == "exec" and len(c.words) > 1 for c in sourced.commands):
            self.script(sourced, state.arguments)
            return True
        return False

    def _exec(self, command: ShellCommand, state: _Flow) -> bool:
        if len(command.words) == 1:
            return False
        words = self.expand(command.values[1:], state.arguments, state.script)
        if not words and state.ran and not state.ran[-1][0].inside("if", "case", "loop"):
            # exec "$@" without arguments does nothing: what ran before is what the container did.
            return False
        self.follow(words, state.script.path, command.line)
        state.ran.append((command, True))
        return not command.inside("if", "case", "and", "loop", "subshell", "pipeline")

    def _run(self, command: ShellCommand, state: _Flow) -> bool:
        last, by_exec = state.ran[-1] if state.ran else (None, False)
        if command.name in {"echo", "printf"} and last is not None and not by_exec and _other_branch(last, command):
            # What the other branch says when there is nothing to start.
            return False
        if command.name in _ASIDE and last is not None and not last.inside("if", "case", "loop"):
            return False
        state.ran.append((command, False))
        if command.name in {"wait", "fg"}:
            state.waits.append(command)
        self.called(command, state.script)
        return False

    def end(
        self,
        script: Script,
        arguments: tuple[str, ...],
        last: ShellCommand | None,
        *,
        shell_form: bool,
        inline: bool,
    ) -> None:
        if last is None:
            self.launch.finals.append(Final("nothing", (), script.path, script.first_line, shell_form))
            return
        words = strip_wrappers(tuple(self.expand(last.values, arguments, script)))
        if not words:
            self.launch.finals.append(Final("nothing", (), script.path, last.line, shell_form))
            return
        simple = (
            inline and len([c for c in script.commands if not c.inside("substitution")]) == 1 and not script.backgrounds
        )
        if simple:
            # A shell that is given one simple command with -c hands itself over to it.
            self.follow(tuple(words), script.path, last.line, shell_form=shell_form)
            return
        name = words[0].rpartition("/")[2]
        if name in SHELLS and len(words) == 1:
            self.launch.finals.append(Final("shell", words, script.path, last.line, shell_form))
            return
        if "/" in words[0] or words[0].endswith(".sh") or name in SHELLS:
            target = words[1] if name in SHELLS and len(words) > 1 and not words[1].startswith("-") else words[0]
            inner = self.find(target)
            if inner is not None and (inner.interpreter in SHELLS or not inner.text.startswith("#!")):
                before = len(self.launch.finals)
                self.script(inner, tuple(words[words.index(target) + 1 :]))
                made = self.launch.finals[before:]
                self.launch.finals[before:] = [
                    Final("child" if f.kind == "program" else f.kind, f.argv, f.path, f.line, f.shell_form)
                    for f in made
                ]
                return
        self.launch.finals.append(Final("child", words, script.path, last.line, shell_form))

    def visit(self, script: Script) -> None:
        """Note a script that takes part without becoming PID 1, and the scripts that it calls in turn."""
        if any(known.path == script.path and known.first_line == script.first_line for known in self.launch.scripts):
            return
        if len(self.launch.scripts) > _MAX_STEPS:
            return
        self.launch.scripts.append(script)
        for command in script.commands:
            self.called(command, script)

    def called(self, command: ShellCommand, script: Script) -> None:
        """Note a script of the repository that a command runs."""
        if inline_script(command.words) is not None:
            return
        values = list(strip_wrappers(tuple(command.values)))
        if not values:
            return
        if values[0].rpartition("/")[2] in SHELLS | {"source", "."}:
            values = [v for v in values[1:] if not v.startswith("-")]
        if (
            values
            and "$" not in values[0]
            and ("/" in values[0] or values[0].endswith(".sh") or self.copied_name(values[0]))
        ):
            found = self.find(values[0])
            if (
                found is not None
                and found.path != script.path
                and (found.interpreter in SHELLS or found.path.endswith(".sh"))
            ):
                self.visit(found)

    def expand(self, words: list[str] | tuple[str, ...], arguments: tuple[str, ...], script: Script) -> tuple[str, ...]:
        result: list[str] = []
        for word in words:
            if word in {"$@", "${@}", "$*", "${*}"}:
                result.extend(arguments)
                continue
            match = re.fullmatch(r"\$\{?(\w+)(?::?-([^}]*))?\}?", word)
            if match:
                name, default = match.group(1), match.group(2)
                if name.isdigit() and name != "0":
                    index = int(name) - 1
                    if 0 <= index < len(arguments):
                        result.append(arguments[index])
                    continue
                assigned = script.value_of(name)
                if assigned is not None and assigned.value is not None and assigned.value.literal:
                    result.extend(assigned.value.value.split() or [""])
                    continue
                value = self.environment(name)
                if value is not None:
                    result.extend(value.split())
                    continue
                if default:
                    result.append(default)
                    continue
            result.append(word)
        return tuple(result)

    def environment(self, name: str) -> str | None:
        for instruction in reversed(self.part.instructions):
            if instruction.name in {"ENV", "ARG"}:
                for key, value, _ in instruction.pairs():
                    if key == name and value is not None:
                        return value
        if self.part.service is not None:
            for variable in self.part.service.environment:
                if variable.name == name and variable.value is not None:
                    return variable.value.value
        return None


def _is_script(name: str, text: str) -> bool:
    """Tell whether a file, of which only the name fits, is a script by itself."""
    return text.startswith("#!") or name.endswith((".sh", ".bash", ".ash"))


def _branch(command: ShellCommand) -> tuple[str, ...]:
    """Return the context of the branch of an if or a case that a command stands in; empty outside of any."""
    places = [i for i, part in enumerate(command.context) if part.startswith(("if ", "case "))]
    return command.context[: places[-1] + 1] if places else ()


def _other_branch(first: ShellCommand, second: ShellCommand) -> bool:
    """Tell whether two commands stand in different branches of one if, so that only one of them runs."""
    one = [part for part in first.context if part.startswith("if ")]
    two = [part for part in second.context if part.startswith("if ")]
    # An elif or else stands inside of the if that it belongs to.
    return bool(one) and len(two) > len(one) and two[: len(one)] == one


def _ends_branch(command: ShellCommand, script: Script) -> bool:
    """Tell whether a command is the last one of its branch."""
    following = [c for c in script.commands if c.offset > command.offset and c.words]
    return not any(c.context == command.context for c in following)


def strip_wrappers(argv: tuple[str, ...]) -> tuple[str, ...]:
    """Remove programs that end by becoming the program that follows them (tini, gosu, env, …)."""
    words = list(argv)
    for _ in range(8):
        if not words:
            break
        name = words[0].rpartition("/")[2]
        if name not in _WRAPPERS:
            break
        takes = _WRAPPERS[name]
        words.pop(0)
        while words and (words[0].startswith("-") or (name == "env" and "=" in words[0])):
            option = words.pop(0)
            if option == "--":
                break
            if option in takes and words:
                words.pop(0)
            if option in {"--reuid", "--regid", "-g", "-u", "--groups"} and name == "setpriv" and words:
                words.pop(0)
        if takes == ("",) and words:
            words.pop(0)
            if words and words[0] == "--":
                words.pop(0)
    return tuple(words)


def _last(instructions: list[Instruction], name: str) -> Instruction | None:
    return next((i for i in reversed(instructions) if i.name == name), None)


def _from_instruction(instruction: Instruction | None, path: str) -> _Start | None:
    if instruction is None:
        return None
    if instruction.arguments is not None:
        return _Start(instruction.arguments, path, instruction.line, shell_form=False)
    if not instruction.value:
        return _Start((), path, instruction.line, shell_form=False)
    return _Start(("/bin/sh", "-c", instruction.body), path, instruction.line, shell_form=True)


def launch_of(project: Project, part: Part) -> Launch | None:
    """Work out how a service's container starts; None when its image is not built here."""
    if part.dockerfile is None:
        return None
    follower = _Follower(project, part)
    path = part.dockerfile.path
    entrypoint = _from_instruction(_last(part.instructions, "ENTRYPOINT"), path)
    command = _from_instruction(_last(part.instructions, "CMD"), path)
    if part.service is not None:
        given = part.service.entrypoint
        if given is not None:
            entrypoint, command = _Start(given.words, given.path, given.line, shell_form=False), None
        wanted = part.service.command
        if wanted is not None:
            command = _Start(wanted.words, wanted.path, wanted.line, shell_form=False)
    first = entrypoint if entrypoint is not None and entrypoint.argv else command
    if first is None or not first.argv:
        stage = part.dockerfile.final
        line = stage.instruction.line if stage is not None else 1
        follower.launch.path, follower.launch.line = path, line
        follower.launch.finals.append(Final("shell", (), path, line))
        return follower.launch
    argv = first.argv
    if entrypoint is not None and entrypoint.argv and command is not None and not entrypoint.shell_form:
        argv = entrypoint.argv + command.argv
    launch = follower.launch
    launch.path, launch.line, launch.argv = first.path, first.line, argv
    follower.follow(argv, first.path, first.line, shell_form=first.shell_form)
    return launch
