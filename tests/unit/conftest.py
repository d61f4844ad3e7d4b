"""What all unit tests need."""

from __future__ import annotations

import signal

# A run that was started in the background, as by nohup, ignores these signals, and so would every program that it
# starts: the tests that send one could not see what it does.
for _signal in (signal.SIGHUP, signal.SIGINT):
    if signal.getsignal(_signal) == signal.SIG_IGN:
        signal.signal(_signal, signal.SIG_DFL if _signal == signal.SIGHUP else signal.default_int_handler)
