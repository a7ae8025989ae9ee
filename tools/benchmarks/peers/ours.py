"""Our ops, with the parameters of the notebook or of their papers, and the notebook's modes.

As in training, a mode makes a generator for each image, which is part of its cost; the ops of a
mode share it.
"""

import itertools
import os

import _clone  # noqa: F401  puts the clone first on sys.path
import cv2
import numpy as np

import paddle_aug
from benchmarks.peers.ranges import part
from paddle_aug.augment.modes import augmentation
from paddle_aug.augment.ops.affine import BORDERS
from paddle_aug.rng import generator

AFFINE = "scale=(0.8, 1.2), translate_percent=(-0.2, 0.2), rotate=(-45, 45), shear=(-16, 16)"
NOTEBOOK_SPECS = {
    "brightness": "brightness",
    "contrast": "contrast",
    "color": "color",
    "sharpness": "sharpness",
    "center_crop_resize": "center_crop_resize",
    "flip": "flip",
    "rotate": "rotate((0, 359))",
    "noise": "noise",
    "hflip": "hflip(1)",
    "vflip": "vflip(1)",
    "crop": "crop((0, 0.1))",
    "affine": f"affine({AFFINE}, order=(0, 1), cval=(0, 255), mode={tuple(BORDERS)})",
    # paddle.vision and torchvision have no other border.
    "affine, constant border": f"affine({AFFINE}, order=(0, 1), cval=(127, 127))",
    "superpixels": "superpixels((0, 1.0), (20, 200))",
    "gaussian_blur": "gaussian_blur((0, 3.0))",
    "average_blur": "average_blur((2, 7))",
    "median_blur": "median_blur((3, 11))",
    "median_blur, k 5": "median_blur((5, 5))",
    "median_blur, k 7": "median_blur((7, 7))",
    "median_blur, k 9": "median_blur((9, 9))",
    "median_blur, k 11": "median_blur((11, 11))",
    "sharpen": "sharpen((0, 1.0), (0.75, 1.5))",
    "emboss": "emboss((0, 1.0), (0, 2.0))",
    "edge_detect": "edge_detect((0, 0.7))",
    "directed_edge_detect": "directed_edge_detect((0, 0.7), (0.0, 1.0))",
    "additive_gaussian_noise": "additive_gaussian_noise(scale=(0.0, 12.75), per_channel=0.5)",
    "dropout": "dropout((0.01, 0.1), per_channel=0.5)",
    "coarse_dropout": "coarse_dropout((0.03, 0.15), (0.02, 0.05), per_channel=0.2)",
    "invert": "invert",
    "add": "add((-10, 10), per_channel=0.5)",
    "multiply": "multiply((0.5, 1.5), per_channel=0.5)",
    "linear_contrast": "linear_contrast((0.5, 2.0), per_channel=0.5)",
    "grayscale": "grayscale((0.0, 1.0))",
    "elastic_transformation": "elastic_transformation((0.5, 3.5), (0.25, 0.25))",
    # Other libraries always smooth the field.
    "elastic_transformation, sigma 4": "elastic_transformation((20.0, 20.0), (4.0, 4.0))",
    "piecewise_affine": "piecewise_affine((0.01, 0.05))",
}
SPECS = NOTEBOOK_SPECS | {
    "resize": "resize(({part}, {part}))",
    "center_crop": "center_crop({part})",
    "random_crop": "random_crop({part}, padding=4)",
    "random_resized_crop": "random_resized_crop",
    "random_rotation": "random_rotation(45)",
    "hue": "hue(0.5)",
    "color_jitter": "color_jitter(0.5, 0.5, 0.5, 0.5)",
    "keras_affine": "keras_affine(20, 0.2, 0.2, 0.2)",
    "channel_shift": "channel_shift(30)",
    "posterize": "posterize((4, 4))",
    "solarize": "solarize((128, 128))",
    "autocontrast": "autocontrast",
    "equalize": "equalize",
    "shear_x": "shear_x(0.3)",
    "shear_y": "shear_y(0.3)",
    "translate_x": "translate_x(0.45)",
    "translate_y": "translate_y(0.45)",
    "cutout": "cutout(16)",
    "random_erasing": "random_erasing",
    "random_erasing, noise": "random_erasing(fill='noise')",
    "gridmask": "gridmask",
    # Other libraries do not turn the grid.
    "gridmask, not turned": "gridmask(rotate=0)",
    "hide_and_seek": "hide_and_seek",
    "autoaugment": "autoaugment",
    "randaugment": "randaugment",
    "trivialaugment": "trivialaugment",
    "threeaugment": "threeaugment",
    "augmix": "augmix",
}
MODES = ("userDef", "imgaugLib", "allab", "allba")
# A new one in each process, as in other libraries: equal draws would make all starts one sample.
SEED = int.from_bytes(os.urandom(4), "little")
PACKAGES = {"paddle_aug": paddle_aug, "numpy": np, "opencv": cv2}


def subjects(size: int) -> dict:
    ops = {name: op(spec(name, size)) for name in SPECS}
    drawings = {f"{name}: drawing": drawing(name) for name in MODES}
    return ops | {name: mode(name) for name in MODES} | drawings


def spec(name: str, size: int) -> str:
    """The text of an op for images of this size."""
    return SPECS[name].format(part=part(size))


def op(spec: str):
    transform, rng = augmentation(spec), generator(SEED, "augment")
    return lambda image: transform(image, rng)


def mode(name: str):
    transform, numbers = augmentation(name), itertools.count()
    return lambda image: transform(image, generator(SEED, "augment", 0, next(numbers)))


def drawing(name: str):
    """The part of a mode that makes the generator and draws, without any pixels."""
    transform, numbers = augmentation(name), itertools.count()
    return lambda image: transform.sample(
        generator(SEED, "augment", 0, next(numbers)), np.shape(image)
    )
