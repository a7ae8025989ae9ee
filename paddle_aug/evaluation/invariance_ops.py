"""The ops of an invariance map, each from weak to strong."""

import math
from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from paddle_aug.augment.ops import arithmetic, blur, color, elastic, geometry, noise
from paddle_aug.augment.ops.affine import affine_matrix, warp_affine
from paddle_aug.augment.ops.dropout import drop
from paddle_aug.errors import UserError
from paddle_aug.names import near_miss
from paddle_aug.results.language import N_


class Op(NamedTuple):
    """A kernel with its magnitudes in rising order; the neutral one leaves the image as it is.

    `apply(image, magnitude, seed)` is never called with the neutral magnitude. `unit` is that of
    the magnitudes; an op without a unit is on or off, 1 or 0.
    """

    name: str
    apply: Callable[[np.ndarray, float, int], np.ndarray]
    neutral: float
    magnitudes: tuple[float, ...]
    unit: str = ""

    @property
    def neutral_place(self) -> int:
        """The index of the neutral magnitude."""
        return self.magnitudes.index(self.neutral)

    @property
    def ends(self) -> tuple[float, float]:
        """The lowest and the highest magnitude."""
        return self.magnitudes[0], self.magnitudes[-1]


def move(
    image: np.ndarray, scale: float = 1, x: float = 0, y: float = 0, shear: float = 0
) -> np.ndarray:
    """The op `affine` with one of its parameters, bilinear, with a black border."""
    return warp_affine(image, affine_matrix(image.shape, (scale, scale), (x, y), 0, (shear, 0)))


def erase_centre(image: np.ndarray, share: float) -> np.ndarray:
    """Blacken a square in the middle; `share` is its side relative to the image's shorter side."""
    height, width = image.shape[:2]
    side = round(share * min(height, width))
    top, left = (height - side) // 2, (width - side) // 2
    kept = np.full((height, width), 255, np.uint8)
    kept[top : top + side, left : left + side] = 0
    return drop(image, kept)


def distort(image: np.ndarray, share: float, seed: int) -> np.ndarray:
    """The op `elastic_transformation` at the image's scale: `share` is the typical shift (root mean
    square, each axis) and a sixteenth the smoothness, both relative to the image's height."""
    height, width = image.shape[:2]
    field = elastic.elastic_field(height, width, 1, height / 16, seed)
    field *= share * height / math.sqrt(np.mean(np.square(field)))
    return elastic.displace(image, field)


def both_ways(*magnitudes: float) -> tuple[float, ...]:
    """The magnitudes, 0, and the same below 0."""
    return (*(-magnitude for magnitude in reversed(magnitudes)), 0, *magnitudes)


def of(kernel: Callable) -> Callable:
    """A kernel that needs no seed, as `Op.apply`."""
    return lambda image, magnitude, _: kernel(image, magnitude)


FACTORS = (0, 0.2, 0.4, 0.6, 0.8, 1, 1.2, 1.4, 1.6, 1.8, 2)
SCALES = (0.5, 0.6, 0.7, 0.8, 0.9, 1, 1.1, 1.25, 1.5, 1.75, 2)
SHIFTS = both_ways(5, 10, 20, 30, 40, 50)
ANGLES = both_ways(10, 20, 30, 45, 60, 90, 120, 150, 180)
TURNS = both_ways(0.05, 0.1, 0.2, 0.3, 0.4, 0.5)
SIGMAS = (0, 0.5, 1, 1.5, 2, 2.5, 3, 3.5, 4)
SIDES = (0, 10, 20, 30, 40, 50, 60, 70, 80)

OPS = (
    Op("rotate", of(geometry.rotate), 0, ANGLES, N_("degrees")),
    Op("scale", lambda image, factor, _: move(image, scale=factor), 1, SCALES, N_("factor")),
    Op("shift_x", lambda image, share, _: move(image, x=share / 100), 0, SHIFTS,
       N_("% of the width")),
    Op("shift_y", lambda image, share, _: move(image, y=share / 100), 0, SHIFTS,
       N_("% of the height")),
    Op("shear_x", lambda image, degrees, _: move(image, shear=degrees), 0,
       both_ways(10, 20, 30, 40), N_("degrees")),
    Op("elastic", lambda image, share, seed: distort(image, share / 100, seed), 0,
       (0, 1, 2, 3, 4, 5, 6), N_("% of the height, typical shift")),
    Op("brightness", of(color.brightness), 1, FACTORS, N_("factor")),
    Op("contrast", of(color.contrast), 1, FACTORS, N_("factor")),
    Op("color", of(color.color), 1, FACTORS, N_("factor")),
    Op("hue", of(color.hue), 0, TURNS, N_("of a turn")),
    Op("sharpness", of(color.sharpness), 1, (0, 0.5, 1, 1.5, 2, 3, 4), N_("factor")),
    Op("gaussian_blur", of(blur.gaussian_blur), 0, SIGMAS, N_("sigma, pixels")),
    Op("noise", noise.gaussian_noise, 0, (0, 5, 10, 15, 20, 30, 40, 50), N_("sigma, grey levels")),
    Op("erase", lambda image, share, _: erase_centre(image, share / 100), 0, SIDES,
       N_("% of the side, square in the middle")),
    Op("hflip", lambda image, *_: geometry.flip(image, True, False), 0, (0, 1)),
    Op("vflip", lambda image, *_: geometry.flip(image, False, True), 0, (0, 1)),
    Op("invert", lambda image, *_: arithmetic.invert(image), 0, (0, 1)),
)  # fmt: skip


def choose_ops(names: str | None) -> tuple[Op, ...]:
    """The ops of a comma-separated list, in the order of `OPS`; without a list, all of them.

    Raises:
        UserError: there is no op of that name.
    """
    known = [op.name for op in OPS]
    chosen = known if names is None else [name.strip() for name in names.split(",")]
    for name in chosen:
        if name not in known:
            raise UserError(f"--ops {name!r}: {near_miss(name, known)}")
    return tuple(op for op in OPS if op.name in chosen)
