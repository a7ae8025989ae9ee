"""Noise added to the pixels."""

from dataclasses import dataclass

import numpy as np

from paddle_aug.rng import generator
from paddle_aug.transform import Transform


def gaussian_noise(image: np.ndarray, sigma: float, seed: int) -> np.ndarray:
    """Add normal noise of `sigma` grey levels, drawn for each pixel and channel, and saturate.

    The notebook wraps around instead: it casts negative noise to uint8 and adds bytes to bytes, so
    dark pixels jump to white, bright ones to black, and its own clipping never acts.
    """
    noise = np.rint(generator(seed, "noise").standard_normal(image.shape) * sigma)
    return np.clip(image + noise, 0, 255).astype(np.uint8)


@dataclass(frozen=True)
class GaussianNoise(Transform):
    """The notebook's random_noise, without its wrap-around: sigma up to `max_sigma` grey levels."""

    max_sigma: float = 10.0

    def sample(self, rng, shape):
        return {
            "sigma": float(rng.uniform(0, self.max_sigma)),
            "seed": int(rng.integers(2**32)),
        }

    def apply(self, image, sigma, seed):
        return gaussian_noise(image, sigma, seed)
