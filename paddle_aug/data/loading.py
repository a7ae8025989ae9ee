"""From a list of samples to batches: the only module that meets paddle.io."""

from collections.abc import Iterator

import cv2
import numpy as np
import paddle
from paddle.io import BatchSampler, DataLoader

from paddle_aug.data.dataset import Sample
from paddle_aug.data.image import read_image, resize
from paddle_aug.rng import generator
from paddle_aug.transform import Transform

Key = tuple[int, int]  # (epoch, index in the list): all that a sample's pixels depend on


class Augmented(paddle.io.Dataset):
    """Samples by key: each image is read, resized to image_size × image_size, then augmented.

    An item is a uint8 image [image_size, image_size, 3] and its int64 label. It is the same for
    equal keys wherever it is made: in this process, in a worker, in a later run.
    """

    def __init__(self, samples: list[Sample], image_size: int, transform: Transform, seed: int):
        super().__init__()
        self.samples = samples
        self.image_size = image_size
        self.transform = transform
        self.seed = seed

    def __getitem__(self, key: Key) -> tuple[np.ndarray, np.int64]:
        epoch, index = key
        sample = self.samples[index]
        image = resize(read_image(sample.file), self.image_size)
        image = self.transform(image, generator(self.seed, "augment", epoch, index))
        return image, np.int64(sample.label)

    def __len__(self):
        return len(self.samples)


class KeySampler(BatchSampler):
    """Batches of keys of the epoch that `epoch` names, each sample once; the last may be shorter.

    Training shuffles anew for each epoch (the notebook once for all of them).
    """

    def __init__(self, length: int, batch_size: int, seed: int, shuffle: bool):
        super().__init__(sampler=range(length), batch_size=batch_size)
        self.length = length
        self.seed = seed
        self.shuffle = shuffle
        self.epoch = 0

    def __iter__(self) -> Iterator[list[Key]]:
        order = np.arange(self.length)
        if self.shuffle:
            order = generator(self.seed, "order", self.epoch).permutation(self.length)
        for start in range(0, self.length, self.batch_size):
            yield [(self.epoch, int(index)) for index in order[start : start + self.batch_size]]

    def __len__(self):
        return -(-self.length // self.batch_size)


def collate(items: list[tuple[np.ndarray, np.int64]]) -> tuple[np.ndarray, np.ndarray]:
    """Stack items to uint8 images [N, H, W, 3] and int64 labels [N]."""
    images, labels = zip(*items, strict=True)
    return np.stack(images), np.array(labels)


def single_thread(_worker: int) -> None:
    """Keep a worker to its own core: parallelism is the number of workers."""
    cv2.setNumThreads(0)


class Batches:
    """Epochs of batches: `for images, labels in batches.of(epoch)`, as tensors on the device.

    Images are uint8 [N, H, W, 3], labels int64 [N]. Workers live as long as this object.
    """

    def __init__(
        self, dataset: Augmented, batch_size: int, seed: int, shuffle: bool, num_workers: int
    ):
        self.sampler = KeySampler(len(dataset), batch_size, seed, shuffle)
        # OpenCV's threads do not survive a fork: a worker would wait for them for ever.
        cv2.setNumThreads(0)
        self.loader = DataLoader(
            dataset,
            batch_sampler=self.sampler,
            collate_fn=collate,
            num_workers=num_workers,
            persistent_workers=num_workers > 0,
            worker_init_fn=single_thread,
        )

    def of(self, epoch: int) -> Iterator[tuple[paddle.Tensor, paddle.Tensor]]:
        """The batches of one epoch."""
        self.sampler.epoch = epoch
        return iter(self.loader)

    def __len__(self):
        return len(self.sampler)


def to_network(images: paddle.Tensor) -> paddle.Tensor:
    """uint8 [N, H, W, 3] to float32 [N, 3, H, W] in [-1, 1], on the images' own device."""
    return images.transpose([0, 3, 1, 2]).astype("float32") / 255.0 * 2.0 - 1.0
