"""Crop: cut a little off each side, and stretch the rest to the size of the image."""

import math
from dataclasses import dataclass

import cv2
import numpy as np

from paddle_aug.augment.ops.draws import Shares
from paddle_aug.augment.transform import Transform


def crop(image: np.ndarray, top: int, right: int, bottom: int, left: int) -> np.ndarray:
    """Cut this many pixels off each side and stretch the rest, as imgaug does with "area".

    At least a pixel must be left. If OpenCV enlarges both ways, "area" is bilinear.
    """
    height, width = image.shape[:2]
    rest = image[top : height - bottom, left : width - right]
    return cv2.resize(rest, (width, height), interpolation=cv2.INTER_AREA)


@dataclass(frozen=True)
class Crop(Transform):
    """imgaug's: cuts a share in the range `percent` off each side, drawn independently."""

    percent: Shares = (0.0, 0.1)

    def sample(self, rng, shape):
        height, width = shape[:2]
        top, right, bottom, left = rng.uniform(*self.percent, size=4).tolist()
        top, bottom = leave_one(round(height * top), round(height * bottom), height)
        right, left = leave_one(round(width * right), round(width * left), width)
        return {"top": top, "right": right, "bottom": bottom, "left": left}

    apply = staticmethod(crop)


def leave_one(first: int, second: int, size: int) -> tuple[int, int]:
    """Reduce the two cuts of an axis, evenly, until a pixel is left."""
    excess = first + second + 1 - size
    if excess <= 0:
        return first, second
    given_back = min(first, max(excess - second, math.ceil(excess / 2)))
    return first - given_back, second - (excess - given_back)
