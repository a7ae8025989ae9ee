"""What Keras's ImageDataGenerator does to an image, as keras-preprocessing 1.1.2 does it.

Its brightness_range is our `brightness`, its flips are `hflip` and `vflip`.
"""

import math
from dataclasses import dataclass
from typing import Annotated

import cv2
import numpy as np

from paddle_aug.augment.ops.draws import (
    Levels,
    Scale,
    Slant,
    Turn,
    around,
    draw,
    draw_whole,
    one_of,
    within,
)
from paddle_aug.augment.transform import Transform

# By SciPy's names; "constant" and "wrap" have no counterpart in OpenCV.
FILL_MODES = {
    "nearest": cv2.BORDER_REPLICATE,
    "reflect": cv2.BORDER_REFLECT,
    "constant": cv2.BORDER_REPLICATE,
    "wrap": None,
}


def keras_matrix(
    shape: tuple[int, int, int],
    theta: float = 0,
    tx: float = 0,
    ty: float = 0,
    shear: float = 0,
    zx: float = 1,
    zy: float = 1,
) -> np.ndarray:
    """The 2 × 3 matrix from a pixel (column, row) of the result to its place in the image.

    Angles are in degrees, shifts in pixels; `tx` and `zx` are along the rows' axis, downwards, and
    `ty` and `zy` along the columns'. Zoom, shear, shift and turn are about Keras's centre, a pixel
    below and right of the middle.
    """
    cos, sin = math.cos(math.radians(theta)), math.sin(math.radians(theta))
    along, across = math.cos(math.radians(shear)), math.sin(math.radians(shear))
    # Rotation @ shift @ shear @ zoom, rows first.
    rr, rc = zx * cos, -zy * (cos * across + sin * along)
    cr, cc = zx * sin, zy * (cos * along - sin * across)
    centre_r, centre_c = shape[0] / 2 + 0.5, shape[1] / 2 + 0.5
    r = cos * tx - sin * ty + centre_r - rr * centre_r - rc * centre_c
    c = sin * tx + cos * ty + centre_c - cr * centre_r - cc * centre_c
    return np.array([[cc, cr, c], [rc, rr, r]])


def keras_affine(
    image: np.ndarray, fill_mode: str = "nearest", cval: float = 0, **moves: float
) -> np.ndarray:
    """Move the pixels by the `keras_matrix` of `moves`, a mean of four each, in whole levels.

    Pixels from outside are the edge's pixel ("nearest"), the level `cval` ("constant"), the image
    mirrored at its edge ("reflect") or the image repeated with a period of one pixel less than its
    size ("wrap"): SciPy's modes since 1.6. OpenCV moves in 1/32 of a pixel, so photos differ from
    Keras's by a tenth of a grey level on average, and nowhere by more than a few levels.
    """
    matrix = keras_matrix(image.shape, **moves)
    if fill_mode == "wrap":
        return _wrap(image, matrix)
    moved = cv2.warpAffine(
        image,
        matrix,
        image.shape[1::-1],
        flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP,
        borderMode=FILL_MODES[fill_mode],
    )
    if fill_mode == "constant":
        return _fill_outside(moved, matrix, round(cval))
    return moved


def _wrap(image: np.ndarray, matrix: np.ndarray) -> np.ndarray:
    height, width = image.shape[:2]
    places = []
    for (by_column, by_row, first), length in zip(matrix, (width, height), strict=True):
        place = by_column * np.arange(width) + (by_row * np.arange(height) + first)[:, None]
        period = max(1, length - 1)
        # The last pixel is the first of the next period, except where it is asked for itself.
        outside = (place < 0) | (place > length - 1)
        place -= period * np.floor(place / period) * outside
        places.append(place.astype(np.float32))
    return cv2.remap(image, *places, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)


def _fill_outside(moved: np.ndarray, matrix: np.ndarray, level: int) -> np.ndarray:
    """Paint the pixels that come from beyond the centres of the image's outermost pixels.

    OpenCV mixes them with the fill, SciPy does not. In each row these are the pixels before one
    column and after another.
    """
    height, width = moved.shape[:2]
    first, last = np.zeros(height), np.full(height, width - 1.0)
    for (by_column, by_row, start), length in zip(matrix, (width, height), strict=True):
        place = by_row * np.arange(height) + start
        if abs(by_column) < 1e-12:  # the whole row is in or out
            first[(place < -1e-9) | (place > length - 1 + 1e-9)] = width
            continue
        ends = np.sort([-place / by_column, (length - 1 - place) / by_column], axis=0)
        np.maximum(first, ends[0] - 1e-9, out=first)
        np.minimum(last, ends[1] + 1e-9, out=last)
    columns = np.arange(width)
    inside = (columns >= first[:, None]) & (columns <= last[:, None])
    return cv2.copyTo(moved, inside.view(np.uint8), np.full_like(moved, level))


def channel_shift(image: np.ndarray, shift: float) -> np.ndarray:
    """Add a number to all levels, cut to the image's own least and largest level."""
    levels = np.rint(np.arange(256) + shift).clip(image.min(), image.max())
    return cv2.LUT(image, levels.astype(np.uint8))


@dataclass(frozen=True)
class KerasAffine(Transform):
    """Turns, shifts, slants and zooms in one step, as Keras's ImageDataGenerator.

    Rotation and shear are in degrees, up to this much either way. Each axis is zoomed by 1 - zoom
    to 1 + zoom, where more than 1 makes things smaller. Shifts below 1 are shares of the size,
    others are pixels; a whole number n draws a whole number of pixels below n, either way.
    """

    rotation: Turn = 0
    width_shift: Annotated[float, within(0)] = 0
    height_shift: Annotated[float, within(0)] = 0
    zoom: Scale = 0
    shear: Slant = 0
    fill_mode: Annotated[str, one_of(FILL_MODES)] = "nearest"
    cval: Annotated[float, within(0, 255)] = 0

    def sample(self, rng, shape):
        return {
            "theta": draw(rng, around(self.rotation)),
            "tx": draw_shift(rng, self.height_shift, shape[0]),
            "ty": draw_shift(rng, self.width_shift, shape[1]),
            "shear": draw(rng, around(self.shear)),
            "zx": draw(rng, around(self.zoom, 1)),
            "zy": draw(rng, around(self.zoom, 1)),
        }

    def apply(self, image, **moves):
        return keras_affine(image, self.fill_mode, self.cval, **moves)


def draw_shift(rng: np.random.Generator, shift: float, length: int) -> float:
    """A shift in pixels along a side of this length. For a whole n, 0 is as likely as any other
    number and its negative together."""
    if isinstance(shift, int):
        return draw_whole(rng, 0, max(0, shift - 1)) * (1 if rng.random() < 0.5 else -1)
    return draw(rng, (-shift, shift)) * (length if shift < 1 else 1)


@dataclass(frozen=True)
class ChannelShift(Transform):
    """Adds up to this many levels either way, the same for all channels, as channel_shift_range."""

    levels: Levels = 20

    def sample(self, rng, shape):
        return {"shift": draw(rng, around(self.levels))}

    apply = staticmethod(channel_shift)
