"""Make pointwise.npz: what imgaug 0.4.0 makes of small images at given parameters.

Run once, on the stack that imgaug was written for, and kept:

    pip install numpy==1.23.5 imgaug==0.4.0 "opencv-python-headless<4.11" "scikit-image<0.19"
    python tests/golden/make_pointwise.py

The file holds the pixels of images and outputs in one row, and as JSON text what was asked for and
where its pixels are; tests/support/pointwise_golden.py reads it. Augmenters are called as a
whole, with parameters that return given numbers instead of drawing them.
"""

import json
from pathlib import Path

import imgaug.augmenters as iaa
import imgaug.parameters as iap
import numpy as np
from skimage import data

RNG = np.random.default_rng(2020)


class Given(iap.StochasticParameter):
    """Returns these numbers in the shape that is asked for, repeated if it is larger."""

    def __init__(self, values):
        super().__init__()
        self.values = np.asarray(values)

    def _draw_samples(self, size, random_state):
        return np.resize(self.values, size)


class GivenMask(iap.Binomial):
    """The same for what imgaug takes for draws of yes and no."""

    def __init__(self, values):
        super().__init__(0.5)
        self.values = np.int32(values)

    _draw_samples = Given._draw_samples


def between(low, high, size=None):
    """Numbers that float32 holds exactly, as imgaug's own draws are."""
    return np.float32(RNG.uniform(low, high, size)).tolist()


def whole(low, high, size=None):
    return RNG.integers(low, high, size).tolist()


IMAGES = {
    "photo": data.astronaut()[60:260:6, 130:330:5][:31, :38],
    "noise": RNG.integers(0, 256, (12, 11, 3)),
    "two levels": RNG.integers(0, 2, (9, 8, 3)) * 255,
    "flat": np.broadcast_to([3, 127, 251], (8, 7, 3)),
    "strip": RNG.integers(0, 256, (5, 3, 3)),
    "row": RNG.integers(0, 256, (1, 9, 3)),
    "column": RNG.integers(0, 256, (4, 1, 3)),
    "pixel": RNG.integers(0, 256, (1, 1, 3)),
}


def one_or_three(low, high):
    return [between(low, high), between(low, high), between(low, high, 3), between(low, high, 3)]


def given(augmenter, values):
    """imgaug's augmenter at one number for all channels, or at a list of one for each."""
    return augmenter(Given(np.float32(values)), per_channel=isinstance(values, list))


def fields(name, values):
    return [{name: value} for value in values]


# An op's name here is that of our kernel, its parameters are the kernel's.
OPS = {
    "add": (
        lambda value: given(iaa.Add, value),
        fields("value", [*one_or_three(-60, 60), 10.5, 11.5, -300, [0, 255, -255]]),
    ),
    "multiply": (
        lambda mul: given(iaa.Multiply, mul),
        fields("mul", [*one_or_three(0.5, 1.5), 0.0, [1.0, 2.5, 0.7]]),
    ),
    "linear_contrast": (
        lambda alpha: given(iaa.LinearContrast, alpha),
        fields("alpha", [*one_or_three(0.5, 2.0), 0.0, [1.0, 3.0, 0.7]]),
    ),
    "invert": (
        lambda channels: given(iaa.Invert, channels),
        fields("channels", [[bool(bits & bit) for bit in (1, 2, 4)] for bits in (0, 1, 2, 5, 7)]),
    ),
    "grayscale": (iaa.Grayscale, fields("alpha", [0.0, *between(0, 1, 4), 0.5, 1.0])),
    "gaussian_blur": (iaa.GaussianBlur, fields("sigma", [0.0, *between(0, 3, 5), 3.0, 4.5, 6.0])),
    "average_blur": (iaa.AverageBlur, fields("k", range(1, 8))),
    "median_blur": (iaa.MedianBlur, fields("k", range(1, 16, 2))),
    "sharpen": (
        iaa.Sharpen,
        [{"alpha": between(0, 1), "lightness": between(0.75, 1.5)} for _ in range(5)],
    ),
    "emboss": (
        iaa.Emboss,
        [{"alpha": between(0, 1), "strength": between(0, 2)} for _ in range(5)],
    ),
    "edge_detect": (iaa.EdgeDetect, fields("alpha", [0.0, *between(0, 0.7, 3), 1.0])),
    "directed_edge_detect": (
        lambda alpha, degrees: iaa.DirectedEdgeDetect(alpha, (degrees + 0.5) / 360),
        [{"alpha": between(0, 0.7), "degrees": d} for d in [0, 45, 90, *whole(0, 360, 3)]],
    ),
}


def cases_for(shape):
    """An op's name, its parameters, numbers and arrays, and imgaug's augmenter at these."""
    for op, (augmenter, several) in OPS.items():
        for params in several:
            yield op, params, {}, augmenter(**params)
    for mask_shape in (shape, shape[:2]):
        per_channel = len(mask_shape) == 3
        kept = RNG.random(mask_shape) >= 0.1
        augmenter = iaa.MultiplyElementwise(GivenMask(kept), per_channel)
        yield "drop", {}, {"kept": kept * 255}, augmenter
        cells = RNG.random((4, 3, *mask_shape[2:])) >= 0.3
        mask = iap.FromLowerResolution(GivenMask(cells), size_px=Given((4, 3)))
        augmenter = iaa.MultiplyElementwise(mask, per_channel)  # what CoarseDropout does
        yield "drop_cells", {}, {"cells": cells * 255}, augmenter
        for scale in (6, 90):
            picks = RNG.integers(0, 256, mask_shape)
            levels = np.sort(np.rint(RNG.normal(0, scale, 256))).astype(int)
            augmenter = iaa.AddElementwise(Given(np.float32(levels[picks])), per_channel)
            yield "add_picked", {"levels": levels.tolist()}, {"picks": picks}, augmenter


def main():
    pixels, cases = [], []

    def keep(array):
        """Put the array behind the others; where it begins and its shape are how to find it."""
        begin = sum(map(len, pixels))
        pixels.append(np.asarray(array).astype(np.uint8).ravel())
        assert np.array_equal(pixels[-1], np.ravel(array)), "not bytes"
        return [begin, list(np.shape(array))]

    for name, image in IMAGES.items():
        image = np.ascontiguousarray(image, np.uint8)
        place = keep(image)
        for op, params, arrays, augmenter in cases_for(image.shape):
            expected = augmenter(image=image.copy())
            assert expected.dtype == np.uint8
            cases.append(
                {
                    "op": op,
                    "image": name,
                    "pixels": place,
                    "expected": keep(expected),
                    "params": params,
                    "arrays": {key: keep(array) for key, array in arrays.items()},
                }
            )
    np.savez_compressed(
        Path(__file__).with_name("pointwise.npz"),
        cases=np.frombuffer(json.dumps(cases).encode(), np.uint8),
        pixels=np.concatenate(pixels),
    )


if __name__ == "__main__":
    main()
