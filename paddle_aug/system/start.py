"""Ctrl-C while a command is still being imported, when nothing has been written yet."""

import os
import signal
from types import FrameType


def exit_on_interrupt() -> None:
    """End this process with a line at Ctrl-C, until `raise_on_interrupt`.

    An exception in the middle of an import prints a traceback, and C code may turn it into an
    ImportError. Where Ctrl-C is ignored, as in a shell's background jobs, it remains so.
    """
    if signal.getsignal(signal.SIGINT) is signal.default_int_handler:
        signal.signal(signal.SIGINT, _exit)


def raise_on_interrupt() -> None:
    """Raise KeyboardInterrupt at Ctrl-C again."""
    if signal.getsignal(signal.SIGINT) is _exit:
        signal.signal(signal.SIGINT, signal.default_int_handler)


def _exit(number: int, _: FrameType | None) -> None:
    os.write(2, b"stopped\n")
    os._exit(128 + number)
