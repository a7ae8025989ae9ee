"""Parts of the image painted over: one rectangle, a grid of squares, or patches by chance.

The authors of all four erase after normalization, so their 0 is the mean colour; for ImageNet that
is `fill=(124, 116, 104)`.
"""

import math
from dataclasses import dataclass
from typing import Annotated

import cv2
import numpy as np

from paddle_aug.augment.ops.draws import (
    Colour,
    Ratio,
    Share,
    Shares,
    Turn,
    around,
    check_colour,
    draw,
    draw_one,
    draw_seed,
    draw_sides,
    draw_whole,
    one_of,
    random_words,
    within,
)
from paddle_aug.augment.transform import Shape, Transform
from paddle_aug.rng import generator

USUAL_SIDE = 224  # pixels: the size of image for which the authors give lengths


def erase(
    image: np.ndarray,
    top: int,
    left: int,
    height: int,
    width: int,
    fill: Colour | str = 0,
    seed: int = 0,
) -> np.ndarray:
    """Paint a rectangle that lies in the image; the fill "noise" is uniform random levels, one for
    each pixel and channel."""
    if fill == "noise":
        paint = random_words(generator(seed, "noise"), (height, width, 3), np.uint8)
    else:
        paint = fill if isinstance(fill, int) else _row(width, fill)
    result = image.copy()
    result[top : top + height, left : left + width] = paint
    return result


def gridmask(
    image: np.ndarray,
    period: int,
    hole: int,
    top: int,
    left: int,
    degrees: float = 0,
    fill: Colour = 0,
) -> np.ndarray:
    """Paint a grid of squares of `hole` pixels, `period` pixels apart in both directions.

    `top` and `left` say where in a period a square begins. The grid is then turned
    counter-clockwise about the centre of the image.
    """
    height, width = image.shape[:2]
    side = math.ceil(math.hypot(height, width))  # covers the image however it is turned
    places = np.arange(side)
    rows, columns = (places - top) % period >= hole, (places - left) % period >= hole
    kept = (rows[:, None] | columns).view(np.uint8)
    cos, sin = math.cos(math.radians(degrees)), math.sin(math.radians(degrees))
    x, y, centre = (width - 1) / 2, (height - 1) / 2, (side - 1) / 2
    kept = cv2.warpAffine(
        kept,
        np.array([[cos, -sin, centre - cos * x + sin * y], [sin, cos, centre - sin * x - cos * y]]),
        (width, height),
        flags=cv2.INTER_NEAREST | cv2.WARP_INVERSE_MAP,
        borderMode=cv2.BORDER_REPLICATE,  # what rounding puts outside
    )
    return _paint(image, kept, fill)


def hide_and_seek(
    image: np.ndarray, grid: int, p: float, seed: int, fill: Colour = 0
) -> np.ndarray:
    """Paint each patch of `grid` × `grid` pixels with probability `p`; grid 0 paints none.

    The last patches of a row or column are cut off at the edge.
    """
    if grid == 0:
        return image
    height, width = image.shape[:2]
    rows, columns = -(-height // grid), -(-width // grid)
    patches = generator(seed, "noise").random((rows, columns)) >= p
    kept = patches.view(np.uint8)
    kept = cv2.resize(kept, (columns * grid, rows * grid), interpolation=cv2.INTER_NEAREST)
    return _paint(image, kept[:height, :width], fill)


def _paint(image: np.ndarray, kept: np.ndarray, fill: Colour) -> np.ndarray:
    """Keep the image where the mask is not 0, and paint the rest."""
    result = np.empty(image.shape, np.uint8)
    result[:] = _row(image.shape[1], fill)
    return cv2.copyTo(image, kept, dst=result)


def _row(width: int, fill: Colour) -> np.ndarray:
    """A row to copy to all rows; repeating three numbers takes NumPy eight times as long."""
    return np.full((width, 3), fill, np.uint8)


def _in_pixels(length: int, shape: Shape) -> int:
    """Scale a length from images of USUAL_SIDE to the shorter side of this one: 0 stays 0, and
    others are at least a pixel."""
    return max(1, round(length * min(shape[:2]) / USUAL_SIDE)) if length else 0


@dataclass(frozen=True)
class Cutout(Transform):
    """Erases a square of `size` pixels (DeVries & Taylor 2017).

    Its centre is anywhere in the image; the square is cut off at the edge.
    """

    size: Annotated[int, within(1, whole=True)] = 16
    fill: Colour = 0

    def sample(self, rng, shape):
        top, height = self._extent(rng, shape[0])
        left, width = self._extent(rng, shape[1])
        return {"top": top, "left": left, "height": height, "width": width}

    def _extent(self, rng: np.random.Generator, length: int) -> tuple[int, int]:
        start = draw_whole(rng, 0, length - 1) - self.size // 2
        first, end = max(0, start), min(length, start + self.size)
        return first, end - first

    def apply(self, image, **rectangle):
        return erase(image, **rectangle, fill=self.fill)


def check_paint(name: str, value: Colour | str) -> None:
    """Raise ValueError for a fill that is neither "noise" nor a colour."""
    check = one_of(("noise",)) if isinstance(value, str) else check_colour
    check(name, value)


@dataclass(frozen=True)
class RandomErasing(Transform):
    """Erases a rectangle of random area and shape (Zhong et al. 2017), drawn as by torchvision.

    `area` is a share of the image's area, drawn evenly; `ratio` is height over width, its logarithm
    drawn evenly. The first of ten rectangles that fits is taken; if none fits, the image stays
    unchanged. `fill` is a colour or "noise", the paper's random levels.
    """

    area: Shares = (0.02, 0.33)
    ratio: Ratio = (0.3, 3.3)
    fill: Annotated[int | tuple[int, int, int] | str, check_paint] = 0

    def sample(self, rng, shape):
        for _ in range(10):
            height, width = draw_sides(rng, shape[0] * shape[1], self.area, self.ratio)
            if height < shape[0] and width < shape[1]:
                top = draw_whole(rng, 0, shape[0] - height)
                left = draw_whole(rng, 0, shape[1] - width)
                break
        else:
            top = left = height = width = 0
        params = {"top": top, "left": left, "height": height, "width": width}
        return params | {"seed": draw_seed(rng)} if self.fill == "noise" else params

    def apply(self, image, **rectangle):
        return erase(image, **rectangle, fill=self.fill)


@dataclass(frozen=True)
class GridMask(Transform):
    """Erases a grid of squares (Chen et al. 2020), turned by up to `rotate` degrees or of a range.

    `period` is the range of the distance from one square to the next, in pixels of an image whose
    shorter side is 224; it scales with other sizes. `keep` is the share of the distance between two
    squares that is kept: with 0.6 the squares cover 0.16 of the image.
    """

    period: Annotated[tuple[int, int], within(1, whole=True)] = (96, 224)
    keep: Share = 0.6
    rotate: Turn = 180
    fill: Colour = 0

    def sample(self, rng, shape):
        period = _in_pixels(draw_whole(rng, *self.period), shape)
        return {
            "period": period,
            "hole": period - int(period * self.keep + 0.5),
            "top": draw_whole(rng, 0, period - 1),
            "left": draw_whole(rng, 0, period - 1),
            "degrees": draw(rng, around(self.rotate)),
        }

    def apply(self, image, **grid):
        return gridmask(image, **grid, fill=self.fill)


@dataclass(frozen=True)
class HideAndSeek(Transform):
    """Erases each patch of a grid with probability `p_hide` (Singh & Lee 2017).

    The side of the patches is one of `grids`, in pixels of an image whose shorter side is 224; it
    scales with other sizes. 0 leaves the image unchanged.
    """

    grids: tuple[int, ...] = (0, 16, 32, 44, 56)
    p_hide: Share = 0.5
    fill: Colour = 0

    def __post_init__(self):
        super().__post_init__()
        for grid in self.grids:
            within(0, whole=True)("grids", grid)

    def sample(self, rng, shape):
        return {"grid": _in_pixels(draw_one(rng, self.grids), shape), "seed": draw_seed(rng)}

    def apply(self, image, grid, seed):
        return hide_and_seek(image, grid, self.p_hide, seed, self.fill)
