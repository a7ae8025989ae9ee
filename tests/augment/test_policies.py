"""Learned policies: their magnitudes as torchvision has them, and their draws."""

from collections import Counter

import numpy as np
import pytest
from op_specs import draws, noise
from PIL import Image, ImageOps

from paddle_aug.augment.ops.policies import (
    AUGMIX,
    AUTOAUGMENT,
    BLENDS,
    POLICIES,
    RANDAUGMENT,
    WIDE,
    AugMix,
    mix,
)
from paddle_aug.rng import generator

# torchvision's `_augmentation_space`: what an op does at magnitude 0, and at the largest one, at
# 224 × 331 pixels, height × width.
GEOMETRY = dict.fromkeys(("shear_x", "shear_y"), (0, 0.3)) | {
    "translate_x": (0, 150), "translate_y": (0, int(224 * 150 / 331)), "rotate": (0, 30),
}  # fmt: skip
LEVELS = dict.fromkeys(BLENDS, (1, 1.9)) | {"posterize": (8, 4), "solarize": (255, 0)}
NOTHING = dict.fromkeys(("autocontrast", "equalize"))
WIDE_SHAPE = (224, 331, 3)


@pytest.mark.parametrize(
    ("space", "torchvision"),
    [
        (AUTOAUGMENT, {**GEOMETRY, **LEVELS, **NOTHING, "invert": None}),
        (RANDAUGMENT, {**GEOMETRY, **LEVELS, **NOTHING, "identity": None}),
        (WIDE, {
            **dict.fromkeys(("shear_x", "shear_y"), (0, 0.99)),
            **dict.fromkeys(("translate_x", "translate_y"), (0, 32)), "rotate": (0, 135),
            **LEVELS, **dict.fromkeys(BLENDS, (1, 1.99)), "posterize": (8, 2),
            **NOTHING, "identity": None,
        }),
        (AUGMIX, {
            **GEOMETRY, "translate_x": (0, 331 // 3), "translate_y": (0, 224 // 3),
            **LEVELS, "posterize": (4, 0), **NOTHING,
        }),
    ],
    ids=["autoaugment", "randaugment", "trivialaugment", "augmix"],
)  # fmt: skip
def test_magnitudes_begin_and_end_where_torchvisions_do(space, torchvision):
    ends = {
        name: scale and tuple(pytest.approx(scale.argument(end, 1, WIDE_SHAPE)) for end in (0, 1))
        for name, scale in space.items()
    }
    assert torchvision == ends
    unsigned = {name for name, scale in space.items() if scale and not scale.is_signed}
    assert unsigned == {"posterize", "solarize"}


@pytest.mark.parametrize(
    ("space", "bins", "bits"),
    [
        (AUTOAUGMENT, 10, [8, 8, 7, 7, 6, 6, 5, 5, 4, 4]),
        (RANDAUGMENT, 31, [8] * 4 + [7] * 8 + [6] * 7 + [5]),
        (WIDE, 31, [8] * 3 + [7] * 5 + [6] * 5 + [5] * 5 + [4] * 5 + [3] * 5 + [2] * 3),
        (AUGMIX, 10, [4, 4, 3, 3, 2, 2, 1, 1, 0, 0]),
    ],
)
def test_bits_are_rounded_as_by_torchvision(space, bins, bits):
    places = range(len(bits))
    assert [space["posterize"].argument(i / (bins - 1), 1, WIDE_SHAPE) for i in places] == bits


# Counted in torchvision's source: how often each op is there, the sum of all probabilities, and of
# all magnitudes.
SUMS = {
    "imagenet": (
        {"equalize": 17, "solarize": 7, "rotate": 6, "color": 6, "posterize": 5, "invert": 3,
         "autocontrast": 2, "contrast": 2, "sharpness": 1, "shear_x": 1},
        31.0, 159,
    ),
    "cifar10": (
        {"equalize": 9, "autocontrast": 7, "sharpness": 5, "translate_y": 5, "color": 5,
         "brightness": 4, "solarize": 4, "invert": 3, "contrast": 2, "translate_x": 2,
         "shear_y": 2, "rotate": 1, "posterize": 1},
        26.5, 187,
    ),
    "svhn": (
        {"invert": 12, "shear_y": 8, "shear_x": 6, "equalize": 6, "solarize": 5, "rotate": 4,
         "translate_y": 4, "autocontrast": 3, "contrast": 1, "translate_x": 1},
        32.9, 143,
    ),
}  # fmt: skip


@pytest.mark.parametrize("policy", SUMS)
def test_the_learned_pairs_add_up(policy):
    counts, probabilities, magnitudes = SUMS[policy]
    pairs = POLICIES[policy]
    assert (len(pairs), {len(pair) for pair in pairs}) == (25, {2})
    ops = [op for pair in pairs for op in pair]
    assert Counter(name for name, _, _ in ops) == counts
    assert sum(p for _, p, _ in ops) == pytest.approx(probabilities)
    assert sum(ninths or 0 for _, _, ninths in ops) == magnitudes
    assert all((ninths is None) == (AUTOAUGMENT[name] is None) for name, _, ninths in ops)


SHAPE = (32, 48, 3)


def assert_as_often(counts, expected):
    """Five deviations at most."""
    for key, count in expected.items():
        assert abs(counts[key] - count) <= 5 * max(count, 1) ** 0.5, (key, counts[key], count)
    assert set(counts) <= set(expected)


@pytest.mark.parametrize("policy", POLICIES)
def test_autoaugment_takes_each_pair_as_often_and_its_ops_with_their_probabilities(policy):
    """The expected number of each sequence of ops, by going through all pairs."""
    count, expected = 5000, Counter()
    for first, second in POLICIES[policy]:
        for taken in (0, 1):
            for also in (0, 1):
                names = (first[0],) * taken + (second[0],) * also
                p = (first[1] if taken else 1 - first[1]) * (second[1] if also else 1 - second[1])
                expected[names] += count / 25 * p
    counts = Counter(
        tuple(name for name, *_ in params["ops"])
        for params in draws(f"autoaugment('{policy}')", SHAPE, count)
    )
    assert_as_often(counts, {names: number for names, number in expected.items() if number > 0})


def test_autoaugment_draws_the_signs_of_what_has_one():
    steps = [step for params in draws("autoaugment", SHAPE, 4000) for step in params["ops"]]
    degrees = Counter(np.sign(step[1]) for step in steps if step[0] == "rotate")
    factors = {round(step[1], 6) for step in steps if step[0] == "contrast"}
    assert abs(degrees[1] - degrees[-1]) <= 5 * sum(degrees.values()) ** 0.5
    assert factors == {0.2, 1.8}


def test_randaugment_draws_n_ops_of_fourteen_all_of_magnitude_m():
    samples = draws("randaugment(3, 9)", SHAPE, 3000)
    assert {len(params["ops"]) for params in samples} == {3}
    steps = [step for params in samples for step in params["ops"]]
    assert_as_often(Counter(name for name, *_ in steps), dict.fromkeys(RANDAUGMENT, 9000 / 14))
    assert "invert" not in RANDAUGMENT
    values = {}
    for name, *arguments in steps:
        values.setdefault(name, set()).update(round(argument, 6) for argument in arguments)
    assert values == {
        "identity": set(), "autocontrast": set(), "equalize": set(),
        "shear_x": {0.09, -0.09}, "shear_y": {0.09, -0.09},
        "translate_x": {6, -6}, "translate_y": {4, -4},  # of 48 and 32 pixels, a 7.4th
        "rotate": {9, -9}, "posterize": {7}, "solarize": {178.5},
        **{name: {0.73, 1.27} for name in BLENDS},
    }  # fmt: skip


def test_trivialaugment_draws_one_op_of_fourteen_and_every_magnitude_and_sign_as_often():
    count = 14 * 700
    samples = [params["ops"] for params in draws("trivialaugment", SHAPE, count)]
    assert {len(ops) for ops in samples} == {1}
    steps = [step for (step,) in samples]
    assert_as_often(Counter(name for name, *_ in steps), dict.fromkeys(WIDE, 700))
    turns = Counter(round(step[1], 6) for step in steps if step[0] == "rotate")
    total = sum(turns.values())
    expected = {sign * 4.5 * i: total / 62 for i in range(1, 31) for sign in (1, -1)}
    assert_as_often(turns, expected | {0: total / 31})
    shifts = {abs(step[1]) for step in steps if step[0].startswith("translate")}
    assert shifts == {int(32 * i / 30) for i in range(31)}, "whatever the image's size"


def test_bins_are_the_number_of_magnitudes():
    ops = [params["ops"][0] for params in draws("trivialaugment(3)", SHAPE, 1500)]
    assert {abs(step[1]) for step in ops if step[0] == "rotate"} == {0, 67.5, 135}
    (ops,) = (params["ops"] for params in draws("randaugment(1, 10, bins=11)", SHAPE, 1))
    (same,) = (params["ops"] for params in draws("randaugment(1, 30, bins=31)", SHAPE, 1))
    assert ops == same


def test_threeaugment_is_one_of_three_and_then_a_jitter_in_any_order():
    count = 3000
    samples = [params["ops"] for params in draws("threeaugment", SHAPE, count)]
    firsts = Counter(ops[0][0] for ops in samples)
    assert_as_often(firsts, dict.fromkeys(("grayscale", "solarize", "gaussian_blur"), count / 3))
    orders = Counter(tuple(name for name, _ in ops[1:]) for ops in samples)
    assert len(orders) == 6
    assert_as_often(orders, dict.fromkeys(orders, count / 6))
    factors = np.array([factor for ops in samples for _, factor in ops[1:]])
    assert 0.7 <= factors.min() < 0.701
    assert 1.299 < factors.max() <= 1.3
    assert {ops[0][1] for ops in samples if ops[0][0] == "grayscale"} == {1.0}
    assert {ops[0][1] for ops in samples if ops[0][0] == "solarize"} == {128}
    sigmas = np.array([ops[0][1] for ops in samples if ops[0][0] == "gaussian_blur"])
    assert 0.1 <= sigmas.min() < 0.11
    assert 1.99 < sigmas.max() <= 2.0


def test_the_mean_of_augmix_is_a_weighted_sum_without_its_fraction():
    rng = generator(11, "drawing")
    images = [rng.integers(0, 256, (13, 17, 3)).astype(np.uint8) for _ in range(4)]
    for _ in range(20):
        weights = rng.dirichlet([1.0] * 4).tolist()
        exact = sum(weight * image for weight, image in zip(weights, images, strict=True))
        mixed = mix(images, weights).astype(int)
        assert (mixed == np.floor(exact)).mean() > 0.995
        assert abs(mixed - np.floor(exact)).max() <= 1
    np.testing.assert_array_equal(mix(images[:2], [0.0, 1.0]), images[1])
    np.testing.assert_array_equal(mix(images[:2], [1.0, 0.0]), images[0])
    np.testing.assert_array_equal(mix([images[0]] * 3, [0.2, 0.5, 0.3]), images[0])


def test_augmix_draws_chains_of_one_to_three_ops_and_weights_that_are_1_together():
    samples = draws("augmix", SHAPE, 1500)
    assert {len(params["chains"]) for params in samples} == {3}
    depths = Counter(len(chain) for params in samples for chain in params["chains"])
    assert_as_often(depths, dict.fromkeys((1, 2, 3), 1500))
    steps = [step for params in samples for chain in params["chains"] for step in chain]
    names = Counter(name for name, *_ in steps)
    assert_as_often(names, dict.fromkeys(AUGMIX, len(steps) / 13))
    # The first three magnitudes of ten.
    assert {round(step[1], 4) for step in steps if step[0] == "rotate"} == {
        0.0, 3.3333, -3.3333, 6.6667, -6.6667,
    }  # fmt: skip
    assert {step[1] for step in steps if step[0] == "posterize"} == {4, 3}
    assert {abs(step[1]) for step in steps if step[0] == "translate_x"} == {0, 1, 3}, "cut off"
    weights = np.array([params["weights"] for params in samples])
    np.testing.assert_allclose(weights.sum(axis=1), 1)
    kept = np.sort(weights[:, 0])
    # With alpha 1 the image's own weight is even from 0 to 1.
    assert abs(kept - np.linspace(0, 1, len(kept))).max() < 0.05
    np.testing.assert_allclose(weights[:, 1:].mean(axis=0), 1 / 6, atol=0.02)


def test_augmix_has_the_width_depth_and_ops_that_it_is_asked_for():
    samples = draws("augmix(10, width=2, depth=4, alpha=100.0, all_ops=False)", SHAPE, 400)
    assert {len(chain) for params in samples for chain in params["chains"]} == {4}
    assert {len(params["weights"]) for params in samples} == {3}
    steps = [step for params in samples for chain in params["chains"] for step in chain]
    assert {name for name, *_ in steps} == set(AUGMIX) - set(BLENDS)
    assert {step[1] for step in steps if step[0] == "posterize"} == {4, 3, 2, 1, 0}
    weights = np.array([params["weights"] for params in samples])
    assert weights[:, 0].std() < 0.05, "a large alpha keeps to a half"


def test_augmix_is_the_mean_of_its_chains():
    image = noise(61, 90)
    chains = [[["invert"], ["rotate", 10.0]], [["identity"]]]
    mixed = AugMix().apply(image, [0.2, 0.5, 0.3], chains)
    turned = np.asarray(ImageOps.invert(Image.fromarray(image)).rotate(10)).astype(float)
    off = abs(mixed - np.floor(0.5 * image + 0.5 * turned))
    assert (off > 1).mean() < 0.01
