"""Policies that draw from a table of ops: AutoAugment, RandAugment, TrivialAugment and others.

Magnitudes, draws and probabilities are torchvision's. Ops that move the image take the nearest
pixel and fill with black.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated, NamedTuple

import cv2
import numpy as np

from paddle_aug.augment.ops.arithmetic import grayscale, invert
from paddle_aug.augment.ops.blur import gaussian_blur
from paddle_aug.augment.ops.color import TRUNCATE, brightness, color, contrast, sharpness
from paddle_aug.augment.ops.draws import (
    Factor,
    UpTo,
    draw,
    draw_one,
    draw_whole,
    factors,
    one_of,
    up_to,
    within,
)
from paddle_aug.augment.ops.geometry import rotate
from paddle_aug.augment.ops.levels import autocontrast, equalize, posterize, solarize
from paddle_aug.augment.ops.scratch import scratch
from paddle_aug.augment.ops.shear import shear_x, shear_y, translate_x, translate_y
from paddle_aug.augment.transform import Shape, Transform

Step = list  # a kernel's name, and its arguments


def identity(image: np.ndarray) -> np.ndarray:
    """Return the image unchanged."""
    return image


KERNELS: dict[str, Callable[..., np.ndarray]] = {
    kernel.__name__: kernel
    for kernel in (
        *(identity, shear_x, shear_y, translate_x, translate_y, rotate),
        *(brightness, color, contrast, sharpness, posterize, solarize, autocontrast, equalize),
        *(invert, grayscale, gaussian_blur),
    )
}


class Magnitude(NamedTuple):
    """The range of a kernel's argument: `least` at magnitude 0, `most` at magnitude 1.

    A signed argument goes as far to the other side of `least` in half of the draws.
    """

    least: float
    most: float
    is_signed: bool = True
    rounding: Callable[[float], float] = float  # int drops the fraction, round does not
    side: int | None = None  # of the shape: `most` is a share of it

    def argument(self, magnitude: float, sign: int, shape: Shape) -> float:
        length = 1 if self.side is None else shape[self.side]
        return self.rounding(self.least + sign * (self.most * length - self.least) * magnitude)


Space = dict[str, Magnitude | None]  # the ops of a policy; None: the op has no argument

BLENDS = ("brightness", "color", "contrast", "sharpness")

COMMON: Space = {
    "shear_x": Magnitude(0, 0.3),
    "shear_y": Magnitude(0, 0.3),
    "translate_x": Magnitude(0, 150 / 331, rounding=int, side=1),
    "translate_y": Magnitude(0, 150 / 331, rounding=int, side=0),
    "rotate": Magnitude(0, 30),
    **dict.fromkeys(BLENDS, Magnitude(1, 1.9)),
    "posterize": Magnitude(8, 4, is_signed=False, rounding=round),
    "solarize": Magnitude(255, 0, is_signed=False),
    "autocontrast": None,
    "equalize": None,
}
AUTOAUGMENT: Space = COMMON | {"invert": None}
RANDAUGMENT: Space = {"identity": None, **COMMON}
WIDE: Space = RANDAUGMENT | {
    "shear_x": Magnitude(0, 0.99),
    "shear_y": Magnitude(0, 0.99),
    "translate_x": Magnitude(0, 32, rounding=int),
    "translate_y": Magnitude(0, 32, rounding=int),
    "rotate": Magnitude(0, 135),
    **dict.fromkeys(BLENDS, Magnitude(1, 1.99)),
    "posterize": Magnitude(8, 2, is_signed=False, rounding=round),
}
AUGMIX: Space = COMMON | {
    "translate_x": Magnitude(0, 1 / 3, rounding=int, side=1),
    "translate_y": Magnitude(0, 1 / 3, rounding=int, side=0),
    "posterize": Magnitude(4, 0, is_signed=False, rounding=round),
}

# 25 pairs for each data set: op, probability, and magnitude in ninths.
POLICIES = {
    "imagenet": (
        (("posterize", 0.4, 8), ("rotate", 0.6, 9)),
        (("solarize", 0.6, 5), ("autocontrast", 0.6, None)),
        (("equalize", 0.8, None), ("equalize", 0.6, None)),
        (("posterize", 0.6, 7), ("posterize", 0.6, 6)),
        (("equalize", 0.4, None), ("solarize", 0.2, 4)),
        (("equalize", 0.4, None), ("rotate", 0.8, 8)),
        (("solarize", 0.6, 3), ("equalize", 0.6, None)),
        (("posterize", 0.8, 5), ("equalize", 1.0, None)),
        (("rotate", 0.2, 3), ("solarize", 0.6, 8)),
        (("equalize", 0.6, None), ("posterize", 0.4, 6)),
        (("rotate", 0.8, 8), ("color", 0.4, 0)),
        (("rotate", 0.4, 9), ("equalize", 0.6, None)),
        (("equalize", 0.0, None), ("equalize", 0.8, None)),
        (("invert", 0.6, None), ("equalize", 1.0, None)),
        (("color", 0.6, 4), ("contrast", 1.0, 8)),
        (("rotate", 0.8, 8), ("color", 1.0, 2)),
        (("color", 0.8, 8), ("solarize", 0.8, 7)),
        (("sharpness", 0.4, 7), ("invert", 0.6, None)),
        (("shear_x", 0.6, 5), ("equalize", 1.0, None)),
        (("color", 0.4, 0), ("equalize", 0.6, None)),
        (("equalize", 0.4, None), ("solarize", 0.2, 4)),
        (("solarize", 0.6, 5), ("autocontrast", 0.6, None)),
        (("invert", 0.6, None), ("equalize", 1.0, None)),
        (("color", 0.6, 4), ("contrast", 1.0, 8)),
        (("equalize", 0.8, None), ("equalize", 0.6, None)),
    ),
    "cifar10": (
        (("invert", 0.1, None), ("contrast", 0.2, 6)),
        (("rotate", 0.7, 2), ("translate_x", 0.3, 9)),
        (("sharpness", 0.8, 1), ("sharpness", 0.9, 3)),
        (("shear_y", 0.5, 8), ("translate_y", 0.7, 9)),
        (("autocontrast", 0.5, None), ("equalize", 0.9, None)),
        (("shear_y", 0.2, 7), ("posterize", 0.3, 7)),
        (("color", 0.4, 3), ("brightness", 0.6, 7)),
        (("sharpness", 0.3, 9), ("brightness", 0.7, 9)),
        (("equalize", 0.6, None), ("equalize", 0.5, None)),
        (("contrast", 0.6, 7), ("sharpness", 0.6, 5)),
        (("color", 0.7, 7), ("translate_x", 0.5, 8)),
        (("equalize", 0.3, None), ("autocontrast", 0.4, None)),
        (("translate_y", 0.4, 3), ("sharpness", 0.2, 6)),
        (("brightness", 0.9, 6), ("color", 0.2, 8)),
        (("solarize", 0.5, 2), ("invert", 0.0, None)),
        (("equalize", 0.2, None), ("autocontrast", 0.6, None)),
        (("equalize", 0.2, None), ("equalize", 0.6, None)),
        (("color", 0.9, 9), ("equalize", 0.6, None)),
        (("autocontrast", 0.8, None), ("solarize", 0.2, 8)),
        (("brightness", 0.1, 3), ("color", 0.7, 0)),
        (("solarize", 0.4, 5), ("autocontrast", 0.9, None)),
        (("translate_y", 0.9, 9), ("translate_y", 0.7, 9)),
        (("autocontrast", 0.9, None), ("solarize", 0.8, 3)),
        (("equalize", 0.8, None), ("invert", 0.1, None)),
        (("translate_y", 0.7, 9), ("autocontrast", 0.9, None)),
    ),
    "svhn": (
        (("shear_x", 0.9, 4), ("invert", 0.2, None)),
        (("shear_y", 0.9, 8), ("invert", 0.7, None)),
        (("equalize", 0.6, None), ("solarize", 0.6, 6)),
        (("invert", 0.9, None), ("equalize", 0.6, None)),
        (("equalize", 0.6, None), ("rotate", 0.9, 3)),
        (("shear_x", 0.9, 4), ("autocontrast", 0.8, None)),
        (("shear_y", 0.9, 8), ("invert", 0.4, None)),
        (("shear_y", 0.9, 5), ("solarize", 0.2, 6)),
        (("invert", 0.9, None), ("autocontrast", 0.8, None)),
        (("equalize", 0.6, None), ("rotate", 0.9, 3)),
        (("shear_x", 0.9, 4), ("solarize", 0.3, 3)),
        (("shear_y", 0.8, 8), ("invert", 0.7, None)),
        (("equalize", 0.9, None), ("translate_y", 0.6, 6)),
        (("invert", 0.9, None), ("equalize", 0.6, None)),
        (("contrast", 0.3, 3), ("rotate", 0.8, 4)),
        (("invert", 0.8, None), ("translate_y", 0.0, 2)),
        (("shear_y", 0.7, 6), ("solarize", 0.4, 8)),
        (("invert", 0.6, None), ("rotate", 0.8, 4)),
        (("shear_y", 0.3, 7), ("translate_x", 0.9, 3)),
        (("shear_x", 0.1, 6), ("invert", 0.6, None)),
        (("solarize", 0.7, 2), ("translate_y", 0.6, 7)),
        (("shear_y", 0.8, 4), ("invert", 0.8, None)),
        (("shear_x", 0.7, 9), ("translate_y", 0.8, 3)),
        (("shear_y", 0.8, 5), ("autocontrast", 0.7, None)),
        (("shear_x", 0.7, 2), ("invert", 0.1, None)),
    ),
}


def draw_step(
    rng: np.random.Generator, space: Space, name: str, magnitude: float, shape: Shape
) -> Step:
    """The op with its argument, if it has one; a signed argument gets a random sign."""
    scale = space[name]
    if scale is None:
        return [name]
    sign = -1 if scale.is_signed and rng.random() < 0.5 else 1
    return [name, scale.argument(magnitude, sign, shape)]


def apply_steps(image: np.ndarray, steps: list[Step]) -> np.ndarray:
    """Apply kernels, by name, one after another."""
    for name, *arguments in steps:
        image = KERNELS[name](image, *arguments)
    return image


def mix(images: list[np.ndarray], weights: list[float]) -> np.ndarray:
    """The weighted sum, without its fraction; weights are at least 0 and add up to 1."""
    total = scratch("mix", images[0].shape)
    total.fill(0)
    so_far = 0.0
    for image, weight in zip(images, weights, strict=True):
        so_far += weight
        if weight > 0:  # moves the mean of the images so far towards this one
            cv2.accumulateWeighted(image, total, weight / so_far)
    return cv2.convertScaleAbs(total, beta=TRUNCATE)


Bins = Annotated[int, within(2, whole=True)]


@dataclass(frozen=True)
class _Policy(Transform):
    """Draws `ops`: [[a kernel's name, its arguments], …], in their order."""

    def apply(self, image, ops):
        return apply_steps(image, ops)


@dataclass(frozen=True)
class AutoAugment(_Policy):
    """One of 25 learned pairs of ops, each with its probability (Cubuk et al. 2019).

    `policy` is the data set on which they were learned: imagenet, cifar10 or svhn.
    """

    policy: Annotated[str, one_of(POLICIES)] = "imagenet"

    def sample(self, rng, shape):
        return {
            "ops": [
                draw_step(rng, AUTOAUGMENT, name, (ninths or 0) / 9, shape)
                for name, p, ninths in draw_one(rng, POLICIES[self.policy])
                if rng.random() < p
            ]
        }


@dataclass(frozen=True)
class RandAugment(_Policy):
    """`n` of 14 ops, all at magnitude `m` of `bins`, counted from 0 (Cubuk et al. 2020)."""

    n: Annotated[int, within(0, whole=True)] = 2
    m: int = 9
    bins: Bins = 31

    def __post_init__(self):
        super().__post_init__()
        within(0, self.bins - 1, whole=True)("m", self.m)

    def sample(self, rng, shape):
        magnitude = self.m / (self.bins - 1)
        names = [draw_one(rng, tuple(RANDAUGMENT)) for _ in range(self.n)]
        return {"ops": [draw_step(rng, RANDAUGMENT, name, magnitude, shape) for name in names]}


@dataclass(frozen=True)
class TrivialAugmentWide(_Policy):
    """One of 14 ops at a magnitude drawn from `bins`, up to strong ones (Müller & Hutter 2021).

    Translations go up to 32 pixels, whatever the size of the image.
    """

    bins: Bins = 31

    def sample(self, rng, shape):
        name = draw_one(rng, tuple(WIDE))
        magnitude = draw_whole(rng, 0, self.bins - 1) / (self.bins - 1)
        return {"ops": [draw_step(rng, WIDE, name, magnitude, shape)]}


@dataclass(frozen=True)
class ThreeAugment(_Policy):
    """DeiT III's: grey, solarized or blurred with equal probability, then a color jitter (Touvron
    et al. 2022).

    `sigma` is the range of the blur in pixels. Brightness, contrast and saturation change by up to
    `jitter` either way, in random order. Flips and crops are not included.
    """

    jitter: Factor = 0.3
    threshold: Annotated[int, within(0, 256)] = 128
    sigma: UpTo = (0.1, 2.0)

    def sample(self, rng, shape):
        firsts = {
            "grayscale": (1.0, 1.0),
            "solarize": (self.threshold, self.threshold),
            "gaussian_blur": up_to(self.sigma),
        }
        first = draw_one(rng, tuple(firsts))
        jitters = ["brightness", "contrast", "color"]
        rng.shuffle(jitters)
        ranges = {first: firsts[first]} | dict.fromkeys(jitters, factors(self.jitter))
        return {"ops": [[name, draw(rng, bounds)] for name, bounds in ranges.items()]}


@dataclass(frozen=True)
class AugMix(Transform):
    """A weighted mean of the image and `width` chains of ops (Hendrycks et al. 2020).

    A chain has `depth` ops, or one to three if `depth` is -1. Magnitudes are among the lowest
    `severity` of ten. The weight of the image itself follows Beta(alpha, alpha); the chains share
    the rest by a Dirichlet distribution. `all_ops=False` leaves out brightness, color, contrast and
    sharpness, which are among the corruptions of ImageNet-C.
    """

    severity: Annotated[int, within(1, 10, whole=True)] = 3
    width: Annotated[int, within(1, whole=True)] = 3
    depth: int = -1
    alpha: float = 1.0
    all_ops: bool = True

    def __post_init__(self):
        super().__post_init__()
        if self.depth != -1:
            within(1, whole=True)("depth", self.depth)
        if not self.alpha > 0:
            raise ValueError(f"alpha wants a number above 0, got {self.alpha}")

    def sample(self, rng, shape):
        names = [name for name in AUGMIX if self.all_ops or name not in BLENDS]
        lowest = self.severity - 1
        kept, changed = rng.dirichlet([self.alpha] * 2).tolist()
        shares = rng.dirichlet([self.alpha] * self.width).tolist()
        chains = [
            [
                draw_step(rng, AUGMIX, draw_one(rng, names), draw_whole(rng, 0, lowest) / 9, shape)
                for _ in range(draw_whole(rng, 1, 3) if self.depth == -1 else self.depth)
            ]
            for _ in range(self.width)
        ]
        return {"weights": [kept, *(changed * share for share in shares)], "chains": chains}

    def apply(self, image, weights, chains):
        return mix([image, *(apply_steps(image, chain) for chain in chains)], weights)
