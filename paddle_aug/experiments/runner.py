"""Trains in worker processes: each has a device, and does one run after another.

They are processes of this machine, or those of a Ray cluster (see `on_ray`).
"""

import contextlib
import functools
import logging
import multiprocessing
import os
import pickle
import shlex
import signal
import sys
import threading
import time
import warnings
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from importlib.metadata import distributions
from multiprocessing import forkserver
from multiprocessing.connection import Connection, wait
from multiprocessing.context import BaseContext
from pathlib import Path
from typing import NamedTuple, Protocol

from tqdm import tqdm

from paddle_aug.config import TrainConfig
from paddle_aug.data.dataset import Dataset
from paddle_aug.errors import Diverged, UserError
from paddle_aug.inputs import of_mode, transform_of
from paddle_aug.results import runlog
from paddle_aug.results.stats import final_accuracy
from paddle_aug.system.files import held, remove
from paddle_aug.system.plugins import Loaded
from paddle_aug.system.processes import cores, die_with_parent
from paddle_aug.system.signals import block_signals, unblock_signals

ATTEMPTS = 3  # of a run whose process dies before it saves another epoch
PATIENCE = 30.0  # seconds for a process to end
REMARK = "No ccache found"  # Paddle's, as it is imported; it builds nothing here

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Training:
    """A run. `select`, which must be picklable, takes the run's part of the data; `log` is the text
    file of its messages. `weights` is that of `fit`."""

    name: str
    config: TrainConfig
    select: Callable[[Dataset], Dataset]
    log: Path
    weights: bool = True


class Outcome(NamedTuple):
    """The result of a run that has ended. A run that diverged has no accuracy, but the epoch in
    which it `diverged`. `seconds` are those of its finished epochs."""

    accuracy: float | None
    seconds: float
    diverged: int | None = None


class Died(Exception):
    """A process ended in the middle of a run; the text says how."""


class Worker(Protocol):
    """A process that trains on one device, and starts when its first run begins."""

    def begin(self, training: Training) -> None:
        """Start a run, in a new process if there is none or the last one died."""

    def result(self) -> float:
        """The seconds that the run took; call it once `ended` returns this worker.

        Raises:
            UserError: the run stopped with this message.
            Died: the process died.
        """

    def rest(self) -> None:
        """There is no other run for now."""

    def interrupt(self) -> None:
        """Ask the process to end; the last saved epoch of its run is on the disk."""

    def stop(self) -> None:
        """Wait for the process to end, and kill it if it does not."""

    @staticmethod
    def ended(workers: "Sequence[Worker]") -> "list[Worker]":
        """Wait until a run ends; returns the workers that have a result."""


class Engine(Protocol):
    """Where runs are trained."""

    def devices(self, config: TrainConfig, jobs: int = 0) -> list[str]:
        """A device for each of the runs side by side; `jobs` is their number, 0 for all there is
        room for."""

    def threads(self, devices: Sequence[str]) -> int:
        """The threads of each of the runs side by side: its share of the cores."""

    def workers(
        self, data: Dataset, devices: Sequence[str], threads: int
    ) -> contextlib.AbstractContextManager[list[Worker]]:
        """A context with a worker for each of the devices."""


@functools.cache
def context() -> BaseContext:
    """Starts the processes of this machine: without GPUs as forks of a server that has imported
    Paddle and done nothing else. Forking this process would copy locked locks of other threads, and
    forking the GPUs' Paddle would copy its state of the GPU."""
    if sys.platform != "linux" or any(distributions(name="paddlepaddle-gpu")):
        return multiprocessing.get_context("spawn")
    forking = multiprocessing.get_context("forkserver")
    forking.set_forkserver_preload(["paddle"])
    return forking


def import_early() -> None:
    """Start the fork server, if there is to be one; it imports Paddle meanwhile."""
    if context().get_start_method() != "forkserver":
        return
    own = os.environ.get("PYTHONWARNINGS")
    ours = f"ignore:{REMARK}:UserWarning"  # or it would come between the lines of this command
    os.environ["PYTHONWARNINGS"] = ours if own is None else f"{own},{ours}"
    try:
        with block_signals():
            forkserver.ensure_running()
    finally:
        del os.environ["PYTHONWARNINGS"]
        if own is not None:
            os.environ["PYTHONWARNINGS"] = own


class LocalWorker:
    """A process of this machine. It imports Paddle and receives the data once."""

    def __init__(self, data: Dataset, device: str):
        self.data = data
        self.device = device
        self.process = None
        self.pipe: Connection | None = None

    def begin(self, training: Training) -> None:
        if self.process is None or not self.process.is_alive():
            self.stop()
            import_early()
            self.pipe, theirs = context().Pipe()
            self.process = context().Process(target=_serve, args=(Loaded(), theirs, self.data))
            with block_signals():
                self.process.start()
            theirs.close()
        training = replace(training, config=replace(training.config, device=self.device))
        self.pipe.send((training.log, pickle.dumps(training)))

    def result(self) -> float:
        try:
            result = self.pipe.recv()
        except (EOFError, ConnectionResetError):
            self.process.join()
            code = self.process.exitcode
            how = f"was killed by signal {-code}" if code < 0 else f"ended with exit code {code}"
            raise Died(f"its process {how}") from None
        if isinstance(result, UserError):
            raise result
        return result

    def interrupt(self) -> None:
        if self.process is not None and self.process.is_alive():
            os.kill(self.process.pid, signal.SIGINT)

    def stop(self) -> None:
        if self.process is not None:
            self.pipe.close()  # ends the process, too, if it waits for another run
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


class Local:
    """This machine."""

    def __init__(self, per_gpu: int = 1):
        self.per_gpu = per_gpu

    def devices(self, config: TrainConfig, jobs: int = 0) -> list[str]:
        """The GPUs in turn, `per_gpu` runs on each, or one run a core."""
        import paddle

        gpus = paddle.device.cuda.device_count() if paddle.device.is_compiled_with_cuda() else 0
        if config.device == "cpu" or (config.device == "auto" and not gpus):
            return ["cpu"] * (jobs or cores())
        if config.device in ("auto", "gpu"):
            number = jobs or max(gpus, 1) * self.per_gpu
            return [f"gpu:{index % max(gpus, 1)}" for index in range(number)]
        return [config.device] * (jobs or self.per_gpu)

    def threads(self, devices: Sequence[str]) -> int:
        return max(1, cores() // len(devices))

    @contextlib.contextmanager
    def workers(
        self, data: Dataset, devices: Sequence[str], threads: int
    ) -> Iterator[list[Worker]]:
        with stopped([LocalWorker(data, device) for device in devices]) as workers:
            yield workers


def hold(folder: Path) -> contextlib.AbstractContextManager:
    """A context in which a folder is for one comparison or search.

    Raises:
        UserError: this process is one of several; or, when the context begins, another one is
            running in the folder, or it cannot be written to.
    """
    from paddle_aug.training.distributed import processes

    if processes() > 1:
        raise UserError(
            "compare and search start their own processes; run them without "
            "paddle.distributed.launch"
        )
    refusal = (
        f"another comparison or search is running in {folder}; wait for it to end, or add --out "
        f"{shlex.quote(f'{folder}-2')}"
    )
    return held(folder, "--out", refusal)


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


def train(
    workers: Sequence[Worker], trainings: Iterable[Training]
) -> Iterator[tuple[Training, float]]:
    """Train, as many runs at a time as there are workers; yields each run with its seconds when it
    ends. The next run is taken from `trainings` when a worker is free.

    A run whose process dies is resumed.

    Raises:
        UserError: a run is refused, or its process died too often; the message names the run.
    """
    waiting, again = iter(trainings), []
    at_work: dict[Worker, Training] = {}
    deaths: Counter[tuple[str, int]] = Counter()  # by run and its finished epochs
    while True:
        for worker in workers:
            if worker in at_work:
                continue
            if training := again.pop() if again else next(waiting, None):
                worker.begin(training)
                at_work[worker] = training
            else:
                worker.rest()
        if not at_work:
            return
        for worker in workers[0].ended(list(at_work)):
            training = at_work.pop(worker)
            config = training.config
            try:
                seconds = worker.result()
            except Died as death:
                run = runlog.read_run_file(config.log_dir, config.mode)
                epochs = len(run.get("epochs", []))
                deaths[training.name, epochs] += 1
                if deaths[training.name, epochs] == ATTEMPTS:
                    raise UserError(
                        f"{training.name}: {death}, {ATTEMPTS} times after {epochs} of "
                        f"{config.epochs} epochs; its output is in {training.log}. Run the same "
                        "command to continue"
                    ) from None
                logger.warning("%s: %s; resuming the run", training.name, death)
                again.append(training)
            except UserError as error:
                raise UserError(f"{training.name}: {error}") from None
            else:
                yield training, seconds


def sharing_cores(config: TrainConfig, engine: Engine, devices: Sequence[str]) -> TrainConfig:
    """The config of one of several runs on GPUs, whose images are made by its share of the cores
    unless the user says by how many processes."""
    if len(devices) == 1 or config.num_workers is not None or devices[0] == "cpu":
        return config
    return replace(config, num_workers=engine.threads(devices))


def outcome(config: TrainConfig) -> Outcome | None:
    """The result of a run, from its logs; None if it has not ended."""
    if not runlog.has_ended(config.log_dir, config.mode):
        return None
    run = runlog.read_run(config.log_dir, config.mode)
    seconds = sum(epoch["seconds"] for epoch in run.run["epochs"])
    return Outcome(final_accuracy(run), seconds, run.diverged)


def remove_weights(config: TrainConfig, keep: Collection[str] = ()) -> None:
    """Remove the large files of a run that has ended, its weights and its checkpoint, but for those
    to `keep`; and the locks that a kill may have left."""
    from paddle_aug.training.hold import lock_files
    from paddle_aug.training.state import MODEL_FILES, model_file

    unwanted = [model_file(config, name) for name in MODEL_FILES if name not in keep]
    for file in (*unwanted, *lock_files(config).values()):
        remove(file)


def _serve(_: Loaded, pipe: Connection, data: Dataset) -> None:
    """The main function of a worker's process."""
    threading.Thread(target=die_with_parent, daemon=True).start()
    os.setpgrp()  # Ctrl-C is for the parent, which then interrupts this process
    tqdm.set_lock(threading.RLock())  # its own would outlive a kill, and Python would warn of it
    warnings.filterwarnings("ignore", REMARK, UserWarning)
    with contextlib.suppress(KeyboardInterrupt, EOFError):
        unblock_signals()
        while True:
            pipe.send(train_logged(*pipe.recv(), data))


def train_logged(log: Path, pickled: bytes, data: Dataset) -> float | UserError:
    """Train; returns the seconds it took, or what stopped it."""
    with logged(log):
        # Here, as both import Paddle, whose warnings belong in the log.
        from paddle_aug.training.fit import fit

        training = pickle.loads(pickled)
        started = time.perf_counter()
        try:
            data = training.select(data)
            fit(training.config, data, weights=training.weights)
        except Diverged as error:  # a result like any other, which the run's log holds
            logger.warning("%s", error)
        except UserError as error:
            return UserError(str(error))
        return time.perf_counter() - started


@contextlib.contextmanager
def logged(file: Path):
    """Append log records to a file, and what Paddle's C++ code writes to stdout and stderr."""
    file.parent.mkdir(parents=True, exist_ok=True)
    handler = logging.FileHandler(file, encoding="utf-8")
    package = logging.getLogger("paddle_aug")
    package.addHandler(handler)
    package.setLevel(logging.INFO)
    package.propagate = False  # Paddle gives the root logger a handler
    for stream in (sys.stdout, sys.stderr):
        os.dup2(handler.stream.fileno(), stream.fileno())
    try:
        yield
    finally:
        sys.stdout.flush()
        package.removeHandler(handler)
        handler.close()


def check_mode(config: TrainConfig, mode: str) -> None:
    """Refuse a mode that cannot be trained with.

    Raises:
        UserError: its augmentation or its mix cannot be made.
    """
    from paddle_aug.training.mixing import mixes_of

    made = of_mode(config, mode)
    transform_of(made)
    mixes_of(made)
