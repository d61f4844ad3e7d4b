"""The command line of ``inception-machine``."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

from inception_evaluate import machine_tool
from inception_evaluate.machine_tool.images import KINDS, build
from inception_evaluate.machine_tool.machines import (
    address,
    checkout,
    create,
    destroy,
    execute,
    full_name,
    kind_of,
    known_hosts,
    machines,
    reboot,
)
from inception_evaluate.machine_tool.outer_engine import MachineError, ensure_engine, run, say


def parse(arguments: Sequence[str]) -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(prog="machine", description=(machine_tool.__doc__ or "").splitlines()[0])
    commands = parser.add_subparsers(dest="command", required=True)

    commands.add_parser("engine", help="make sure that an outer Docker engine answers")
    one = commands.add_parser("build", help="make the image of a kind of machine")
    one.add_argument("--kind", choices=sorted(KINDS), required=True)

    one = commands.add_parser("create", help="create and boot a machine")
    one.add_argument("name")
    one.add_argument("--kind", choices=sorted(KINDS), required=True)
    one.add_argument("--replace", action="store_true", help="destroy a machine of that name first")
    one.add_argument("--authorized-key", type=Path, metavar="FILE", help="public key that may log in as root")
    one.add_argument("--own-network", action="store_true", help="on a network of its own, so that its engine is stock")
    group = one.add_mutually_exclusive_group()
    group.add_argument(
        "--cold", action="store_const", dest="cache", const="none", help="keep no download from earlier runs"
    )
    group.add_argument("--warm", action="store_const", dest="cache", const="warm", help="keep /var/cache/inception too")
    one.set_defaults(cache="downloads")

    one = commands.add_parser("exec", help="run a command in a machine")
    one.add_argument("--workdir")
    one.add_argument("--env", action="append", default=[], metavar="NAME=VALUE")
    one.add_argument("name")
    one.add_argument("arguments", nargs=argparse.REMAINDER)

    one = commands.add_parser("copy", help="copy a file or folder into a machine")
    one.add_argument("name")
    one.add_argument("source", type=Path)
    one.add_argument("target")

    one = commands.add_parser("checkout", help="put what is committed of a checkout into a machine")
    one.add_argument("name")
    one.add_argument("source", type=Path)
    one.add_argument("target")

    one = commands.add_parser("reboot", help="restart a machine")
    one.add_argument("name")
    one.add_argument("--power-cut", action="store_true", help="kill it instead of shutting it down")

    one = commands.add_parser("destroy", help="remove a machine and its disks")
    one.add_argument("names", nargs="*")
    one.add_argument("--all", action="store_true", help="every machine of this tool")
    one.add_argument("--caches", action="store_true", help="its cached downloads too")

    for command, text in (
        ("address", "print the machine's address"),
        ("known-hosts", "print the lines for an SSH client's known_hosts"),
    ):
        one = commands.add_parser(command, help=text)
        one.add_argument("name")
    commands.add_parser("list", help="print the names of all machines")
    return parser.parse_args(list(arguments))


def _print_build(options: argparse.Namespace) -> None:
    print(build(options.kind))


def _create(options: argparse.Namespace) -> None:
    name = full_name(options.name)
    create(
        name,
        options.kind,
        cache=options.cache,
        replace=options.replace,
        key=options.authorized_key,
        own_network=options.own_network,
    )


def _execute(options: argparse.Namespace) -> int:
    command = options.arguments[1:] if options.arguments[:1] == ["--"] else options.arguments
    return execute(full_name(options.name), command, options.workdir, options.env)


def _copy(options: argparse.Namespace) -> None:
    name = full_name(options.name)
    kind_of(name)
    run(["docker", "cp", str(options.source), f"{name}:{options.target}"])


def _destroy(options: argparse.Namespace) -> None:
    for name in machines() if options.all else [full_name(one) for one in options.names]:
        destroy(name, caches=options.caches)


#: What each command does; without a code of its own it ends with 0.
_COMMANDS: dict[str, Callable[[argparse.Namespace], int | None]] = {
    "engine": lambda _options: ensure_engine(),
    "build": _print_build,
    "create": _create,
    "exec": _execute,
    "copy": _copy,
    "checkout": lambda options: checkout(full_name(options.name), options.source, options.target),
    "reboot": lambda options: reboot(full_name(options.name), power_cut=options.power_cut),
    "destroy": _destroy,
    "address": lambda options: print(address(full_name(options.name))),
    "known-hosts": lambda options: print(known_hosts(full_name(options.name))),
    "list": lambda _options: print("\n".join(machines())),
}


def main() -> int:
    """Run the tool; a failure is one message on standard error and exit code 2."""
    try:
        options = parse(sys.argv[1:])
        return _COMMANDS[options.command](options) or 0
    except MachineError as error:
        say(str(error))
        return 2
