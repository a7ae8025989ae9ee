"""Does tasks in worker processes: each has a device, and does one task after another.

They are processes of this machine, or those of a Ray cluster (see `cluster`).
"""

import contextlib
import logging
import os
import signal
import threading
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from multiprocessing.connection import Connection, wait
from multiprocessing.context import BaseContext
from typing import Any, Protocol

from tqdm import tqdm

from paddle_aug.errors import UserError
from paddle_aug.system.plugins import Loaded
from paddle_aug.system.processes import die_with_parent
from paddle_aug.system.signals import block_signals, unblock_signals

ATTEMPTS = 3  # at a task whose process dies before it gets further
PATIENCE = 30.0  # seconds for a process to end

logger = logging.getLogger(__name__)


class Task(Protocol):
    name: str

    def call(self, device: str) -> Callable[[Any], Any]:
        """A picklable function for a process with this device. It takes what all tasks share, and
        returns the result, or the UserError or OSError that stopped it."""

    def done(self) -> int:
        """How far it got: the number of its parts on the disk."""

    def lost(self, death: str) -> str:
        """The message when its process has died too often."""


class Died(Exception):
    """A process ended in the middle of a task; the text says how."""


class Worker(Protocol):
    """A process that does tasks on one device, and starts when its first task begins."""

    def begin(self, task: Task) -> None:
        """Start a task, in a new process if there is none or the last one died."""

    def result(self) -> Any:
        """The result of the task; call it once `ended` returns this worker.

        Raises:
            UserError or OSError: the task stopped with it.
            Died: the process died.
        """

    def rest(self) -> None:
        """There is no other task for now."""

    def interrupt(self) -> None:
        """Ask the process to end; what its task has on the disk is whole."""

    def stop(self) -> None:
        """Wait for the process to end, and kill it if it does not."""

    @staticmethod
    def ended(workers: "Sequence[Worker]") -> "list[Worker]":
        """Wait until a task ends; returns the workers that have a result."""


class LocalWorker:
    """A process of this machine, which receives what its tasks share once."""

    def __init__(self, shared: Any, device: str, context: BaseContext):
        self.shared = shared
        self.device = device
        self.context = context
        self.process = None
        self.pipe: Connection | None = None

    def begin(self, task: Task) -> None:
        if self.process is None or not self.process.is_alive():
            self.stop()
            self.pipe, theirs = self.context.Pipe()
            arguments = (Loaded(), theirs, self.shared)
            process = self.context.Process(target=_serve, args=arguments)
            with block_signals():
                process.start()
                self.process = process  # one that did not start cannot be joined
            theirs.close()
        with contextlib.suppress(BrokenPipeError):  # `result` says how the process ended
            self.pipe.send(task.call(self.device))

    def result(self) -> Any:
        try:
            result = self.pipe.recv()
        except (EOFError, OSError):  # an OSError in the middle of a result
            self.process.join()
            code = self.process.exitcode
            how = f"was killed by signal {-code}" if code < 0 else f"ended with exit code {code}"
            raise Died(f"its process {how}") from None
        return raised(result)

    def interrupt(self) -> None:
        if self.process is not None and self.process.is_alive():
            with contextlib.suppress(ProcessLookupError):  # it has ended meanwhile
                os.kill(self.process.pid, signal.SIGINT)

    def stop(self) -> None:
        if self.process is not None:
            self.pipe.close()  # ends the process, too, if it waits for another task
            self.process.join(PATIENCE)
            self.process.kill()
            self.process.join()
            self.process = None

    def rest(self) -> None:
        pass

    @staticmethod
    def ended(workers: Sequence[Worker]) -> list[Worker]:
        by_pipe = {worker.pipe: worker for worker in workers}
        return [by_pipe[pipe] for pipe in wait(list(by_pipe))]


def raised(result: Any) -> Any:
    """A task's result; raises the error that stopped it."""
    if isinstance(result, Exception):
        raise result
    return result


def _serve(_: Loaded, pipe: Connection, shared: Any) -> None:
    """The main function of a worker's process."""
    threading.Thread(target=die_with_parent, daemon=True).start()
    if hasattr(os, "setpgrp"):  # not on Windows
        os.setpgrp()  # Ctrl-C is for the parent, which then interrupts this process
    # `interrupt` ends this process by SIGINT, which background jobs of scripts ignore by default.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    tqdm.set_lock(threading.RLock())  # its own would outlive a kill, and Python would warn of it
    with contextlib.suppress(KeyboardInterrupt, EOFError):
        unblock_signals()
        while True:
            pipe.send(pipe.recv()(shared))


@contextlib.contextmanager
def stopped(workers: list[Worker]) -> Iterator[list[Worker]]:
    """A context that stops the workers when it ends."""
    try:
        yield workers
    finally:
        for worker in workers:
            worker.interrupt()
        for worker in workers:
            worker.stop()


def run(
    workers: Sequence[Worker], tasks: Iterable[Task], meanwhile: Callable[[], None] | None = None
) -> Iterator[tuple[Any, Any]]:
    """Do tasks, as many at a time as there are workers; yields each with its result when it ends.
    The next task is taken from `tasks` when a worker is free. `meanwhile` is called once the first
    ones have begun.

    A task whose process dies begins again.

    Raises:
        UserError or OSError: a task stopped with it, or its process died too often.
    """
    waiting, again = iter(tasks), []
    at_work: dict[Worker, Task] = {}
    deaths: Counter[tuple[str, int]] = Counter()  # by task and how far it got
    while True:
        for worker in workers:
            if worker in at_work:
                continue
            if task := again.pop() if again else next(waiting, None):
                worker.begin(task)
                at_work[worker] = task
            else:
                worker.rest()
        if meanwhile is not None:
            meanwhile()
            meanwhile = None
        if not at_work:
            return
        for worker in workers[0].ended(list(at_work)):
            task = at_work.pop(worker)
            try:
                result = worker.result()
            except Died as death:
                key = task.name, task.done()
                deaths[key] += 1
                if deaths[key] == ATTEMPTS:
                    raise UserError(task.lost(str(death))) from None
                logger.warning("%s: %s; beginning it again", task.name, death)
                again.append(task)
            else:
                yield task, result
