"""Additive noise: imgaug's pixels at equal noise, and the normal distribution."""

import json

import numpy as np
import pytest
from pointwise_golden import golden_cases
from scipy import stats

from paddle_aug.ops.noise_additive import (
    PLACES,
    AdditiveGaussianNoise,
    add_picked,
    additive_gaussian_noise,
    normal_quantiles,
)
from paddle_aug.rng import generator

GREY = np.full((224, 224, 3), 128, np.uint8)


def noise_of(scale, seed, loc=0.0, per_channel=True):
    return additive_gaussian_noise(GREY, loc, scale, per_channel, seed).astype(int) - 128


@pytest.mark.parametrize(("image", "expected", "params"), golden_cases("add_picked"))
def test_equal_noise_gives_the_bytes_of_imgaug(image, expected, params):
    levels = np.array(params["levels"])
    ours = add_picked(image, params["picks"], levels)
    np.testing.assert_array_equal(ours, expected)
    assert ours.flags.c_contiguous


@pytest.mark.parametrize("levels", [np.full(256, -300), np.full(256, 300), np.zeros(256)])
def test_noise_that_goes_one_way_only_is_added_too(levels):
    picks = np.arange(256, dtype=np.uint8).reshape(8, 32)
    image = np.full((8, 32, 3), 7, np.uint8)
    assert np.all(add_picked(image, picks, levels) == np.clip(7 + levels[0], 0, 255))


def test_the_quantiles_are_those_of_the_normal_distribution():
    every = np.sort(normal_quantiles().ravel())
    expected = stats.norm.ppf((np.arange(256 * PLACES) + 0.5) / (256 * PLACES))
    np.testing.assert_allclose(every, expected, atol=1e-9)
    assert np.all(np.diff(normal_quantiles(), axis=1) > 0), "add_picked wants rising levels"


@pytest.mark.parametrize("scale", [1.0, 4.0, 12.75])
@pytest.mark.parametrize("seed", range(8))
def test_the_noise_of_one_image_is_rounded_normal(scale, seed):
    noise = noise_of(scale, seed)
    levels = np.arange(-127, 128)
    found = np.searchsorted(np.sort(noise.ravel()), levels, side="right") / noise.size
    assert np.abs(found - stats.norm.cdf((levels + 0.5) / scale)).max() <= 0.005
    rounded = np.sqrt(scale**2 + 1 / 12)  # what rounding to whole levels adds
    assert noise.std() == pytest.approx(rounded, rel=0.01, abs=0.02)


def test_over_many_images_the_noise_has_no_strata():
    """The places are drawn anew: together the images have all levels that normal noise has."""
    noise = np.concatenate([noise_of(30.0, seed)[:40].ravel() for seed in range(300)])
    levels = np.arange(-127, 127)
    found = np.searchsorted(np.sort(noise), levels, side="right") / noise.size
    # 8 million values, but 300 places for the strata; one image alone has up to 0.004.
    assert np.abs(found - stats.norm.cdf((levels + 0.5) / 30)).max() < 0.0008


def test_pixels_and_channels_are_independent():
    noise = noise_of(10.0, seed=3)
    for a, b in (
        (noise[1:], noise[:-1]),
        (noise[:, 1:], noise[:, :-1]),
        (noise[..., 0], noise[..., 1]),
    ):
        assert abs(np.corrcoef(a.ravel(), b.ravel())[0, 1]) < 0.015


def test_grey_noise_is_equal_in_all_channels_and_loc_moves_it():
    noise = noise_of(5.0, seed=3, loc=20.0, per_channel=False)
    assert np.all(noise == noise[..., :1])
    assert noise.mean() == pytest.approx(20, abs=0.15)
    assert noise.std() == pytest.approx(5, rel=0.02)


@pytest.mark.parametrize("shape", [(1, 1, 3), (1, 5, 3), (3, 1, 3), (7, 13, 3)])
@pytest.mark.parametrize("each", [False, True])
def test_small_images_keep_their_shape_and_the_input_its_pixels(shape, each):
    image = np.full(shape, 200, np.uint8)
    image.flags.writeable = False
    noisy = additive_gaussian_noise(image, 0, 10, each, seed=1)
    assert noisy.shape == shape
    assert noisy.flags.c_contiguous
    np.testing.assert_array_equal(additive_gaussian_noise(image, 0, 0, each, seed=1), image)


def test_scale_and_channels_are_drawn_from_their_ranges():
    op = AdditiveGaussianNoise(scale=(0.0, 12.75), per_channel=0.5)
    rng = generator(1, "drawing")
    drawn = [op.sample(rng, GREY.shape) for _ in range(2000)]
    scales = [params["scale"] for params in drawn]
    assert stats.kstest(scales, stats.uniform(0, 12.75).cdf).pvalue > 0.01
    assert np.mean([params["per_channel"] for params in drawn]) == pytest.approx(0.5, abs=0.05)
    assert {params["loc"] for params in drawn} == {0}


def test_parameters_survive_json_and_replay_the_pixels():
    op = AdditiveGaussianNoise((5, 8))
    params = op.sample(generator(2, "drawing"), GREY.shape)
    replayed = op.apply(GREY, **json.loads(json.dumps(params)))
    np.testing.assert_array_equal(replayed, op(GREY, generator(2, "drawing")))
    other = op.apply(GREY, **{**params, "seed": params["seed"] ^ 1})
    assert np.mean(other != replayed) > 0.4


def test_a_negative_deviation_is_refused():
    with pytest.raises(ValueError, match=r"scale wants numbers of 0 or more, got \(-1, 3\)"):
        AdditiveGaussianNoise(scale=(-1, 3))
