"""The ops at five fixed strengths, from weak to strong, as texts that `augmentation` takes."""

from collections.abc import Sequence

import numpy as np

from paddle_aug.rng import generator

# A text with the numbers of each strength. What the numbers leave open, such as a place or a
# direction, is drawn.
STRENGTHS: dict[str, tuple[str, Sequence]] = {
    "brightness": ("brightness(({0}, {0}))", (1.2, 1.4, 1.6, 1.8, 2)),
    "contrast": ("contrast(({0}, {0}))", (1.2, 1.4, 1.6, 1.8, 2)),
    "color": ("color(({0}, {0}))", (0.8, 0.6, 0.4, 0.2, 0)),
    "sharpness": ("sharpness(({0}, {0}))", (1.5, 2, 3, 4, 6)),
    "center_crop_resize": ("center_crop_resize({})", (1.2, 1.5, 2, 3, 4)),
    "rotate": ("rotate(({0}, {0}))", (10, 30, 60, 90, 150)),
    "noise": ("noise({})", (5, 10, 20, 40, 60)),
    "crop": ("crop(({0}, {0}))", (0.05, 0.1, 0.15, 0.2, 0.3)),
    "affine": (
        "affine(scale=({0}, {0}), translate_percent=({1}, {1}), rotate=({2}, {2}), "
        "shear=({3}, {3}))",
        ((0.95, 0.03, 5, 3), (0.9, 0.06, 10, 6), (0.85, 0.09, 20, 9), (0.8, 0.12, 30, 12),
         (0.7, 0.15, 45, 16)),
    ),
    "superpixels": (
        "superpixels(p_replace=(1.0, 1.0), n_segments=({0}, {0}))", (300, 150, 75, 40, 20),
    ),
    "gaussian_blur": ("gaussian_blur(({0}, {0}))", (0.5, 1, 1.5, 2, 3)),
    "average_blur": ("average_blur(({0}, {0}))", (3, 5, 7, 9, 11)),
    "median_blur": ("median_blur(({0}, {0}))", (3, 5, 7, 9, 11)),
    "sharpen": ("sharpen(alpha=({0}, {0}), lightness=(1, 1))", (0.2, 0.4, 0.6, 0.8, 1)),
    "emboss": ("emboss(alpha=({0}, {0}), strength=(1, 1))", (0.2, 0.4, 0.6, 0.8, 1)),
    "edge_detect": ("edge_detect(({0}, {0}))", (0.2, 0.4, 0.6, 0.8, 1)),
    "directed_edge_detect": ("directed_edge_detect(({0}, {0}))", (0.2, 0.4, 0.6, 0.8, 1)),
    "additive_gaussian_noise": (
        "additive_gaussian_noise(scale=({0}, {0}), per_channel=1)", (5, 10, 20, 40, 60),
    ),
    "dropout": ("dropout(({0}, {0}))", (0.01, 0.03, 0.1, 0.2, 0.4)),
    "coarse_dropout": (
        "coarse_dropout(({0}, {0}), size_percent=(0.1, 0.1))", (0.05, 0.1, 0.2, 0.3, 0.5),
    ),
    "add": ("add(({0}, {0}))", (10, 20, 40, 60, 90)),
    "multiply": ("multiply(({0}, {0}))", (0.85, 0.7, 0.55, 0.4, 0.25)),
    "linear_contrast": ("linear_contrast(({0}, {0}))", (0.8, 0.6, 0.45, 0.3, 0.15)),
    "grayscale": ("grayscale(({0}, {0}))", (0.2, 0.4, 0.6, 0.8, 1)),
    "elastic_transformation": (
        "elastic_transformation(alpha=({0}, {0}), sigma=(5, 5))", (10, 20, 40, 70, 100),
    ),
    "piecewise_affine": (
        "piecewise_affine(scale=({0}, {0}), rows=(4, 4), columns=(4, 4))",
        (0.01, 0.02, 0.03, 0.045, 0.06),
    ),
    "resize": ("resize({})", (64, 48, 32, 24, 16)),
    "center_crop": ("center_crop({})", (112, 96, 80, 64, 48)),
    "random_crop": ("random_crop({})", (112, 96, 80, 64, 48)),
    "random_resized_crop": (
        "random_resized_crop(area=({0}, {0}))", (0.8, 0.5, 0.3, 0.15, 0.08),
    ),
    "random_rotation": ("random_rotation(({0}, {0}))", (4.5, 15.5, 30.5, 60.5, 120.5)),
    "hue": ("hue(({0}, {0}))", (0.05, 0.1, 0.2, 0.35, 0.5)),
    "color_jitter": (
        "color_jitter(({0}, {0}), ({0}, {0}), ({0}, {0}), ({1}, {1}))",
        ((1.1, 0.02), (1.2, 0.04), (1.3, 0.06), (1.45, 0.1), (1.6, 0.15)),
    ),
    "keras_affine": (
        "keras_affine(rotation=({0}, {0}), zoom=({1}, {1}), shear=({0}, {0}))",
        ((5, 0.95), (10, 0.9), (20, 0.8), (30, 0.7), (40, 0.6)),
    ),
    "channel_shift": ("channel_shift(({0}, {0}))", (10, 20, 40, 60, 90)),
    "posterize": ("posterize(({0}, {0}))", (5, 4, 3, 2, 1)),
    "solarize": ("solarize(({0}, {0}))", (240, 200, 150, 100, 50)),
    "shear_x": ("shear_x(({0}, {0}))", (0.1, 0.2, 0.3, 0.5, 0.8)),
    "shear_y": ("shear_y(({0}, {0}))", (0.1, 0.2, 0.3, 0.5, 0.8)),
    "translate_x": ("translate_x(({0}, {0}))", (0.05, 0.1, 0.2, 0.3, 0.45)),
    "translate_y": ("translate_y(({0}, {0}))", (0.05, 0.1, 0.2, 0.3, 0.45)),
    "cutout": ("cutout({})", (16, 32, 48, 64, 80)),
    "random_erasing": ("random_erasing(area=({0}, {0}))", (0.02, 0.08, 0.16, 0.24, 0.33)),
    "gridmask": ("gridmask(period=(96, 96), keep={0})", (0.8, 0.7, 0.6, 0.5, 0.4)),
    "hide_and_seek": ("hide_and_seek(grids=(32,), p_hide={})", (0.1, 0.2, 0.3, 0.5, 0.7)),
    "randaugment": ("randaugment(m={})", (3, 9, 15, 21, 30)),
    "augmix": ("augmix({})", (1, 3, 5, 7, 10)),
}  # fmt: skip
# Of the sizes above: they are in pixels of an image of this side.
SIDE = 128
IN_PIXELS = ("resize", "center_crop", "random_crop", "cutout")


def strengths(name: str, side: int = SIDE) -> list[str]:
    """The op of this name at five strengths, from weak to strong; none if it has no strength, as
    hflip, or is no built-in op. `side` is that of the images, in pixels.

    >>> strengths("rotate")[0]
    'rotate((10, 10))'
    """
    if name not in STRENGTHS:
        return []
    text, strengths = STRENGTHS[name]
    if name in IN_PIXELS:
        strengths = [max(1, round(pixels * side / SIDE)) for pixels in strengths]
    return [
        text.format(*numbers) if isinstance(numbers, tuple) else text.format(numbers)
        for numbers in strengths
    ]


def high_draw() -> np.random.Generator:
    """A generator for the draws of each strength: its first number is near 1, so that an op that
    draws up to a number, as `noise(20)`, comes near it."""
    return generator(0, "augment", epoch=35)
