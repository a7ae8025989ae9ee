"""Normal noise added to the pixels: the notebook's, and imgaug's AdditiveGaussianNoise.

Drawing 150 000 normal numbers costs more than the rest of a pipeline. Here random bytes pick from
512 equally likely levels instead: quantiles of the normal distribution, shifted a little for each
image. That takes a thirtieth of the time, and the distribution of one image's noise is as close to
the rounded normal distribution as chance allows (0.005 at 224 × 224). It reaches to 3 sigma.
"""

import math
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from statistics import NormalDist
from typing import Annotated

import cv2
import numpy as np

from paddle_aug.augment.ops.draws import (
    Levels,
    Probability,
    UpTo,
    around,
    draw,
    draw_seed,
    up_to,
    within,
)
from paddle_aug.augment.transform import Transform
from paddle_aug.rng import generator

PLACES = 64  # positions that a level can have within its 512th of the distribution
RUN = 512  # A byte picks from 256 levels: runs of this length use even and odd ones in turn.


def gaussian_noise(
    image: np.ndarray, sigma: float, seed: int, mean: float = 0.0, per_channel: bool = True
) -> np.ndarray:
    """Add noise of deviation `sigma`, in grey levels, and saturate.

    Each channel of a pixel gets its own noise, or all three the same. (The notebook wraps around:
    it casts negative noise to uint8 and adds bytes to bytes, so dark pixels jump to white and
    bright ones to black, and its own clipping never acts.)
    """
    count = image.size if per_channel else image.size // 3
    runs = -(-count // (2 * RUN))
    words = generator(seed, "noise").bit_generator.random_raw(1 + runs * 2 * RUN // 8)
    quantiles = normal_quantiles()[int(words[0]) % PLACES]
    picks = words[1:].view(np.uint8).reshape(runs, 2, RUN)
    return add_levels(image, picks, np.rint(mean + sigma * quantiles), per_channel)


def add_levels(
    image: np.ndarray, picks: np.ndarray, levels: np.ndarray, per_channel: bool = True
) -> np.ndarray:
    """Add levels[0][pick] or, in every other run of picks, levels[1][pick], and saturate.

    `picks` are random bytes, runs × 2 × RUN, one for each pixel or channel; `levels` are whole
    numbers, 2 × 256. The noise overwrites the picks.
    """
    shape = image.shape if per_channel else image.shape[:2]
    *first_parts, last_part = _bytes_about_128(levels)
    for tables in (*first_parts, last_part):
        noise = picks if tables is last_part else np.empty_like(picks)
        for parity, table in enumerate(tables):
            cv2.LUT(picks[:, parity], table, dst=noise[:, parity])
        noise = noise.reshape(-1)[: math.prod(shape)].reshape(shape)
        if not per_channel:
            noise = cv2.cvtColor(noise, cv2.COLOR_GRAY2RGB)
        image = cv2.addWeighted(image, 1, noise, 1, -128, dst=noise)
    return image


def _bytes_about_128(levels: np.ndarray) -> Iterator[np.ndarray]:
    """The levels as bytes, 128 for 0, in parts to be added one after another if a byte is too
    small. The parts of a level have one sign, so saturating in between changes nothing; three parts
    reach from white to black."""
    for _ in range(3):
        part = cv2.addWeighted(levels, 1, levels, 0, 128, dtype=cv2.CV_8U)
        yield part
        levels = levels + 128.0 - part
        if not levels.any():
            return


@cache
def normal_quantiles() -> np.ndarray:
    """Quantiles of the normal distribution, PLACES × 2 × 256: one in each 512th, even and odd.

    The quantiles of one place have the same position in every 512th, between its first and last
    quarter: further out, the outermost would make the deviation of the noise 0.5 % too large.
    """
    inverse = NormalDist().inv_cdf
    places = [0.25 + 0.5 * (step + 0.5) / PLACES for step in range(PLACES)]
    return np.array(
        [
            [[inverse((part + place) / 512) for part in range(parity, 512, 2)] for parity in (0, 1)]
            for place in places
        ]
    )


@dataclass(frozen=True)
class GaussianNoise(Transform):
    """Noise for each pixel, its sigma up to `max_sigma` grey levels.

    The notebook's random_noise, without its wrap-around.
    """

    max_sigma: Annotated[float, within(0)] = 10.0

    def sample(self, rng, shape):
        return {"sigma": draw(rng, (0, self.max_sigma)), "seed": draw_seed(rng)}

    apply = staticmethod(gaussian_noise)


@dataclass(frozen=True)
class AdditiveGaussianNoise(Transform):
    """imgaug's: noise of up to `scale` grey levels, or of the range, about a mean `loc`.

    The noise is grey or, with probability `per_channel`, coloured.
    """

    loc: Levels = 0
    scale: UpTo = 15
    per_channel: Probability = 0.0

    def sample(self, rng, shape):
        return {
            "loc": draw(rng, around(self.loc)),
            "scale": draw(rng, up_to(self.scale)),
            "per_channel": rng.random() < self.per_channel,
            "seed": draw_seed(rng),
        }

    def apply(self, image, loc, scale, per_channel, seed):
        return gaussian_noise(image, scale, seed, loc, per_channel)
