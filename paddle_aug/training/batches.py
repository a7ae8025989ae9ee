"""Batches as tensors: the border between arrays and Paddle."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice

import cv2
import numpy as np
import paddle

from paddle_aug.data.augmented import Key, batch_starts, epoch_keys
from paddle_aug.data.normalize import Normalization
from paddle_aug.data.workers import Workers
from paddle_aug.training.distributed import Group


@dataclass(frozen=True)
class Batches:
    """Epochs of one dataset: `for images, labels, total in batches.of(epoch)`.

    Images are uint8 tensors [N, H, W, 3], labels int64 [N]. They are this process's part of a batch
    of `total` images: every `group.size`-th. Workers make at most `at_once` of them together.
    `balanced` epochs have as many images of each class.
    """

    workers: Workers
    name: str
    batch_size: int
    seed: int
    shuffle: bool
    group: Group
    at_once: int | None = None
    balanced: bool = False

    passes = 0  # see `key_of_pass`

    @property
    def images(self) -> int:
        """Images in an epoch, over all processes."""
        return len(self.workers.datasets[self.name])

    @property
    def fewest(self) -> int:
        """The number of images in the smallest training batch: two for each process."""
        return 2 * self.group.size

    @property
    def steps(self) -> int:
        """Training batches in an epoch."""
        return len(batch_starts(self.images, self.batch_size, self.fewest))

    def of(self, epoch: int) -> Iterator[tuple[paddle.Tensor, paddle.Tensor, int]]:
        """The batches of one epoch."""
        parts = self.parts(epoch)
        for (images, labels), (_, total) in zip(
            self.tensors([part for part, _ in parts]), parts, strict=True
        ):
            yield images, labels, total

    def parts(self, epoch: int) -> list[tuple[list[Key], int]]:
        """The keys of this process's part of each batch of an epoch, and the images of the batch.

        A process may have none of the last batch of an evaluation, which is left out then.
        """
        labels = None
        if self.balanced:
            labels = [sample.label for sample in self.workers.datasets[self.name].samples]
        batches = epoch_keys(
            self.images, self.batch_size, self.seed, epoch, self.shuffle, self.fewest, labels
        )
        parts = [(keys[self.group.rank :: self.group.size], len(keys)) for keys in batches]
        return [(part, total) for part, total in parts if part]

    def tensors(self, parts: Sequence[list[Key]]) -> Iterator[tuple[paddle.Tensor, paddle.Tensor]]:
        """The images and labels of these keys."""
        at_once = self.at_once or self.batch_size + self.fewest
        starts = [range(0, len(part), at_once) for part in parts]
        pieces = (
            part[start : start + at_once]
            for part, of_part in zip(parts, starts, strict=True)
            for start in of_part
        )
        arrays = self.workers.batches(self.name, pieces)
        for of_part in starts:
            tensors = [
                (tensor_of(images), tensor_of(labels))
                for images, labels in islice(arrays, len(of_part))
            ]
            images, labels = map(joined, zip(*tensors, strict=True))
            yield images, labels


def tensor_of(array: np.ndarray) -> paddle.Tensor:
    """Copy an array to a tensor of its dtype, on the current device.

    `paddle.to_tensor` of Paddle 3.3.1 leaks a hundred bytes a call: 0.3 GB a day at 13 steps a
    second.
    """
    tensor = paddle.empty(array.shape, array.dtype.name)
    tensor.set_value(array)
    return tensor


def joined(pieces: tuple[paddle.Tensor, ...]) -> paddle.Tensor:
    """The pieces of a batch as one tensor."""
    return pieces[0] if len(pieces) == 1 else paddle.concat(pieces)


class Normalize:
    """Turns uint8 [N, H, W, 3] into normalised float32 [N, 3, H, W], on the images' device."""

    def __init__(self, normalization: Normalization):
        self.normalization = normalization
        self.mean = paddle.to_tensor(normalization.mean, "float32")
        self.std = paddle.to_tensor(normalization.std, "float32")
        self.table = None  # the normalised value of each level in each channel, [3, 256]
        if not normalization.per_image and self.mean.place.is_cpu_place():
            levels = paddle.arange(256, dtype="float32").reshape([1, 1, 256, 1])
            self.table = self.normalized(levels).numpy().reshape(3, 256)

    def __call__(self, images: paddle.Tensor) -> paddle.Tensor:
        if self.table is None:
            return self.normalized(images.astype("float32"))
        # One pass, where Paddle takes several: a quarter of the time, and the same values.
        pixels = images.numpy()
        result = np.empty((len(pixels), 3, *pixels.shape[1:3]), np.float32)
        for image, channels in zip(pixels, result, strict=True):
            for number, values in enumerate(self.table):
                cv2.LUT(cv2.extractChannel(image, number), values, channels[number])
        return tensor_of(result)

    def normalized(self, images: paddle.Tensor) -> paddle.Tensor:
        """The same by Paddle, for float32 [N, H, W, 3 or 1]."""
        # Transposed last: arithmetic on transposed tensors takes a CPU twice as long.
        levels = images / 255.0
        if self.normalization.per_image:
            mean = levels.mean(axis=[1, 2, 3], keepdim=True)
            std = levels.std(axis=[1, 2, 3], unbiased=False, keepdim=True) + self.std
            return ((levels - mean) / std).transpose([0, 3, 1, 2])
        return ((levels - self.mean) / self.std).transpose([0, 3, 1, 2])
