"""Affine: the whole image scaled, sheared, turned and shifted in one step, as imgaug does it."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated

import cv2
import numpy as np

from paddle_aug.augment.ops.draws import Move, Scale, Slant, Turn, around, draw_one, one_of, within
from paddle_aug.augment.ops.scratch import scratch
from paddle_aug.augment.transform import Transform

ORDERS = {0: cv2.INTER_NEAREST, 1: cv2.INTER_LINEAR}
BORDERS = {
    "constant": cv2.BORDER_CONSTANT,
    "edge": cv2.BORDER_REPLICATE,
    "symmetric": cv2.BORDER_REFLECT,
    "reflect": cv2.BORDER_REFLECT_101,
    "wrap": cv2.BORDER_WRAP,
}
# Two detours are faster above this many bytes. OpenCV looks up pixels outside the image one by one,
# so the image is continued first, up to MAX_CONTINUED times its size. And four bytes a pixel are
# faster than three, except for nearest pixels of a continued image.
DETOURS_PAY = 30_000
MAX_CONTINUED = 4


def affine_matrix(
    shape: tuple[int, int, int],
    scale: tuple[float, float] = (1, 1),
    translate: tuple[float, float] = (0, 0),
    rotate: float = 0,
    shear: tuple[float, float] = (0, 0),
) -> np.ndarray:
    """The 2 × 3 matrix that takes a pixel (x, y) of the image to its place in the result.

    About the centre: shear in y, scale, shear in x, rotate clockwise, and then shift. Pairs are
    (x, y); `translate` is in shares of width and height, angles are in degrees.

    This is imgaug's product of six matrices, multiplied out; shears as in scikit-image >= 0.21.
    """
    height, width = shape[:2]
    cos, sin = math.cos(math.radians(rotate)), math.sin(math.radians(rotate))
    tan_x, tan_y = math.tan(math.radians(shear[0])), math.tan(math.radians(shear[1]))
    # Scale, shear in x, rotate.
    xx, xy = scale[0] * cos, -scale[1] * (tan_x * cos + sin)
    yx, yy = scale[0] * sin, -scale[1] * (tan_x * sin - cos)
    # Before that imgaug shears in y: it turns by a quarter, shears in x and turns back. Its quarter
    # is 3.141592 / 2; with more digits, the nearest pixel would be another here and there.
    c, s = math.cos(3.141592 / 2), math.sin(3.141592 / 2)
    along, across = xx * c + xy * s, yx * c + yy * s
    xx, xy = xx + tan_y * s * along, xy - tan_y * c * along
    yx, yy = yx + tan_y * s * across, yy - tan_y * c * across
    centre_x, centre_y = width / 2 - 0.5, height / 2 - 0.5
    shift_x = translate[0] * width + centre_x - xx * centre_x - xy * centre_y
    shift_y = translate[1] * height + centre_y - yx * centre_x - yy * centre_y
    return np.array([[xx, xy, shift_x], [yx, yy, shift_y]])


def warp_affine(
    image: np.ndarray,
    matrix: np.ndarray,
    order: int = 1,
    mode: str = "constant",
    cval: tuple[float, float, float] = (0, 0, 0),
) -> np.ndarray:
    """Move the pixels by the matrix: the nearest one (order 0) or a mean of four (order 1).

    In the mode "constant" pixels from outside have the colour `cval`, cut to whole levels; in the
    others the image is continued. The modes have scikit-image's names.
    """
    height, width = image.shape[:2]
    how = {"flags": ORDERS[order], "borderMode": BORDERS[mode]}
    fill = [min(max(int(value), 0), 255) for value in cval]
    if image.size < DETOURS_PAY:
        return cv2.warpAffine(image, matrix, (width, height), borderValue=fill, **how)
    if mode == "constant" and order == 0:
        return warp_nearest(image, matrix, fill)
    moved = None
    if mode == "constant":
        image, moved = _quads(image), scratch("affine moved", (height, width, 4), np.uint8)
    else:
        if order == 1:
            image = moved = _quads(image)
        image, matrix = _continued(image, matrix, BORDERS[mode])
        how["flags"] |= cv2.WARP_INVERSE_MAP
    # If image and result share memory, OpenCV copies the image first.
    moved = cv2.warpAffine(image, matrix, (width, height), dst=moved, borderValue=fill, **how)
    return cv2.cvtColor(moved, cv2.COLOR_RGBA2RGB) if order == 1 else moved


def warp_nearest(
    image: np.ndarray, matrix: np.ndarray, fill: Sequence[int] = (0, 0, 0), flags: int = 0
) -> np.ndarray:
    """`cv2.warpAffine` to the nearest pixel, with the colour `fill` outside; `flags` may invert the
    matrix."""
    height, width = image.shape[:2]
    flags |= cv2.INTER_NEAREST
    if image.size < DETOURS_PAY:
        return cv2.warpAffine(image, matrix, (width, height), flags=flags, borderValue=fill)
    moved = scratch("affine moved", (height, width, 4), np.uint8)
    # Each pixel is one number. Making them also brings the image into the cache row by row; OpenCV
    # would do so pixel by pixel.
    cv2.warpAffine(
        _quads(image).view(np.int32)[..., 0],
        matrix,
        (width, height),
        dst=moved.view(np.int32)[..., 0],
        flags=flags,
        borderValue=int.from_bytes(fill, "little"),
    )
    return cv2.cvtColor(moved, cv2.COLOR_RGBA2RGB)


def _quads(image: np.ndarray) -> np.ndarray:
    """The image in four bytes a pixel, in kept memory."""
    room = scratch("affine quads", (*image.shape[:2], 4), np.uint8)
    return cv2.cvtColor(image, cv2.COLOR_RGB2RGBA, dst=room)


def _continued(image: np.ndarray, matrix: np.ndarray, border: int) -> tuple[np.ndarray, np.ndarray]:
    """The image with the margins that the result needs, unless they are too wide, and the matrix
    from a place in the result to its source."""
    height, width, channels = image.shape
    back = cv2.invertAffineTransform(matrix)
    top, bottom, left, right = margins = _margins(back, height, width)
    down, across = height + top + bottom, width + left + right
    if down * across <= MAX_CONTINUED * height * width:
        room = scratch("affine continued", (down, across, channels), np.uint8)
        image = cv2.copyMakeBorder(image, *margins, border, dst=room)
        back[:, 2] += left, top
    return image, back


def _margins(back: np.ndarray, height: int, width: int) -> list[int]:
    """How far above, below, left and right of the image the result looks, and one pixel more,
    because places are rounded and a mean of four takes the next pixel too."""
    margins = []
    for (along_x, along_y, shift), size in zip(back[::-1].tolist(), (height, width), strict=True):
        x, y = along_x * (width - 1), along_y * (height - 1)
        least, most = shift + min(x, 0) + min(y, 0), shift + max(x, 0) + max(y, 0)
        margins += [max(0, 1 - math.floor(least)), max(0, 2 - size + math.ceil(most))]
    return margins


@dataclass(frozen=True)
class Affine(Transform):
    """imgaug's: draws scale and shift for each axis, and one shear for both.

    `rotate` and `shear` are in degrees, `translate_percent` in shares of the size. `order` and
    `mode` list the choices; `cval` is the range of each channel of the fill.
    """

    scale: Scale = 0.1
    translate_percent: Move = 0.1
    rotate: Turn = 15
    shear: Slant = 10
    order: Annotated[tuple[int, ...], one_of(ORDERS)] = (1,)
    cval: Annotated[tuple[float, float], within(0, 255)] = (0, 0)
    mode: Annotated[tuple[str, ...], one_of(BORDERS)] = ("constant",)

    def sample(self, rng, shape):
        scale, shift = around(self.scale, 1), around(self.translate_percent)
        turns = around(self.rotate), around(self.shear)
        ranges = scale, scale, shift, shift, *turns, self.cval, self.cval, self.cval
        # Drawing them one by one would take longer than the matrix.
        drawn = zip(ranges, rng.random(9).tolist(), strict=True)
        x, y, right, down, turn, shear, *fill = [low + (high - low) * r for (low, high), r in drawn]
        return {
            "scale": [x, y],
            "translate": [right, down],
            "rotate": turn,
            "shear": [shear, shear],
            "cval": fill,
            "order": draw_one(rng, self.order),
            "mode": draw_one(rng, self.mode),
        }

    def apply(self, image, scale, translate, rotate, shear, cval, order, mode):
        matrix = affine_matrix(image.shape, scale, translate, rotate, shear)
        return warp_affine(image, matrix, order, mode, cval)
