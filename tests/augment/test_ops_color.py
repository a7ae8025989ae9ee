"""Brightness, contrast, color and sharpness against Pillow's, which the notebook calls; hue and the
jitter of all against torchvision's own pixels and draws."""

import numpy as np
import pytest
from op_specs import draws, noise
from PIL import Image, ImageEnhance
from torchvision_golden import ASKED, GOLDEN, PHOTO, distance

from paddle_aug.augment.modes import augmentation
from paddle_aug.augment.ops import color
from paddle_aug.augment.ops.color import ColorJitter, hue
from paddle_aug.rng import generator

BLENDS = ["brightness", "contrast", "color", "sharpness"]
SIZES = [(40, 40), (37, 61), (1, 1), (2, 5), (224, 224)]
GREYS = np.repeat(np.arange(256, dtype=np.uint8).reshape(16, 16, 1), 3, axis=2)


def pillow(name, image, amount):
    """What the notebook calls, or for the hue the lines of torchvision's adjust_hue (0.28.0,
    _functional_pil.py)."""
    picture = Image.fromarray(image)
    if name != "hue":
        return np.asarray(getattr(ImageEnhance, name.title())(picture).enhance(amount))
    h, s, v = picture.convert("HSV").split()
    h = np.array(h) + np.int32(amount * 255).astype(np.uint8)
    return np.asarray(Image.merge("HSV", (Image.fromarray(h), s, v)).convert("RGB"))


def differences(name, images, amounts):
    """Ours less Pillow's, of all images by all amounts."""
    kernel = getattr(color, name)
    pairs = [(image, amount) for image in images for amount in amounts]
    off = [kernel(*pair).astype(int) - pillow(name, *pair) for pair in pairs]
    return np.concatenate([each.ravel() for each in off])


def factors(count):
    """Factors over the notebook's range, drawn as it draws them."""
    return generator(2, "drawing").uniform(0.5, 1.5, count).tolist()


def assert_within_a_level_of_pillows(name, off):
    assert abs(off).max() <= 1
    if name == "sharpness":
        assert abs(off).mean() <= 0.1
    else:
        assert (off == 0).mean() >= 0.998
        assert abs(off.mean()) <= 0.002


@pytest.mark.parametrize("name", BLENDS)
@pytest.mark.parametrize("size", SIZES, ids=str)
def test_a_fast_blend_of_noise_is_pillows_within_a_level(name, size):
    count = 10 if name == "sharpness" else 20 if size == (224, 224) else 500
    assert_within_a_level_of_pillows(name, differences(name, [noise(*size)], factors(count)))


@pytest.mark.parametrize("name", BLENDS)
def test_a_fast_blend_of_photos_is_pillows_within_a_level(name, photos):
    assert_within_a_level_of_pillows(name, differences(name, photos, factors(10)))
    colours = [*generator(3, "drawing").integers(0, 256, (200, 3)), (0,) * 3, (255,) * 3]
    flat = [np.full((2, 5, 3), colour, np.uint8) for colour in colours]
    off = differences(name, flat, factors(20))
    assert abs(off).max() <= 1
    assert (off == 0).mean() >= 0.99


@pytest.mark.parametrize("name", BLENDS)
def test_factor_one_changes_nothing_and_every_grey_is_the_grey_of_pillow(name):
    assert not differences(name, [GREYS, noise(37, 61)], [1]).any()
    # Where many products are whole numbers.
    assert not differences(name, [GREYS], [0, 0.5, 1.5]).any() or name == "sharpness"


@pytest.mark.parametrize("name", BLENDS)
@pytest.mark.parametrize("factor", [-0.5, 2.5, 30])
def test_factors_beyond_the_range_saturate_as_in_pillow(name, factor):
    off = abs(differences(name, [noise(37, 61)], [factor]))
    # A level of the mean, the luma or the smoothed image counts |1 - factor| times.
    assert off.max() <= 1 + abs(1 - factor)


@pytest.mark.parametrize("name", [*BLENDS, "hue"])
def test_an_exact_op_draws_as_the_fast_one_and_gives_pillows_bytes(name):
    exact, image = augmentation(f"{name}(exact=True)"), noise(37, 61)
    drawn = draws(name, image.shape, 20)
    assert draws(f"{name}(exact=True)", image.shape, 20) == drawn
    for params in drawn:
        theirs = pillow(name, image, *params.values())
        np.testing.assert_array_equal(exact.apply(image, **params), theirs)


def test_exact_hue_gives_the_bytes_of_torchvision():
    for shift, theirs in zip(ASKED["hue"], GOLDEN["hue"], strict=True):
        np.testing.assert_array_equal(hue(PHOTO, shift, exact=True), theirs)
        np.testing.assert_array_equal(pillow("hue", PHOTO, shift), theirs)


def test_fast_hue_of_photos_has_the_bytes_of_pillow_but_for_few(photos):
    off = differences("hue", photos, generator(2, "drawing").uniform(-0.5, 0.5, 10).tolist())
    assert (off == 0).mean() >= 0.995
    assert abs(off).mean() <= 0.01
    assert abs(off).max() <= 8  # a step of 1/255 of the circle, of which a sector has 42


@pytest.mark.parametrize("size", SIZES, ids=str)
def test_fast_hue_of_noise_has_the_bytes_of_pillow_but_for_few(size):
    off = differences("hue", [noise(*size)], [-0.5, -0.21, 0, 0.004, 0.37, 0.5])
    assert (off == 0).mean() >= 0.99
    assert abs(off).max() <= 8


def test_hue_leaves_greys_and_takes_red_half_around_to_cyan():
    np.testing.assert_array_equal(hue(GREYS, 0.37), GREYS)
    red = np.full((2, 3, 3), (200, 0, 0), np.uint8)
    np.testing.assert_allclose(hue(red, 0.5), np.full((2, 3, 3), (0, 200, 200)), atol=3)
    np.testing.assert_array_equal(hue(red, 0), red)


def test_an_exact_jitter_gives_the_bytes_of_torchvision():
    for steps, theirs in zip(ASKED["jitter"], GOLDEN["jitter"], strict=True):
        order = [name for name, _ in steps]
        ours = ColorJitter(exact=True).apply(PHOTO, order=order, **dict(steps))
        np.testing.assert_array_equal(ours, theirs)
        off = abs(ColorJitter().apply(PHOTO, order=order, **dict(steps)).astype(int) - theirs)
        assert off.mean() <= 0.1


def test_a_jitter_is_drawn_as_torchvision_draws_it():
    op, rng = ColorJitter(0.4, (0.2, 0.9), 1.5, 0.3), generator(3, "augment")
    drawn = [op.sample(rng, (9, 9, 3)) for _ in range(4000)]
    names = ["brightness", "contrast", "saturation", "hue"]
    for column, name in enumerate(names):
        ours = np.array([params[name] for params in drawn])
        assert distance(ours, GOLDEN["draws of color_jitter"][:, column]) < 1
    assert min(params["saturation"] for params in drawn) >= 0  # 1 - 1.5 is below
    ours = [names.index(params["order"][place]) for params in drawn for place in range(4)]
    ours, theirs = np.reshape(ours, (-1, 4)), GOLDEN["orders of color_jitter"]
    assert {tuple(order) for order in ours.tolist()} == {tuple(each) for each in theirs.tolist()}
    counts = np.unique(ours, axis=0, return_counts=True)[1]
    # Chi squared of 24 orders, at 1 %.
    assert ((counts - 4000 / 24) ** 2 / (4000 / 24)).sum() < 41.6


def test_a_jitter_leaves_out_what_does_nothing():
    op = ColorJitter(brightness=0.5, contrast=(1, 1))
    drawn = op.sample(generator(0, "augment"), (9, 9, 3))
    assert drawn["order"] == ["brightness"]
    assert list(drawn) == ["order", "brightness"]
    image = noise(37, 61)
    np.testing.assert_array_equal(ColorJitter()(image, generator(0, "augment")), image)
