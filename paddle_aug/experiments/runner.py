"""The runs of a comparison or a search, as tasks of worker processes."""

import contextlib
import functools
import logging
import multiprocessing
import os
import pickle
import shlex
import sys
import time
import warnings
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, replace
from functools import partial
from importlib.metadata import distributions
from multiprocessing import forkserver
from multiprocessing.context import BaseContext
from pathlib import Path
from typing import NamedTuple, Protocol

from paddle_aug.config import TrainConfig
from paddle_aug.data.dataset import Dataset
from paddle_aug.data.handing import handed
from paddle_aug.errors import Diverged, UserError
from paddle_aug.inputs import of_mode, transform_of
from paddle_aug.results import runlog
from paddle_aug.results.stats import final_accuracy
from paddle_aug.system.files import held, remove
from paddle_aug.system.processes import cores
from paddle_aug.system.signals import block_signals
from paddle_aug.system.tasks import ATTEMPTS, LocalWorker, Worker, stopped

REMARK = "No ccache found"  # Paddle's, as it is imported; it builds nothing here

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Training:
    """A run. `select`, which must be picklable, takes the run's part of the data; `weights` is that
    of `fit`."""

    name: str
    config: TrainConfig
    select: Callable[[Dataset], Dataset]
    weights: bool = True

    @property
    def log(self) -> Path:
        """The text file of its messages."""
        return Path(self.config.log_dir, f"{runlog.prefix(self.config.mode)}training.log")

    def call(self, device: str) -> Callable[[Dataset], float | UserError]:
        training = replace(self, config=replace(self.config, device=device))
        return partial(train_logged, self.name, self.log, pickle.dumps(training))

    def done(self) -> int:
        return len(runlog.read_run_file(self.config.log_dir, self.config.mode).get("epochs", []))

    def lost(self, death: str) -> str:
        return (
            f"{self.name}: {death}, {ATTEMPTS} times after {self.done()} of {self.config.epochs} "
            f"epochs; its output is in {self.log}. Run the same command to continue"
        )


class Outcome(NamedTuple):
    """The result of a run that has ended. A run that diverged has no accuracy, but the epoch in
    which it `diverged`. `seconds` are those of its finished epochs."""

    accuracy: float | None
    seconds: float
    diverged: int | None = None


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
    # Third-party modules that every run imports. Not our own: without this process's sys.path, the
    # server might import another version of them.
    forking.set_forkserver_preload(["paddle", "cv2", "scipy.special"])
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

    def workers(
        self, data: Dataset, devices: Sequence[str], threads: int
    ) -> contextlib.AbstractContextManager[list[Worker]]:
        import_early()
        shared = handed(data)
        return stopped([LocalWorker(shared, device, context()) for device in devices])


def hold(folder: Path, other: str) -> contextlib.AbstractContextManager:
    """A context in which a folder is for one comparison or search.

    Raises:
        UserError: this process is one of several, or the folder has the `other` command's file;
            or, when the context begins, another one is running in the folder,
            or it cannot be written to.
    """
    from paddle_aug.training.distributed import processes

    if processes() > 1:
        raise UserError(
            "compare and search start their own processes; run them without "
            "paddle.distributed.launch"
        )
    free = f"add --out {shlex.quote(f'{folder}-2')}"
    if (folder / other).exists():
        raise UserError(f"{folder / other} exists, and its report would be replaced; {free}")
    refusal = f"another comparison or search is running in {folder}; wait for it to end, or {free}"
    return held(folder, "--out", refusal)


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


def train_logged(name: str, log: Path, pickled: bytes, data: Dataset) -> float | UserError:
    """Train; returns the seconds it took, or what stopped it."""
    warnings.filterwarnings("ignore", REMARK, UserWarning)
    with logged(log):
        # Here, as both import Paddle, whose warnings belong in the log.
        from paddle_aug.training.fit import fit_held
        from paddle_aug.training.hold import hold_files

        training = pickle.loads(pickled)
        started = time.perf_counter()
        try:
            data = training.select(data)
            config = of_mode(training.config, training.config.augment)
            with hold_files([config]):
                fit_held(config, data, writes_weights=training.weights)
        except Diverged as error:  # a result like any other, which the run's log holds
            logger.warning("%s", error)
        except UserError as error:
            return UserError(f"{name}: {error}")
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
