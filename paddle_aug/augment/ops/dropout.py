"""Pixels, or rectangles of them, set to black in all channels at once or in each channel."""

from dataclasses import dataclass
from typing import Annotated

import cv2
import numpy as np

from paddle_aug.augment.ops.draws import (
    Probability,
    UpToShare,
    draw,
    draw_seed,
    random_words,
    up_to,
    within,
)
from paddle_aug.augment.transform import Transform
from paddle_aug.rng import generator


def drop(image: np.ndarray, kept: np.ndarray) -> np.ndarray:
    """Keep the pixels where the mask is 255; the mask has one channel or three."""
    if kept.ndim == 2:
        kept = cv2.cvtColor(kept, cv2.COLOR_GRAY2RGB)
    return cv2.bitwise_and(image, kept)


def dropout(image: np.ndarray, p: float, per_channel: bool, seed: int) -> np.ndarray:
    """Blacken each pixel with probability `p`, rounded to 1/65536."""
    words = random_words(generator(seed, "noise"), _mask_shape(image, per_channel), np.uint16)
    return drop(image, _mask(words >= round(p * 65536)))


def coarse_dropout(
    image: np.ndarray, p: float, size: tuple[int, int], per_channel: bool, seed: int
) -> np.ndarray:
    """Lay a grid of `size` rows × columns over the image and blacken each cell with probability
    `p`."""
    height, width = image.shape[:2]
    cells = generator(seed, "noise").random((*size, *_mask_shape(image, per_channel)[2:])) >= p
    # Columns first, then whole rows: OpenCV alone takes two to four times as long.
    wide = cv2.resize(_mask(cells), (width, size[0]), interpolation=cv2.INTER_NEAREST)
    rows = np.arange(size[0], dtype=np.float32)[:, None]
    rows = cv2.resize(rows, (1, height), interpolation=cv2.INTER_NEAREST).ravel()
    return drop(image, wide.take(rows.astype(np.intp), axis=0))


def _mask(where: np.ndarray) -> np.ndarray:
    """255 for True: -1 in bytes."""
    return -where.view(np.uint8)


def _mask_shape(image: np.ndarray, per_channel: bool) -> tuple[int, ...]:
    return image.shape if per_channel else image.shape[:2]


@dataclass(frozen=True)
class Dropout(Transform):
    """Blackens up to the part `p` of the pixels, or a part of the range.

    With probability `per_channel` it does so in each channel separately, which makes colours.
    """

    p: UpToShare = 0.05
    per_channel: Probability = 0.0

    def sample(self, rng, shape):
        return {
            "p": draw(rng, up_to(self.p)),
            "per_channel": rng.random() < self.per_channel,
            "seed": draw_seed(rng),
        }

    apply = staticmethod(dropout)


@dataclass(frozen=True)
class CoarseDropout(Transform):
    """Dropout in rectangles: drawn on a grid of `size_percent` of the image's pixels a side.

    Rows and columns are drawn independently; there are at least `min_size` of each.
    """

    p: UpToShare = (0.02, 0.1)
    size_percent: UpToShare = (0.02, 0.05)
    per_channel: Probability = 0.0
    min_size: Annotated[int, within(1)] = 3

    def sample(self, rng, shape):
        return {
            "p": draw(rng, up_to(self.p)),
            "size": [
                max(int(draw(rng, up_to(self.size_percent)) * side), self.min_size)
                for side in shape[:2]
            ],
            "per_channel": rng.random() < self.per_channel,
            "seed": draw_seed(rng),
        }

    apply = staticmethod(coarse_dropout)
