"""Batches as tensors: the border between arrays and Paddle."""

from collections.abc import Iterator

import paddle

from paddle_aug.data.feeding import Workers, epoch_keys


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


def to_network(images: paddle.Tensor) -> paddle.Tensor:
    """uint8 [N, H, W, 3] to float32 [N, 3, H, W] in [-1, 1], on the images' own device."""
    # In this order: arithmetic on what is transposed takes a CPU twice as long.
    return (images.astype("float32") / 255.0 * 2.0 - 1.0).transpose([0, 3, 1, 2])
