"""Brightness, contrast, color and sharpness against Pillow's, which the notebook calls."""

import cv2
import numpy as np
import pytest
from PIL import Image, ImageEnhance, ImageFilter

from paddle_aug.ops.color import (
    Brightness,
    Color,
    Contrast,
    Sharpness,
    brightness,
    color,
    contrast,
    sharpness,
)
from paddle_aug.rng import generator

BLENDS = {
    "brightness": (brightness, ImageEnhance.Brightness),
    "contrast": (contrast, ImageEnhance.Contrast),
    "color": (color, ImageEnhance.Color),
    "sharpness": (sharpness, ImageEnhance.Sharpness),
}
POINTWISE = ["brightness", "contrast", "color"]
SIZES = [(40, 40), (37, 61), (1, 1), (2, 5), (224, 224)]


def noise(size):
    image = generator(1, "drawing").integers(0, 256, (*size, 3)).astype(np.uint8)
    image.flags.writeable = False  # holds an op to its promise that the input is never written to
    return image


def factors(count):
    """Factors over the notebook's range, drawn as it draws them."""
    return generator(2, "drawing").uniform(0.5, 1.5, count).tolist()


def differences(name, images, count):
    """Ours less Pillow's, over all images and `count` factors for each."""
    ours, enhancer = BLENDS[name]
    return np.concatenate(
        [
            (ours(image, factor).astype(int) - pillow(enhancer, image, factor)).ravel()
            for image in images
            for factor in factors(count)
        ]
    )


def pillow(enhancer, image, factor):
    return np.asarray(enhancer(Image.fromarray(image)).enhance(factor))


@pytest.fixture(scope="module")
def photos(test_data):
    """A photo of each class at the size of training, RGB."""
    files = [min(folder.iterdir()) for folder in (test_data / "photos16/Images").iterdir()]
    return [cv2.resize(cv2.imread(str(file))[:, :, ::-1], (224, 224)) for file in sorted(files)]


@pytest.mark.parametrize("name", BLENDS)
@pytest.mark.parametrize("size", SIZES, ids=str)
def test_exact_gives_the_bytes_of_pillow(name, size):
    ours, enhancer = BLENDS[name]
    for factor in [0, 0.5, 0.83, 1, 1.5, *factors(5)]:
        np.testing.assert_array_equal(
            ours(noise(size), factor, exact=True), pillow(enhancer, noise(size), factor)
        )


@pytest.mark.parametrize("name", POINTWISE)
@pytest.mark.parametrize("size", SIZES, ids=str)
def test_a_fast_blend_of_noise_is_pillows_but_for_a_level_in_few_pixels(name, size):
    off = differences(name, [noise(size)], 20 if size == (224, 224) else 500)
    assert abs(off).max() <= 1
    assert (off == 0).mean() >= 0.998
    assert abs(off.mean()) <= 0.002


@pytest.mark.parametrize("name", POINTWISE)
def test_a_fast_blend_of_photos_is_pillows_but_for_a_level_in_few_pixels(name, photos):
    off = differences(name, photos, 10)
    assert abs(off).max() <= 1
    assert (off == 0).mean() >= 0.998
    assert abs(off.mean()) <= 0.002


@pytest.mark.parametrize("size", SIZES, ids=str)
def test_fast_sharpness_of_noise_is_within_a_level_of_pillows(size):
    off = differences("sharpness", [noise(size)], 10)
    assert abs(off).max() <= 1
    assert abs(off).mean() <= 0.1


def test_fast_sharpness_of_photos_is_within_a_level_of_pillows(photos):
    off = differences("sharpness", photos, 10)
    assert abs(off).max() <= 1
    assert abs(off).mean() <= 0.1


def test_sharpness_leaves_the_outermost_pixels_as_they_are():
    image = noise((37, 61))
    result = sharpness(image, 0.5)
    inside = np.zeros(image.shape, bool)
    inside[1:-1, 1:-1] = True
    np.testing.assert_array_equal(result[~inside], image[~inside])
    assert (result[inside] != image[inside]).mean() > 0.9


@pytest.mark.parametrize("name", BLENDS)
def test_one_colour_stays_within_a_level_of_pillows(name):
    colours = generator(3, "drawing").integers(0, 256, (200, 3))
    images = [np.full((2, 5, 3), colour, np.uint8) for colour in [*colours, (0,) * 3, (255,) * 3]]
    off = differences(name, images, 20)
    assert abs(off).max() <= 1
    assert (off == 0).mean() >= 0.99


@pytest.mark.parametrize("name", BLENDS)
def test_factor_one_changes_nothing_and_every_grey_is_the_grey_of_pillow(name):
    ours, enhancer = BLENDS[name]
    greys = np.repeat(np.arange(256, dtype=np.uint8).reshape(16, 16, 1), 3, axis=2)
    np.testing.assert_array_equal(ours(greys, 1), greys)
    np.testing.assert_array_equal(ours(noise((37, 61)), 1), noise((37, 61)))
    for factor in (0, 0.5, 1.5):  # where many products are whole numbers
        off = ours(greys, factor).astype(int) - pillow(enhancer, greys, factor)
        assert not off.any() or name == "sharpness"


@pytest.mark.parametrize("name", BLENDS)
def test_factor_zero_is_the_degenerate_image(name):
    image = noise((37, 61))
    luma = Image.fromarray(image).convert("L")
    degenerate = {
        "brightness": np.zeros_like(image),
        "contrast": np.full_like(image, round(np.asarray(luma).mean())),
        "color": np.asarray(luma.convert("RGB")),
        "sharpness": np.asarray(Image.fromarray(image).filter(ImageFilter.SMOOTH)),
    }[name]
    ours, _ = BLENDS[name]
    off = abs(ours(image, 0).astype(int) - degenerate)
    assert off.max() <= 1
    assert name == "sharpness" or (off == 0).mean() >= 0.998


@pytest.mark.parametrize("name", BLENDS)
@pytest.mark.parametrize("factor", [-0.5, 2.5, 30])
def test_factors_beyond_the_range_saturate_as_in_pillow(name, factor):
    ours, enhancer = BLENDS[name]
    image = noise((37, 61))
    off = abs(ours(image, factor).astype(int) - pillow(enhancer, image, factor))
    # A level of the mean, the luma or the smoothed image counts |1 - factor| times.
    assert off.max() <= 1 + abs(1 - factor)


@pytest.mark.parametrize("op", [Brightness, Contrast, Color, Sharpness])
def test_an_exact_op_draws_as_the_fast_one_and_gives_pillows_bytes(op):
    image = noise((37, 61))
    drawn = op().sample(generator(5, "augment"), image.shape)
    assert op(exact=True).sample(generator(5, "augment"), image.shape) == drawn
    _, enhancer = BLENDS[op.__name__.lower()]
    np.testing.assert_array_equal(
        op(exact=True).apply(image, **drawn), pillow(enhancer, image, drawn["factor"])
    )


def test_a_pair_is_the_range_of_the_factor():
    drawn = [Color((0.2, 0.4)).sample(generator(0, "augment", 0, i), (1, 1, 3)) for i in range(200)]
    values = [params["factor"] for params in drawn]
    assert 0.2 <= min(values) < 0.21
    assert 0.39 < max(values) <= 0.4
