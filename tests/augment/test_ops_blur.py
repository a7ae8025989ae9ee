"""Our median of large windows against OpenCV's, byte by byte."""

import cv2
import numpy as np
import pytest

from paddle_aug.augment.ops import blur, median
from paddle_aug.augment.ops.median import median_network
from paddle_aug.rng import generator


def pictures():
    """Noise, a photo's kind of smoothness, two levels only, and steps of a slope."""
    rng = generator(1, "drawing")
    for shape in [(1, 1, 3), (1, 9, 3), (8, 1, 3), (5, 4, 3), (33, 46, 3), (61, 300, 3)]:
        yield rng.integers(0, 256, shape).astype(np.uint8)
    smooth = cv2.GaussianBlur(rng.integers(0, 256, (90, 81, 3)).astype(np.uint8), (0, 0), 2)
    yield smooth
    yield np.where(smooth > 127, 255, 0).astype(np.uint8)
    yield np.arange(90 * 81 * 3).reshape(90, 81, 3).astype(np.uint8)


@pytest.mark.parametrize("k", [7, 9, 11, 13, 15])
@pytest.mark.parametrize("image", list(pictures()), ids=lambda image: str(image.shape))
def test_the_median_network_gives_the_bytes_of_opencv(image, k):
    np.testing.assert_array_equal(median_network(image, k), cv2.medianBlur(image, k))


@pytest.mark.parametrize("k", [7, 11])
def test_an_image_taken_in_strips_shows_no_seams(monkeypatch, k):
    image = generator(1, "drawing").integers(0, 256, (50, 41, 3)).astype(np.uint8)
    for strip in (1, 1000, 2000):
        monkeypatch.setattr(median, "STRIP", strip)
        np.testing.assert_array_equal(median_network(image, k), cv2.medianBlur(image, k))


@pytest.mark.parametrize("k", [3, 5, 7, 9, 11])
def test_where_the_network_takes_over_the_bytes_do_not_change(k):
    image = generator(1, "drawing").integers(0, 256, (170, 160, 3)).astype(np.uint8)
    np.testing.assert_array_equal(blur.median_blur(image, k), cv2.medianBlur(image, k))
