"""ElasticTransformation: its pixels against imgaug's for given fields, its fields by statistics."""

import cv2
import numpy as np
import pytest
from geometry_golden import GOLDEN, geometry_cases
from scipy import ndimage

from paddle_aug.augment.ops.elastic import displace, elastic_field


@pytest.mark.parametrize(("image", "expected", "params"), geometry_cases("elastic"))
def test_given_the_field_the_bytes_are_those_of_imgaug(image, expected, params):
    field = GOLDEN["field {} {}".format(*image.shape)] * np.float32(1 / 1024)
    np.testing.assert_array_equal(displace(image, field, **params), expected)


def test_a_field_of_whole_pixels_moves_pixels():
    image = GOLDEN["image noise"]
    field = np.zeros((2, *image.shape[:2]), np.float32)
    field[0] = 3
    moved = displace(image, field, cval=99.9)
    np.testing.assert_array_equal(moved[:, 3:], image[:, :-3])
    assert (moved[:, :3] == 99).all()


def test_without_smoothing_the_field_is_uniform_up_to_alpha():
    field = elastic_field(200, 300, 3.5, 0.25, seed=5)
    assert field.shape == (2, 200, 300)
    assert np.abs(field).max() <= 3.5
    shares, _ = np.histogram(field, bins=20, range=(-3.5, 3.5))
    assert np.abs(shares / field.size - 1 / 20).max() < 0.003
    assert abs(np.corrcoef(field[0].ravel(), field[1].ravel())[0, 1]) < 0.02
    assert abs(np.corrcoef(field[0, :, 1:].ravel(), field[0, :, :-1].ravel())[0, 1]) < 0.02


@pytest.mark.parametrize(("sigma", "radius"), [(0.5, 2), (2.0, 3), (4.0, 5), (6.0, 7)])
def test_smoothing_is_a_gaussian_up_to_the_edge(sigma, radius):
    # The deviation of white noise after a Gaussian, from SciPy's impulse response; the radius, at
    # which imgaug cuts it off, is half of its kernel by hand: 3.3, 2.9 or 2.6 sigma, at least 5.
    impulse = np.zeros((101, 101))
    impulse[50, 50] = 1
    expected = np.sqrt(
        1 / 3 * np.square(ndimage.gaussian_filter(impulse, sigma, radius=radius)).sum()
    )
    field = np.stack([elastic_field(60, 60, 1.0, sigma, seed)[0] for seed in range(60)])
    assert field.std() == pytest.approx(expected, rel=0.06)
    # A field blurred without a margin varies more at its edge, by its own reflection.
    assert field[:, :, 0].std() == pytest.approx(expected, rel=0.15)


@pytest.mark.parametrize("sigma", [0.25, 1.0])
def test_leaving_out_the_blur_of_the_notebooks_sigma_is_hardly_seen(sigma):
    photo = cv2.resize(GOLDEN["superpixels photo coffee"], (224, 224))
    field = elastic_field(224, 224, 2.0, 0.25, seed=1)
    blurred = np.stack([cv2.GaussianBlur(axis, (5, 5), sigma) for axis in field])
    difference = np.abs(displace(photo, field).astype(int) - displace(photo, blurred)).max(axis=2)
    close = difference.mean() <= 0.1 and (difference == 0).mean() >= 0.97
    assert close == (sigma == 0.25)


def test_equal_seeds_give_equal_fields_and_others_others():
    first = elastic_field(9, 7, 2.0, 0.25, seed=1)
    np.testing.assert_array_equal(first, elastic_field(9, 7, 2.0, 0.25, seed=1))
    assert (first != elastic_field(9, 7, 2.0, 0.25, seed=2)).mean() > 0.99
