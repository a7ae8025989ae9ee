"""From a list of samples to batches of arrays, made ahead of time by worker processes. No Paddle.

Workers are spawned, not forked as paddle.io's are: a fork copies the locks of threads that it does
not copy, such as OpenCV's and OpenMP's, and a worker may then hang. A spawned worker imports only
what it needs and starts in a second. A worker that dies is noticed at once, one that hangs after
PATIENCE.

A worker writes its images into memory that it shares with this process; only keys and labels go
through a pipe.
"""

import multiprocessing
from collections import deque
from collections.abc import Iterable, Iterator
from concurrent.futures import Executor, Future, ProcessPoolExecutor, ThreadPoolExecutor
from concurrent.futures import TimeoutError as FutureTimeoutError
from concurrent.futures.process import BrokenProcessPool
from contextlib import nullcontext

import cv2
import numpy as np

from paddle_aug.data.augmented import Augmented, Key
from paddle_aug.errors import UserError
from paddle_aug.system.plugins import Loaded
from paddle_aug.system.processes import kill_workers, obey_parent
from paddle_aug.system.shared_memory import SharedArray
from paddle_aug.system.signals import block_signals

PATIENCE = 600  # seconds for a batch: far beyond the slowest, so that only what hangs is ended


def refuse_unguarded_script() -> None:
    """Stop in a worker that trains: when spawned, it imports the script that started it."""
    if getattr(multiprocessing.current_process(), "_inheriting", False):
        raise UserError('train below `if __name__ == "__main__":`, or with num_workers=0')


class Workers:
    """Processes that make batches ahead of time; with 0 processes, a thread does.

    `max_batch` is the size of the largest batch. Use it as a context manager, which ends the
    processes. They also end when this process is killed.

    Raises:
        UserError: there is no memory for the batches.
    """

    def __init__(self, datasets: dict[str, Augmented], processes: int, max_batch: int):
        refuse_unguarded_script()
        self.datasets = datasets
        self.processes = processes
        self.executor: Executor
        # Two batches for each worker, being made or waiting, and one that the network uses.
        self.free = deque(range(2 * max(1, processes) + 1))
        size = max(dataset.image_size for dataset in datasets.values())
        shape = (len(self.free), max_batch, size, size, 3)
        if processes:
            try:
                shared = SharedArray(shape)
            except OSError as error:
                raise UserError(
                    f"no memory for {shape[0]} batches of {max_batch} images, "
                    f"{np.prod(shape) / 1e9:.1f} GB: {error.strerror}; take fewer --num-workers, "
                    "or a smaller --batch-size"
                ) from None
            self.images = shared.array
            self.executor = ProcessPoolExecutor(
                processes,
                multiprocessing.get_context("spawn"),
                _start_worker,
                (Loaded(), datasets, shared),
            )
            self.fill = _fill_in_worker
            self.patience = PATIENCE
        else:
            self.images = np.empty(shape, np.uint8)
            self.executor = ThreadPoolExecutor(1)
            self.fill = self._fill_here
            self.patience = None  # there is no way to end a thread

    def __enter__(self):
        self.opencv_threads = cv2.getNumThreads()
        cv2.setNumThreads(0)  # as many threads as there are workers, and no more
        return self

    def __exit__(self, *_):
        self.executor.shutdown(cancel_futures=True)
        cv2.setNumThreads(self.opencv_threads)

    def _fill_here(self, name: str, keys: list[Key], place: int):
        return self.datasets[name].fill(self.images[place], keys)

    def batches(
        self, name: str, keys: Iterable[list[Key]]
    ) -> Iterator[tuple[np.ndarray, np.ndarray]]:
        """The batches of these keys from the named dataset, in order: uint8 images [N, H, W, 3] and
        int64 labels [N].

        The images are valid until the next batch is asked for, which may overwrite them.

        Raises:
            UserError: an image cannot be read (any more), an op fails, or a worker was killed or
                hangs.
        """
        pending = deque()
        try:
            for batch in keys:
                if not self.free:
                    yield from self._next(pending)
                place = self.free.popleft()
                # The first submissions start the workers.
                with block_signals() if self.processes else nullcontext():
                    future = self.executor.submit(self.fill, name, batch, place)
                pending.append((place, batch, future))
            while pending:
                yield from self._next(pending)
        except BrokenProcessPool:
            kill_workers(self.executor)
            raise UserError(
                "a worker process was killed, probably because memory ran out: continue with "
                "--resume and fewer --num-workers (0 uses none). In your own script, `if __name__ "
                '== "__main__":` may be missing'
            ) from None
        finally:
            for place, _, future in pending:
                if not future.cancel():
                    # A worker is still writing to this place.
                    future.exception(self.patience)
                self.free.append(place)

    def _next(self, pending: deque[tuple[int, list[Key], Future]]) -> Iterator[tuple]:
        """The oldest batch; its place is free afterwards."""
        place, batch, future = pending[0]
        try:
            labels = future.result(self.patience)
        except FutureTimeoutError:
            kill_workers(self.executor)
            raise UserError(
                f"a worker process hangs: images {[key[1] for key in batch]} did not arrive within "
                f"{self.patience} s. Continue with --resume and --num-workers 0"
            ) from None
        pending.popleft()
        try:
            yield self.images[place][: len(batch)], labels
        finally:
            self.free.append(place)


def _start_worker(_: Loaded, datasets: dict[str, Augmented], shared: SharedArray) -> None:
    global _datasets, _shared
    _datasets, _shared = datasets, shared
    cv2.setNumThreads(0)
    obey_parent()


def _fill_in_worker(name: str, keys: list[Key], place: int) -> np.ndarray:
    return _datasets[name].fill(_shared.array[place], keys)
