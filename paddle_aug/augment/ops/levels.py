"""Maps from level to level, with the bytes of Pillow's ImageOps."""

import math
from dataclasses import dataclass
from typing import Annotated

import cv2
import numpy as np

from paddle_aug.augment.ops.arithmetic import look_up
from paddle_aug.augment.ops.draws import draw_whole, within
from paddle_aug.augment.transform import Transform


def posterize(image: np.ndarray, bits: int) -> np.ndarray:
    """Keep this many of the eight bits of each level; 0 bits make the image black."""
    return image & np.uint8(256 - 2 ** (8 - bits))


def solarize(image: np.ndarray, threshold: float) -> np.ndarray:
    """Invert the levels from this one on."""
    _, inverted = cv2.threshold(image, math.ceil(threshold) - 1, 255, cv2.THRESH_BINARY)
    return cv2.bitwise_xor(image, inverted, dst=inverted)


def autocontrast(image: np.ndarray) -> np.ndarray:
    """Stretch the levels of each channel from 0 to 255; the fraction is dropped."""
    planes = []
    for plane in cv2.split(image):
        darkest, brightest, _, _ = cv2.minMaxLoc(plane)
        if darkest < brightest:
            scale = 255.0 / (brightest - darkest)
            plane = look_up(plane, np.arange(256.0) * scale + -darkest * scale)
        planes.append(plane)
    return cv2.merge(planes)


def equalize(image: np.ndarray) -> np.ndarray:
    """Make all levels of a channel equally frequent, as nearly as whole levels allow.

    As in Pillow, each 255th of the pixels below the brightest level is a step to the next level; a
    channel with fewer than 255 such pixels stays unchanged.
    """
    planes = []
    for plane in cv2.split(image):
        counts = cv2.calcHist([plane], [0], None, [256], [0, 256]).ravel().astype(np.int64)
        step = (plane.size - counts[plane.max()]) // 255
        if step > 0:
            darker = counts.cumsum() - counts
            plane = look_up(plane, (darker + step // 2) // step)
        planes.append(plane)
    return cv2.merge(planes)


def _bits(low: int | tuple[int, int]) -> tuple[int, int]:
    """The range of a field: a scalar means from this on, up to the 8 bits that do nothing."""
    return low if isinstance(low, tuple) else (low, 8)


def _thresholds(low: int | tuple[int, int]) -> tuple[int, int]:
    """The range of a field: a scalar means from this on, up to the 256 that does nothing."""
    return low if isinstance(low, tuple) else (low, 256)


@dataclass(frozen=True)
class Posterize(Transform):
    """Keeps 8 bits of each level or fewer, down to `bits`; a pair is the range itself."""

    bits: Annotated[int | tuple[int, int], within(0, 8, _bits, whole=True)] = 4

    def sample(self, rng, shape):
        return {"bits": draw_whole(rng, *_bits(self.bits))}

    apply = staticmethod(posterize)


@dataclass(frozen=True)
class Solarize(Transform):
    """Inverts the levels from a threshold on that is at least `threshold`; a pair is the range
    itself."""

    threshold: Annotated[int | tuple[int, int], within(0, 256, _thresholds, whole=True)] = 128

    def sample(self, rng, shape):
        return {"threshold": draw_whole(rng, *_thresholds(self.threshold))}

    apply = staticmethod(solarize)


@dataclass(frozen=True)
class AutoContrast(Transform):
    """Stretches the levels of each channel to the whole range."""

    apply = staticmethod(autocontrast)


@dataclass(frozen=True)
class Equalize(Transform):
    """Spreads the levels of each channel so that all are equally frequent."""

    apply = staticmethod(equalize)
