"""Callback: what a person sees of a run: what goes on now, one sentence for what fails, and where everything is."""

from __future__ import annotations

DOCUMENTATION = r"""
name: phases
type: stdout
author: the Inception team
short_description: Shows what goes on now, one sentence for what fails, and where everything is
description:
  - Ansible's own output, but for what tells a person nothing. A task's headline appears when it takes time, not only when
    it has ended; a failure that is told in sentences stands once, without an excerpt of the playbook.
  - While a task takes long, prints from time to time how long it has been running and on which of several hosts, with
    the last line of the newest log below a directory where that can be read. Of a server it is asked for in a call of
    its own, which never asks for a password.
  - Messages are shown in the language of E(LANG), where C(languages/) has it; what Ansible itself says stays English.
  - Passes the end of the terminal on, as Ansible itself does with Ctrl-C, so that nothing goes on unseen.
  - At the end prints the time of each play, and the custom statistics of each host.
extends_documentation_fragment:
  - default_callback
  - result_format_callback
options:
  output:
    description:
      - V(full) shows everything, V(quiet) what changed or failed, messages and the end, as a log of CI wants it, and
        V(message) messages and failures alone.
    type: str
    choices: [full, quiet, message]
    default: full
    env:
      - name: INCEPTION_OUTPUT
  interval:
    description: Seconds between two signs of life.
    type: int
    default: 10
    env:
      - name: INCEPTION_PROGRESS_INTERVAL
    ini:
      - section: callback_phases
        key: interval
  log_dir:
    description: Where the logs of long work are.
    type: path
    default: /var/log/inception
    env:
      - name: INCEPTION_LOG_DIR
    ini:
      - section: callback_phases
        key: log_dir
requirements:
  - set as stdout in configuration
"""

import os
import re
import shlex
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import Any

from ansible import constants, context
from ansible.plugins.callback.default import CallbackModule as DefaultCallback
from ansible.utils.display import get_text_width

# It is used before there is a virtualenv, too.
sys.path.append(str(Path(__file__).resolve().parents[2] / "languages"))
from catalogue import catalogue

#: Terminal escapes and other control characters of a build's output.
_CONTROL = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]|[\x00-\x1f\x7f]")
_TAIL_BYTES = 4096
_WIDTH = 110
#: Seconds that a server may take to show the end of a log.
_ANSWER = 10
#: Options that lead to a server, as Ansible knows them.
_WAY = {
    "remote_user": "--user",
    "private_key_file": "--private-key",
    "connection": "--connection",
    "ssh_common_args": "--ssh-common-args",
    "become_method": "--become-method",
    "become_user": "--become-user",
}
#: Seconds after which a task's headline is shown although there is no result yet.
_HEADLINE = 1.0
#: What the result of a failed task holds beside its message when the message is all that there is to tell.
_BESIDE = frozenset({"failed", "changed", "exception", "msg", "invocation", "warnings", "deprecations"})


def sentences(result: dict[str, Any]) -> str | None:
    """Return the message of a failed task where it tells everything, else None.

    Args:
        result: what the task returned.
    """
    message = result.get("msg")
    if not isinstance(message, str) or any(name not in _BESIDE for name in result if not name.startswith("_ansible")):
        return None
    return message.strip()


def last_line(directory: Path, since: float) -> str:
    """Return the last line of the newest log that was written since a point in time (seconds of the epoch)."""
    try:
        logs = [(path.stat().st_mtime, path) for path in directory.glob("*.log")]
        newest = max((entry for entry in logs if entry[0] >= since), default=None)
        if newest is None:
            return ""
        with newest[1].open("rb") as handle:
            handle.seek(max(0, newest[1].stat().st_size - _TAIL_BYTES))
            return end_of(handle.read().decode("utf-8", "replace"))
    except OSError:
        return ""  # The log belongs to root, or is just being replaced: the time alone is a sign of life.


def end_of(text: str) -> str:
    """Return the last line that says something, without what steers a terminal."""
    clean = [line for line in (_CONTROL.sub("", line).strip() for line in text.splitlines()) if line]
    return clean[-1][:_WIDTH] if clean else ""


def last_line_on(host: str, directory: Path, age: float) -> str:
    """Return the last line of the newest log on a server, where it is younger than ``age`` (seconds).

    Ansible itself is called for that, as it knows the way; it must not ask for anything. Without an answer within
    seconds the time alone is a sign of life.
    """
    script = (
        f"cd {shlex.quote(str(directory))} && log=$(ls -t *.log | head -n 1) && "
        f'[ $(($(date +%s) - $(stat -c %Y "$log"))) -le {int(age)} ] && tail -c {_TAIL_BYTES} "$log"'
    )
    options = [f"--inventory={source}" for source in context.CLIARGS["inventory"] or ()]
    options += [f"--extra-vars={given}" for given in context.CLIARGS["extra_vars"] or ()]
    # What else leads there may have been given on the command line, such as -u.
    options += [f"{option}={value}" for name, option in _WAY.items() if (value := context.CLIARGS.get(name))]
    if not context.CLIARGS.get("become_ask_pass"):
        # A password was given to Ansible alone; without it, what everybody may read has to do.
        options.append("--become")
    command = [
        str(Path(sys.argv[0]).with_name("ansible")),
        host,
        *options,
        # Nobody is asked: the last one counts.
        f"--ssh-extra-args={context.CLIARGS.get('ssh_extra_args') or ''} -o BatchMode=yes",
    ]
    try:
        done = subprocess.run(
            [*command, "--module-name=ansible.builtin.raw", f"--args={script}"],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            timeout=_ANSWER,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired):
        return ""
    # One line tells of which host it is.
    return end_of(done.stdout.decode("utf-8", "replace").partition(">>\n")[2]) if done.returncode == 0 else ""


class CallbackModule(DefaultCallback):
    """Ansible's own output without what tells nothing, with signs of life and a summary."""

    CALLBACK_VERSION = 2.0
    CALLBACK_TYPE = "stdout"
    CALLBACK_NAME = "phases"

    def __init__(self) -> None:
        """Begin without a phase."""
        super().__init__()
        self._catalogue = catalogue(os.environ)
        self._phases: dict[str, float] = {}
        self._phase = ""
        self._phase_began = 0.0
        self._task: Any = None
        self._task_began = 0.0
        self._waiting: set[str] = set()
        self._told: set[tuple[str, str]] = set()
        self._done = threading.Event()

    def v2_playbook_on_start(self, playbook: Any) -> None:
        """Start the thread that gives signs of life."""
        # Ansible's workers have sessions of their own, and Ansible passes every other signal on. nohup stays.
        if signal.getsignal(signal.SIGHUP) == signal.SIG_DFL:
            signal.signal(signal.SIGHUP, lambda *_: os.kill(os.getpid(), signal.SIGTERM))
        if self._form == "full":
            super().v2_playbook_on_start(playbook)
            threading.Thread(target=self._watch, daemon=True).start()
        else:
            self.set_option("display_ok_hosts", False)

    def v2_playbook_on_play_start(self, play: Any) -> None:
        """A play is a phase."""
        self._end_phase()
        self._phase, self._phase_began = play.get_name(), time.monotonic()
        if self._form == "full":
            super().v2_playbook_on_play_start(play)
        self._play = play

    def _task_start(self, task: Any, prefix: str | None = None) -> None:
        """Remember what is going on."""
        super()._task_start(task, prefix)
        self._waiting = set()
        self._task, self._task_began = task, time.time()

    def _print_task_banner(self, task: Any) -> None:
        """Print a task's headline, which nobody needs above a message alone."""
        if self._form == "message":
            self._last_task_banner = task._uuid
        else:
            super()._print_task_banner(task)

    def v2_runner_on_start(self, host: Any, task: Any) -> None:
        """Note which hosts work on the task."""
        super().v2_runner_on_start(host, task)
        self._waiting.add(host.get_name())

    def v2_runner_on_ok(self, result: Any) -> None:
        """Show messages as they are, and nothing of what Ansible itself has checked or included."""
        self._waiting.discard(result.host.get_name())
        action = str(result.task.resolved_action).rpartition(".")[2]
        if self._display.verbosity == 0:
            if action in {"validate_argument_spec", "include_tasks", "include_role"}:
                return
            if action == "debug" and isinstance(result.result.get("msg"), str) and not result.task.loop:
                self._message(result)
                return
        if self._form != "message":
            super().v2_runner_on_ok(result)

    def v2_playbook_on_include(self, included_file: Any) -> None:
        """Say which file is included where somebody looks closely."""
        if self._display.verbosity > 0:
            super().v2_playbook_on_include(included_file)

    def v2_runner_on_skipped(self, result: Any) -> None:
        """Note that the host has nothing to do."""
        self._waiting.discard(result.host.get_name())
        super().v2_runner_on_skipped(result)

    def v2_runner_on_unreachable(self, result: Any) -> None:
        """Note that the host cannot be asked."""
        self._waiting.discard(result.host.get_name())
        super().v2_runner_on_unreachable(result)

    def v2_runner_on_failed(self, result: Any, ignore_errors: bool = False) -> None:
        """Show a message that tells everything by itself, once for all hosts; else what Ansible shows."""
        self._waiting.discard(result.host.get_name())
        message = sentences(result.result)
        if message is None or ignore_errors or self._display.verbosity > 0:
            super().v2_runner_on_failed(result, ignore_errors)
            return
        if self._last_task_banner != result.task._uuid:
            self._print_task_banner(result.task)
        known = (result.task._uuid, message) in self._told
        self._told.add((result.task._uuid, message))
        message = self._catalogue.text(message)
        told = " the same" if known else "\n" + "\n".join(f"  {line}" for line in message.splitlines())
        alone = self._form == "message" and result.host.get_name() == "localhost"
        self._display.display(
            message if alone else f"fatal: [{self.host_label(result)}]: FAILED!{told}",
            color=constants.COLOR_ERROR,
            stderr=self.get_option("display_failed_stderr"),
        )

    def v2_runner_retry(self, result: Any) -> None:
        """Say that something is waited for; it has not failed yet."""
        left = result.result["retries"] - result.result["attempts"]
        if self._form == "full":
            self._display.display(f"    … {result.task_name}: not yet on {self.host_label(result)}, {left} tries left")

    def v2_playbook_on_stats(self, stats: Any) -> None:
        """Print how long each phase took, and what the hosts have to tell."""
        self._done.set()
        self._end_phase()
        if self._form == "message":
            return
        super().v2_playbook_on_stats(stats)
        failed = any(
            stats.summarize(host)["failures"] or stats.summarize(host)["unreachable"] for host in stats.processed
        )
        # After a failure, what failed is what a person has to see.
        if failed:
            return
        if self._form == "full":
            self._tell_times()
        self._tell_addresses({host: facts for host, facts in stats.custom.items() if host != "_run"})

    def _tell_times(self) -> None:
        width = max(len(name) for name in (*self._phases, "together"))
        self._display.banner("TIME")
        for name, seconds in (*self._phases.items(), ("together", sum(self._phases.values()))):
            self._display.display(f"{name:<{width}}  {seconds:6.1f} s")

    def _tell_addresses(self, told: dict[str, dict[str, str]]) -> None:
        if told:
            self._display.banner(self._catalogue.line("READY"))
        for host, facts in sorted(told.items()):
            if len(told) > 1:
                self._display.display(host)
            shown = {self._catalogue.line(name): self._catalogue.line(str(value)) for name, value in facts.items()}
            width = max(get_text_width(name) for name in shown)
            for name, value in shown.items():
                self._display.display(f"{name}{' ' * (width - get_text_width(name))}  {value}")

    def _message(self, result: Any) -> None:
        """Print a message as it is; of several hosts, with the host's name."""
        if self._last_task_banner != result.task._uuid:
            self._print_task_banner(result.task)
        # What is asked for, as by `make settings`, is long: the name gets a line of its own.
        end = ":\n" if self._form == "message" else ": "
        where = "" if result.host.get_name() == "localhost" else f"{self.host_label(result)}{end}"
        self._display.display(f"{where}{self._catalogue.text(str(result.result['msg']).rstrip())}")

    @property
    def _form(self) -> str:
        return str(self.get_option("output"))

    def _end_phase(self) -> None:
        if self._phase:
            spent = time.monotonic() - self._phase_began
            self._phases[self._phase] = self._phases.get(self._phase, 0.0) + spent

    def _watch(self) -> None:
        interval = int(self.get_option("interval"))
        directory = Path(str(self.get_option("log_dir")))
        shown: Any = None
        marks = 0
        while not self._done.wait(0.5):
            task, began = self._task, self._task_began
            if task is None:
                continue
            if task is not shown:
                shown, marks = task, 0
            spent = time.time() - began
            if spent >= _HEADLINE and self._last_task_banner != task._uuid:
                # Ansible prints a task's own headline only when there is a result.
                self._print_task_banner(task)
            if spent >= (marks + 1) * interval:
                marks = int(spent // interval)
                hosts = sorted(self._waiting - {"localhost"})
                line = last_line_on(hosts[0], directory, spent) if hosts else last_line(directory, began)
                where = f" on {', '.join(hosts[:5])}{' …' if len(hosts) > 5 else ''}" if hosts else ""
                self._display.display(f"    … {task.get_name()}{where}, {spent:.0f} s{': ' + line if line else ''}")
