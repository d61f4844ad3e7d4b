"""The first process of a machine without an init system.

It does the two things that the kernel leaves to a first process, and nothing else: it collects dead
orphans, and it ends (and with it the machine) when the outer engine asks.
"""

from __future__ import annotations

import os
import signal


def main() -> None:
    """Wait for signals until one of them asks to stop."""
    signals = {signal.SIGCHLD, signal.SIGTERM, signal.SIGINT}
    signal.pthread_sigmask(signal.SIG_BLOCK, signals)
    while signal.sigwait(signals) == signal.SIGCHLD:
        try:
            while os.waitpid(-1, os.WNOHANG)[0] != 0:
                pass
        except ChildProcessError:
            continue  # Every child is collected.


if __name__ == "__main__":
    main()
