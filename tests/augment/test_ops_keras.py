"""Keras's generator against the pixels of keras-preprocessing 1.1.2, and its distributions."""

import json
from pathlib import Path

import numpy as np
import pytest

from paddle_aug.augment.ops.keras import FILL_MODES, channel_shift, keras_affine

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
        if moves.keys() == {"fill_mode"} or moves.get("tx") == -2:  # no move, or whole pixels
            assert off.max() == 0, moves


@pytest.mark.parametrize("name", BOUNDS)
def test_shifted_channels_are_keras_to_the_byte(name):
    image = golden(name)
    for shift, theirs in zip(GOLDEN["shifts"].tolist(), GOLDEN[f"{name} shifted"], strict=True):
        np.testing.assert_array_equal(channel_shift(image, shift), theirs)
