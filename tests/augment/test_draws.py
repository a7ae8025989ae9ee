"""What ops draw: from the whole of their ranges, evenly, and each field by itself."""

import numpy as np
import pytest
from op_specs import draws
from scipy import stats

SHAPE = (200, 100, 3)
KERAS = "keras_affine(20, width_shift=0.2, height_shift=0.1, zoom=0.3, shear=8.0)"

# A scalar is "up to this much", a pair the range itself.
UNIFORM = {
    "add": {"value": (-20, 20)},
    "add((3, 4))": {"value": (3, 4)},
    "multiply": {"mul": (0.8, 1.2)},
    "multiply((0.5, 1.5))": {"mul": (0.5, 1.5)},
    "linear_contrast": {"alpha": (0.6, 1.4)},
    "linear_contrast((0.5, 2.0))": {"alpha": (0.5, 2)},
    "grayscale": {"alpha": (0, 1)},
    "grayscale(0.25)": {"alpha": (0, 0.25)},
    "gaussian_blur": {"sigma": (0, 3)},
    "sharpen": {"alpha": (0, 0.2), "lightness": (0.8, 1.2)},
    "sharpen((0.0, 1.0), (0.75, 1.5))": {"alpha": (0, 1), "lightness": (0.75, 1.5)},
    "emboss": {"alpha": (0, 1), "strength": (0.25, 1)},
    "edge_detect": {"alpha": (0, 0.75)},
    "directed_edge_detect": {"alpha": (0, 0.75), "degrees": (-0.5, 359.5)},
    "brightness": {"factor": (0.5, 1.5)},
    "color((0.2, 0.4))": {"factor": (0.2, 0.4)},
    # A factor is never below 0.
    "brightness(2)": {"factor": (0, 3)},
    "contrast(1.5)": {"factor": (0, 2.5)},
    "color(3)": {"factor": (0, 4)},
    "sharpness(2)": {"factor": (0, 3)},
    "multiply(2)": {"mul": (0, 3)},
    "linear_contrast(2)": {"alpha": (0, 3)},
    "sharpen(lightness=2)": {"lightness": (0, 3)},
    "hue": {"shift": (-0.5, 0.5)},
    "center_crop_resize": {"width_ratio": (1, 1.5), "height_ratio": (1, 1.5)},
    "random_rotation(45)": {"degrees": (-45, 45)},
    "random_rotation((10.5, 30))": {"degrees": (10.5, 30)},
    "shear_x(0.2)": {"amount": (-0.2, 0.2)},
    "shear_y((0.1, 0.2))": {"amount": (0.1, 0.2)},
    # A tenth of 200 rows, a fifth of 100 columns.
    KERAS: {
        "theta": (-20, 20), "tx": (-20, 20), "ty": (-20, 20),
        "shear": (-8, 8), "zx": (0.7, 1.3), "zy": (0.7, 1.3),
    },
    "keras_affine(zoom=(0.5, 0.9), width_shift=1.5)": {"zx": (0.5, 0.9), "ty": (-1.5, 1.5)},
    "channel_shift(30.0)": {"shift": (-30, 30)},
    "noise(4.0)": {"sigma": (0, 4)},
    "additive_gaussian_noise(2.0, (0.0, 12.75))": {"loc": (-2, 2), "scale": (0, 12.75)},
    "superpixels((0.1, 0.4))": {"p_replace": (0.1, 0.4)},
    "dropout": {"p": (0, 0.05)},
    "coarse_dropout((0.03, 0.15))": {"p": (0.03, 0.15)},
    "elastic_transformation((0.5, 3.5), (1.0, 2.0))": {"alpha": (0.5, 3.5), "sigma": (1, 2)},
    "gridmask": {"degrees": (-180, 180)},
}  # fmt: skip


@pytest.mark.parametrize("spec", UNIFORM)
def test_numbers_are_drawn_evenly_from_their_ranges_and_independently(spec):
    params, ranges = draws(spec, SHAPE, 3000), UNIFORM[spec]
    columns = np.array([[image[field] for field in ranges] for image in params])
    for values, (low, high) in zip(columns.T, ranges.values(), strict=True):
        assert low <= values.min()
        assert values.max() <= high
        # Among sixty, one in a hundred fails by chance.
        assert stats.kstest(values, stats.uniform(low, high - low).cdf).pvalue > 0.01 / 60
    if len(ranges) > 1:
        assert abs(np.corrcoef(columns.T) - np.eye(len(ranges))).max() < 0.08


def evenly(values):
    return dict.fromkeys(values, 1 / len(values))


SHARES = {
    ("median_blur((3, 11))", "k"): {3: 1 / 9, 5: 2 / 9, 7: 2 / 9, 9: 2 / 9, 11: 2 / 9},  # imgaug's
    ("average_blur((2, 7))", "k"): evenly(range(2, 8)),
    ("average_blur(3)", "k"): evenly((1, 2, 3)),
    ("posterize", "bits"): evenly(range(4, 9)),
    ("posterize((1, 3))", "bits"): evenly((1, 2, 3)),
    ("solarize(250)", "threshold"): evenly(range(250, 257)),
    ("solarize((128, 128))", "threshold"): {128: 1},
    ("superpixels(n_segments=(20, 23))", "n_segments"): evenly(range(20, 24)),
    ("rotate(2)", "degrees"): evenly(range(-2, 3)),
    ("center_crop_resize", "interpolation"): evenly(("nearest", "bilinear", "bicubic", "lanczos")),
    ("translate_x((0.25, 0.25))", "pixels"): {25: 1},
    # Keras draws one of 0, 1, 2 and its sign.
    ("keras_affine(height_shift=3)", "tx"): {-2: 1 / 6, -1: 1 / 6, 0: 1 / 3, 1: 1 / 6, 2: 1 / 6},
    ("keras_affine(height_shift=1)", "tx"): {0: 1},
    ("flip(0.3)", "horizontal"): {True: 0.3, False: 0.7},
    ("flip(0.3)", "vertical"): {True: 0.3, False: 0.7},
    ("hflip(0.3)", "horizontal"): {True: 0.3, False: 0.7},
    ("vflip(0.3)", "vertical"): {True: 0.3, False: 0.7},
    ("affine(order=(0, 1))", "order"): {0: 0.5, 1: 0.5},
    ("affine(mode=('edge', 'wrap'))", "mode"): {"edge": 0.5, "wrap": 0.5},
    ("dropout(per_channel=0.2)", "per_channel"): {True: 0.2, False: 0.8},
    ("coarse_dropout(per_channel=0.2)", "per_channel"): {True: 0.2, False: 0.8},
    ("additive_gaussian_noise(per_channel=0.5)", "per_channel"): {True: 0.5, False: 0.5},
}


@pytest.mark.parametrize(("spec", "field"), SHARES)
def test_each_value_is_drawn_with_its_probability(spec, field):
    values = [params[field] for params in draws(spec, SHAPE, 3000)]
    shares = SHARES[spec, field]
    assert set(values) == set(shares)
    for value, share in shares.items():
        deviation = (share * (1 - share) / len(values)) ** 0.5
        assert abs(values.count(value) / len(values) - share) <= 4.5 * deviation, value


@pytest.mark.parametrize(
    "spec",
    [
        "noise", "additive_gaussian_noise", "superpixels", "dropout", "coarse_dropout",
        "elastic_transformation", "hide_and_seek", "random_erasing(fill='noise')",
    ],
)  # fmt: skip
def test_what_is_drawn_for_each_pixel_has_a_seed_of_its_own(spec):
    assert len({params["seed"] for params in draws(spec, SHAPE, 200)}) == 200
