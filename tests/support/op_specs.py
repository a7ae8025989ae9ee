"""Every op and mode as text, and images and draws for the tests that run over them."""

import numpy as np

from paddle_aug.augment.modes import AUGMENTATIONS, augmentation
from paddle_aug.rng import generator

# Of those that have no defaults, or that do nothing by them.
ARGUMENTS = {
    "resize": "((20, 31))",
    "center_crop": "((16, 40))",
    "random_crop": "(9, padding=6)",
    "color_jitter": "(0.4, 0.4, 0.4, 0.1)",
    "keras_affine": "(30, 0.2, 0.2, 0.2, 10)",
}
SPECS = {name: name + ARGUMENTS.get(name, "") for name in AUGMENTATIONS}


def noise(height: int, width: int) -> np.ndarray:
    """Uniform noise that cannot be written to, which holds an op to its promise."""
    image = generator(1, "drawing").integers(0, 256, (height, width, 3)).astype(np.uint8)
    image.flags.writeable = False
    return image


def draws(spec: str, shape: tuple[int, int, int], count: int) -> list[dict]:
    """The parameters of this many images."""
    op = augmentation(spec)
    return [op.sample(generator(0, "augment", 0, index), shape) for index in range(count)]
