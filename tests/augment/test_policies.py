"""Learned policies: their magnitudes as torchvision has them, their ops as Pillow, their draws."""

from collections import Counter

import numpy as np
import pytest
from op_specs import draws, noise
from PIL import Image, ImageEnhance, ImageFilter, ImageOps

from paddle_aug.augment.modes import augmentation
from paddle_aug.augment.policies import (
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


def picture(height=61, width=90):
    """Smooth, with edges: as in photos most neighbours are alike."""
    small = noise(height // 6 + 1, width // 6 + 1)
    image = np.asarray(Image.fromarray(small).resize((width, height), Image.Resampling.BICUBIC))
    image = np.where(np.arange(width)[:, None] % 30 < 3, 255 - image, image).astype(np.uint8)
    image.flags.writeable = False
    return image


def affine(picture, *matrix):
    return picture.transform(picture.size, Image.Transform.AFFINE, matrix, Image.Resampling.NEAREST)


def blended(enhancer):
    return lambda picture, factor: enhancer(picture).enhance(factor)


# torchvision's _apply_op on Pillow's images, where arctangents cancel; a blend's factor is 1 more
# than its magnitude.
PILLOW = {
    "identity": lambda picture, _: picture,
    "shear_x": lambda picture, magnitude: affine(picture, 1, magnitude, 0, 0, 1, 0),
    "shear_y": lambda picture, magnitude: affine(picture, 1, 0, 0, magnitude, 1, 0),
    "translate_x": lambda picture, magnitude: affine(picture, 1, 0, -int(magnitude), 0, 1, 0),
    "translate_y": lambda picture, magnitude: affine(picture, 1, 0, 0, 0, 1, -int(magnitude)),
    "rotate": lambda picture, magnitude: picture.rotate(magnitude),
    "brightness": blended(ImageEnhance.Brightness),
    "color": blended(ImageEnhance.Color),
    "contrast": blended(ImageEnhance.Contrast),
    "sharpness": blended(ImageEnhance.Sharpness),
    "posterize": lambda picture, magnitude: ImageOps.posterize(picture, int(magnitude)),
    "solarize": ImageOps.solarize,
    "autocontrast": lambda picture, _: ImageOps.autocontrast(picture),
    "equalize": lambda picture, _: ImageOps.equalize(picture),
    "invert": lambda picture, _: ImageOps.invert(picture),
}


# The tables of magnitudes, and their bins.
TABLES = {
    "autoaugment": (AUTOAUGMENT, 10),
    "randaugment": (RANDAUGMENT, 31),
    "trivialaugment": (WIDE, 31),
    "augmix": (AUGMIX, 10),
}


def all_steps(table, shape):
    """Every op at every magnitude and sign."""
    ours, bins = TABLES[table]
    for name, scale in ours.items():
        for index in range(bins if scale else 1):
            for sign in (1, -1) if scale and scale.is_signed else (1,):
                yield [name, *([scale.argument(index / (bins - 1), sign, shape)] if scale else ())]


@pytest.mark.parametrize("table", TABLES)
@pytest.mark.parametrize("size", [(61, 90), (32, 32)], ids=str)
def test_each_op_at_each_magnitude_is_pillows(table, size):
    image = picture(*size)
    policy, turned = augmentation("randaugment"), []
    for step in all_steps(table, image.shape):
        name, *argument = step
        ours = policy.apply(image, [step]).astype(int)
        if step == ["posterize", 0]:  # which Pillow refuses
            assert not ours.any()
            continue
        off = abs(ours - np.asarray(PILLOW[name](Image.fromarray(image), *(argument or [0]))))
        if name in BLENDS:
            assert off.max() <= 1, step
        elif name == "rotate":
            turned.append((off > 0).mean())
        else:
            assert off.max() == 0, step
    # A pixel here and there is a neighbour of Pillow's, most where many lie halfway (135 degrees).
    assert np.mean(turned) < 0.003
    assert max(turned) < 0.03


# torchvision's `_augmentation_space`: what an op does at magnitude 0, and at the largest one, at
# 224 × 331 pixels, height × width.
GEOMETRY = dict.fromkeys(("shear_x", "shear_y"), (0, 0.3)) | {
    "translate_x": (0, 150), "translate_y": (0, int(224 * 150 / 331)), "rotate": (0, 30),
}  # fmt: skip
LEVELS = dict.fromkeys(BLENDS, (1, 1.9)) | {"posterize": (8, 4), "solarize": (255, 0)}
NOTHING = dict.fromkeys(("autocontrast", "equalize"))
ENDS = {
    "autoaugment": {**GEOMETRY, **LEVELS, **NOTHING, "invert": None},
    "randaugment": {**GEOMETRY, **LEVELS, **NOTHING, "identity": None},
    "trivialaugment": {
        **dict.fromkeys(("shear_x", "shear_y"), (0, 0.99)),
        **dict.fromkeys(("translate_x", "translate_y"), (0, 32)), "rotate": (0, 135),
        **LEVELS, **dict.fromkeys(BLENDS, (1, 1.99)), "posterize": (8, 2),
        **NOTHING, "identity": None,
    },
    "augmix": {
        **GEOMETRY, "translate_x": (0, 331 // 3), "translate_y": (0, 224 // 3),
        **LEVELS, "posterize": (4, 0), **NOTHING,
    },
}  # fmt: skip


@pytest.mark.parametrize("table", TABLES)
def test_magnitudes_begin_and_end_where_torchvisions_do(table):
    ours, _ = TABLES[table]
    shape = (224, 331, 3)
    ends = {
        name: scale and (scale.argument(0, 1, shape), pytest.approx(scale.argument(1, 1, shape)))
        for name, scale in ours.items()
    }
    assert ENDS[table] == ends
    unsigned = {name for name, scale in ours.items() if scale and not scale.is_signed}
    assert unsigned == {"posterize", "solarize"}


# Of torchvision 0.25's own tables, in a few places each: (op, index, shape) and the number.
LITERALS = {
    "autoaugment": [
        ("shear_x", 5, 0.1666666716337204),
        ("translate_x", 2, 33.33333206176758),
        ("translate_y", 9, 101.51057434082031),
        ("rotate", 4, 13.333333015441895),
        ("contrast", 8, 0.7999999523162842),
        ("posterize", slice(None), [8, 8, 7, 7, 6, 6, 5, 5, 4, 4]),
        ("solarize", 4, 141.66665649414062),
    ],
    "randaugment": [
        ("shear_y", 9, 0.09000000357627869),
        ("translate_y", 9, 30.45317268371582),
        ("rotate", 9, 9.0),
        ("color", 9, 0.26999998092651367),
        ("posterize", slice(0, 20), [8] * 4 + [7] * 8 + [6] * 7 + [5]),
        ("solarize", 9, 178.5),
    ],
    "trivialaugment": [
        ("shear_x", 30, 0.9900000095367432),
        ("translate_x", 14, 14.933334350585938),
        ("rotate", 17, 76.5),
        ("sharpness", 1, 0.032999999821186066),
        ("posterize", slice(0, 18), [8] * 3 + [7] * 5 + [6] * 5 + [5] * 5),
        ("posterize", slice(18, None), [4] * 5 + [3] * 5 + [2] * 3),
        ("solarize", 1, 246.5),
    ],
    "augmix": [
        ("translate_x", 1, 12.25925922393799),
        ("posterize", slice(None), [4, 4, 3, 3, 2, 2, 1, 1, 0, 0]),
        ("solarize", 2, 198.3333282470703),
        ("brightness", 2, 0.19999998807907104),
    ],
}  # fmt: skip


@pytest.mark.parametrize("table", LITERALS)
def test_magnitudes_are_the_numbers_of_torchvision(table):
    """At 224 × 331, height × width, where a shift of 150 pixels is the most."""
    ours, bins = TABLES[table]
    for name, index, number in LITERALS[table]:
        places = range(bins)[index]
        scale = ours[name]
        places = [places] if isinstance(places, int) else places
        found = [scale.argument(place / (bins - 1), 1, (224, 331, 3)) for place in places]
        expected = np.atleast_1d(number)
        if name in BLENDS:
            expected = 1 + expected
        if name.startswith("translate"):
            expected = expected.astype(int)
        np.testing.assert_allclose(found, expected, rtol=1e-6, err_msg=name)


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
    found = Counter(
        tuple(name for name, *_ in params["ops"])
        for params in draws(f"autoaugment('{policy}')", SHAPE, count)
    )
    assert_as_often(found, {names: many for names, many in expected.items() if many > 0})


def test_autoaugment_draws_the_signs_of_what_has_one():
    steps = [step for params in draws("autoaugment", SHAPE, 4000) for step in params["ops"]]
    degrees = Counter(np.sign(step[1]) for step in steps if step[0] == "rotate")
    factors = {round(step[1], 6) for step in steps if step[0] == "contrast"}
    assert abs(degrees[1] - degrees[-1]) <= 5 * sum(degrees.values()) ** 0.5
    assert factors == {0.2, 1.8}


def test_randaugment_draws_n_ops_of_fourteen_all_of_magnitude_m():
    found = draws("randaugment(3, 9)", SHAPE, 3000)
    assert {len(params["ops"]) for params in found} == {3}
    steps = [step for params in found for step in params["ops"]]
    assert_as_often(Counter(name for name, *_ in steps), dict.fromkeys(RANDAUGMENT, 9000 / 14))
    assert "invert" not in RANDAUGMENT
    values = {}
    for name, *arguments in steps:
        values.setdefault(name, set()).update(round(each, 6) for each in arguments)
    assert values == {
        "identity": set(), "autocontrast": set(), "equalize": set(),
        "shear_x": {0.09, -0.09}, "shear_y": {0.09, -0.09},
        "translate_x": {6, -6}, "translate_y": {4, -4},  # of 48 and 32 pixels, a 7.4th
        "rotate": {9, -9}, "posterize": {7}, "solarize": {178.5},
        **{name: {0.73, 1.27} for name in BLENDS},
    }  # fmt: skip


def test_randaugment_of_no_ops_or_of_magnitude_0_changes_next_to_nothing():
    image = picture()
    unchanged = augmentation("randaugment(0)")
    assert unchanged.sample(generator(0, "augment"), image.shape) == {"ops": []}
    np.testing.assert_array_equal(unchanged(image, generator(0, "augment")), image)
    for params in draws("randaugment(2, 0)", SHAPE, 300):
        levels = {"autocontrast", "equalize", "solarize"}  # whose 255 becomes 0
        if not levels & {name for name, *_ in params["ops"]}:
            np.testing.assert_array_equal(unchanged.apply(image, **params), image)


def test_trivialaugment_draws_one_op_of_fourteen_and_every_magnitude_and_sign_as_often():
    count = 14 * 700
    found = [params["ops"] for params in draws("trivialaugment", SHAPE, count)]
    assert {len(ops) for ops in found} == {1}
    steps = [step for (step,) in found]
    assert_as_often(Counter(name for name, *_ in steps), dict.fromkeys(WIDE, 700))
    turns = Counter(round(step[1], 6) for step in steps if step[0] == "rotate")
    many = sum(turns.values())
    expected = {sign * 4.5 * i: many / 62 for i in range(1, 31) for sign in (1, -1)}
    assert_as_often(turns, expected | {0: many / 31})
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
    found = [params["ops"] for params in draws("threeaugment", SHAPE, count)]
    firsts = Counter(ops[0][0] for ops in found)
    assert_as_often(firsts, dict.fromkeys(("grayscale", "solarize", "gaussian_blur"), count / 3))
    orders = Counter(tuple(name for name, _ in ops[1:]) for ops in found)
    assert len(orders) == 6
    assert_as_often(orders, dict.fromkeys(orders, count / 6))
    factors = np.array([factor for ops in found for _, factor in ops[1:]])
    assert 0.7 <= factors.min() < 0.701
    assert 1.299 < factors.max() <= 1.3
    assert {ops[0][1] for ops in found if ops[0][0] == "grayscale"} == {1.0}
    assert {ops[0][1] for ops in found if ops[0][0] == "solarize"} == {128}
    sigmas = np.array([ops[0][1] for ops in found if ops[0][0] == "gaussian_blur"])
    assert 0.1 <= sigmas.min() < 0.11
    assert 1.99 < sigmas.max() <= 2.0


def test_threeaugments_first_op_is_pillows():
    image, op = picture(), augmentation("threeaugment")
    photo = Image.fromarray(image)
    grey = op.apply(image, [["grayscale", 1.0]])
    assert abs(grey - np.asarray(photo.convert("L").convert("RGB")).astype(int)).max() <= 1
    solarized = op.apply(image, [["solarize", 128]])
    np.testing.assert_array_equal(solarized, np.asarray(ImageOps.solarize(photo)))
    blurred = op.apply(image, [["gaussian_blur", 1.2]]).astype(int)
    theirs = np.asarray(photo.filter(ImageFilter.GaussianBlur(1.2))).astype(int)
    # Pillow makes it of box blurs, and repeats the edge where ours is mirrored.
    assert abs(blurred - theirs)[4:-4, 4:-4].mean() < 1.5


def test_the_mean_of_augmix_is_a_weighted_sum_without_its_fraction():
    rng = generator(11, "drawing")
    images = [rng.integers(0, 256, (13, 17, 3)).astype(np.uint8) for _ in range(4)]
    for _ in range(20):
        weights = rng.dirichlet([1.0] * 4).tolist()
        exact = sum(weight * image for weight, image in zip(weights, images, strict=True))
        made = mix(images, weights).astype(int)
        assert (made == np.floor(exact)).mean() > 0.995
        assert abs(made - np.floor(exact)).max() <= 1
    np.testing.assert_array_equal(mix(images[:2], [0.0, 1.0]), images[1])
    np.testing.assert_array_equal(mix(images[:2], [1.0, 0.0]), images[0])
    np.testing.assert_array_equal(mix([images[0]] * 3, [0.2, 0.5, 0.3]), images[0])


def test_augmix_draws_chains_of_one_to_three_ops_and_weights_that_are_1_together():
    found = draws("augmix", SHAPE, 1500)
    assert {len(params["chains"]) for params in found} == {3}
    depths = Counter(len(chain) for params in found for chain in params["chains"])
    assert_as_often(depths, dict.fromkeys((1, 2, 3), 1500))
    steps = [step for params in found for chain in params["chains"] for step in chain]
    names = Counter(name for name, *_ in steps)
    assert_as_often(names, dict.fromkeys(AUGMIX, len(steps) / 13))
    # The first three magnitudes of ten.
    assert {round(step[1], 4) for step in steps if step[0] == "rotate"} == {
        0.0, 3.3333, -3.3333, 6.6667, -6.6667,
    }  # fmt: skip
    assert {step[1] for step in steps if step[0] == "posterize"} == {4, 3}
    weights = np.array([params["weights"] for params in found])
    np.testing.assert_allclose(weights.sum(axis=1), 1)
    kept = np.sort(weights[:, 0])
    # With alpha 1 the image's own weight is even from 0 to 1.
    assert abs(kept - np.linspace(0, 1, len(kept))).max() < 0.05
    np.testing.assert_allclose(weights[:, 1:].mean(axis=0), 1 / 6, atol=0.02)


def test_augmix_has_the_width_depth_and_ops_that_it_is_asked_for():
    found = draws("augmix(10, width=2, depth=4, alpha=100.0, all_ops=False)", SHAPE, 400)
    assert {len(chain) for params in found for chain in params["chains"]} == {4}
    assert {len(params["weights"]) for params in found} == {3}
    steps = [step for params in found for chain in params["chains"] for step in chain]
    assert {name for name, *_ in steps} == set(AUGMIX) - set(BLENDS)
    assert {step[1] for step in steps if step[0] == "posterize"} == {4, 3, 2, 1, 0}
    weights = np.array([params["weights"] for params in found])
    assert weights[:, 0].std() < 0.05, "a large alpha keeps to a half"


def test_augmix_is_the_mean_of_its_chains():
    image = picture()
    chains = [[["invert"], ["rotate", 10.0]], [["identity"]]]
    made = AugMix().apply(image, [0.2, 0.5, 0.3], chains)
    turned = np.asarray(ImageOps.invert(Image.fromarray(image)).rotate(10)).astype(float)
    off = abs(made - np.floor(0.5 * image + 0.5 * turned))
    assert (off > 1).mean() < 0.01


def test_a_policy_is_a_part_of_a_pipeline():
    pipeline = augmentation("random_crop(32, 4)|hflip|trivialaugment|cutout(8)")
    image = picture(32, 32)
    params = pipeline.sample(generator(0, "augment"), image.shape)
    assert [sorted(inner) for _, inner in params["steps"]] == [
        ["left", "top"], ["horizontal"], ["ops"], ["height", "left", "top", "width"],
    ]  # fmt: skip
    assert pipeline.apply(image, **params).shape == (32, 32, 3)
