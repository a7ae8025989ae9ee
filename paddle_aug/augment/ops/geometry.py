"""Flips, rotation, and the notebook's crop."""

import math
from dataclasses import dataclass
from typing import Annotated

import cv2
import numpy as np
from PIL import Image

from paddle_aug.augment.ops.affine import warp_nearest
from paddle_aug.augment.ops.draws import (
    Range,
    Share,
    Turn,
    around,
    draw,
    draw_one,
    draw_whole,
    within,
)
from paddle_aug.augment.ops.scratch import scratch
from paddle_aug.augment.transform import Transform

INTERPOLATIONS = {
    "nearest": Image.Resampling.NEAREST,
    "bilinear": Image.Resampling.BILINEAR,
    "bicubic": Image.Resampling.BICUBIC,
    "lanczos": Image.Resampling.LANCZOS,  # ANTIALIAS in the notebook's Pillow
}

# OpenCV's substitutes. Its Lanczos takes fifteen times as long as its bicubic and is no closer to
# Pillow's.
FAST_INTERPOLATIONS = {
    "bilinear": cv2.INTER_LINEAR,
    "bicubic": cv2.INTER_CUBIC,
    "lanczos": cv2.INTER_CUBIC,
}


def flip(image: np.ndarray, horizontal: bool = False, vertical: bool = False) -> np.ndarray:
    """Mirror left to right, top to bottom, or both."""
    if horizontal or vertical:
        return cv2.flip(image, -1 if horizontal and vertical else int(horizontal))
    return np.ascontiguousarray(image)


def rotate(image: np.ndarray, degrees: float, exact: bool = False) -> np.ndarray:
    """Turn counter-clockwise about the centre: nearest pixel, the same size, black corners.

    The matrix is Pillow's to the bit. OpenCV then steps in 1/1024 of a pixel, Pillow (`exact`) in
    1/65536, so one pixel in a thousand comes from a neighbour.
    """
    if exact:
        return np.array(Image.fromarray(image).rotate(degrees))
    height, width = image.shape[:2]
    cosine = round(math.cos(math.radians(degrees)), 15)
    sine = round(math.sin(math.radians(degrees)), 15)
    # Pillow rounds the source of the first pixel's centre, and each step from there.
    x, y = (width - 1) / 2, (height - 1) / 2
    first_x = fixed_point(width / 2 - cosine * x + sine * y) / 65536 - 0.5
    first_y = fixed_point(height / 2 - sine * x - cosine * y) / 65536 - 0.5
    cosine, sine = fixed_point(cosine) / 65536, fixed_point(sine) / 65536
    matrix = np.array([[cosine, -sine, first_x], [sine, cosine, first_y]])
    return warp_nearest(image, matrix, flags=cv2.WARP_INVERSE_MAP)


def fixed_point(value: float) -> int:
    """The nearest whole number of Pillow's steps, 1/65536 of a pixel each."""
    return math.floor(value * 65536 + 0.5)


def center_crop_resize(
    image: np.ndarray,
    width_ratio: float,
    height_ratio: float,
    interpolation: str,
    exact: bool = False,
) -> np.ndarray:
    """Cut out the middle, 1/ratio of each side, and stretch it to the image's size.

    The cut is rounded to whole pixels as by Pillow's `crop`, but to at least one. Ratios are at
    least 1. The nearest pixel is Pillow's; OpenCV's bilinear is within one grey level of Pillow's,
    and its bicubic (a = -0.75 against -0.5) within one on average in photos.
    """
    height, width = image.shape[:2]
    left, right = _middle(width, width_ratio)
    top, bottom = _middle(height, height_ratio)
    cut = image[top:bottom, left:right]
    if exact:
        # Contiguous, because Pillow reads a view pixel by pixel.
        whole = Image.fromarray(np.ascontiguousarray(cut))
        return np.array(whole.resize((width, height), INTERPOLATIONS[interpolation]))
    if interpolation == "nearest":
        return _resize_nearest(cut, width, height)
    return cv2.resize(cut, (width, height), interpolation=FAST_INTERPOLATIONS[interpolation])


def _resize_nearest(image: np.ndarray, width: int, height: int) -> np.ndarray:
    """Pillow's nearest pixels; OpenCV places the centres a little differently.

    Picks rows, then columns as rows of the transposed image. Copying whole rows is fast: this takes
    half the time of Pillow, and less than OpenCV.
    """
    across = image.shape[1]
    rows = scratch("nearest rows", (height, across, 3), np.uint8)
    columns = scratch("nearest columns", (across, height, 3), np.uint8)
    picked = scratch("nearest picked", (width, height, 3), np.uint8)
    image.take(_nearest(image.shape[0], height), axis=0, out=rows, mode="clip")
    cv2.transpose(rows, dst=columns)
    columns.take(_nearest(across, width), axis=0, out=picked, mode="clip")
    return cv2.transpose(picked)


def _nearest(length: int, wanted: int) -> np.ndarray:
    """The source index of each of `wanted` pixels, added up step by step in doubles as in Pillow;
    products would round to another pixel here and there."""
    steps = np.full(wanted, length / wanted)
    steps[0] /= 2
    return np.add.accumulate(steps).astype(np.intp)


def _middle(length: int, ratio: float) -> tuple[int, int]:
    start = length * (1 - 1 / ratio) / 2
    first, end = round(start), round(start + length / ratio)
    return first, max(end, first + 1)


@dataclass(frozen=True)
class Flip(Transform):
    """Mirrors each axis independently with probability `p`; the notebook's random_flip."""

    p: Share = 0.5

    def sample(self, rng, shape):
        return {"horizontal": bool(rng.random() < self.p), "vertical": bool(rng.random() < self.p)}

    apply = staticmethod(flip)


class HorizontalFlip(Flip):
    """Mirrors left to right with probability `p`."""

    def sample(self, rng, shape):
        return {"horizontal": bool(rng.random() < self.p)}


class VerticalFlip(Flip):
    """Mirrors top to bottom with probability `p`."""

    def sample(self, rng, shape):
        return {"vertical": bool(rng.random() < self.p)}


@dataclass(frozen=True)
class RandomRotation(Transform):
    """torchvision's: turns by any angle, fractions of a degree included."""

    degrees: Turn = 180
    exact: bool = False

    def sample(self, rng, shape):
        return {"degrees": draw(rng, around(self.degrees))}

    def apply(self, image, degrees):
        return rotate(image, degrees, self.exact)


@dataclass(frozen=True)
class Rotate(RandomRotation):
    """Turns by a whole number of degrees, both ends included."""

    degrees: Annotated[Range, within(read=around, whole=True)] = 180

    def sample(self, rng, shape):
        return {"degrees": draw_whole(rng, *around(self.degrees))}


@dataclass(frozen=True)
class CenterCropResize(Transform):
    """Crops the centre by a ratio drawn for each axis and stretches it; the notebook's random_crop.

    Draws the interpolation, too: nearest, bilinear, bicubic or Lanczos.
    """

    max_ratio: Annotated[float, within(1)] = 1.5
    exact: bool = False

    def sample(self, rng, shape):
        return {
            "width_ratio": draw(rng, (1, self.max_ratio)),
            "height_ratio": draw(rng, (1, self.max_ratio)),
            "interpolation": draw_one(rng, tuple(INTERPOLATIONS)),
        }

    def apply(self, image, width_ratio, height_ratio, interpolation):
        return center_crop_resize(image, width_ratio, height_ratio, interpolation, self.exact)
