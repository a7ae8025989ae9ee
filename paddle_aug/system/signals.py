"""Ctrl-C and SIGTERM: answered at once, or between two steps, as in training. No Paddle."""

import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from multiprocessing.resource_tracker import ensure_running

ANSWERED = (signal.SIGINT, signal.SIGTERM)


class Terminated(KeyboardInterrupt):
    """SIGTERM, by which batch systems ask a job to end; what answers Ctrl-C answers it, too."""

    number = signal.SIGTERM


class Interrupted(KeyboardInterrupt):
    """A signal, `number`, that waited for the end of a step; its text says where that was."""

    def __init__(self, number: int, place: str = ""):
        super().__init__(place)
        self.number = number


def raise_at_once(number: int, frame) -> None:
    """A handler of either signal."""
    if number == signal.SIGTERM:
        raise Terminated
    signal.default_int_handler(number, frame)


@contextmanager
def handled(numbers: tuple[int, ...], handler: Callable) -> Iterator[None]:
    """Within this context signals have this handler; in a thread that is not the main one, which
    alone may change it, they keep theirs."""
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
def termination_raised() -> Iterator[None]:
    """Within this context SIGTERM raises Terminated, as Ctrl-C raises KeyboardInterrupt."""
    with handled((signal.SIGTERM,), raise_at_once):
        yield


@contextmanager
def held() -> Iterator[None]:
    """Hold both signals back from a process that is started within until it calls `let_through`, so
    that none comes before it has its handlers. Not on Windows."""
    if not hasattr(signal, "pthread_sigmask"):
        yield
        return
    ensure_running()  # multiprocessing's own helper, whose start would let the signals through
    before = signal.pthread_sigmask(signal.SIG_BLOCK, ANSWERED)
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def let_through() -> None:
    """Take the signals that were held back when this process was started."""
    if hasattr(signal, "pthread_sigmask"):
        signal.pthread_sigmask(signal.SIG_UNBLOCK, ANSWERED)


def take_back() -> None:
    """Have SIGTERM handled as before Paddle was imported, which takes it for itself without a word
    to Python."""
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
            raise_at_once(number, frame)
        asked.append(number)

    def raise_interrupt():
        if asked:
            raise Interrupted(asked[0])

    with handled(ANSWERED, note):
        yield raise_interrupt
        raise_interrupt()
