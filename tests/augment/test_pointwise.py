"""Kernels against the pixels of imgaug 0.4.0 at the same parameters."""

import numpy as np
import pytest
from pointwise_golden import golden_cases

from paddle_aug.augment.ops import arithmetic, blur, edges

KERNELS = [
    arithmetic.add, arithmetic.multiply, arithmetic.linear_contrast, arithmetic.invert,
    arithmetic.grayscale, blur.gaussian_blur, blur.average_blur, blur.median_blur,
    edges.edge_detect, edges.directed_edge_detect, edges.sharpen, edges.emboss,
]  # fmt: skip
# Equal on processors with fused multiply-add; without it OpenCV's sums have other last bits, and
# one value of ten thousand may be a level off.
ROUNDED_ON_THE_WAY = (edges.sharpen, edges.emboss)


@pytest.mark.parametrize(
    ("kernel", "image", "expected", "params"),
    [
        pytest.param(kernel, *case.values, id=f"{kernel.__name__}-{case.id}")
        for kernel in KERNELS
        for case in golden_cases(kernel.__name__)
    ],
)
def test_the_bytes_are_those_of_imgaug(kernel, image, expected, params):
    ours = kernel(image, **params)
    assert ours.flags.c_contiguous
    if kernel in ROUNDED_ON_THE_WAY:
        assert np.abs(ours.astype(int) - expected).max() <= 1
        assert np.count_nonzero(ours != expected) <= max(1, ours.size // 10_000)
    else:
        np.testing.assert_array_equal(ours, expected)
