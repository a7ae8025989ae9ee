"""Batches as tensors: the border between arrays and Paddle."""

from collections.abc import Iterator

import paddle

from paddle_aug.data.feeding import Workers, epoch_keys
from paddle_aug.data.normalize import Normalization


class Batches:
    """Epochs of one dataset: `for images, labels in batches.of(epoch)`.

    Images are uint8 tensors [N, H, W, 3], labels int64 [N].
    """

    def __init__(self, workers: Workers, name: str, batch_size: int, seed: int, shuffle: bool):
        self.workers = workers
        self.name = name
        self.batch_size = batch_size
        self.seed = seed
        self.shuffle = shuffle

    @property
    def images(self) -> int:
        """Images an epoch."""
        return len(self.workers.datasets[self.name])

    def of(self, epoch: int) -> Iterator[tuple[paddle.Tensor, paddle.Tensor]]:
        """The batches of one epoch."""
        keys = epoch_keys(self.images, self.batch_size, self.seed, epoch, self.shuffle)
        for images, labels in self.workers.batches(self.name, keys):
            yield paddle.to_tensor(images), paddle.to_tensor(labels)


class ToNetwork:
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
