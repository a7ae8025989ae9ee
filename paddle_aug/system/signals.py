"""Ctrl-C and SIGTERM as exceptions, here and in worker processes. No Paddle."""

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from multiprocessing.resource_tracker import ensure_running

SIGNALS = (signal.SIGINT, signal.SIGTERM)


class Terminated(KeyboardInterrupt):
    """SIGTERM, which batch systems send to end a job; whatever handles Ctrl-C handles it, too."""

    number = signal.SIGTERM


@contextmanager
def sigterm_raises() -> Iterator[None]:
    """Make SIGTERM raise Terminated inside this context, as Ctrl-C raises KeyboardInterrupt.

    Only the main thread can set handlers; in any other thread this does nothing.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    received = []

    def handler(number, _):
        received.append(number)
        raise Terminated

    before = signal.signal(signal.SIGTERM, handler)
    try:
        yield
    except KeyboardInterrupt as interrupt:
        if received and not isinstance(interrupt, Terminated):  # Ray takes it for Ctrl-C
            raise Terminated from interrupt
        raise
    except ImportError as error:  # pybind11's, if a signal comes while it initializes a module
        if isinstance(error.__cause__, KeyboardInterrupt):
            raise error.__cause__ from None
        raise
    finally:
        signal.signal(signal.SIGTERM, before)


@contextmanager
def block_signals() -> Iterator[None]:
    """Start child processes inside this context with both signals blocked.

    A child calls `unblock_signals` once its handlers are set, so that no signal ends it while it
    starts. Windows has no signal masks; there this does nothing.
    """
    if not hasattr(signal, "pthread_sigmask"):
        yield
        return
    # Multiprocessing's resource tracker unblocks the signals when it starts, so it starts first.
    ensure_running()
    before = signal.pthread_sigmask(signal.SIG_BLOCK, SIGNALS)
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def unblock_signals() -> None:
    """Receive the signals that were blocked when this process started."""
    if hasattr(signal, "pthread_sigmask"):
        signal.pthread_sigmask(signal.SIG_UNBLOCK, SIGNALS)


def restore_sigterm() -> None:
    """Restore Python's SIGTERM handler, which `import paddle` replaces with one of its own in C."""
    handler = signal.getsignal(signal.SIGTERM)
    if callable(handler) and threading.current_thread() is threading.main_thread():
        signal.signal(signal.SIGTERM, handler)
