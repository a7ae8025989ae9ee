"""Shears and translations by whole rows and columns, with the bytes of Pillow's nearest pixel.

The rest is black. A shear keeps the first row or column in place, as in the learned policies.
"""

from dataclasses import dataclass

import cv2
import numpy as np

from paddle_aug.augment.ops.draws import Move, around, draw
from paddle_aug.augment.ops.geometry import fixed_point
from paddle_aug.augment.ops.scratch import scratch
from paddle_aug.augment.transform import Transform


def shear_x(image: np.ndarray, amount: float) -> np.ndarray:
    """Move each row by `amount` pixels more than the one above, to the left if it is above 0."""
    height, width = image.shape[:2]
    # Pillow adds them up in 1/65536 of a pixel.
    first, step = fixed_point(0.5 + amount / 2), fixed_point(amount)
    if not step:
        return image.copy()
    moves = np.arange(first, first + height * step, step)
    moves >>= 16
    farthest = abs(int(moves[-1]))
    if farthest > width:
        farthest = width
        moves.clip(-width, width, out=moves)
    left, right = (0, farthest) if amount > 0 else (farthest, 0)
    padded = cv2.copyMakeBorder(image, 0, 0, left, right, cv2.BORDER_CONSTANT)
    # Each row of the result begins somewhere in the padded image; these are all such rows.
    pitch = width + farthest
    rows = np.ndarray((height * pitch - width + 1, 3 * width), np.uint8, padded, strides=(3, 1))
    moves += np.arange(left, left + height * pitch, pitch)
    return rows[moves].reshape(image.shape)


def shear_y(image: np.ndarray, amount: float) -> np.ndarray:
    """Move each column by `amount` pixels more than the one before, up if it is above 0."""
    height, width = image.shape[:2]
    transposed = scratch("transposed", (width, height, 3), np.uint8)
    cv2.transpose(image, dst=transposed)
    return cv2.transpose(shear_x(transposed, amount))


def translate_x(image: np.ndarray, pixels: int) -> np.ndarray:
    """Move the image to the right, or to the left if `pixels` is below 0."""
    width = image.shape[1]
    left, right = _border(pixels, width)
    kept = image[:, right : width - left]
    return cv2.copyMakeBorder(kept, 0, 0, left, right, cv2.BORDER_CONSTANT)


def translate_y(image: np.ndarray, pixels: int) -> np.ndarray:
    """Move the image down, or up if `pixels` is below 0."""
    height = image.shape[0]
    top, bottom = _border(pixels, height)
    kept = image[bottom : height - top]
    return cv2.copyMakeBorder(kept, top, bottom, 0, 0, cv2.BORDER_CONSTANT)


def _border(pixels: int, length: int) -> tuple[int, int]:
    """The width of the black border at the two ends of a side."""
    return min(max(pixels, 0), length), min(max(-pixels, 0), length)


@dataclass(frozen=True)
class ShearX(Transform):
    """Slants what is upright by up to `amount` pixels a row either way, or of the range."""

    amount: Move = 0.3

    def sample(self, rng, shape):
        return {"amount": draw(rng, around(self.amount))}

    apply = staticmethod(shear_x)


class ShearY(ShearX):
    """Slants what is level by up to `amount` pixels a column either way, or of the range."""

    apply = staticmethod(shear_y)


@dataclass(frozen=True)
class TranslateX(Transform):
    """Moves the image sideways by up to `share` of its width either way, or of the range."""

    share: Move = 0.45

    def sample(self, rng, shape):
        return {"pixels": int(draw(rng, around(self.share)) * shape[1])}

    apply = staticmethod(translate_x)


class TranslateY(TranslateX):
    """Moves the image up or down by up to `share` of its height either way, or of the range."""

    def sample(self, rng, shape):
        return {"pixels": int(draw(rng, around(self.share)) * shape[0])}

    apply = staticmethod(translate_y)
