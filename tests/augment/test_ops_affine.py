"""Affine against imgaug's own pixels, and what it draws."""

import cv2
import numpy as np
import pytest
from geometry_golden import GOLDEN, geometry_cases
from op_specs import noise

from paddle_aug.augment.ops.affine import BORDERS, ORDERS, Affine, affine_matrix, warp_affine
from paddle_aug.rng import generator

CASES = [case.values for case in geometry_cases("affine")]


def difference(image, expected, params):
    """How far our pixels are from imgaug's, at its parameters."""
    how = {key: params[key] for key in ("order", "mode", "cval")}
    moves = {key: params[key] for key in params if key not in how}
    ours = warp_affine(image, affine_matrix(image.shape, **moves), **how)
    return np.abs(ours.astype(int) - expected).max(axis=2).ravel()


@pytest.mark.parametrize("order", [0, 1])
def test_pixels_are_those_of_imgaug_but_for_one_in_ten_thousand(order):
    cases = [case for case in CASES if case[2]["order"] == order]
    assert {params["mode"] for _, _, params in cases} == set(BORDERS)
    off = np.concatenate([difference(*case) for case in cases])
    assert len(off) > 9000
    assert (off == 0).mean() >= 0.9999
    if order == 1:
        assert off.max() <= 10


def test_doing_nothing_gives_the_identity_and_the_same_bytes():
    image = GOLDEN["image noise"]
    matrix = affine_matrix(image.shape)
    np.testing.assert_allclose(matrix, [[1, 0, 0], [0, 1, 0]], atol=1e-12)
    for order in ORDERS:
        np.testing.assert_array_equal(warp_affine(image, matrix, order), image)


def test_a_quarter_turn_and_a_shift_by_whole_pixels_are_those_of_numpy():
    image = noise(8, 8)
    quarter = affine_matrix(image.shape, rotate=90)  # y points down, so this is clockwise
    np.testing.assert_array_equal(warp_affine(image, quarter), np.rot90(image, -1))
    shifted = warp_affine(image, affine_matrix(image.shape, translate=(0.25, 0.5)), mode="wrap")
    np.testing.assert_array_equal(shifted, np.roll(image, (4, 2), axis=(0, 1)))


@pytest.mark.parametrize("scale", [(0.8, 1.2), (0.2, 0.4), (1.5, 3.0)])
@pytest.mark.parametrize("mode", [mode for mode in BORDERS if mode != "constant"])
def test_large_images_are_continued_with_the_pixels_of_opencvs_own_borders(mode, scale):
    image = noise(100, 130)
    op = Affine(scale, 0.2, 45, 16, (0, 1), mode=(mode,))
    for index in range(20):
        params = op.sample(generator(1, "augment", 0, index), image.shape)
        matrix = affine_matrix(
            image.shape, params["scale"], params["translate"], params["rotate"], params["shear"]
        )
        made = warp_affine(image, matrix, params["order"], mode)
        flags, border = ORDERS[params["order"]], BORDERS[mode]
        theirs = cv2.warpAffine(image, matrix, (130, 100), flags=flags, borderMode=border)
        assert (made != theirs).any(axis=2).mean() <= 0.0001


@pytest.mark.parametrize("order", ORDERS)
def test_the_fill_of_large_images_is_that_of_opencv_in_all_its_bytes(order):
    image = noise(100, 130)
    for rotate, cval in ((33, (1, 200, 255)), (200, (255, 0, 128)), (7, (-9, 300, 12))):
        matrix = affine_matrix(image.shape, (0.7, 0.9), (0.1, -0.1), rotate)
        theirs = cv2.warpAffine(image, matrix, (130, 100), flags=ORDERS[order], borderValue=cval)
        np.testing.assert_array_equal(warp_affine(image, matrix, order, cval=cval), theirs)


def test_a_matrix_that_flattens_the_image_does_what_it_does_in_opencv():
    image = noise(100, 130)
    matrix = np.array([[1.0, 2.0, 3.0], [2.0, 4.0, 5.0]])
    theirs = cv2.warpAffine(image, matrix, (130, 100), borderMode=cv2.BORDER_REPLICATE)
    np.testing.assert_array_equal(warp_affine(image, matrix, mode="edge"), theirs)


def test_the_fill_is_cut_to_whole_levels_of_each_channel():
    image = np.full((6, 6, 3), 50, np.uint8)
    away = affine_matrix(image.shape, translate=(3, 0))
    assert (warp_affine(image, away, cval=(1.9, 200.5, 255)) == (1, 200, 255)).all()


def test_draws_are_uniform_and_independent_but_for_the_one_shear():
    op = Affine(0.2, (-0.1, 0.3), 45, (-16, 16), (0, 1), (0, 255), tuple(BORDERS))
    rng = generator(1, "augment")
    draws = [op.sample(rng, (8, 8, 3)) for _ in range(4000)]
    columns = np.array(
        [
            [*d["scale"], *d["translate"], d["rotate"], d["shear"][0], *d["cval"], d["order"]]
            for d in draws
        ]
    )
    low = np.array([0.8, 0.8, -0.1, -0.1, -45, -16, 0, 0, 0, 0])
    high = np.array([1.2, 1.2, 0.3, 0.3, 45, 16, 255, 255, 255, 1])
    shares = (columns - low) / (high - low)
    assert shares.min() >= 0
    assert shares.max() <= 1
    assert np.abs(shares.mean(axis=0) - 0.5).max() < 0.03
    deviations = shares.std(axis=0)
    assert np.abs(deviations[:-1] - 12**-0.5).max() < 0.01
    assert np.abs(np.corrcoef(shares.T) - np.eye(10)).max() < 0.06
    assert all(d["shear"][0] == d["shear"][1] for d in draws)
    modes = [d["mode"] for d in draws]
    assert all(modes.count(mode) / len(modes) == pytest.approx(0.2, abs=0.03) for mode in BORDERS)
