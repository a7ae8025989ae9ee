"""Brightness, contrast, saturation and sharpness, as Pillow's ImageEnhance defines them.

Each blends the image with a degenerate version of itself: factor 0 is that version (black, grey,
colourless, blurred), 1 is the image, and more than 1 goes beyond it.
"""

from dataclasses import dataclass

import numpy as np
from PIL import Image, ImageEnhance

from paddle_aug.transform import Transform, around


def brightness(image: np.ndarray, factor: float) -> np.ndarray:
    """Blend with black."""
    return np.array(ImageEnhance.Brightness(Image.fromarray(image)).enhance(factor))


def contrast(image: np.ndarray, factor: float) -> np.ndarray:
    """Blend with the flat grey of the image's mean luma."""
    return np.array(ImageEnhance.Contrast(Image.fromarray(image)).enhance(factor))


def color(image: np.ndarray, factor: float) -> np.ndarray:
    """Blend with the image's luma (ITU-R 601): its saturation."""
    return np.array(ImageEnhance.Color(Image.fromarray(image)).enhance(factor))


def sharpness(image: np.ndarray, factor: float) -> np.ndarray:
    """Blend with the image smoothed by Pillow's 3×3 filter (centre 5, others 1, over 13)."""
    return np.array(ImageEnhance.Sharpness(Image.fromarray(image)).enhance(factor))


@dataclass(frozen=True)
class _Enhance(Transform):
    """Draws the factor of a blend; 0.5 means 0.5 to 1.5, the notebook's range for all four."""

    strength: float | tuple[float, float] = 0.5

    def sample(self, rng, shape):
        return {"factor": float(rng.uniform(*around(self.strength, 1.0)))}


@dataclass(frozen=True)
class Brightness(_Enhance):
    """The notebook's random_brightness."""

    def apply(self, image, factor):
        return brightness(image, factor)


@dataclass(frozen=True)
class Contrast(_Enhance):
    """The notebook's random_contrast."""

    def apply(self, image, factor):
        return contrast(image, factor)


@dataclass(frozen=True)
class Color(_Enhance):
    """The notebook's random_color."""

    def apply(self, image, factor):
        return color(image, factor)


@dataclass(frozen=True)
class Sharpness(_Enhance):
    """The notebook's random_sharpness."""

    def apply(self, image, factor):
        return sharpness(image, factor)
