"""The command behind ``make evaluate``: the checks of the sheet that need a running stack, with a report."""

from __future__ import annotations

import argparse
import contextlib
import dataclasses
import os
import re
import signal
import sys
import time
from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path

from inception_check import subject
from inception_check.cli import Parser, ids_of
from inception_check.evidence.dotenv import parse_dotenv
from inception_check.evidence.project import Project
from inception_check.evidence.source import NotReadableError
from inception_check.reports.clean import printable
from inception_evaluate import changes, making, sheet
from inception_evaluate.collect.browser import program
from inception_evaluate.evaluation import evaluate
from inception_evaluate.evidence import Missing, Persisted, Stack
from inception_evaluate.gathering import Gathering, Settings
from inception_evaluate.machine import Machine, UnseenError, container_machine, ssh_machine, this_machine
from inception_evaluate.model import Evaluation, Verdict
from inception_evaluate.report import render_html, render_junit, render_text
from inception_evaluate.rules import all_live_rules
from inception_evaluate.throwaway import from_nothing, lifetime
from inception_evaluate.throwaway.preparing import prepare
from inception_evaluate.throwaway.trial import PLACE, Trial


class UsageError(Exception):
    """Something that the person who called must know, in one sentence."""


def parser() -> argparse.ArgumentParser:
    """Make the parser of the command line."""
    made = Parser(
        prog="inception-evaluate",
        description="Carry out the evaluation sheet on a running Inception stack, and write a report.",
        epilog="Exit status: 0 nothing failed, 1 a check failed, 2 nothing of the stack could be evaluated.",
    )
    made.add_argument("project", nargs="?", default=".", help="the directory of the project (default: this one)")
    made.add_argument("--login", default="", help="whose project it is (default: found out)")
    made.add_argument("--domain", default="", help="the site's name (default: found out, usually <login>.42.fr)")
    made.add_argument("--output", default="reports/evaluate", help="the directory of the report")
    made.add_argument("--machine", default="", help="a container that is the machine, instead of this machine")
    made.add_argument("--ssh", default="", help="a server, user@host, instead of this machine")
    made.add_argument("--directory", default="", help="the project's directory on the machine (default: the same)")
    made.add_argument("--compose-project", default="", help="the name of the Compose project (default: found out)")
    made.add_argument("--credentials", default="", help="a file of lines name:password of WordPress's users")
    made.add_argument("--only", default="", help="decide only these requirements, for example E27,E41")
    made.add_argument("--keep", action="store_true", help="keep what is written on the site")
    made.add_argument("--no-kill", action="store_true", help="kill no daemon (R19 stays undecided)")
    made.add_argument(
        "--reboot",
        action=argparse.BooleanOptionalAction,
        help="reboot the machine and look again (E58; by itself with --fresh)",
    )
    made.add_argument(
        "--port",
        type=int,
        help="change the published port to this one and back (E59; by itself with --fresh, 0: leave it)",
    )
    made.add_argument("--fresh", action="store_true", help="make the project on a throw-away machine first")
    made.add_argument("--limit", type=int, default=1800, help="seconds that its Makefile may take there")
    made.add_argument("--install", action="store_true", help="install Debian's chromium when there is no browser")
    made.add_argument("--subject", choices=subject.VERSIONS, default=subject.NEWEST, help="the version of the subject")
    made.add_argument("--quiet", action="store_true", help="say nothing but the result")
    made.add_argument("--list-rules", action="store_true", help="print the table of all rules in Markdown and end")
    return made


def rule_table() -> str:
    """Return the table of all rules in Markdown; the README of the checker, which has the pages, holds it between two marks."""
    lines = ["| rule | decides | what must hold |", "|---|---|---|"]
    lines += [
        f"| [{r.id}](src/inception_check/pages/{r.id}.md) | {ids_of(r.decides)} | {r.title} |" for r in all_live_rules()
    ]
    return "\n".join(lines) + "\n"


def _wanted(text: str) -> frozenset[str]:
    names = frozenset(name.strip().upper() for name in text.split(",") if name.strip())
    unknown = sorted(name for name in names if name not in subject.REQUIREMENTS and name not in sheet.SPOKEN)
    if unknown:
        raise UsageError(f"{', '.join(unknown)}: there is no such requirement; they are E1 to E64 and R1 to R58")
    return names


def _credentials(name: str) -> tuple[tuple[str, str], ...]:
    if not name:
        return ()
    try:
        text = Path(name).read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(f"the file of credentials {name} cannot be read: {error}") from error
    pairs = [line.partition(":")[::2] for line in text.splitlines() if ":" in line]
    if not pairs:
        raise UsageError(f"the file of credentials {name} has no line name:password")
    return tuple((user.strip(), password.strip()) for user, password in pairs)


def _machine(options: argparse.Namespace) -> Machine:
    if options.machine:
        return container_machine(options.machine)
    return ssh_machine(options.ssh) if options.ssh else this_machine()


def settings_of(options: argparse.Namespace) -> Settings:
    """Judge what was given.

    Raises:
        UsageError: something of it cannot be.

    """
    if sum(map(bool, (options.machine, options.ssh, options.fresh))) > 1:
        raise UsageError("give one of --machine, --ssh and --fresh")
    if options.port and not 1 <= options.port <= 65535:
        raise UsageError(f"{options.port} is no port")
    project = Path(options.project).resolve()
    if not project.is_dir():
        raise UsageError(f"there is no directory {options.project}")
    for name, value, pattern in (
        ("login", options.login, r"[a-z_][a-z0-9_-]{0,31}"),
        ("domain", options.domain, r"[A-Za-z0-9]([A-Za-z0-9.-]*[A-Za-z0-9])?"),
    ):
        if value and not re.fullmatch(pattern, value):
            raise UsageError(f"{value!r} is no {name}")
    return Settings(
        project=project,
        directory=options.directory or str(project),
        output=Path(options.output).resolve(),
        login=options.login,
        domain=options.domain.lower(),
        compose_project=options.compose_project,
        credentials=_credentials(options.credentials),
        keep=options.keep,
        kill=not options.no_kill,
        wanted=_wanted(options.only),
        version=options.subject,
    )


def write(evaluation: Evaluation, directory: Path) -> dict[str, Path]:
    """Write the evaluation in every form; returns form to file.

    Raises:
        OSError: the directory cannot be written.

    """
    directory.mkdir(parents=True, exist_ok=True)
    texts = {
        "json": ("evaluation.json", evaluation.to_json()),
        "junit": ("evaluation.xml", render_junit(evaluation)),
        "html": ("evaluation.html", render_html(evaluation, directory)),
    }
    written = {}
    for form, (name, text) in texts.items():
        file = directory / name
        part = file.with_name(f".{name}.part")
        part.write_text(text, encoding="utf-8")
        part.replace(file)
        written[form] = file
    return written


def exit_code(evaluation: Evaluation) -> int:
    """0 nothing failed, 1 something failed, 2 nothing of the stack could be looked at, or nothing decided."""
    if evaluation.count(Verdict.FAIL):
        return 1
    # What people talk about, and what is not there, makes no undecided line look like success.
    decided = evaluation.count(Verdict.PASS) + evaluation.count(Verdict.WARN) or not evaluation.count(Verdict.UNDECIDED)
    return 0 if evaluation.topology.containers and decided else 2


def _changes(
    options: argparse.Namespace, settings: Settings, container: str, say: Callable[[str], None]
) -> Callable[[Gathering], dict[str, Persisted | Missing]]:
    """Return what gathers the evidence of a changed port and of a reboot."""

    def more(it: Gathering) -> dict[str, Persisted | Missing]:
        found: dict[str, Persisted | Missing] = {}
        met, asked = it.parts.get("site"), it.parts.get("database")
        stack = it.parts.get("stack")
        if port := _port(options, settings, stack):
            replies = making.answers(it.login, it.domain)
            variables = from_nothing.environment(settings.project, it.login) if options.fresh else {"LC_ALL": "C.UTF-8"}
            found["rebuild"] = changes.rebuild(
                it.machine, settings.directory, stack, met, port, variables, replies, say
            )
        if options.reboot if options.reboot is not None else options.fresh and _asked_for(settings, "E58"):
            found["reboot"] = changes.reboot(
                it.machine, container, met, asked, settings.output, keep=settings.keep, say=say
            )
        return found

    return more


def _asked_for(settings: Settings, name: str) -> bool:
    return not settings.wanted or name in settings.wanted


def _port(options: argparse.Namespace, settings: Settings, stack: Stack | Missing | None) -> int:
    """Return the port to change to; a throw-away machine bears the change without being asked. 0 for none."""
    if options.port is not None or not options.fresh or not _asked_for(settings, "E59"):
        return options.port or 0
    taken = {port.host for one in stack.containers for port in one.ports} if isinstance(stack, Stack) else set()
    return next(port for port in range(8443, 65443, 1000) if port not in taken)


def as_it_runs(options: argparse.Namespace, settings: Settings, say: Callable[[str], None]) -> Evaluation:
    """Evaluate a stack that runs."""
    return evaluate(_machine(options), settings, say, _changes(options, settings, options.machine, say))


def on_a_fresh_machine(options: argparse.Namespace, settings: Settings, say: Callable[[str], None]) -> Evaluation:
    """Make the project where nothing was, and evaluate what came of it.

    Raises:
        UnseenError: no machine can be made.

    """
    login, domain = settings.login, settings.domain
    if not login:
        login, domain = found_out(settings.project, domain)
    domain = domain or f"{login}.42.fr"
    with lifetime.machine(say, keep=options.keep) as (machine, container):
        trial = Trial(machine, container)
        prepare(trial, settings.project, login, domain, say)
        from_nothing.make(trial, settings.project, login, domain, options.limit, settings.output / "make.log", say)
        notes = [*settings.notes, *trial.notes]
        if trial.complaint:
            notes.append(f"{trial.complaint}; its whole output is in make.log beside this report.")
        if options.keep:
            notes.append(f"The machine was kept: docker exec -it {container} bash; the project is in {PLACE}.")
        here = dataclasses.replace(
            settings,
            directory=PLACE,
            login=login,
            domain=domain,
            notes=tuple(notes),
            complaint=trial.complaint,
        )
        say("waiting until the site answers")
        from_nothing.settle(machine, here.directory, domain)
        changed = _changes(options, here, container, say)
        return evaluate(machine, here, say, lambda it: {**changed(it), "fresh": trial.evidence})


def found_out(root: Path, domain: str) -> tuple[str, str]:
    """Return login and domain as the files tell them.

    Raises:
        UsageError: they do not tell.

    """
    project = Project(root)
    values = list(project.dotenv.values.values()) if project.dotenv is not None else []
    if project.env_example is not None:
        values += list(parse_dotenv(project.text(project.env_example), project.env_example, {}).values.values())
    values += [
        name for _, one in project.nginx_configs for d in one.walk() if d.name == "server_name" for name in d.arguments
    ]
    for text in (domain, *values):
        match = re.fullmatch(r"(?:https?://)?(?:www\.)?([a-z_][a-z0-9_-]*)\.42\.fr/?", text)
        if match:
            return match.group(1), domain or f"{match.group(1)}.42.fr"
    for volume in project.compose.volumes.values() if project.compose is not None else ():
        for scalar in volume.value.scalars():
            match = re.match(r"/home/([a-z_][a-z0-9_-]*)/data", scalar.text)
            if match:
                return match.group(1), domain or f"{match.group(1)}.42.fr"
    name = _mentioned(project)
    if name:
        return name, domain or f"{name}.42.fr"
    raise UsageError("the project's files do not tell its login; give it: LOGIN=…")


#: What stands before ``.42.fr`` and is no login: placeholders, and hosts of the school.
_NOBODY = re.compile(
    r"(?:your|my)?[_-]?(?:log-?in|user(?:name)?|name|student|example|intra|cdn|api|auth|profile|projects|meta|www|domain)"
)


def _mentioned(project: Project) -> str:
    """Return the login that the texts of a project mention most often as ``<login>.42.fr``, or an empty text."""
    found: Counter[str] = Counter()
    for path in project.tree.files:
        if path.count("/") <= 4 and path.lower().endswith(
            (".md", ".yml", ".yaml", ".sh", ".conf", ".cnf", "makefile", "dockerfile")
        ):
            found.update(re.findall(r"(?<![\w.<{-])([a-z_][a-z0-9_-]*)\.42\.fr(?![\w-])", project.text(path)))
    return next((name for name, _ in found.most_common() if not _NOBODY.fullmatch(name)), "")


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command; returns its exit status."""
    _print_anything()
    options = parser().parse_args(arguments)
    if options.list_rules:
        sys.stdout.write(rule_table())
        return 0
    began = time.monotonic()

    def say(text: str) -> None:
        # A terminal that was closed takes no more words, and what is to be tidied up must be all the same.
        with contextlib.suppress(OSError):
            if not options.quiet:
                sys.stderr.write(f"{time.monotonic() - began:6.1f} s  {text} …\n")
                sys.stderr.flush()

    try:
        _tidy_up_when_ended()
        settings = settings_of(options)
        if options.install:
            program.ensure(say)
        evaluation = on_a_fresh_machine(options, settings, say) if options.fresh else as_it_runs(options, settings, say)
        written = write(evaluation, settings.output)
    except (UsageError, UnseenError, NotReadableError) as error:
        sys.stderr.write(f"inception-evaluate: {printable(str(error))}\n")
        return 2
    except OSError as error:
        sys.stderr.write(f"inception-evaluate: {options.output} cannot be written: {error.strerror}\n")
        return 2
    except KeyboardInterrupt:
        with contextlib.suppress(OSError):
            sys.stderr.write("inception-evaluate: interrupted; nothing was written\n")
        return 2
    _tell(evaluation, written["html"])
    return exit_code(evaluation)


def _tidy_up_when_ended() -> None:
    """Let a closed terminal and a polite kill do what Ctrl-C does: what was made is removed, on the way out."""

    def end(_number: int, _frame: object) -> None:
        # A second signal must not cut the tidying short.
        for number in (signal.SIGHUP, signal.SIGTERM):
            signal.signal(number, signal.SIG_IGN)
        raise KeyboardInterrupt

    for number in (signal.SIGHUP, signal.SIGTERM):
        # Whoever started it with nohup wants it to go on.
        if signal.getsignal(number) is not signal.SIG_IGN:
            signal.signal(number, end)


def _print_anything() -> None:
    """Let the standard streams write what the locale cannot as escapes."""
    for stream in (sys.stdout, sys.stderr):
        reconfigure = getattr(stream, "reconfigure", None)
        if reconfigure is not None:
            reconfigure(errors="backslashreplace")


def _tell(evaluation: Evaluation, report: Path) -> None:
    """Print the result."""
    colour = sys.stdout.isatty() and "NO_COLOR" not in os.environ
    sys.stdout.write(render_text(evaluation, colour=colour))
    sys.stdout.write(f"\nThe report: {report}\n")
    if not evaluation.topology.containers:
        reasons = next((check.reasons for check in evaluation.checks if check.id == "E35"), ())
        sys.stderr.write(f"inception-evaluate: {printable('; '.join(reasons) or 'nothing of a stack was seen')}\n")


if __name__ == "__main__":
    sys.exit(main())
