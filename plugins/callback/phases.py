"""Callback: show that long work moves, how long each phase took, and where everything is."""

from __future__ import annotations

DOCUMENTATION = r"""
name: phases
type: notification
author: the Inception team
short_description: Shows that long work moves, how long each phase took, and where everything is
description:
  - While a task takes long, prints from time to time how long it has been running, with the last line of
    the newest log below a directory where that can be read.
  - Passes the end of the terminal on, as Ansible itself does with Ctrl-C, so that nothing goes on unseen.
  - At the end prints the time of each play, and the custom statistics of each host.
options:
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
  - enable in configuration
"""

import os
import re
import signal
import threading
import time
from pathlib import Path
from typing import Any

from ansible.plugins.callback import CallbackBase

#: Terminal escapes and other control characters of a build's output.
_CONTROL = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]|[\x00-\x1f\x7f]")
_TAIL_BYTES = 4096
_WIDTH = 110


def last_line(directory: Path, since: float) -> str:
    """Return the last line of the newest log that was written since a point in time (seconds of the epoch)."""
    try:
        logs = [(path.stat().st_mtime, path) for path in directory.glob("*.log")]
        newest = max((entry for entry in logs if entry[0] >= since), default=None)
        if newest is None:
            return ""
        with newest[1].open("rb") as handle:
            handle.seek(max(0, newest[1].stat().st_size - _TAIL_BYTES))
            lines = handle.read().decode("utf-8", "replace").splitlines()
    except OSError:
        return ""  # The log belongs to root, or is just being replaced: the time alone is a sign of life.
    clean = [line for line in (_CONTROL.sub("", line).strip() for line in lines) if line]
    return clean[-1][:_WIDTH] if clean else ""


class CallbackModule(CallbackBase):
    """Signs of life and a summary."""

    CALLBACK_VERSION = 2.0
    CALLBACK_TYPE = "notification"
    CALLBACK_NAME = "phases"
    CALLBACK_NEEDS_ENABLED = True

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        """Begin without a phase."""
        super().__init__(*args, **kwargs)
        self._phases: dict[str, float] = {}
        self._phase = ""
        self._phase_began = 0.0
        self._task = ""
        self._task_began = 0.0
        self._done = threading.Event()

    def v2_playbook_on_start(self, playbook: Any) -> None:
        """Start the thread that gives signs of life."""
        del playbook
        # Ansible's workers have sessions of their own, and Ansible passes every other signal on. nohup stays.
        if signal.getsignal(signal.SIGHUP) == signal.SIG_DFL:
            signal.signal(signal.SIGHUP, lambda *_: os.kill(os.getpid(), signal.SIGTERM))
        threading.Thread(target=self._watch, daemon=True).start()

    def v2_playbook_on_play_start(self, play: Any) -> None:
        """A play is a phase."""
        self._end_phase()
        self._phase, self._phase_began = play.get_name(), time.monotonic()

    def v2_playbook_on_task_start(self, task: Any, is_conditional: bool) -> None:
        """Remember what is going on."""
        del is_conditional
        self._task, self._task_began = task.get_name(), time.time()

    def v2_playbook_on_handler_task_start(self, task: Any) -> None:
        """Remember what is going on."""
        self._task, self._task_began = task.get_name(), time.time()

    def v2_playbook_on_stats(self, stats: Any) -> None:
        """Print how long each phase took, and what the hosts have to tell."""
        self._done.set()
        self._end_phase()
        if self._phases:
            total = sum(self._phases.values())
            width = max(len(name) for name in self._phases)
            self._display.banner("TIME")
            for name, seconds in self._phases.items():
                self._display.display(f"{name:<{width}}  {seconds:6.1f} s")
            self._display.display(f"{'together':<{width}}  {total:6.1f} s")
        failed = any(
            stats.summarize(host)["failures"] or stats.summarize(host)["unreachable"] for host in stats.processed
        )
        told = {host: facts for host, facts in stats.custom.items() if host != "_run"}
        if told and not failed:
            self._display.banner("READY")
            for host, facts in told.items():
                if len(told) > 1:
                    self._display.display(f"{host}")
                width = max(len(name) for name in facts)
                for name, value in facts.items():
                    self._display.display(f"{name:<{width}}  {value}")

    def _end_phase(self) -> None:
        if self._phase:
            spent = time.monotonic() - self._phase_began
            self._phases[self._phase] = self._phases.get(self._phase, 0.0) + spent

    def _watch(self) -> None:
        interval = int(self.get_option("interval"))
        directory = Path(str(self.get_option("log_dir")))
        shown = ""
        marks = 0
        while not self._done.wait(1):
            if self._task != shown:
                shown, marks = self._task, 0
            spent = time.time() - self._task_began
            if self._task and spent >= (marks + 1) * interval:
                marks = int(spent // interval)
                line = last_line(directory, self._task_began)
                # Ansible prints a task's own headline only when there is a result.
                self._display.display(f"    … {self._task}, {spent:.0f} s{': ' + line if line else ''}")
