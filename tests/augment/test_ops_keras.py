"""Keras's generator against the pixels of keras-preprocessing 1.1.2, and its distributions."""

import json
from pathlib import Path

import numpy as np
import pytest

from paddle_aug.augment.modes import augmentation
from paddle_aug.augment.ops.keras import (
    FILL_MODES,
    ChannelShift,
    KerasAffine,
    channel_shift,
    draw_shift,
    keras_affine,
)
from paddle_aug.errors import UserError
from paddle_aug.rng import generator

GOLDEN = np.load(Path(__file__).parent.parent / "golden" / "keras.npz", allow_pickle=False)
MOVES = json.loads(str(GOLDEN["moves"]))
CVAL = 77
# The largest difference, and the largest mean: 1/64 of a pixel off counts as much as the pixels
# differ.
BOUNDS = {"photo": (2, 0.15), "noise": (6, 1.2), "row": (5, 1.5), "pixel": (0, 0)}


def golden(name):
    image = GOLDEN[name]
    image.flags.writeable = False
    return image


@pytest.mark.parametrize("name", BOUNDS)
@pytest.mark.parametrize("fill_mode", FILL_MODES)
def test_moved_images_are_keras_within_a_thirty_second_of_a_pixel(name, fill_mode):
    largest, mean = BOUNDS[name]
    image = golden(name)
    for moves, theirs in zip(MOVES, GOLDEN[f"{name} moved"], strict=True):
        if moves["fill_mode"] != fill_mode:
            continue
        off = abs(keras_affine(image, **moves, cval=CVAL).astype(int) - theirs)
        assert off.max() <= largest, moves
        assert off.mean() <= mean, moves


@pytest.mark.parametrize("name", BOUNDS)
def test_whole_shifts_and_no_move_at_all_are_keras_to_the_byte(name):
    image = golden(name)
    exact = [({}), {"tx": -2, "ty": 5}]
    compared = 0
    for moves, theirs in zip(MOVES, GOLDEN[f"{name} moved"], strict=True):
        if {key: value for key, value in moves.items() if key != "fill_mode"} in exact:
            np.testing.assert_array_equal(keras_affine(image, **moves, cval=CVAL), theirs)
            compared += 1
    assert compared == 8


@pytest.mark.parametrize("name", BOUNDS)
def test_shifted_channels_are_keras_to_the_byte(name):
    image = golden(name)
    for shift, theirs in zip(GOLDEN["shifts"].tolist(), GOLDEN[f"{name} shifted"], strict=True):
        np.testing.assert_array_equal(channel_shift(image, shift), theirs)


def test_a_positive_tx_shows_what_is_further_down_as_keras_has_it():
    image = np.zeros((9, 9, 3), np.uint8)
    image[6, 4] = 200
    np.testing.assert_array_equal(np.argwhere(keras_affine(image, tx=2)[..., 0]), [[4, 4]])
    np.testing.assert_array_equal(np.argwhere(keras_affine(image, ty=-3)[..., 0]), [[6, 7]])


def drawn(op, count=3000, shape=(200, 100, 3)):
    rng = generator(4, "augment")
    many = [op.sample(rng, shape) for _ in range(count)]
    return {key: np.array([each[key] for each in many]) for key in many[0]}


def assert_uniform(values, low, high):
    """By Kolmogorov and Smirnov, at 1 %."""
    shares = (np.sort(values) - low) / (high - low)
    steps = np.arange(len(values) + 1) / len(values)
    off = max(abs(shares - steps[1:]).max(), abs(shares - steps[:-1]).max())
    assert off < 1.628 / len(values) ** 0.5


def test_moves_are_drawn_from_the_ranges_of_the_generator():
    values = drawn(KerasAffine(20, width_shift=0.2, height_shift=0.1, zoom=0.3, shear=8.0))
    assert_uniform(values["theta"], -20, 20)
    assert_uniform(values["tx"], -20, 20)  # a tenth of 200 rows
    assert_uniform(values["ty"], -20, 20)  # a fifth of 100 columns
    assert_uniform(values["shear"], -8, 8)
    assert_uniform(values["zx"], 0.7, 1.3)
    assert_uniform(values["zy"], 0.7, 1.3)
    independent = np.corrcoef(list(values.values()))
    assert abs(independent - np.eye(6)).max() < 0.06


def test_a_pair_is_the_range_of_the_zoom_and_a_shift_from_one_is_in_pixels():
    values = drawn(KerasAffine(zoom=(0.5, 0.9), width_shift=1.5, height_shift=3))
    assert_uniform(values["zx"], 0.5, 0.9)
    assert_uniform(values["ty"], -1.5, 1.5)
    # Keras draws one of 0, 1, 2 and its sign.
    pixels, counts = np.unique(values["tx"], return_counts=True)
    assert pixels.tolist() == [-2, -1, 0, 1, 2]
    np.testing.assert_allclose(counts / counts.sum(), np.array([1, 1, 2, 1, 1]) / 6, atol=0.025)
    assert draw_shift(generator(0, "augment"), 1, 100) == 0


def test_without_arguments_nothing_moves():
    image = golden("noise")
    np.testing.assert_array_equal(KerasAffine()(image, generator(0, "augment")), image)


def test_channels_are_shifted_evenly_and_by_one_number():
    assert_uniform(drawn(ChannelShift(30.0))["shift"], -30, 30)
    image = np.array([[[10, 100, 200], [60, 70, 80]]], np.uint8)
    np.testing.assert_array_equal(channel_shift(image, 15.4), [[[25, 115, 200], [75, 85, 95]]])
    np.testing.assert_array_equal(channel_shift(image, -60.0), [[[10, 40, 140], [10, 10, 20]]])


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ("keras_affine(width_shift=-0.1)", "width_shift wants numbers of 0 or more"),
        ("keras_affine(height_shift=-3)", "height_shift wants numbers of 0 or more"),
        ("keras_affine(zoom=1.0)", "zoom wants to stay above 0, got 1.0"),
        ("keras_affine(fill_mode='edge')", "fill_mode wants one of .*'wrap'.*, got 'edge'"),
        ("keras_affine(cval=300)", "cval wants numbers from 0 to 255"),
        ("keras_affine((5, -5))", "want a range from a low to a high number"),
        ("channel_shift('x')", "cannot make 'channel_shift'"),
    ],
)
def test_a_field_that_no_image_can_be_made_with_is_told(wrong, message):
    with pytest.raises(UserError, match=message):
        augmentation(wrong)
