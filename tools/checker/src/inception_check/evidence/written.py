"""The files that the Makefile and the scripts of a repository write on the machine: settings and secrets above all."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from inception_check.evidence.shell import Script, ShellCommand


@dataclass(frozen=True, slots=True)
class Written:
    """One line that a command writes into a file.

    Attributes:
        target: the file, as the command names it.
        text: the line; expansions stay as they are written.
        path: the script or Makefile.
        line: where the line stands in it.

    """

    target: str
    text: str
    path: str
    line: int

    @property
    def pair(self) -> tuple[str, str] | None:
        """Name and value of a line of the form ``NAME=value``."""
        match = re.fullmatch(r"\s*(?:export\s+)?([A-Za-z_]\w*)=(.*)", self.text)
        return (match.group(1), match.group(2).strip().strip("\"'")) if match else None


def written_lines(scripts: Iterable[Script]) -> Iterator[Written]:
    """Yield what echo, printf and heredocs write into files, line by line."""
    for top in scripts:
        for script in top.everything():
            for index, command in enumerate(script.commands):
                target = _target(command, script.commands[index + 1 : index + 2])
                if target:
                    yield from _lines(command, target, script.path)


def _target(command: ShellCommand, following: list[ShellCommand]) -> str:
    target = next((r.target.value for r in command.redirects if r.operator in {">", ">>", ">|", "&>"}), "")
    tee = command if command.name == "tee" else None
    if not target and command.inside("pipeline") and following and following[0].name == "tee":
        tee = following[0]
    if not target and tee is not None:
        target = next((word.value for word in tee.arguments if not word.value.startswith("-")), "")
    return target


def _lines(command: ShellCommand, target: str, path: str) -> Iterator[Written]:
    for heredoc in command.heredocs:
        for number, line in enumerate(heredoc.content.rstrip("\n").split("\n"), start=heredoc.line):
            yield Written(target, line, path, number)
    if command.name in {"echo", "printf"}:
        words = [word for word in command.arguments if not re.fullmatch(r"-[neE]+|%s(?:\\n)?", word.value)]
        text = " ".join(word.value for word in words).replace("\\n", "\n").rstrip("\n")
        for number, line in enumerate(text.split("\n")):
            # A text over several lines of the script has its own line ends; what \n means stands on one line.
            real = number if any("\n" in word.raw for word in words) else 0
            yield Written(target, line, path, (words[0].line if words else command.line) + real)
