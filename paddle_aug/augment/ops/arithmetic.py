"""Sums, factors and greys, pixel by pixel, with the bytes of imgaug 0.4.0.

A kernel that takes one number or three applies three to the channels one by one.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np

from paddle_aug.augment.ops.color import luma
from paddle_aug.augment.ops.draws import (
    Factor,
    Levels,
    Probability,
    Share,
    UpToShare,
    around,
    draw,
    draw_channels,
    factors,
    up_to,
)
from paddle_aug.augment.transform import Transform

LEVELS = np.arange(256, dtype=np.float32)[:, None]


def add(image: np.ndarray, value: float | Sequence[float]) -> np.ndarray:
    """Add whole grey levels (half to even) and saturate."""
    levels = np.rint(np.full(3, value)).tolist()
    up = [min(max(level, 0), 255) for level in levels]
    down = [min(max(-level, 0), 255) for level in levels]
    # In two steps: OpenCV adds bytes five times faster than numbers below 0.
    if any(up):
        image = cv2.add(image, (*up, 0))
    return cv2.subtract(image, (*down, 0)) if any(down) else image


def multiply(image: np.ndarray, mul: float | Sequence[float]) -> np.ndarray:
    """Multiply, saturate, and drop the fraction."""
    return look_up(image, LEVELS * np.float32(mul))


def linear_contrast(image: np.ndarray, alpha: float | Sequence[float]) -> np.ndarray:
    """Stretch about grey 127 by `alpha`, saturate, and drop the fraction."""
    return look_up(image, 127 + (LEVELS - 127) * np.float32(alpha))


def look_up(image: np.ndarray, table: np.ndarray) -> np.ndarray:
    """Replace each level by that of a table of 256 or 256 × 3 numbers, cut to bytes.

    This costs a third of the same arithmetic on pixels; imgaug has tables too.
    """
    return cv2.LUT(image, table.clip(0, 255).astype(np.uint8).reshape(1, 256, -1))


def invert(image: np.ndarray, channels: Sequence[bool] = (True, True, True)) -> np.ndarray:
    """Take the chosen channels from 255."""
    if all(channels):
        return cv2.bitwise_not(image)
    # The distance from 255, or from 0. (An xor would take an image of one pixel for the scalar.)
    return cv2.absdiff(image, (*(255.0 * chosen for chosen in channels), 0))


def grayscale(image: np.ndarray, alpha: float) -> np.ndarray:
    """Blend with the image's luma (ITU-R 601); 1 is all grey.

    Rounds to the nearest level as imgaug does. A blend that lies halfway between two levels, within
    the last bits of float32, may round the other way: 2 of a million at a drawn alpha.
    """
    return cv2.addWeighted(image, 1 - alpha, luma(image), alpha, 0)


@dataclass(frozen=True)
class Add(Transform):
    """Adds up to `value` grey levels either way, or a number of the range."""

    value: Levels = 20
    per_channel: Probability = 0.0

    def sample(self, rng, shape):
        return {"value": draw_channels(rng, around(self.value), self.per_channel)}

    apply = staticmethod(add)


@dataclass(frozen=True)
class Multiply(Transform):
    """Multiplies by 1 ± `mul`, but not below 0, or by a number of the range."""

    mul: Factor = 0.2
    per_channel: Probability = 0.0

    def sample(self, rng, shape):
        return {"mul": draw_channels(rng, factors(self.mul), self.per_channel)}

    apply = staticmethod(multiply)


@dataclass(frozen=True)
class LinearContrast(Transform):
    """Multiplies the distance from grey 127 by 1 ± `alpha`, but not below 0, or by a number of the
    range."""

    alpha: Factor = 0.4
    per_channel: Probability = 0.0

    def sample(self, rng, shape):
        return {"alpha": draw_channels(rng, factors(self.alpha), self.per_channel)}

    apply = staticmethod(linear_contrast)


@dataclass(frozen=True)
class Invert(Transform):
    """Inverts with probability `p`: the image or, with probability `per_channel`, each channel."""

    p: Share = 1.0
    per_channel: Probability = 0.0

    def sample(self, rng, shape):
        if rng.random() < self.per_channel:
            return {"channels": [rng.random() < self.p for _ in range(3)]}
        return {"channels": [rng.random() < self.p] * 3}

    apply = staticmethod(invert)


@dataclass(frozen=True)
class Grayscale(Transform):
    """Takes up to the part `alpha` of the colour away, or a part of the range."""

    alpha: UpToShare = 1.0

    def sample(self, rng, shape):
        return {"alpha": draw(rng, up_to(self.alpha))}

    apply = staticmethod(grayscale)
