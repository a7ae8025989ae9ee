"""Resizing and crops that change the size, as torchvision does them on Pillow's images."""

import math
from dataclasses import dataclass
from typing import Annotated

import cv2
import numpy as np
from PIL import Image

from paddle_aug.augment.ops.draws import (
    Colour,
    Ratio,
    Shares,
    draw_sides,
    draw_whole,
    one_of,
    within,
)
from paddle_aug.augment.transform import Shape, Transform

# By torchvision's names.
PADDINGS = {
    "constant": cv2.BORDER_CONSTANT,
    "edge": cv2.BORDER_REPLICATE,
    "reflect": cv2.BORDER_REFLECT_101,
    "symmetric": cv2.BORDER_REFLECT,
}


def resize(image: np.ndarray, height: int, width: int, exact: bool = False) -> np.ndarray:
    """Stretch to this size: bilinear, and when reducing a mean of all pixels that fall into one.

    Pillow (`exact`) widens the triangle of bilinear interpolation by the reduction. Here the image
    is blurred by the difference between that triangle and OpenCV's, and then interpolated, in a
    quarter of the time. Up to a reduction of 8, photos are within a grey level of Pillow's on
    average; enlarged photos are within a level everywhere.
    """
    if exact:
        picture = Image.fromarray(np.ascontiguousarray(image))  # of a view it reads pixel by pixel
        return np.array(picture.resize((width, height), Image.Resampling.BILINEAR))
    down, across = image.shape[0] / height, image.shape[1] / width
    if max(down, across) >= 4:
        image, down, across = _reduce(image, down, across)
    # Bicubic interpolation blurs equally little everywhere; bilinear blurs most between two pixels,
    # which shows where there is little other blur.
    is_cubic = min(down, across) > 1.08 and max(down, across) < 1.55
    rows, sigma_y = _blur(down, is_cubic)
    columns, sigma_x = _blur(across, is_cubic)
    if rows > 1 or columns > 1:
        image = cv2.GaussianBlur(
            image, (columns, rows), sigma_x, sigmaY=sigma_y, borderType=cv2.BORDER_REPLICATE
        )
    interpolation = cv2.INTER_CUBIC if is_cubic else cv2.INTER_LINEAR
    return cv2.resize(image, (width, height), interpolation=interpolation)


def _reduce(image: np.ndarray, down: float, across: float) -> tuple[np.ndarray, float, float]:
    """Average whole pixels, so that a reduction of 4 or more becomes one of two to three."""
    height, width = image.shape[:2]
    many = max(1, down // 2), max(1, across // 2)
    less = cv2.resize(
        image, (round(width / many[1]), round(height / many[0])), interpolation=cv2.INTER_AREA
    )
    # A mean of n is a blur too, of variance (1 - 1 / n²) / 12 in its own pixels.
    remaining = (
        math.sqrt((reduction * now / before) ** 2 - (1 - 1 / n**2) / 2)
        for reduction, now, before, n in zip(
            (down, across), less.shape, image.shape, many, strict=False
        )
    )
    return less, *remaining


def _blur(reduction: float, is_cubic: bool) -> tuple[int, float]:
    """Window and deviation of the Gaussian that together with the interpolation is Pillow's
    triangle.

    The variance of the triangle is reduction² / 6, that of bilinear interpolation 1 / 6, that of
    bicubic none. Up to a reduction of 2.2 the Gaussian is three numbers, a, 1 - 2 a and a, where a
    is half its variance for bicubic, and for bilinear what was nearest in photos.
    """
    if reduction <= 1:
        return 1, 1
    if reduction > 2.2:
        return 2 * math.ceil(reduction) - 1, math.sqrt((reduction**2 - 1) / 6)
    share = reduction**2 / 12 if is_cubic else (reduction - 1) / 4
    return 3, math.sqrt(-0.5 / math.log(share / (1 - 2 * share)))


def cut(
    image: np.ndarray,
    top: int,
    left: int,
    height: int,
    width: int,
    mode: str = "constant",
    fill: Colour = 0,
) -> np.ndarray:
    """Cut out this rectangle. Pixels outside the image have the colour `fill` ("constant"), mirror
    the image ("reflect" without its last pixel, "symmetric" with it), or repeat its "edge"."""
    bottom = max(0, top + height - image.shape[0])
    right = max(0, left + width - image.shape[1])
    before, above = max(0, -left), max(0, -top)
    if before or above or right or bottom:
        colour = fill if isinstance(fill, tuple) else (fill,) * 3
        image = cv2.copyMakeBorder(
            image, above, bottom, before, right, PADDINGS[mode], value=colour
        )
    top, left = top + above, left + before
    return np.ascontiguousarray(image[top : top + height, left : left + width])


def center_crop(image: np.ndarray, height: int, width: int) -> np.ndarray:
    """Cut out the middle; an image that is smaller gets a black border."""
    top, left = _offset(image.shape[0], height), _offset(image.shape[1], width)
    return cut(image, top, left, height, width)


def _offset(length: int, wanted: int) -> int:
    """Where the middle begins: torchvision rounds halves to even, and rounds a border down."""
    return round((length - wanted) / 2) if wanted <= length else -((wanted - length) // 2)


def check_size(name: str, value: int | tuple[int, int]) -> None:
    """Raise ValueError for a size that is neither a length nor a pair (height, width)."""
    lengths = value if isinstance(value, tuple) else (value,)
    if len(lengths) > 2 or not all(isinstance(each, int) and each > 0 for each in lengths):
        raise ValueError(f"{name} wants a whole number from 1 or (height, width), got {value!r}")


Size = Annotated[int | tuple[int, int], check_size]


def _square(size: Size) -> tuple[int, int]:
    return size if isinstance(size, tuple) else (size, size)


@dataclass(frozen=True)
class Resize(Transform):
    """torchvision's: a number is the length of the shorter side, a pair is (height, width)."""

    size: Size
    exact: bool = False

    def output_shape(self, shape):
        if isinstance(self.size, tuple):
            return *self.size, 3
        height, width = shape[:2]
        longer = int(self.size * max(height, width) / min(height, width))
        return (self.size, longer, 3) if height < width else (longer, self.size, 3)

    def apply(self, image):
        height, width, _ = self.output_shape(image.shape)
        return resize(image, height, width, self.exact)


@dataclass(frozen=True)
class CenterCrop(Transform):
    """torchvision's: the middle, a square or (height, width)."""

    size: Size

    def output_shape(self, shape):
        return *_square(self.size), 3

    def apply(self, image):
        return center_crop(image, *_square(self.size))


@dataclass(frozen=True)
class RandomCrop(Transform):
    """torchvision's: crops anywhere in the image with `padding` pixels added to each side.

    `mode` is its `padding_mode`. `top` and `left` count from the image without padding.
    """

    size: Size
    padding: Annotated[int, within(0, whole=True)] = 0
    fill: Colour = 0
    mode: Annotated[str, one_of(PADDINGS)] = "constant"

    def sample(self, rng, shape):
        height, width = _square(self.size)
        # An image that is too small, which `apply` refuses, has only one place.
        down = max(0, shape[0] + 2 * self.padding - height)
        across = max(0, shape[1] + 2 * self.padding - width)
        return {
            "top": draw_whole(rng, 0, down) - self.padding,
            "left": draw_whole(rng, 0, across) - self.padding,
        }

    def output_shape(self, shape, top, left):
        return *_square(self.size), 3

    def apply(self, image, top, left):
        height, width = _square(self.size)
        down, across = (length + 2 * self.padding for length in image.shape[:2])
        if height > down or width > across:
            raise ValueError(
                f"a crop of {height} × {width} (height × width) is larger than the image with its "
                f"padding, {down} × {across}; resize it first, or ask for a smaller crop or more "
                "padding"
            )
        return cut(image, top, left, height, width, self.mode, self.fill)


@dataclass(frozen=True)
class RandomResizedCrop(Transform):
    """torchvision's: a part of the image, of random area and shape, stretched to `size`.

    `area` is a share of the image's area, drawn evenly; `ratio` is width over height, its logarithm
    drawn evenly. The first of ten rectangles that fits is taken; if none fits, as much of the
    middle as the ratio allows. Without `size` the result has the size of the image.
    """

    size: int | tuple[int, int] | None = None
    area: Shares = (0.08, 1.0)
    ratio: Ratio = (3 / 4, 4 / 3)
    exact: bool = False

    def __post_init__(self):
        super().__post_init__()
        if self.size is not None:
            check_size("size", self.size)

    def sample(self, rng, shape):
        height, width = shape[:2]
        for _ in range(10):
            across, down = draw_sides(rng, height * width, self.area, self.ratio)
            if 0 < across <= width and 0 < down <= height:
                top = draw_whole(rng, 0, height - down)
                left = draw_whole(rng, 0, width - across)
                break
        else:
            low, high = self.ratio
            down = min(height, max(1, round(width / low)))
            across = min(width, max(1, round(height * high)))
            top, left = (height - down) // 2, (width - across) // 2
        return {"top": top, "left": left, "height": down, "width": across}

    def output_shape(self, shape: Shape, **params) -> Shape:
        return shape if self.size is None else (*_square(self.size), 3)

    def apply(self, image, top, left, height, width):
        across = self.output_shape(image.shape)[:2]
        return resize(image[top : top + height, left : left + width], *across, self.exact)
