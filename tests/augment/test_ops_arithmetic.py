"""Sums, factors and greys against imgaug's pixels and against their own definitions."""

import cv2
import numpy as np
import pytest
from scipy import stats

from paddle_aug.augment.ops.arithmetic import Add, Invert, grayscale
from paddle_aug.rng import generator

SHAPE = (8, 8, 3)


def test_every_level_fades_to_its_luma_as_in_imgaug():
    """All 256 reds, greens and blues at 100 parts: a level off in a hundred-thousandth at most."""
    image = np.zeros((256, 256, 3), np.uint8)
    image[..., 0], image[..., 1] = np.meshgrid(np.arange(256), np.arange(256))
    image[..., 2] = generator(1, "drawing").integers(0, 256, (256, 256))
    luma = np.float32(cv2.cvtColor(image, cv2.COLOR_RGB2GRAY))[..., np.newaxis]
    differing = 0
    for alpha in np.float32(generator(2, "drawing").random(100)):
        imgaug = np.rint(image + alpha * (luma - image)).astype(int)
        ours = grayscale(image, float(alpha)).astype(int)
        assert np.abs(ours - imgaug).max() <= 1
        differing += np.count_nonzero(ours != imgaug)
    assert differing / (100 * image.size) < 1e-5


def test_a_value_is_drawn_once_or_for_each_channel():
    op, rng = Add((-10.0, 10.0), per_channel=0.5), generator(1, "drawing")
    drawn = [op.sample(rng, SHAPE)["value"] for _ in range(2000)]
    each = [value for value in drawn if isinstance(value, list)]
    assert len(each) == pytest.approx(1000, abs=100)  # four and a half deviations
    assert all(len(set(value)) == 3 for value in each)
    numbers = [number for value in drawn for number in np.ravel(value)]
    assert stats.kstest(numbers, stats.uniform(-10, 20).cdf).pvalue > 0.01


def test_inversion_has_its_probability_for_the_image_or_for_each_channel():
    rng = generator(1, "drawing")
    drawn = [Invert(0.3, per_channel=1.0).sample(rng, SHAPE)["channels"] for _ in range(3000)]
    assert np.mean(drawn, axis=0) == pytest.approx([0.3] * 3, abs=0.035)
    assert np.mean([all(channels) for channels in drawn]) == pytest.approx(0.027, abs=0.012)
    drawn = [Invert(0.3).sample(rng, SHAPE)["channels"] for _ in range(3000)]
    assert {tuple(channels) for channels in drawn} == {(True,) * 3, (False,) * 3}
    assert np.mean(drawn) == pytest.approx(0.3, abs=0.035)
