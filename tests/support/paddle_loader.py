"""Run by test_adapters.py in a process of its own, as paddle.io forks its workers: prints as JSON
what three epochs of a DataLoader draw, twice from the same np.random.seed, for each op that is
named and each kind of worker."""

import json
import sys
from zlib import crc32

import numpy as np
from paddle.io import DataLoader, Dataset
from paddle.vision.transforms import Compose, Transpose

from paddle_aug.augment.adapters.imgaug import Imgaug, load
from paddle_aug.augment.adapters.paddle import PaddleVision
from paddle_aug.augment.ops.noise import AdditiveGaussianNoise

EPOCHS, IMAGES, BATCH = 3, 12, 2
GREY = np.full((8, 8, 3), 128, np.uint8)
# Those of this process last: its threads must not be there when workers are forked.
WORKERS = [(1, False), (1, True), (2, False), (2, True), (0, False)]


class KeepsItsGenerator:
    def __init__(self):
        self.rng = np.random.default_rng(0)

    def __call__(self, image):
        return self.rng.integers(0, 256, image.shape, dtype=np.uint8)


def global_noise(image):
    return np.random.randint(0, 256, image.shape, dtype=np.uint8)  # noqa: NPY002


def add_noise():
    _, iaa = load()
    return iaa.AdditiveGaussianNoise(scale=30)


def albumentations_in_ours():
    import albumentations as A

    from paddle_aug.augment.adapters.albumentations import Albumentations

    return Albumentations(A.Compose([A.GaussNoise(std_range=(0.1, 0.2), p=1)]))


OPS = {
    "ours": lambda: AdditiveGaussianNoise((20.0, 30.0)),
    "imgaug in ours": lambda: Imgaug(add_noise),
    "theirs in ours": lambda: PaddleVision(global_noise),
    "albumentations in ours": albumentations_in_ours,
    "generator of its own": KeepsItsGenerator,
}


class Greys(Dataset):
    """Grey images, each made [ops, C, H, W] by all ops side by side."""

    def __init__(self, ops):
        self.transforms = [Compose([op, Transpose()]) for op in ops]

    def __getitem__(self, index):
        return np.stack([transform(GREY) for transform in self.transforms])

    def __len__(self):
        return IMAGES


def drawn(names, workers, persistent):
    """A number for each image by op and epoch: equal pixels, equal numbers."""
    loader = DataLoader(
        Greys([OPS[name]() for name in names]),
        batch_size=BATCH,
        shuffle=True,
        num_workers=workers,
        persistent_workers=persistent,
        use_shared_memory=False,
        timeout=60,
    )
    np.random.seed(1)  # noqa: NPY002
    epochs = [[item for batch in loader for item in batch.numpy()] for _ in range(EPOCHS)]
    return {
        name: [[crc32(item[place].tobytes()) for item in epoch] for epoch in epochs]
        for place, name in enumerate(names)
    }


if __name__ == "__main__":
    names = sys.argv[1:]
    print(
        json.dumps(
            [
                {"workers": workers, "persistent": persistent, "op": name, "runs": [once, again]}
                for workers, persistent in WORKERS
                for (name, once), again in zip(
                    drawn(names, workers, persistent).items(),
                    drawn(names, workers, persistent).values(),
                    strict=True,
                )
            ]
        )
    )
