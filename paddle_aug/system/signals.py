"""Ctrl-C and SIGTERM as exceptions, here and in worker processes. No Paddle."""

import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from multiprocessing.resource_tracker import ensure_running

SIGNALS = (signal.SIGINT, signal.SIGTERM)


class Terminated(KeyboardInterrupt):
    """SIGTERM, which batch systems send to end a job; whatever handles Ctrl-C handles it, too."""

    number = signal.SIGTERM


class Interrupted(KeyboardInterrupt):
    """A signal, `number`, that waited for the end of a step; its text says where that was."""

    def __init__(self, number: int, place: str = ""):
        super().__init__(place)
        self.number = number


def raise_for_signal(number: int, frame) -> None:
    """A handler that raises KeyboardInterrupt for Ctrl-C and Terminated for SIGTERM."""
    if number == signal.SIGTERM:
        raise Terminated
    signal.default_int_handler(number, frame)


@contextmanager
def signal_handler(numbers: tuple[int, ...], handler: Callable) -> Iterator[None]:
    """Handle these signals with `handler` inside this context.

    Only the main thread can set handlers; in any other thread this does nothing.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = {number: signal.signal(number, handler) for number in numbers}
    try:
        yield
    finally:
        for number, earlier in before.items():
            signal.signal(number, earlier)


@contextmanager
def sigterm_raises() -> Iterator[None]:
    """Make SIGTERM raise Terminated inside this context, as Ctrl-C raises KeyboardInterrupt."""
    with signal_handler((signal.SIGTERM,), raise_for_signal):
        yield


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


@contextmanager
def interrupts_between_steps() -> Iterator[Callable[[], None]]:
    """Make both signals wait for the end of a step: yields the function that raises Interrupted
    there. What comes behind the last step is raised at the end of the context.

    Raised wherever the program is, it may be within a call from C that drops exceptions, and the
    training goes on: seen in one of some hundred tests. A second signal is raised at once.
    """
    asked = []

    def note(number, frame):
        if asked:
            raise_for_signal(number, frame)
        asked.append(number)

    def raise_interrupt():
        if asked:
            raise Interrupted(asked[0])

    with signal_handler(SIGNALS, note):
        yield raise_interrupt
        raise_interrupt()
