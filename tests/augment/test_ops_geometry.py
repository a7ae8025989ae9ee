"""Flips, rotation and the centre crop against Pillow's, which the notebook calls."""

import numpy as np
import pytest
from op_specs import noise
from PIL import Image
from torchvision_golden import ASKED, GOLDEN, PHOTO

from paddle_aug.augment.ops.geometry import (
    INTERPOLATIONS,
    CenterCropResize,
    RandomRotation,
    Rotate,
    center_crop_resize,
    flip,
    rotate,
)
from paddle_aug.rng import generator

SIZES = [(40, 40), (37, 61), (1, 1), (2, 5), (224, 224)]


def ratios(count):
    """Pairs of ratios over the notebook's range, its ends included."""
    drawn = generator(2, "drawing").uniform(1, 1.5, (count, 2)).tolist()
    return [(1, 1), (1.5, 1.5), (1, 1.5), *drawn]


def pillows_rotation(image, degrees):
    return np.asarray(Image.fromarray(image).rotate(degrees))


def notebooks_crop(image, m, n, interpolation):
    """The lines of the notebook."""
    h, w, _ = image.shape
    x1, y1 = w * (1 - 1 / m) / 2, h * (1 - 1 / n) / 2
    x2, y2 = x1 + w * 1 / m, y1 + h * 1 / n
    cut = Image.fromarray(image).crop([x1, y1, x2, y2])
    return np.asarray(cut.resize((w, h), INTERPOLATIONS[interpolation]))


@pytest.mark.parametrize("size", SIZES, ids=str)
def test_flips_mirror_each_axis_by_itself(size):
    image = noise(*size)
    np.testing.assert_array_equal(flip(image, True, False), image[:, ::-1])
    np.testing.assert_array_equal(flip(image, False, True), image[::-1])
    np.testing.assert_array_equal(flip(image, True, True), image[::-1, ::-1])
    np.testing.assert_array_equal(flip(image, False, False), image)


def shares_of_pillows(image, angles):
    """The share of pixels that are Pillow's, for each angle."""
    return [
        (rotate(image, degrees) == pillows_rotation(image, degrees)).all(axis=2).mean()
        for degrees in angles
    ]


# In few pixels each ill-placed one counts: of 2 × 5, eight angles have one in ten.
@pytest.mark.parametrize(
    ("size", "share", "least"),
    [((40, 40), 0.998, 0.975), ((37, 61), 0.998, 0.975), ((1, 1), 1, 1), ((2, 5), 0.996, 0.9)],
    ids=str,
)
def test_fast_rotation_has_the_pixels_of_pillow_but_for_a_few(size, share, least):
    for angles in (range(360), generator(3, "drawing").uniform(-360, 360, 300).tolist()):
        same = shares_of_pillows(noise(*size), angles)
        assert np.mean(same) >= share
        assert min(same) >= least


def test_fast_rotation_of_photos_has_the_pixels_of_pillow_but_for_a_few(photos):
    for first, photo in enumerate(photos):
        same = shares_of_pillows(photo, range(first, 360, len(photos)))
        assert np.mean(same) >= 0.998
        assert min(same) >= 0.995


def test_exact_rotation_by_any_angle_gives_the_bytes_of_torchvision():
    for degrees, theirs in zip(ASKED["rotate"], GOLDEN["rotate"], strict=True):
        np.testing.assert_array_equal(rotate(PHOTO, degrees, exact=True), theirs)


@pytest.mark.parametrize("size", [(41, 41), *SIZES], ids=str)
def test_half_turns_and_quarter_turns_of_a_square_are_exact(size):
    image = noise(*size)
    for quarters in range(0, 5, 1 if size[0] == size[1] else 2):
        np.testing.assert_array_equal(rotate(image, 90 * quarters), np.rot90(image, quarters))


@pytest.mark.parametrize("interpolation", INTERPOLATIONS)
@pytest.mark.parametrize("size", SIZES, ids=str)
def test_the_exact_crop_gives_the_bytes_of_the_notebook(interpolation, size):
    image = noise(*size)
    for m, n in ratios(3 if size == (224, 224) else 20):
        theirs = notebooks_crop(image, m, n, interpolation)
        exact = center_crop_resize(image, m, n, interpolation, exact=True)
        np.testing.assert_array_equal(exact, theirs)
        if interpolation == "nearest":
            np.testing.assert_array_equal(center_crop_resize(image, m, n, "nearest"), theirs)


def crop_differences(images, interpolation, count):
    """Ours less the notebook's, over all images and `count` ratios and more for each."""
    differences = []
    for arguments in [(image, m, n, interpolation) for image in images for m, n in ratios(count)]:
        ours = center_crop_resize(*arguments).astype(int)
        differences.append((ours - notebooks_crop(*arguments)).ravel())
    return np.concatenate(differences)


def test_the_fast_bilinear_crop_is_within_a_level_of_the_notebooks(photos):
    for images in (photos, *([noise(*size)] for size in SIZES)):
        off = crop_differences(images, "bilinear", 10)
        assert abs(off).max() <= 1
        assert abs(off).mean() <= 0.25


@pytest.mark.parametrize("interpolation", ["bicubic", "lanczos"])
def test_the_fast_smooth_crop_is_near_the_notebooks_in_noise_and_nearer_in_photos(
    photos, interpolation
):
    for size in SIZES:
        off = crop_differences([noise(*size)], interpolation, 20)
        assert abs(off).max() <= 48
        assert abs(off).mean() <= 5
    off = crop_differences(photos, interpolation, 10)
    assert abs(off).max() <= 32
    assert abs(off).mean() <= 1.0
    assert abs(off.mean()) <= 0.05


@pytest.mark.parametrize("exact", [False, True])
@pytest.mark.parametrize("interpolation", INTERPOLATIONS)
def test_a_cut_is_never_rounded_to_no_pixels(interpolation, exact):
    image = noise(2, 2)  # 1/10 of it, from 0.9 to 1.1, rounds to from 1 to 1
    cut = center_crop_resize(image, 10, 10, interpolation, exact)
    np.testing.assert_array_equal(cut, np.broadcast_to(image[1, 1], (2, 2, 3)))


@pytest.mark.parametrize(
    ("op", "oracle"),
    [
        (Rotate, pillows_rotation),
        (RandomRotation, pillows_rotation),
        (CenterCropResize, notebooks_crop),
    ],
)
def test_exact_ops_draw_as_the_fast_ones_and_give_pillows_bytes(op, oracle):
    image, exact = noise(37, 61), op(exact=True)
    for index in range(20):
        drawn = op().sample(generator(5, "augment", 0, index), image.shape)
        assert exact.sample(generator(5, "augment", 0, index), image.shape) == drawn
        np.testing.assert_array_equal(exact.apply(image, **drawn), oracle(image, *drawn.values()))
