"""Shears and translations against Pillow's nearest pixel, to the byte."""

import numpy as np
import pytest
from op_specs import draws, noise
from PIL import Image

from paddle_aug.augment.ops.shear import shear_x, shear_y, translate_x, translate_y
from paddle_aug.rng import generator

SIZES = [(1, 1), (1, 9), (9, 1), (2, 3), (32, 32), (33, 47), (90, 61)]


def pillows(image, matrix):
    made = Image.fromarray(image).transform(
        image.shape[1::-1], Image.Transform.AFFINE, matrix, Image.Resampling.NEAREST
    )
    return np.asarray(made)


# Of the policies' tables, where rows fall on halves of a pixel, and beyond the image.
AMOUNTS = [0, 0.0, *(0.3 * i / 9 for i in range(10)), *(0.99 * i / 30 for i in range(31))]
AMOUNTS += [0.5, 1, 1.5, 1 / 3, 7.25, 100]


@pytest.mark.parametrize("size", SIZES, ids=str)
def test_shears_are_pillows_to_the_byte(size):
    image = noise(*size)
    drawn = generator(6, "drawing").uniform(-1.2, 1.2, 60).tolist()
    for amount in [*AMOUNTS, *(-amount for amount in AMOUNTS), *drawn]:
        across, down = shear_x(image, amount), shear_y(image, amount)
        np.testing.assert_array_equal(across, pillows(image, (1, amount, 0, 0, 1, 0)))
        np.testing.assert_array_equal(down, pillows(image, (1, 0, 0, amount, 1, 0)))


@pytest.mark.parametrize("size", SIZES, ids=str)
def test_translations_are_pillows_to_the_byte(size):
    image = noise(*size)
    for pixels in (0, 1, -1, 5, -5, 32, -32, 89, -89, 1000, -1000):
        across, down = translate_x(image, pixels), translate_y(image, pixels)
        np.testing.assert_array_equal(across, pillows(image, (1, 0, -pixels, 0, 1, 0)))
        np.testing.assert_array_equal(down, pillows(image, (1, 0, 0, 0, 1, -pixels)))


@pytest.mark.parametrize(("spec", "farthest"), [("translate_x(0.1)", 20), ("translate_y(0.1)", 4)])
def test_translations_are_a_share_of_the_side_that_they_go_along(spec, farthest):
    pixels = np.array([params["pixels"] for params in draws(spec, (40, 200, 3), 3000)])
    # The fraction is dropped, so that the whole 20 is drawn by chance only.
    assert set(range(1 - farthest, farthest)) <= set(pixels.tolist())
    assert abs(pixels).max() <= farthest
