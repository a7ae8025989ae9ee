"""Blurs with the bytes of imgaug 0.4.0: mirrored borders and its window sizes."""

import math
from dataclasses import dataclass
from typing import Annotated

import cv2
import numpy as np

from paddle_aug.augment.ops.draws import UpTo, draw, draw_whole, up_to, within
from paddle_aug.augment.ops.median import median_network
from paddle_aug.augment.transform import Transform

# By window, from how many bytes on our network beats OpenCV; at 224 × 224 it takes a third of
# OpenCV's time for 7, and seven tenths for 11.
NETWORK_PAYS = {7: 15_000, 9: 20_000, 11: 50_000}


def gaussian_blur(image: np.ndarray, sigma: float) -> np.ndarray:
    """Blur by a Gaussian of `sigma` pixels; 0.001 or less leaves the image unchanged."""
    if sigma <= 1e-3:
        return image.copy()
    k = gaussian_window(sigma)
    return cv2.GaussianBlur(image, (k, k), sigmaX=sigma, sigmaY=sigma)


def gaussian_window(sigma: float) -> int:
    """The width at which imgaug cuts a Gaussian off, early: about 3.3 sigma (2.9 from 3 pixels on,
    2.6 from 5), odd, at least 5."""
    width = sigma * (3.3 if sigma < 3 else 2.9 if sigma < 5 else 2.6)
    return int(max(width, 5)) | 1


def average_blur(image: np.ndarray, k: int) -> np.ndarray:
    """Mean of the k × k window."""
    return cv2.blur(image, (k, k))


def median_blur(image: np.ndarray, k: int) -> np.ndarray:
    """Median of the k × k window of each channel; k is odd, and 1 does nothing."""
    if image.size >= NETWORK_PAYS.get(k, math.inf):
        return median_network(image, k)
    return cv2.medianBlur(image, k)


def _window(k: int | tuple[int, int]) -> tuple[int, int]:
    """The range of the window's side; a scalar's begins at 1, which does nothing."""
    return k if isinstance(k, tuple) else (1, k)


Window = Annotated[int | tuple[int, int], within(1, read=_window)]


@dataclass(frozen=True)
class GaussianBlur(Transform):
    """Blurs by a sigma of up to this many pixels, or of the range."""

    sigma: UpTo = 3.0

    def sample(self, rng, shape):
        return {"sigma": draw(rng, up_to(self.sigma))}

    apply = staticmethod(gaussian_blur)


@dataclass(frozen=True)
class AverageBlur(Transform):
    """Averages over a window of 1 to `k` pixels a side, or of the range, both ends included."""

    k: Window = 7

    def sample(self, rng, shape):
        return {"k": draw_whole(rng, *_window(self.k))}

    apply = staticmethod(average_blur)


@dataclass(frozen=True)
class MedianBlur(Transform):
    """Takes the median of a window of 1 to `k` pixels a side, or of the range, both ends included.

    The ends are odd. As in imgaug, each whole number between them has the same probability, and
    even numbers are rounded up: (3, 11) draws 3 in one case of nine, 5, 7, 9 and 11 in two each.
    """

    k: Window = 7

    def __post_init__(self):
        super().__post_init__()
        if not all(end % 2 for end in _window(self.k)):
            raise ValueError(f"k wants odd numbers, got {self.k}")

    def sample(self, rng, shape):
        return {"k": draw_whole(rng, *_window(self.k)) | 1}

    apply = staticmethod(median_blur)
