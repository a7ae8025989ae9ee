"""Batches as tensors: the border between arrays and Paddle."""

from collections import deque
from collections.abc import Iterator
from typing import Protocol

import numpy as np
import paddle

from paddle_aug.data.augmented import Key, batch_starts, epoch_keys
from paddle_aug.data.normalize import Normalization
from paddle_aug.data.workers import Workers


class Part(Protocol):
    """Which of several processes this is, each of which has a part of every batch."""

    rank: int
    size: int


class Batches:
    """Epochs of one dataset: `for images, labels, whole in batches.of(epoch)`.

    Images are uint8 tensors [N, H, W, 3], labels int64 [N]. They are this process's part of a batch
    of `whole` images: every `group.size`-th. Workers make at most `at_once` of them together.
    """

    def __init__(
        self,
        workers: Workers,
        name: str,
        batch_size: int,
        seed: int,
        shuffle: bool,
        group: Part,
        at_once: int | None = None,
    ):
        self.workers = workers
        self.name = name
        self.batch_size = batch_size
        self.seed = seed
        self.shuffle = shuffle
        self.group = group
        self.at_once = at_once

    @property
    def images(self) -> int:
        """Images an epoch, of all processes."""
        return len(self.workers.datasets[self.name])

    @property
    def fewest(self) -> int:
        """Images in a batch for training, at least: two for each process."""
        return 2 * self.group.size

    @property
    def steps(self) -> int:
        """Batches an epoch, in training."""
        return len(batch_starts(self.images, self.batch_size, self.fewest))

    def of(self, epoch: int) -> Iterator[tuple[paddle.Tensor, paddle.Tensor, int]]:
        """The batches of one epoch."""
        # Of each batch that is being made: its images, and of how many pieces.
        wanted: deque[tuple[int, int]] = deque()
        pieces = []
        for images, labels in self.workers.batches(self.name, self._parts(epoch, wanted)):
            pieces.append((tensor_of(images), tensor_of(labels)))
            whole, several = wanted[0]
            if len(pieces) == several:
                wanted.popleft()
                parts, their_labels = zip(*pieces, strict=True)
                yield joined(parts), joined(their_labels), whole
                pieces.clear()

    def _parts(self, epoch: int, wanted: deque[tuple[int, int]]) -> Iterator[list[Key]]:
        all_keys = epoch_keys(
            self.images, self.batch_size, self.seed, epoch, self.shuffle, self.fewest
        )
        for keys in all_keys:
            part = keys[self.group.rank :: self.group.size]
            if not part:  # more processes than images in the last batch of an evaluation
                continue
            starts = range(0, len(part), self.at_once or len(part))
            wanted.append((len(keys), len(starts)))
            for start in starts:
                yield part[start : start + (self.at_once or len(part))]


def tensor_of(array: np.ndarray) -> paddle.Tensor:
    """The array as a tensor of its type, on the device that is set.

    `paddle.to_tensor` of Paddle 3.3.1 keeps a hundred bytes at each call for good: of a training
    with 13 steps a second, 0.3 GB a day.
    """
    made = paddle.empty(array.shape, array.dtype.name)
    made.set_value(array)
    return made


def joined(pieces: tuple[paddle.Tensor, ...]) -> paddle.Tensor:
    """The pieces of a batch as one tensor."""
    return pieces[0] if len(pieces) == 1 else paddle.concat(pieces)


class Normalize:
    """uint8 [N, H, W, 3] to float32 [N, 3, H, W], normalised, on the images' own device."""

    def __init__(self, normalization: Normalization):
        self.normalization = normalization
        self.mean = paddle.to_tensor(normalization.mean, "float32")
        self.std = paddle.to_tensor(normalization.std, "float32")

    def __call__(self, images: paddle.Tensor) -> paddle.Tensor:
        # Reordered last: arithmetic on what is transposed takes a CPU twice as long.
        levels = images.astype("float32") / 255.0
        if self.normalization.per_image:
            mean = levels.mean(axis=[1, 2, 3], keepdim=True)
            std = levels.std(axis=[1, 2, 3], unbiased=False, keepdim=True) + self.std
            return ((levels - mean) / std).transpose([0, 3, 1, 2])
        return ((levels - self.mean) / self.std).transpose([0, 3, 1, 2])
