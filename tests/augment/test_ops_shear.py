"""Shears and translations against Pillow's nearest pixel, to the byte."""

import numpy as np
import pytest
from PIL import Image

from paddle_aug.augment.modes import augmentation
from paddle_aug.augment.ops.shear import shear_x, shear_y, translate_x, translate_y
from paddle_aug.rng import generator

SIZES = [(1, 1), (1, 9), (9, 1), (2, 3), (32, 32), (33, 47), (90, 61)]


def picture(height, width):
    image = generator(5, "drawing").integers(1, 256, (height, width, 3)).astype(np.uint8)
    image.flags.writeable = False
    return image


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
    image = picture(*size)
    for amount in [*AMOUNTS, *(-amount for amount in AMOUNTS)]:
        across, down = shear_x(image, amount), shear_y(image, amount)
        np.testing.assert_array_equal(across, pillows(image, (1, amount, 0, 0, 1, 0)))
        np.testing.assert_array_equal(down, pillows(image, (1, 0, 0, amount, 1, 0)))


def test_shears_of_any_amount_are_pillows_to_the_byte():
    rng = generator(6, "drawing")
    for _ in range(300):
        image, amount = picture(*rng.integers(1, 70, 2).tolist()), float(rng.uniform(-1.2, 1.2))
        np.testing.assert_array_equal(
            shear_x(image, amount), pillows(image, (1, amount, 0, 0, 1, 0))
        )
        np.testing.assert_array_equal(
            shear_y(image, amount), pillows(image, (1, 0, 0, amount, 1, 0))
        )


@pytest.mark.parametrize("size", SIZES, ids=str)
def test_translations_are_pillows_to_the_byte(size):
    image = picture(*size)
    for pixels in (0, 1, -1, 5, -5, 32, -32, 89, -89, 1000, -1000):
        across, down = translate_x(image, pixels), translate_y(image, pixels)
        np.testing.assert_array_equal(across, pillows(image, (1, 0, -pixels, 0, 1, 0)))
        np.testing.assert_array_equal(down, pillows(image, (1, 0, 0, 0, 1, -pixels)))


def test_a_positive_translation_moves_right_and_down_and_a_positive_shear_left_and_up():
    image = np.zeros((9, 9, 3), np.uint8)
    image[4, 4] = 255
    assert translate_x(image, 2)[4, 6].all()
    assert translate_y(image, 2)[6, 4].all()
    assert shear_x(image, 0.5)[4, 2].all()
    assert shear_y(image, 0.5)[2, 4].all()


def drawn(spec, shape=(40, 200, 3), count=3000):
    op = augmentation(spec)
    (name,) = op.sample(generator(0, "augment"), shape)
    values = [op.sample(generator(0, "augment", 0, i), shape)[name] for i in range(count)]
    return np.array(values)


@pytest.mark.parametrize(("spec", "farthest"), [("translate_x(0.1)", 20), ("translate_y(0.1)", 4)])
def test_translations_are_a_share_of_the_side_that_they_go_along(spec, farthest):
    pixels = drawn(spec)
    # The fraction is dropped, so that the whole 20 is drawn by chance only.
    assert set(range(1 - farthest, farthest)) <= set(pixels.tolist())
    assert abs(pixels).max() <= farthest
