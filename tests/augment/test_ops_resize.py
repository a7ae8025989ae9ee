"""Resizing and crops against Pillow, torchvision's own pixels and draws, and paddle.vision."""

import cv2
import numpy as np
import pytest
from op_specs import noise
from PIL import Image
from torchvision_golden import ASKED, GOLDEN, NOISE, PHOTO, distance, golden

from paddle_aug.augment.modes import augmentation
from paddle_aug.augment.ops.resize import (
    PADDINGS,
    RandomCrop,
    RandomResizedCrop,
    Resize,
    center_crop,
    cut,
    resize,
)
from paddle_aug.rng import generator


def pillows(image, height, width):
    picture = Image.fromarray(image)
    return np.asarray(picture.resize((width, height), Image.Resampling.BILINEAR))


def differences(photos, down, across):
    """Ours from Pillow's, of each photo reduced by so much: mean, 99th percentile, largest."""
    found = []
    for photo in photos:
        height, width = round(photo.shape[0] / down), round(photo.shape[1] / across)
        off = abs(resize(photo, height, width).astype(int) - pillows(photo, height, width))
        found.append((off.mean(), np.percentile(off, 99), off.max()))
    mean, percentile, largest = zip(*found, strict=True)
    return np.mean(mean), np.mean(percentile), max(largest)


@pytest.mark.parametrize(
    "reductions",
    [
        *((reduction,) * 2 for reduction in (1.1, 1.34, 1.5, 1.8, 2, 2.5, 3, 4, 6)),
        *((1.3, 0.8), (0.7, 2.6), (3, 1.2), (8, 1.5), (1.2, 1.45)),
    ],
)
def test_reduced_photos_are_pillows_within_a_level_on_average(whole_photos, reductions):
    is_even = reductions[0] == reductions[1]
    mean, percentile, largest = differences(whole_photos, *reductions)
    assert mean <= (0.9 if is_even else 1)
    assert percentile <= (6.5 if is_even else 7)
    assert largest <= 40 or not is_even


@pytest.mark.parametrize("size", [(1, 1), (2, 5), (37, 61), (120, 90)], ids=str)
def test_enlarged_noise_is_within_a_level_of_pillows(size):
    image = noise(*size)
    for height, width in [(121, 122), (250, 131), (size[0], 200)]:
        off = abs(resize(image, height, width).astype(int) - pillows(image, height, width))
        assert off.max() <= 1
        assert off.mean() <= 0.35


@pytest.mark.parametrize("reduction", [1.2, 1.5, 2, 3, 5, 7.9])
def test_a_pattern_finer_than_the_result_vanishes_instead_of_aliasing(reduction):
    stripes = np.zeros((240, 240, 3), np.uint8)
    stripes[:, ::2] = 255
    side = round(240 / reduction)
    ours, theirs = resize(stripes, side, side), pillows(stripes, side, side)
    bare = cv2.resize(stripes, (side, side), interpolation=cv2.INTER_LINEAR)
    assert ours[:, 2:-2].std() <= max(theirs[:, 2:-2].std(), 0.3 * bare.std()) + 3


@pytest.mark.parametrize("size", [(1, 1), (2, 5), (3, 300), (61, 37)], ids=str)
def test_resizing_keeps_one_colour_and_the_bytes_of_its_own_size(size):
    flat = np.full((*size, 3), (13, 200, 255), np.uint8)
    for height, width in [(1, 1), (7, 3), (20, 100), (64, 64)]:
        result = resize(flat, height, width)
        assert (result == (13, 200, 255)).all()
        assert result.shape == (height, width, 3)
    np.testing.assert_array_equal(resize(noise(*size), *size), noise(*size))


@pytest.mark.parametrize(("size", "theirs"), golden("resize"))
def test_exact_resizing_gives_the_bytes_of_torchvision(size, theirs):
    np.testing.assert_array_equal(Resize(tuple(size), exact=True).apply(PHOTO), theirs)


def test_a_number_is_the_shorter_side_and_the_other_is_cut_off_to_pixels_as_in_torchvision():
    for (height, width, side), expected in zip(ASKED["sides"], GOLDEN["sides"], strict=True):
        assert Resize(side).output_shape((height, width, 3)) == (*expected, 3)


@pytest.mark.parametrize(("size", "theirs"), golden("center_crop"))
def test_center_crops_give_the_bytes_of_torchvision(size, theirs):
    np.testing.assert_array_equal(center_crop(NOISE, *size), theirs)


@pytest.mark.parametrize(("asked", "theirs"), golden("crop"))
def test_crops_of_padded_images_give_the_bytes_of_torchvision(asked, theirs):
    top, left, height, width, padding, fill, mode = asked
    fill = tuple(fill) if isinstance(fill, list) else fill
    op = RandomCrop((height, width), padding, fill, mode)
    np.testing.assert_array_equal(op.apply(NOISE, top - padding, left - padding), theirs)


@pytest.mark.parametrize("mode", PADDINGS)
def test_what_lies_outside_is_what_numpy_pads_with_even_beyond_the_images_size(mode):
    for size in [(1, 1), (4, 7), (13, 10)]:
        image = noise(*size)
        padded = np.pad(image, ((15, 15), (15, 15), (0, 0)), mode)
        everything = (-15, -15, *padded.shape[:2])
        for top, left, height, width in [everything, (-9, 0, 8, 3), (2, -4, 9, 6)]:
            expected = padded[15 + top :, 15 + left :][:height, :width]
            ours = cut(image, top, left, height, width, mode)
            np.testing.assert_array_equal(ours, expected)
            assert ours.flags.c_contiguous


@pytest.mark.parametrize(("asked", "theirs"), golden("resized_crop"))
def test_exact_resized_crops_give_the_bytes_of_torchvision(asked, theirs):
    *box, size = asked
    op = RandomResizedCrop(tuple(size), exact=True)
    np.testing.assert_array_equal(op.apply(PHOTO, *box), theirs)


@pytest.mark.parametrize(("asked", "theirs"), golden("draws of random_resized_crop"))
def test_resized_crops_are_drawn_as_torchvision_draws_them(asked, theirs):
    height, width, area, ratio = asked
    op, rng = RandomResizedCrop(area=tuple(area), ratio=tuple(ratio)), generator(3, "augment")
    drawn = [op.sample(rng, (height, width, 3)) for _ in range(4000)]
    ours = np.array([[each[key] for key in ("top", "left", "height", "width")] for each in drawn])
    theirs = theirs.astype(int)
    for column in range(4):
        assert distance(ours[:, column], theirs[:, column]) < 1
    for kind in (lambda each: each[:, 2] * each[:, 3], lambda each: each[:, 3] / each[:, 2]):
        assert distance(kind(ours), kind(theirs)) < 1


def test_a_crop_that_never_fits_is_as_much_of_the_middle_as_keeps_the_ratio():
    # By hand, from torchvision's fallback.
    for shape, ratio, expected in [
        ((10, 100, 3), (1.0, 1.5), (0, 42, 10, 15)),
        ((100, 10, 3), (0.5, 1.0), (40, 0, 20, 10)),
        ((100, 1, 3), (4.0, 5.0), (49, 0, 1, 1)),
    ]:
        op = RandomResizedCrop(area=(1.0, 1.0), ratio=ratio)
        drawn = op.sample(generator(0, "augment"), shape)
        assert tuple(drawn.values()) == expected


def test_random_crops_are_drawn_as_torchvision_draws_them():
    ((asked, theirs),) = golden("draws of random_crop")
    height, width, *size = asked
    op, rng = RandomCrop(tuple(size)), generator(3, "augment")
    drawn = [op.sample(rng, (height, width, 3)) for _ in range(4000)]
    ours = np.array([[each["top"], each["left"]] for each in drawn])
    for column in range(2):
        assert set(ours[:, column]) == set(theirs[:, column])
        assert distance(ours[:, column], theirs[:, column]) < 1


def test_a_random_crop_reaches_each_place_of_the_padded_image_and_none_beyond():
    op, rng = RandomCrop(32, padding=4), generator(1, "augment")
    drawn = [op.sample(rng, (32, 40, 3)) for _ in range(2000)]
    assert {each["top"] for each in drawn} == set(range(-4, 5))
    assert {each["left"] for each in drawn} == set(range(-4, 13))


def test_an_image_too_small_for_its_crop_is_refused_and_not_padded_in_silence():
    op = RandomCrop((20, 10), padding=2)
    with pytest.raises(ValueError, match=r"a crop of 20 × 10 \(height × width\) is larger than"):
        op(noise(15, 10), generator(0, "augment"))
    assert op(noise(16, 6), generator(0, "augment")).shape == (20, 10, 3)
    # A text is checked with a draw for a tiny image, which must not be refused there.
    assert augmentation("resize(120)|hflip|random_crop(96)").ops[2] == RandomCrop(96)
