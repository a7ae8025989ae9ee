"""Trainings side by side, each in a process of its own that does one after the other."""

import contextlib
import multiprocessing
import os
import signal
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from multiprocessing.connection import Connection, wait
from pathlib import Path

from paddle_aug.config import TrainConfig
from paddle_aug.data.dataset import Dataset
from paddle_aug.errors import UserError
from paddle_aug.system.processes import die_with_parent
from paddle_aug.system.signals import held, let_through
from paddle_aug.training.fit import fit

PATIENCE = 30.0  # seconds that a training is given to end its step


@dataclass(frozen=True)
class Training:
    """What a process is to do: train by the config on a part of the data, which is to be picklable,
    and write to a file what training prints."""

    config: TrainConfig
    part: Callable[[Dataset], Dataset]
    log: Path


class Died(Exception):
    """A process has ended in the middle of a training; the text says how."""


class Trainer:
    """A process that trains; it imports Paddle and holds the data once. A dead one is started anew
    for what comes next."""

    def __init__(self, data: Dataset, device: str):
        self.data = data
        self.device = device
        self.process = None
        self.pipe: Connection | None = None
        self.busy = False

    def begin(self, training: Training) -> None:
        """Start a training; `result` tells of its end."""
        if self.process is None or not self.process.is_alive():
            self._start()
        self.pipe.send(replace(training, config=replace(training.config, device=self.device)))
        self.busy = True

    def _start(self) -> None:
        self.stop()
        # Spawned, as forking copies the locks of threads, and Paddle's state of a GPU.
        context = multiprocessing.get_context("spawn")
        self.pipe, theirs = context.Pipe()
        self.process = context.Process(target=_train, args=(theirs, self.data))
        with held():
            self.process.start()
        theirs.close()

    def result(self) -> None:
        """Return if the training is done; to be called when `ended` names it.

        Raises:
            UserError: what ended it.
            Died: the process did not come to an end.
        """
        self.busy = False
        try:
            message = self.pipe.recv()
        except (EOFError, ConnectionResetError):
            self.process.join()
            code = self.process.exitcode
            how = f"was killed by signal {-code}" if code < 0 else f"ended with exit code {code}"
            raise Died(f"its process {how}") from None
        if message is not None:
            raise UserError(message)

    def ask_to_stop(self) -> None:
        """Tell the process to end: at once, or when its step is done."""
        if self.process is None or not self.process.is_alive():
            return
        if self.busy:
            os.kill(self.process.pid, signal.SIGINT)
        else:
            self.pipe.send(None)

    def stop(self) -> None:
        """End the process that was asked to, whatever it is at."""
        if self.process is None:
            return
        self.process.join(PATIENCE)
        self.process.kill()
        self.process.join()
        self.pipe.close()
        self.process = None
        self.busy = False


def ended(trainers: Sequence[Trainer], timeout: float) -> list[Trainer]:
    """Those of the busy trainers that have a result, after so many seconds at most."""
    busy = {trainer.pipe: trainer for trainer in trainers if trainer.busy}
    return [busy[pipe] for pipe in wait(list(busy), timeout)]


@contextlib.contextmanager
def trainers(data: Dataset, devices: Sequence[str]):
    """A trainer a device; all are stopped at the end."""
    made = [Trainer(data, device) for device in devices]
    try:
        yield made
    finally:
        for trainer in made:
            trainer.ask_to_stop()  # all at once, then wait for each
        for trainer in made:
            trainer.stop()


def _train(pipe: Connection, data: Dataset) -> None:
    """What a trainer's process does: one training after the other, until it is stopped."""
    threading.Thread(target=die_with_parent, daemon=True).start()
    os.setpgrp()  # or Ctrl-C would come twice, and the second is not waited for
    with contextlib.suppress(KeyboardInterrupt):  # how the parent has it stop
        let_through()
        while training := pipe.recv():
            pipe.send(_message_of(training, data))


def _message_of(training: Training, data: Dataset) -> str | None:
    """Train; what a user has to be told of, or None."""
    with (
        open(training.log, "a", encoding="utf-8") as log,
        contextlib.redirect_stdout(log),
        contextlib.redirect_stderr(log),
    ):
        try:
            fit(training.config, training.part(data))
        except UserError as error:
            return str(error)
    return None
