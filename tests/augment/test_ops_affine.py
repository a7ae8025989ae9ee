"""Affine against imgaug's own pixels, and what it draws."""

import cv2
import numpy as np
import pytest
from geometry_golden import geometry_cases
from op_specs import draws, noise
from scipy import stats

from paddle_aug.augment.adapters.imgaug import load
from paddle_aug.augment.ops.affine import (
    BORDERS,
    ORDERS,
    Affine,
    affine_matrix,
    warp_affine,
    warp_nearest,
)
from paddle_aug.rng import generator

geometric = load()[1].geometric
CASES = [case.values for case in geometry_cases("affine")]


def difference(image, expected, params):
    """How far our pixels are from imgaug's, at its parameters."""
    how = {key: params[key] for key in ("order", "mode", "cval")}
    moves = {key: params[key] for key in params if key not in how}
    ours = warp_affine(image, affine_matrix(image.shape, **moves), **how)
    return np.abs(ours.astype(int) - expected).max(axis=2).ravel()


def test_the_matrix_is_that_of_imgaug_with_its_pi_of_six_decimals():
    shape, names = (97, 130, 3), ("scale", "translate", "rotate", "shear")
    for params in draws("affine(0.5, 0.2, 180, (-60, 60))", shape, 50):
        ours = affine_matrix(shape, **{name: params[name] for name in names})
        asked = {name: np.reshape(params[name], (-1, 1)) for name in names}
        asked["rotate"] = [params["rotate"]]
        sampled = geometric._AffineSamplingResult(**asked, translate_mode="percent")
        theirs, _ = sampled.to_matrix(0, shape, shape, fit_output=False)
        np.testing.assert_allclose(ours, theirs.params[:2], rtol=0, atol=1e-9)


@pytest.mark.parametrize("order", [0, 1])
def test_pixels_are_those_of_imgaug_but_for_one_in_ten_thousand(order):
    cases = [case for case in CASES if case[2]["order"] == order]
    assert {params["mode"] for _, _, params in cases} == set(BORDERS)
    off = np.concatenate([difference(*case) for case in cases])
    assert len(off) > 9000
    assert (off == 0).mean() >= 0.9999
    if order == 1:
        assert off.max() <= 10


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


@pytest.mark.parametrize("size", [(20, 30), (100, 130)], ids=str)
def test_nearest_pixels_are_those_of_opencv_forwards_and_backwards(size):
    image = noise(*size)
    for rotate in range(0, 360, 7):
        matrix = affine_matrix(image.shape, (0.7, 1.2), (0.1, -0.1), rotate, (9, 9))
        for flags in (0, cv2.WARP_INVERSE_MAP):
            made = warp_nearest(image, matrix, (1, 200, 255), flags)
            theirs = cv2.warpAffine(
                image,
                matrix,
                size[::-1],
                flags=flags | cv2.INTER_NEAREST,
                borderValue=(1, 200, 255),
            )
            np.testing.assert_array_equal(made, theirs)


def test_numbers_are_drawn_evenly_and_independently_but_for_the_one_shear():
    params = draws("affine(0.2, (-0.1, 0.3), 45, (-16, 16), cval=(0, 255))", (8, 8, 3), 4000)
    assert all(along == across for along, across in (each["shear"] for each in params))
    numbers = [
        [*each["scale"], *each["translate"], each["rotate"], each["shear"][0], *each["cval"]]
        for each in params
    ]
    low = np.array([0.8, 0.8, -0.1, -0.1, -45, -16, 0, 0, 0])
    high = np.array([1.2, 1.2, 0.3, 0.3, 45, 16, 255, 255, 255])
    shares = ((numbers - low) / (high - low)).T
    assert all(stats.kstest(column, "uniform").pvalue > 0.01 / 9 for column in shares)
    assert np.abs(np.corrcoef(shares) - np.eye(9)).max() < 0.06
