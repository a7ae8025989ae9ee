"""Posterize, solarize, autocontrast and equalize against the bytes of Pillow's ImageOps."""

import numpy as np
import pytest
from PIL import Image, ImageOps

from paddle_aug.augment.modes import augmentation
from paddle_aug.augment.ops.levels import autocontrast, equalize, posterize, solarize
from paddle_aug.errors import UserError
from paddle_aug.rng import generator


def images():
    """Of all kinds of histograms: even, narrow, steep, of a level or two, of hardly any pixels."""
    rng = generator(4, "drawing")
    for height, width in ((1, 1), (1, 2), (3, 5), (17, 29), (60, 80)):
        shape = (height, width, 3)
        yield rng.integers(0, 256, shape).astype(np.uint8)
        yield rng.integers(90, 117, shape).astype(np.uint8)
        yield (rng.gamma(0.7, 30, shape)).clip(0, 255).astype(np.uint8)
        yield np.full(shape, (0, 77, 255), np.uint8)
        yield rng.choice(np.uint8([3, 200]), shape)
        ramp = np.linspace(0, 255, height * width * 3).astype(np.uint8)
        yield ramp.reshape(shape)


@pytest.fixture(
    scope="module", params=list(images()), ids=lambda image: "x".join(map(str, image.shape))
)
def image(request):
    request.param.flags.writeable = False
    return request.param


def assert_bytes(ours, picture):
    np.testing.assert_array_equal(ours, np.asarray(picture))


def test_autocontrast_and_equalize_are_pillows_to_the_byte(image):
    picture = Image.fromarray(image)
    assert_bytes(autocontrast(image), ImageOps.autocontrast(picture))
    assert_bytes(equalize(image), ImageOps.equalize(picture))


@pytest.mark.parametrize("bits", range(1, 9))
def test_posterize_is_pillows_to_the_byte(image, bits):
    assert_bytes(posterize(image, bits), ImageOps.posterize(Image.fromarray(image), bits))


def test_without_any_bits_an_image_is_black(image):
    assert not posterize(image, 0).any()


@pytest.mark.parametrize("threshold", [0, 1, 28.333, 85, 127.5, 128, 226.667, 255, 255.5, 256])
def test_solarize_is_pillows_to_the_byte(image, threshold):
    assert_bytes(solarize(image, threshold), ImageOps.solarize(Image.fromarray(image), threshold))


def drawn(spec, name, count=2000):
    op = augmentation(spec)
    return [op.sample(generator(0, "augment", 0, i), (8, 8, 3))[name] for i in range(count)]


@pytest.mark.parametrize(
    ("spec", "name", "values"),
    [
        ("posterize", "bits", range(4, 9)),
        ("posterize((1, 3))", "bits", range(1, 4)),
        ("solarize(250)", "threshold", range(250, 257)),
        ("solarize((128, 128))", "threshold", range(128, 129)),
    ],
)
def test_each_number_of_a_range_is_drawn_as_often(spec, name, values):
    found = drawn(spec, name)
    assert set(found) == set(values)
    expected = len(found) / len(values)
    for value in values:  # five deviations
        assert abs(found.count(value) - expected) <= 5 * expected**0.5


@pytest.mark.parametrize(
    ("spec", "message"),
    [
        ("posterize(9)", "bits wants numbers from 0 to 8, got"),
        ("posterize(2.5)", "bits wants whole numbers, got"),
        ("posterize((7, 5))", "want a range from a low to a high number"),
        ("solarize(257)", "threshold wants numbers from 0 to 256, got"),
        ("solarize((0.5, 3))", "threshold wants whole numbers, got"),
    ],
)
def test_what_is_no_number_of_bits_or_no_level_is_refused(spec, message):
    with pytest.raises(UserError, match=message):
        augmentation(spec)
