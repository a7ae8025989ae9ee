"""Normal noise added to the pixels, saturating, as imgaug's AdditiveGaussianNoise does.

Drawing 150 000 normal numbers costs more than all else an image goes through. Here each pixel picks
one of 256 levels by a random byte instead: the quantiles of the normal distribution, one from each
of 256 equally likely strata, at a place in the strata that is drawn for the image.
"""

import functools
from dataclasses import dataclass
from statistics import NormalDist

import cv2
import numpy as np

from paddle_aug.ops.draws import Range, check_range, draw, random_words, up_to
from paddle_aug.rng import generator
from paddle_aug.transform import Transform, around

PLACES = 64  # in a stratum; together 16 384 quantiles, out to 4 sigma


@functools.cache
def normal_quantiles() -> np.ndarray:
    """The standard normal distribution's quantiles: a row for each place, 256 rising numbers."""
    count = 256 * PLACES
    inverse = NormalDist().inv_cdf
    quantiles = np.array([inverse((i + 0.5) / count) for i in range(count)])
    return np.ascontiguousarray(quantiles.reshape(256, PLACES).T)


def add_picked(image: np.ndarray, picks: np.ndarray, levels: np.ndarray) -> np.ndarray:
    """Add `levels[picks]` and saturate: picks are bytes, levels 256 whole numbers that rise.

    Picks are of the image's shape, or without its channels: then all three get the same.
    """
    size = cv2.LUT(picks, np.minimum(np.abs(levels), 255).astype(np.uint8))
    _, upward = cv2.threshold(picks, np.searchsorted(levels, 0) - 1, 255, cv2.THRESH_BINARY)
    up = cv2.bitwise_and(size, upward)
    down = cv2.subtract(size, up)
    if picks.ndim == 2:
        up, down = (cv2.cvtColor(each, cv2.COLOR_GRAY2RGB) for each in (up, down))
    return cv2.subtract(cv2.add(image, up), down)


def additive_gaussian_noise(
    image: np.ndarray, loc: float, scale: float, per_channel: bool, seed: int
) -> np.ndarray:
    """Add normal noise of mean `loc` and deviation `scale`, in grey levels, to pixel or channel."""
    rng = generator(seed, "noise")
    levels = np.rint(loc + scale * normal_quantiles()[rng.integers(PLACES)])
    shape = image.shape if per_channel else image.shape[:2]
    return add_picked(image, random_words(rng, shape, np.uint8), levels)


@dataclass(frozen=True)
class AdditiveGaussianNoise(Transform):
    """Adds noise of up to `scale` grey levels, or of the range; grey noise or, with probability
    `per_channel`, coloured."""

    loc: Range = 0
    scale: Range = 15
    per_channel: float = 0.0

    def __post_init__(self):
        check_range("scale", up_to(self.scale), 0)

    def sample(self, rng, shape):
        return {
            "loc": draw(rng, around(self.loc, 0)),
            "scale": draw(rng, up_to(self.scale)),
            "per_channel": rng.random() < self.per_channel,
            "seed": int(rng.integers(2**32)),
        }

    def apply(self, image, loc, scale, per_channel, seed):
        return additive_gaussian_noise(image, loc, scale, per_channel, seed)
