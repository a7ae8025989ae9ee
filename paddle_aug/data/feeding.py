"""From a list of samples to batches of arrays, made ahead of time by worker processes. No Paddle.

Workers are spawned, not forked as paddle.io's are: a fork copies the locks of threads that it does
not copy, OpenCV's and OpenMP's among them, and a worker may then wait for ever. A spawned worker
imports only what it needs, so it starts in a second. One that dies is noticed at once.
"""

import multiprocessing
import os
import signal
import threading
from collections import deque
from collections.abc import Iterable, Iterator
from concurrent.futures import Executor, ProcessPoolExecutor, ThreadPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from multiprocessing.connection import wait

import cv2
import numpy as np

from paddle_aug.data.image import read_image, resize
from paddle_aug.data.listfile import Sample
from paddle_aug.errors import UserError
from paddle_aug.rng import generator
from paddle_aug.transform import Transform

Key = tuple[int, int]  # (epoch, index in the list): all that a sample's pixels depend on


class Augmented:
    """Samples by key: each image is read, resized to image_size × image_size, then augmented.

    An item is a uint8 image [image_size, image_size, 3] and its label. It is the same for equal
    keys wherever it is made: in this process, in a worker, in a later run.
    """

    def __init__(self, samples: list[Sample], image_size: int, transform: Transform, seed: int):
        self.samples = samples
        self.image_size = image_size
        self.transform = transform
        self.seed = seed

    def __getitem__(self, key: Key) -> tuple[np.ndarray, int]:
        epoch, index = key
        sample = self.samples[index]
        image = resize(read_image(sample.file), self.image_size)
        return self.transform(image, generator(self.seed, "augment", epoch, index)), sample.label

    def __len__(self):
        return len(self.samples)

    def batch(self, keys: list[Key]) -> tuple[np.ndarray, np.ndarray]:
        """uint8 images [N, H, W, 3] and int64 labels [N]."""
        images, labels = zip(*(self[key] for key in keys), strict=True)
        return np.stack(images), np.array(labels, np.int64)


def epoch_keys(
    length: int, batch_size: int, seed: int, epoch: int, shuffle: bool
) -> Iterator[list[Key]]:
    """The keys of an epoch in batches, each sample once; the last batch may be shorter.

    Shuffled, the order is another in each epoch; the notebook shuffles once for all of them. And
    shuffled batches are for training, where a last batch of one joins the batch before: batch
    normalisation would take it for its own mean.
    """
    order = np.arange(length)
    if shuffle:
        order = generator(seed, "order", epoch).permutation(length)
    starts = list(range(0, length, batch_size))
    if shuffle and len(starts) > 1 and starts[-1] == length - 1:
        del starts[-1]
    for start, end in zip(starts, [*starts[1:], length], strict=True):
        yield [(epoch, int(index)) for index in order[start:end]]


class Workers:
    """Processes that make batches ahead of time; with 0, one thread of this process does.

    Use it as a context; leaving it ends the processes. They also end when this process is killed.
    """

    def __init__(self, datasets: dict[str, Augmented], processes: int):
        if getattr(multiprocessing.current_process(), "_inheriting", False):
            # A spawned process imports the script that started it, and got here by that.
            raise UserError('train below `if __name__ == "__main__":`, or with num_workers=0')
        cv2.setNumThreads(0)  # as many threads as there are workers, and no more
        self.ahead = 2 * max(1, processes)
        self.executor: Executor
        if processes:
            self.executor = ProcessPoolExecutor(
                processes, multiprocessing.get_context("spawn"), _start_worker, (datasets,)
            )
        else:
            self.executor = ThreadPoolExecutor(1)
        self.datasets = datasets
        self.make = _make_in_worker if processes else self._make_here

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.executor.shutdown(cancel_futures=True)

    def _make_here(self, name: str, keys: list[Key]):
        return self.datasets[name].batch(keys)

    def batches(
        self, name: str, keys: Iterable[list[Key]]
    ) -> Iterator[tuple[np.ndarray, np.ndarray]]:
        """The named dataset's batches of these keys, in their order.

        Raises:
            UserError: an image cannot be read (any more), or a worker was killed.
        """
        keys, made = iter(keys), deque()
        try:
            for batch in keys:
                made.append(self.executor.submit(self.make, name, batch))
                if len(made) > self.ahead:
                    yield made.popleft().result()
            while made:
                yield made.popleft().result()
        except BrokenProcessPool:
            raise UserError(
                "a worker process was killed. Mostly that is because memory ran out: go on with "
                "--resume and fewer --num-workers (0 uses none). In a script of your own it may be "
                'that `if __name__ == "__main__":` is missing'
            ) from None
        finally:
            for future in made:
                future.cancel()


def _start_worker(datasets: dict[str, Augmented]) -> None:
    global _datasets
    _datasets = datasets
    cv2.setNumThreads(0)
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is the parent's to answer
    threading.Thread(target=_die_with_parent, daemon=True).start()


def _die_with_parent() -> None:
    wait([multiprocessing.parent_process().sentinel])
    os._exit(1)


def _make_in_worker(name: str, keys: list[Key]) -> tuple[np.ndarray, np.ndarray]:
    return _datasets[name].batch(keys)
