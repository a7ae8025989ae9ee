"""From a list of samples to batches of arrays, made ahead of time by worker processes. No Paddle.

Workers are spawned, not forked as paddle.io's are: a fork copies the locks of threads that it does
not copy, OpenCV's and OpenMP's among them, and a worker may then wait for ever. A spawned worker
imports only what it needs, so it starts in a second. One that dies is noticed at once, one that
stands still after a while.

A worker writes its images where this process reads them, in memory that both have; only keys and
labels go through a pipe.
"""

import multiprocessing
import os
import signal
import threading
from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import Executor, Future, ProcessPoolExecutor, ThreadPoolExecutor
from concurrent.futures import TimeoutError as FutureTimeoutError
from concurrent.futures.process import BrokenProcessPool
from contextlib import nullcontext
from functools import cache, partial
from multiprocessing.connection import wait

import cv2
import numpy as np

from paddle_aug.augment.transform import Identity, Transform, failing_step
from paddle_aug.data.cache import Decoded
from paddle_aug.data.image import read_source
from paddle_aug.data.packed import Packed, source_at
from paddle_aug.data.readers.listfile import Sample, labels_of
from paddle_aug.errors import UserError
from paddle_aug.rng import generator
from paddle_aug.system.shared_memory import SharedArray
from paddle_aug.system.signals import held, let_through

Key = tuple[int, int]  # (epoch, index in the list): all that a sample's pixels depend on

UNCHANGED = Identity()

ENOUGH = 30  # seconds for a parent to end, or to kill what is left of its workers
PATIENCE = 600  # seconds for a batch: far beyond the slowest, so that only what hangs is ended


class WorkerKilled(UserError):
    """A worker process has come to an end before its work has."""


class Augmented:
    """Samples by key: each image is read and augmented, and comes out image_size × image_size.

    With `stretch` it is resized to that size before it is augmented, as by the notebook. Without,
    it is augmented at its own size, and what the augmentation leaves at another size than
    image_size × image_size goes through `fit`, which is to make it that size.

    An item is a uint8 image [image_size, image_size, 3] and its label. It is the same for equal
    keys wherever it is made: in this process, in a worker, in a later run; and whether it was read
    from its file or from `decoded`, which has all images of the list, stretched if `stretch` says.
    """

    def __init__(
        self,
        samples: Sequence[Sample],
        image_size: int,
        transform: Transform,
        seed: int,
        decoded: Decoded | None = None,
        stretch: bool = True,
        fit: Transform = UNCHANGED,
    ):
        self.samples = samples
        self.labels = labels_of(samples)
        self.image_size = image_size
        self.transform = transform
        self.seed = seed
        self.decoded = decoded
        self.stretch = stretch
        self.fit = fit
        # Once for all workers, and for what `plain` makes, which pickle then sends but once.
        self._packed = cache(partial(Packed, samples, pixels=decoded is None))
        self._latest: tuple[Transform | None, int, Transform] = (None, 0, transform)

    def __getstate__(self):
        """What goes to a worker: the pixels once, in memory that both have, where there is such."""
        state = dict(self.__dict__)
        return state | {"samples": state.pop("_packed")()}

    def plain(self) -> "Augmented":
        """The same images without augmentation, as an evaluation sees them."""
        made = Augmented.__new__(Augmented)
        made.__dict__ |= self.__dict__ | {"transform": UNCHANGED}
        return made

    def __getitem__(self, key: Key) -> tuple[np.ndarray, int]:
        index = key[1]
        return self.augmented(self.unchanged(index), key), self.labels[index]

    def unchanged(self, index: int) -> np.ndarray:
        """The image that is augmented."""
        if self.decoded is not None:
            return self.decoded[index]
        file, pixels = source_at(self.samples, index)
        return read_source(file, pixels, self.image_size if self.stretch else None)

    def augmented(self, image: np.ndarray, key: Key) -> np.ndarray:
        """The image under the parameters that its key draws.

        Raises:
            UserError: an op fails, and the message names it, the file and the parameters; or the
                image comes out at another size.
        """
        rng = generator(self.seed, "augment", *key)
        made = self.under(self.transform_at(key[0]), image, rng, key)
        if made.shape[:2] != (self.image_size, self.image_size):
            made = self.under(self.fit, made, rng, key)
        if made.shape[:2] != (self.image_size, self.image_size):
            raise UserError(
                f"{self.samples[key[1]].place}, {image.shape[0]} × {image.shape[1]} pixels, comes "
                f"out of the augmentation {made.shape[0]} × {made.shape[1]}, and --image-size is "
                f"{self.image_size}: end --augment or --eval-transform with "
                f"center_crop({self.image_size}) or resize(({self.image_size}, {self.image_size}))"
            )
        return made

    def transform_at(self, epoch: int) -> Transform:
        """The augmentation as it is in this epoch."""
        whole, latest, made = self._latest
        if whole is not self.transform or latest != epoch:
            made = self.transform.at(epoch)
            self._latest = self.transform, epoch, made
        return made

    def under(
        self, transform: Transform, image: np.ndarray, rng: np.random.Generator, key: Key
    ) -> np.ndarray:
        """The image under what the transform draws."""
        params = transform.sample(rng, image.shape)
        try:
            made = transform.apply(image, **params)
            if made.shape != transform.output_shape(image.shape, **params) or (
                made.dtype != np.uint8
            ):
                raise ValueError(f"made {made.dtype} {made.shape} of {image.dtype} {image.shape}")
        except Exception as error:
            op, drawn = failing_step(transform, image, params)
            raise UserError(
                f"{self.samples[key[1]].place}: {op} fails with {drawn} (epoch {key[0] + 1}): "
                f"{type(error).__name__}: {error}. Leave it out of --augment to go on without it"
            ) from error
        return made

    def __len__(self):
        return len(self.samples)

    def fill(self, images: np.ndarray, keys: list[Key]) -> np.ndarray:
        """Write the images of a batch, [N, H, W, 3], and return their labels, int64 [N]."""
        labels = np.empty(len(keys), np.int64)
        for place, key in enumerate(keys):
            images[place], labels[place] = self[key]
        return labels


def epoch_keys(
    length: int, batch_size: int, seed: int, epoch: int, shuffle: bool, fewest: int = 2
) -> Iterator[list[Key]]:
    """The keys of an epoch in batches, each sample once; the last batch may be shorter.

    Shuffled, the order is another in each epoch; the notebook shuffles once for all of them. And
    shuffled batches are for training, where a last batch of less than `fewest` joins the batch
    before: batch normalisation would take a single image for its own mean.
    """
    order = np.arange(length)
    if shuffle:
        order = generator(seed, "order", epoch).permutation(length)
    starts = batch_starts(length, batch_size, fewest if shuffle else 1)
    for start, end in zip(starts, [*starts[1:], length], strict=True):
        yield [(epoch, int(index)) for index in order[start:end]]


def batch_starts(length: int, batch_size: int, fewest: int) -> list[int]:
    """Where in an epoch the batches begin, of which the last has at least `fewest` samples."""
    starts = list(range(0, length, batch_size))
    if len(starts) > 1 and length - starts[-1] < fewest:
        del starts[-1]
    return starts


class Workers:
    """Processes that make batches ahead of time; with 0, one thread of this process does.

    `most` is the number of images of the largest batch. Use it as a context; leaving it ends the
    processes. They also end when this process is killed.

    Raises:
        UserError: there is no memory for the batches.
    """

    def __init__(self, datasets: dict[str, Augmented], processes: int, most: int):
        if getattr(multiprocessing.current_process(), "_inheriting", False):
            # A spawned process imports the script that started it, and got here by that.
            raise UserError('train below `if __name__ == "__main__":`, or with num_workers=0')
        self.datasets = datasets
        self.processes = processes
        self.executor: Executor
        # Two batches a worker are being made or wait, and one is with the network.
        self.free = deque(range(2 * max(1, processes) + 1))
        size = max(dataset.image_size for dataset in datasets.values())
        shape = (len(self.free), most, size, size, 3)
        if processes:
            shared = shared_batches(shape)
            self.room = shared.array
            self.executor = ProcessPoolExecutor(
                processes,
                multiprocessing.get_context("spawn"),
                _start_worker,
                (datasets, shared),
            )
            self.fill = _fill_in_worker
            self.patience = PATIENCE
        else:
            self.room = np.empty(shape, np.uint8)
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
        return self.datasets[name].fill(self.room[place], keys)

    def batches(
        self, name: str, keys: Iterable[list[Key]]
    ) -> Iterator[tuple[np.ndarray, np.ndarray]]:
        """The named dataset's batches of these keys, in their order: uint8 images [N, H, W, 3] and
        int64 labels [N].

        A batch's images are there until the next one is asked for: then others take their place.

        Raises:
            UserError: an image cannot be read (any more), an op fails, or a worker was killed or
                stands still.
        """
        keys, made = iter(keys), deque()
        try:
            for batch in keys:
                if not self.free:
                    yield from self._next(made)
                place = self.free.popleft()
                # The first ones start the workers.
                with held() if self.processes else nullcontext():
                    future = self.executor.submit(self.fill, name, batch, place)
                made.append((place, batch, future))
            while made:
                yield from self._next(made)
        except BrokenProcessPool:
            kill_workers(self.executor)
            raise WorkerKilled(
                "a worker process was killed. Mostly that is because memory ran out: go on with "
                "--resume and fewer --num-workers (0 uses none). In a script of your own it may be "
                'that `if __name__ == "__main__":` is missing'
            ) from None
        finally:
            for place, _, future in made:
                if not future.cancel():
                    future.exception(
                        self.patience
                    )  # it is being made, and its place still written to
                self.free.append(place)

    def _next(self, made: deque[tuple[int, list[Key], Future]]) -> Iterator[tuple]:
        """The batch that was begun first; its place is free again afterwards."""
        place, batch, future = made[0]
        try:
            labels = future.result(self.patience)
        except FutureTimeoutError:
            kill_workers(self.executor)
            raise UserError(
                f"a worker process stands still: the batch of images {[key[1] for key in batch]} "
                f"has not come in {self.patience} s. Go on with --resume and --num-workers 0"
            ) from None
        made.popleft()
        try:
            yield self.room[place][: len(batch)], labels
        finally:
            self.free.append(place)


def shared_batches(shape: tuple[int, ...]) -> SharedArray:
    """Room for the batches that are made ahead."""
    try:
        return SharedArray(shape)
    except OSError as error:
        raise UserError(
            f"no memory for {shape[0]} batches of {shape[1]} images, {np.prod(shape) / 1e9:.1f} "
            f"GB: {error.strerror}; take fewer --num-workers, or a smaller --batch-size"
        ) from None


def _start_worker(datasets: dict[str, Augmented], shared: SharedArray) -> None:
    global _datasets, _shared
    _datasets, _shared = datasets, shared
    cv2.setNumThreads(0)
    obey_parent()


def obey_parent() -> None:
    """Leave signals to the process that started this worker, and end when it does.

    Batch systems send SIGTERM to all processes of a job, and the parent may still want the batch
    that this one is making, to end its step.
    """
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, end_later)
    let_through()
    threading.Thread(target=die_with_parent, daemon=True).start()


def kill_workers(executor: ProcessPoolExecutor) -> None:
    """End what is left of a broken pool at once, which leaving it would wait for."""
    for process in list(executor._processes.values()):
        process.kill()


def end_later(number: int, frame) -> None:
    """A handler of what is for this worker alone if the parent goes on."""
    timer = threading.Timer(ENOUGH, os._exit, (1,))
    timer.daemon = True
    timer.start()


def die_with_parent() -> None:
    """End this worker when the process that started it has ended, however that came."""
    wait([multiprocessing.parent_process().sentinel])
    os._exit(1)


def _fill_in_worker(name: str, keys: list[Key], place: int) -> np.ndarray:
    return _datasets[name].fill(_shared.array[place], keys)
