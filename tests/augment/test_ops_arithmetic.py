"""Sums, factors and greys against imgaug's pixels and against their own definitions."""

import json

import cv2
import numpy as np
import pytest
from pointwise_golden import golden_cases
from scipy import stats

from paddle_aug.augment.ops import arithmetic
from paddle_aug.augment.ops.arithmetic import (
    Add,
    Grayscale,
    Invert,
    LinearContrast,
    Multiply,
    add,
    grayscale,
    invert,
    linear_contrast,
    multiply,
)
from paddle_aug.rng import generator

SHAPE = (8, 8, 3)


def cases(*names):
    return [
        pytest.param(getattr(arithmetic, name), *case.values, id=f"{name}-{case.id}")
        for name in names
        for case in golden_cases(name)
    ]


@pytest.mark.parametrize(
    ("kernel", "image", "expected", "params"),
    cases("add", "multiply", "linear_contrast", "invert", "grayscale"),
)
def test_the_bytes_are_those_of_imgaug(kernel, image, expected, params):
    ours = kernel(image, **params)
    np.testing.assert_array_equal(ours, expected)
    assert ours.flags.c_contiguous


@pytest.mark.parametrize(
    ("kernel", "params"),
    [
        (add, {"value": [20, -30, 5]}),
        (multiply, {"mul": [1.2, 0.5, 0.9]}),
        (linear_contrast, {"alpha": 1.4}),
        (invert, {"channels": [True, False, True]}),
        (grayscale, {"alpha": 0.3}),
    ],
)
def test_a_mirrored_view_gives_the_bytes_of_its_copy(kernel, params):
    view = generator(1, "drawing").integers(0, 256, (7, 5, 3)).astype(np.uint8)[::-1, ::-1]
    ours = kernel(view, **params)
    np.testing.assert_array_equal(ours, kernel(view.copy(), **params))
    assert ours.flags.c_contiguous


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


@pytest.mark.parametrize(
    ("op", "field", "low", "high"),
    [
        (Add(), "value", -20, 20),
        (Add((3, 4)), "value", 3, 4),
        (Multiply(), "mul", 0.8, 1.2),
        (Multiply((0.5, 1.5)), "mul", 0.5, 1.5),
        (LinearContrast(), "alpha", 0.6, 1.4),
        (LinearContrast((0.5, 2.0)), "alpha", 0.5, 2.0),
        (Grayscale(), "alpha", 0, 1),
        (Grayscale(0.25), "alpha", 0, 0.25),
    ],
)
def test_a_scalar_is_up_to_so_much_and_a_pair_a_range(op, field, low, high):
    rng = generator(1, "drawing")
    drawn = [op.sample(rng, SHAPE)[field] for _ in range(500)]
    assert low <= min(drawn) < low + (high - low) / 50
    assert high - (high - low) / 50 < max(drawn) <= high


def test_inversion_has_its_probability_for_the_image_or_for_each_channel():
    rng = generator(1, "drawing")
    drawn = [Invert(0.3, per_channel=1.0).sample(rng, SHAPE)["channels"] for _ in range(3000)]
    assert np.mean(drawn, axis=0) == pytest.approx([0.3] * 3, abs=0.035)
    assert np.mean([all(channels) for channels in drawn]) == pytest.approx(0.027, abs=0.012)
    drawn = [Invert(0.3).sample(rng, SHAPE)["channels"] for _ in range(3000)]
    assert {tuple(channels) for channels in drawn} == {(True,) * 3, (False,) * 3}
    assert np.mean(drawn) == pytest.approx(0.3, abs=0.035)


@pytest.mark.parametrize(
    "op", [Add(per_channel=1.0), Multiply(), LinearContrast(), Invert(per_channel=1.0), Grayscale()]
)
def test_parameters_survive_json_and_replay_the_pixels(op):
    image = generator(1, "drawing").integers(0, 256, (9, 7, 3)).astype(np.uint8)
    params = op.sample(generator(2, "drawing"), image.shape)
    replayed = op.apply(image, **json.loads(json.dumps(params)))
    np.testing.assert_array_equal(replayed, op(image, generator(2, "drawing")))


def test_a_part_beyond_the_whole_is_refused():
    with pytest.raises(ValueError, match=r"alpha wants numbers from 0 to 1, got \(0, 1.5\)"):
        Grayscale(1.5)
