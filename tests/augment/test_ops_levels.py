"""Posterize, solarize, autocontrast and equalize against the bytes of Pillow's ImageOps."""

import numpy as np
import pytest
from PIL import Image, ImageOps

from paddle_aug.augment.ops.levels import autocontrast, equalize, posterize, solarize
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
