"""Brightness, contrast, saturation, sharpness and hue, as Pillow and torchvision define them.

All but hue blend the image with a degenerate version of itself (black, grey, colourless, blurred):
factor 0 is that version, 1 is the image, and more than 1 goes beyond it. The kernels use OpenCV's
float arithmetic, within one grey level of Pillow; `exact=True` calls Pillow itself.
"""

import functools
from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated, ClassVar

import cv2
import numpy as np
from PIL import Image, ImageEnhance

from paddle_aug.augment.ops.draws import Factor, Range, around, draw, factors, within
from paddle_aug.augment.ops.scratch import scratch
from paddle_aug.augment.transform import Transform

# Turns OpenCV's rounding of a blend into Pillow's truncation: one half less, plus a little more
# than the error of float32 at 255, so that whole numbers stay what they are.
TRUNCATE = -0.5 + 2**-13


def brightness(image: np.ndarray, factor: float, exact: bool = False) -> np.ndarray:
    """Blend with black."""
    if exact:
        return _enhance(ImageEnhance.Brightness, image, factor)
    return cv2.addWeighted(image, factor, image, 0, TRUNCATE)


def contrast(image: np.ndarray, factor: float, exact: bool = False) -> np.ndarray:
    """Blend with the flat grey of the image's mean luma, a whole number.

    OpenCV's luma weights differ from Pillow's in the fifth decimal, so a flat image may take its
    grey from the next level.
    """
    if exact:
        return _enhance(ImageEnhance.Contrast, image, factor)
    mean = int(cv2.mean(cv2.cvtColor(image, cv2.COLOR_RGB2GRAY))[0] + 0.5)
    return cv2.addWeighted(image, factor, image, 0, (1 - factor) * mean + TRUNCATE)


def color(image: np.ndarray, factor: float, exact: bool = False) -> np.ndarray:
    """Blend with the image's luma (ITU-R 601): its saturation."""
    if exact:
        return _enhance(ImageEnhance.Color, image, factor)
    grey = luma(image)
    return cv2.addWeighted(image, factor, grey, 1 - factor, TRUNCATE, dst=grey)


def luma(image: np.ndarray) -> np.ndarray:
    """The image without its colour (ITU-R 601), in three equal channels."""
    return cv2.cvtColor(cv2.cvtColor(image, cv2.COLOR_RGB2GRAY), cv2.COLOR_GRAY2RGB)


def sharpness(image: np.ndarray, factor: float, exact: bool = False) -> np.ndarray:
    """Blend with the image smoothed by Pillow's 3×3 filter (centre 5, others 1, over 13).

    That filter is 9/13 of a box filter, OpenCV's fastest, plus 4/13 of the image; the shares go
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


def hue(image: np.ndarray, shift: float, exact: bool = False) -> np.ndarray:
    """Turn every hue by this share of the circle, from -0.5 to 0.5: torchvision's adjust_hue.

    As on Pillow's images, hue and saturation are cut to bytes in between, and the byte of the hue
    wraps at 256 although the circle has 255 steps, so even a shift of 0 changes the image. OpenCV's
    float HSV, cut in the same way, differs from Pillow in one byte of 300.
    """
    step = int(shift * 255) % 256
    if exact:
        parts = Image.fromarray(image).convert("HSV").split()
        turned = Image.fromarray(np.array(parts[0]) + np.uint8(step))
        return np.array(Image.merge("HSV", (turned, *parts[1:])).convert("RGB"))
    hsv = scratch("hue", image.shape)
    np.copyto(hsv, image)
    cv2.cvtColor(hsv, cv2.COLOR_RGB2HSV, dst=hsv)  # degrees, a share, and the level
    values = hsv.reshape(len(image), -1)
    to_bytes, from_bytes = _units(image.shape[1])
    values *= to_bytes
    levels = values.astype(np.uint8)
    levels += np.tile(np.uint8([step, 0, 0]), image.shape[1])
    np.copyto(values, levels)
    values *= from_bytes
    cv2.cvtColor(hsv, cv2.COLOR_HSV2RGB, dst=hsv)
    return cv2.convertScaleAbs(hsv)


@functools.lru_cache(maxsize=8)
def _units(width: int) -> tuple[np.ndarray, np.ndarray]:
    """The factors from OpenCV's hue, saturation and value to bytes, and back, for a whole row:
    NumPy is far slower on rows of three numbers."""
    to_bytes = np.float32([255 / 360, 255, 1])
    return np.tile(to_bytes, width), np.tile(1 / to_bytes, width)


def _enhance(enhancer: type, image: np.ndarray, factor: float) -> np.ndarray:
    return np.array(enhancer(Image.fromarray(image)).enhance(factor))


@dataclass(frozen=True)
class _Enhance(Transform):
    """Draws the factor of a blend; `strength` 0.5 means 0.5 to 1.5, the notebook's range. No factor
    is below 0."""

    strength: Factor = 0.5
    exact: bool = False
    kernel: ClassVar[Callable[..., np.ndarray]]

    def sample(self, rng, shape):
        return {"factor": draw(rng, factors(self.strength))}

    def apply(self, image, factor):
        return self.kernel(image, factor, self.exact)


class Brightness(_Enhance):
    """Brighter or darker, by a factor of 1 ± `strength`; the notebook's random_brightness."""

    kernel = staticmethod(brightness)


class Contrast(_Enhance):
    """More or less contrast, by a factor of 1 ± `strength`; the notebook's random_contrast."""

    kernel = staticmethod(contrast)


class Color(_Enhance):
    """More or less colour, by a factor of 1 ± `strength`; the notebook's random_color."""

    kernel = staticmethod(color)


class Sharpness(_Enhance):
    """Sharper or softer, by a factor of 1 ± `strength`; the notebook's random_sharpness."""

    kernel = staticmethod(sharpness)


HueShift = Annotated[Range, within(-0.5, 0.5, around)]


@dataclass(frozen=True)
class Hue(Transform):
    """Turns all hues by up to this share of the circle; 0.5, the maximum, is the opposite hue."""

    strength: HueShift = 0.5
    exact: bool = False

    def sample(self, rng, shape):
        return {"shift": draw(rng, around(self.strength))}

    def apply(self, image, shift):
        return hue(image, shift, self.exact)


@dataclass(frozen=True)
class ColorJitter(Transform):
    """torchvision's: brightness, contrast, saturation and hue in an order drawn for each image.

    Factors are drawn from 1 - x to 1 + x, but not below 0, the hue's shift from -x to x; a pair is
    the range itself. Adjustments that can do nothing are skipped.
    """

    brightness: Factor = 0
    contrast: Factor = 0
    saturation: Factor = 0
    hue: HueShift = 0
    exact: bool = False

    def sample(self, rng, shape):
        blends = ((name, factors(getattr(self, name))) for name in BLENDS)
        ranges = {name: bounds for name, bounds in blends if bounds != (1, 1)}
        if around(self.hue) != (0, 0):
            ranges["hue"] = around(self.hue)
        order = list(ranges)
        rng.shuffle(order)
        return {"order": order} | {name: draw(rng, bounds) for name, bounds in ranges.items()}

    def apply(self, image, order, **amounts):
        for name in order:
            image = JITTERS[name](image, amounts[name], self.exact)
        return image


BLENDS = {"brightness": brightness, "contrast": contrast, "saturation": color}
JITTERS = BLENDS | {"hue": hue}
