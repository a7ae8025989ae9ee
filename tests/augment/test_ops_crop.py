"""Crop against imgaug's own pixels, and what it draws."""

import numpy as np
import pytest
from geometry_golden import geometry_cases
from op_specs import noise

from paddle_aug.augment.ops.crop import Crop, crop, leave_one
from paddle_aug.rng import generator


@pytest.mark.parametrize(("image", "expected", "params"), geometry_cases("crop"))
def test_crops_give_the_bytes_of_imgaug(image, expected, params):
    ours = crop(image, *params["sides"])
    np.testing.assert_array_equal(ours, expected)
    assert ours.flags.c_contiguous


def test_each_side_is_drawn_by_itself_as_a_share_of_its_size():
    op = Crop((0.02, 0.1))
    rng = generator(1, "augment")
    draws = [op.sample(rng, (1000, 500, 3)) for _ in range(3000)]
    for side, size in {"top": 1000, "right": 500, "bottom": 1000, "left": 500}.items():
        shares = np.array([draw[side] for draw in draws]) / size
        assert 0.02 <= shares.min() < 0.023
        assert 0.097 < shares.max() <= 0.1
        assert shares.mean() == pytest.approx(0.06, abs=0.002)
    assert abs(np.corrcoef([list(draw.values()) for draw in draws], rowvar=False)[0, 2]) < 0.06


@pytest.mark.parametrize("shape", [(1, 1, 3), (1, 7, 3), (2, 3, 3), (5, 4, 3)])
def test_something_of_the_image_is_left_however_much_is_cut(shape):
    op = Crop((0.0, 1.0))
    rng = generator(2, "augment")
    for _ in range(200):
        params = op.sample(rng, shape)
        assert min(params.values()) >= 0
        assert params["top"] + params["bottom"] < shape[0]
        assert params["left"] + params["right"] < shape[1]
        assert op.apply(noise(*shape[:2]), **params).shape == shape


def test_what_was_cut_too_much_is_given_back_evenly():
    # By hand, from the sides that imgaug 0.4.0's _crop_prevent_zero_size returns.
    assert leave_one(3, 2, 10) == (3, 2)
    assert leave_one(5, 5, 10) == (4, 5)
    assert leave_one(6, 6, 10) == (4, 5)
    assert leave_one(0, 12, 10) == (0, 9)
    assert leave_one(12, 0, 10) == (9, 0)
    assert leave_one(1, 1, 1) == (0, 0)
