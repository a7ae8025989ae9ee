"""Dropout against imgaug's pixels at equal masks, and the masks against their distribution."""

import cv2
import numpy as np
import pytest
from op_specs import draws
from pointwise_golden import golden_cases

from paddle_aug.augment.ops.dropout import coarse_dropout, drop, dropout

WHITE = np.full((200, 150, 3), 255, np.uint8)


@pytest.mark.parametrize(("image", "expected", "arrays"), golden_cases("drop"))
def test_dropping_gives_the_bytes_of_imgaug(image, expected, arrays):
    np.testing.assert_array_equal(drop(image, **arrays), expected)


@pytest.mark.parametrize(("image", "expected", "arrays"), golden_cases("drop_cells"))
def test_cells_fall_on_the_pixels_that_imgaug_lays_them_on(image, expected, arrays):
    size = image.shape[1::-1]
    kept = cv2.resize(arrays["cells"], size, interpolation=cv2.INTER_NEAREST)
    np.testing.assert_array_equal(drop(image, kept), expected)


def test_a_coarse_mask_is_its_cells_laid_over_the_image():
    grid = coarse_dropout(WHITE, 0.3, (4, 3), True, seed=5)[::50, ::50]
    assert grid.shape == (4, 3, 3)
    assert 0 < np.count_nonzero(grid == 0) < grid.size
    whole = grid.repeat(50, axis=0).repeat(50, axis=1)
    np.testing.assert_array_equal(coarse_dropout(WHITE, 0.3, (4, 3), True, seed=5), whole)


@pytest.mark.parametrize("p", [0.01, 0.1, 0.5])
def test_each_pixel_goes_with_the_probability_that_was_asked_for(p):
    gone = np.array([dropout(WHITE, p, True, seed) == 0 for seed in range(20)])
    deviation = np.sqrt(p * (1 - p) / gone[0].size)
    shares = gone.mean(axis=(1, 2, 3))
    assert np.abs(shares - p).max() < 4.5 * deviation
    assert 0.5 * deviation < shares.std() < 1.6 * deviation, "binomial, not a fixed number"
    for neighbour in (gone[:, 1:] & gone[:, :-1], gone[:, :, 1:] & gone[:, :, :-1]):
        assert neighbour.mean() == pytest.approx(p * p, rel=0.1, abs=5e-5), "independent"
    assert (gone[..., 0] & gone[..., 1]).mean() == pytest.approx(p * p, rel=0.1, abs=5e-5)


@pytest.mark.parametrize("p", [0.0, 1.0])
def test_nothing_and_everything_can_go(p):
    for dropped in (dropout(WHITE, p, True, 1), coarse_dropout(WHITE, p, (4, 3), True, 1)):
        assert np.all(dropped == (0 if p else 255))


def test_coarse_cells_go_with_the_probability_that_was_asked_for():
    gone = [coarse_dropout(WHITE, 0.1, (20, 15), True, seed) == 0 for seed in range(60)]
    assert np.mean(gone) == pytest.approx(0.1, abs=0.006)  # 54 000 cells, 4.5 deviations


def test_channels_go_together_or_each_by_itself():
    for blackened in (
        lambda each: dropout(WHITE, 0.3, each, seed=3),
        lambda each: coarse_dropout(WHITE, 0.3, (20, 15), each, seed=3),
    ):
        together, apart = blackened(False), blackened(True)
        assert np.all(together == together[..., :1])
        assert np.any(apart != apart[..., :1])


def test_the_grid_is_drawn_as_shares_of_the_image():
    params = draws("coarse_dropout(size_percent=(0.02, 0.05))", (300, 200, 3), 3000)
    rows, columns = np.array([each["size"] for each in params]).T
    # The whole part of 6 to 15 and of 4 to 10, each whole number as likely.
    assert np.bincount(rows)[6:] == pytest.approx(np.full(9, 3000 / 9), abs=85)
    assert np.bincount(columns)[4:] == pytest.approx(np.full(6, 500), abs=95)
    (tiny,) = draws("coarse_dropout(size_percent=(0.02, 0.05))", (32, 32, 3), 1)
    assert tiny["size"] == [3, 3], "never fewer than min_size"
