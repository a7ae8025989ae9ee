"""The noise against the rounded normal distribution."""

import numpy as np
import pytest
from scipy import stats

from paddle_aug.ops.noise import GaussianNoise, gaussian_noise
from paddle_aug.rng import generator

LEVELS = np.arange(-60, 61)


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


@pytest.mark.parametrize("sigma", [0.4, 1.0, 2.5, 5.0, 7.7, 10.0])
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


def test_noise_saturates_where_the_notebook_wraps_around():
    dark, bright = np.zeros((50, 50, 3), np.uint8), np.full((50, 50, 3), 255, np.uint8)
    assert gaussian_noise(dark, 10.0, seed=1).max() < 80
    assert gaussian_noise(bright, 10.0, seed=1).min() > 175

    noise = np.round(generator(1, "drawing").standard_normal(dark.shape) * 10)
    notebook = dark + noise.astype(np.int64).astype(np.uint8)  # what its cast did on its machine
    assert notebook.max() > 200, "the trap is real: black turned white"


def test_the_image_changes_nothing_about_the_noise_that_is_added_to_it():
    image = generator(1, "drawing").integers(0, 256, (37, 61, 3)).astype(np.uint8)
    image.flags.writeable = False
    want = np.clip(image + drawn_noise(10.0, 3, (37, 61)), 0, 255)
    np.testing.assert_array_equal(gaussian_noise(image, 10.0, 3), want)


def test_no_sigma_is_no_noise_and_a_huge_one_stays_in_range():
    image = generator(1, "drawing").integers(0, 256, (37, 61, 3)).astype(np.uint8)
    np.testing.assert_array_equal(gaussian_noise(image, 0.0, 3), image)
    noise = drawn_noise(1000.0, 3)
    assert (noise.min(), noise.max()) == (-128, 127)


def test_noise_is_the_same_for_the_same_seed_and_another_for_another():
    first = drawn_noise(10.0, 1, (16, 16))
    np.testing.assert_array_equal(first, drawn_noise(10.0, 1, (16, 16)))
    assert (first != drawn_noise(10.0, 2, (16, 16))).mean() > 0.8


def test_the_op_draws_sigma_and_a_seed_of_its_own():
    drawn = [
        GaussianNoise(4.0).sample(generator(0, "augment", 0, i), (8, 8, 3)) for i in range(200)
    ]
    assert 3.9 < max(params["sigma"] for params in drawn) <= 4
    assert len({params["seed"] for params in drawn}) == 200
