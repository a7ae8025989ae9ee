"""Brightness, contrast, saturation and sharpness, as Pillow's ImageEnhance defines them.

Each blends the image with a degenerate version of itself: factor 0 is that version (black, grey,
colourless, blurred), 1 is the image, and more than 1 goes beyond it. The kernels here are OpenCV's
float arithmetic, within one grey level of Pillow; `exact=True` is Pillow itself.
"""

from dataclasses import dataclass

import cv2
import numpy as np
from PIL import Image, ImageEnhance

from paddle_aug.ops.draws import draw
from paddle_aug.transform import Transform, around

# Added to a blend, it makes OpenCV's rounding Pillow's truncation: one half less, and a little more
# than the error of float32 at 255, so that whole numbers stay themselves.
TRUNCATE = -0.5 + 2**-13


def brightness(image: np.ndarray, factor: float, exact: bool = False) -> np.ndarray:
    """Blend with black."""
    if exact:
        return _enhance(ImageEnhance.Brightness, image, factor)
    return cv2.addWeighted(image, factor, image, 0, TRUNCATE)


def contrast(image: np.ndarray, factor: float, exact: bool = False) -> np.ndarray:
    """Blend with the flat grey of the image's mean luma, a whole number.

    OpenCV's luma weights differ from Pillow's in the fifth decimal, so that a flat image can take
    its grey from the next level.
    """
    if exact:
        return _enhance(ImageEnhance.Contrast, image, factor)
    mean = int(cv2.mean(cv2.cvtColor(image, cv2.COLOR_RGB2GRAY))[0] + 0.5)
    return cv2.addWeighted(image, factor, image, 0, (1 - factor) * mean + TRUNCATE)


def color(image: np.ndarray, factor: float, exact: bool = False) -> np.ndarray:
    """Blend with the image's luma (ITU-R 601): its saturation."""
    if exact:
        return _enhance(ImageEnhance.Color, image, factor)
    luma = cv2.cvtColor(cv2.cvtColor(image, cv2.COLOR_RGB2GRAY), cv2.COLOR_GRAY2RGB)
    return cv2.addWeighted(image, factor, luma, 1 - factor, TRUNCATE, dst=luma)


def sharpness(image: np.ndarray, factor: float, exact: bool = False) -> np.ndarray:
    """Blend with the image smoothed by Pillow's 3×3 filter (centre 5, others 1, over 13).

    That filter is 9/13 of a box filter, OpenCV's fastest, and 4/13 of the image, whose shares go
    into the blend. Pillow does not filter the outermost pixels.
    """
    if exact:
        return _enhance(ImageEnhance.Sharpness, image, factor)
    box = cv2.blur(image, (3, 3))
    box_share = (1 - factor) * 9 / 13
    result = cv2.addWeighted(image, 1 - box_share, box, box_share, TRUNCATE, dst=box)
    for edge in (0, -1):
        result[edge] = image[edge]
        result[:, edge] = image[:, edge]
    return result


def _enhance(enhancer: type, image: np.ndarray, factor: float) -> np.ndarray:
    return np.array(enhancer(Image.fromarray(image)).enhance(factor))


@dataclass(frozen=True)
class _Enhance(Transform):
    """Draws the factor of a blend; 0.5 means 0.5 to 1.5, the notebook's range for all four."""

    strength: float | tuple[float, float] = 0.5
    exact: bool = False

    def sample(self, rng, shape):
        return {"factor": draw(rng, around(self.strength, 1.0))}


@dataclass(frozen=True)
class Brightness(_Enhance):
    """The notebook's random_brightness."""

    def apply(self, image, factor):
        return brightness(image, factor, self.exact)


@dataclass(frozen=True)
class Contrast(_Enhance):
    """The notebook's random_contrast."""

    def apply(self, image, factor):
        return contrast(image, factor, self.exact)


@dataclass(frozen=True)
class Color(_Enhance):
    """The notebook's random_color."""

    def apply(self, image, factor):
        return color(image, factor, self.exact)


@dataclass(frozen=True)
class Sharpness(_Enhance):
    """The notebook's random_sharpness."""

    def apply(self, image, factor):
        return sharpness(image, factor, self.exact)
