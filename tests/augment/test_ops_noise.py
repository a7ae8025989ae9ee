"""The noise against the rounded normal distribution, and against imgaug's pixels at equal noise."""

import numpy as np
import pytest
from op_specs import noise as noise_image
from pointwise_golden import golden_cases
from scipy import stats

from paddle_aug.augment.ops.noise import PLACES, RUN, add_levels, gaussian_noise, normal_quantiles

LEVELS = np.arange(-60, 61)
GREY = np.full((224, 224, 3), 128, np.uint8)


def drawn_noise(sigma, seed, size=(224, 224)):
    """What is added to a middle grey, which has room for all of it."""
    return gaussian_noise(np.full((*size, 3), 128, np.uint8), sigma, seed).astype(int) - 128


def rounded_normal(sigma):
    """The distribution function of rint(N(0, sigma)) at LEVELS."""
    return stats.norm.cdf((LEVELS + 0.5) / sigma)


def distance(noise, sigma):
    """Kolmogorov and Smirnov's."""
    shares = np.searchsorted(np.sort(noise, axis=None), LEVELS, side="right") / noise.size
    return abs(shares - rounded_normal(sigma)).max()


@pytest.mark.parametrize("sigma", [0.4, 1.0, 2.5, 5.0, 7.7, 10.0, 12.75])
def test_the_noise_of_an_image_is_normal_with_the_sigma_that_was_asked_for(sigma):
    chances = np.diff(rounded_normal(sigma), prepend=0)
    deviation = np.sqrt((chances * LEVELS**2).sum())
    for seed in range(20):
        noise = drawn_noise(sigma, seed)
        assert distance(noise, sigma) <= 0.005
        assert noise.std() == pytest.approx(deviation, rel=0.01)
        assert abs(noise.mean()) <= 0.01 * sigma + 0.002


def test_over_many_images_the_noise_is_as_near_to_normal_as_chance_allows():
    noise = np.stack([drawn_noise(5.0, seed) for seed in range(60)])
    assert distance(noise, 5.0) <= 0.0008
    for channel in range(3):
        assert distance(noise[..., channel], 5.0) <= 0.0012


def test_over_many_images_strong_noise_has_no_strata():
    """The places are drawn anew: together the images have all levels that normal noise has."""
    noise = np.concatenate([drawn_noise(30.0, seed)[:40].ravel() for seed in range(300)])
    levels = np.arange(-126, 126)
    found = np.searchsorted(np.sort(noise), levels, side="right") / noise.size
    assert np.abs(found - stats.norm.cdf((levels + 0.5) / 30)).max() < 0.0008


def test_neighbours_channels_and_seeds_know_nothing_of_each_other():
    noise = drawn_noise(10.0, 1)
    bound = 4 / np.sqrt(noise[..., 0].size)  # four deviations of a correlation of unrelated pixels

    def correlation(one, other):
        return np.corrcoef(one.ravel(), other.ravel())[0, 1]

    assert abs(correlation(noise[1:], noise[:-1])) < bound
    assert abs(correlation(noise[:, 1:], noise[:, :-1])) < bound
    assert abs(correlation(noise[..., 0], noise[..., 1])) < bound
    assert abs(correlation(noise[..., 1], noise[..., 2])) < bound
    assert abs(correlation(noise, drawn_noise(10.0, 2))) < bound


@pytest.mark.parametrize("size", [(1, 1), (2, 5), (37, 61), (512, 300)], ids=str)
def test_every_size_gets_noise_in_all_of_it(size):
    noise = np.stack([drawn_noise(10.0, seed, size) for seed in range(100 if size < (9,) else 5)])
    assert noise.shape[1:] == (*size, 3)
    assert noise.std() == pytest.approx(10, rel=0.15)
    assert (noise != 0).any(axis=0).mean() > 0.99


def test_the_image_changes_nothing_about_the_noise_that_is_added_to_it():
    image = noise_image(37, 61)
    want = np.clip(image + drawn_noise(10.0, 3, (37, 61)), 0, 255)
    np.testing.assert_array_equal(gaussian_noise(image, 10.0, 3), want)
    np.testing.assert_array_equal(gaussian_noise(image, 0.0, 3), image)


def spread_out(picks):
    """Bytes of any shape as the runs that the kernel takes, padded."""
    runs = -(-picks.size // (2 * RUN))
    return np.resize(picks, runs * 2 * RUN).reshape(runs, 2, RUN)


@pytest.mark.parametrize(("image", "expected", "params"), golden_cases("add_picked"))
def test_equal_noise_gives_the_bytes_of_imgaug(image, expected, params):
    levels = np.array([params["levels"]] * 2)
    ours = add_levels(image, spread_out(params["picks"]), levels, params["picks"].ndim == 3)
    np.testing.assert_array_equal(ours, expected)
    assert ours.flags.c_contiguous


@pytest.mark.parametrize("level", [-300, -255, -200, -128, 0, 127, 128, 255, 300])
@pytest.mark.parametrize("per_channel", [False, True])
def test_every_level_is_added_how_far_it_may_go(level, per_channel):
    image = np.arange(256, dtype=np.uint8).repeat(3).reshape(16, 16, 3)
    image.flags.writeable = False
    picks = np.zeros((1, 2, RUN), np.uint8)
    noisy = add_levels(image, picks, np.full((2, 256), float(level)), per_channel)
    np.testing.assert_array_equal(noisy, np.clip(image.astype(int) + level, 0, 255))


def test_the_levels_are_quantiles_of_the_normal_distribution():
    """Each in its 512th, even and odd by turns, and rising from place to place."""
    shares = stats.norm.cdf(normal_quantiles())
    evenly = np.stack([np.arange(0, 512, 2), np.arange(1, 512, 2)])
    within = shares * 512 - evenly
    assert within.shape == (PLACES, 2, 256)
    assert 0.25 < within.min() < 0.26
    assert 0.74 < within.max() < 0.75
    assert np.all(np.diff(normal_quantiles(), axis=0) > 0)


def test_grey_noise_is_equal_in_all_channels_and_loc_moves_it():
    noise = gaussian_noise(GREY, 5.0, 3, mean=20.0, per_channel=False).astype(int) - 128
    assert np.all(noise == noise[..., :1])
    assert noise.mean() == pytest.approx(20, abs=0.15)
    assert noise.std() == pytest.approx(5, rel=0.02)
