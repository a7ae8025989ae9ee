"""Make pointwise.npz: what imgaug 0.4.0 makes of small images at given parameters.

Run once, on the stack that imgaug was written for, and kept:

    pip install numpy==1.23.5 imgaug==0.4.0 "opencv-python-headless<4.11" "scikit-image<0.19"
    python tests/golden/make_pointwise.py

The file holds the pixels of images and outputs in one row, and as JSON text what was asked for and
where its pixels are; tests/support/pointwise_golden.py reads it. Augmenters are called as a
whole, with parameters that return given numbers instead of drawing them.
"""

import functools
import json
from pathlib import Path

import imgaug.augmenters as iaa
import imgaug.parameters as iap
import numpy as np
from skimage import data

RNG = np.random.default_rng(2020)


class Given(iap.StochasticParameter):
    """Returns these numbers in the shape that is asked for."""

    def __init__(self, values):
        super().__init__()
        self.values = np.asarray(values)

    def _draw_samples(self, size, random_state):
        return self.values.reshape(size)


class GivenMask(iap.Binomial):
    """The same for what imgaug takes for draws of yes and no."""

    def __init__(self, values):
        super().__init__(0.5)
        self.values = np.asarray(values, np.int32)

    def _draw_samples(self, size, random_state):
        return self.values.reshape(size)


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


def per_channel(values):
    """imgaug's arguments for one number or three, one a channel, which it may ask for as three."""
    return Given(np.float32(np.broadcast_to(values, 3))), isinstance(values, list)


def add(value):
    values, each = per_channel(value)
    return iaa.Add(values, per_channel=each)


def multiply(mul):
    values, each = per_channel(mul)
    return iaa.Multiply(values, per_channel=each)


def linear_contrast(alpha):
    each = isinstance(alpha, list)
    return iaa.LinearContrast(Given(np.float32(alpha)), per_channel=each)


def invert(channels):
    return iaa.Invert(Given(np.float32(channels)), per_channel=True)


# An op's name here is that of our kernel, its parameters are the kernel's.
OPS = {
    "add": (
        add,
        [{"value": v} for v in [*one_or_three(-60, 60), 10.5, 11.5, -300, [0, 255, -255]]],
    ),
    "multiply": (multiply, [{"mul": v} for v in [*one_or_three(0.5, 1.5), 0.0, [1.0, 2.5, 0.7]]]),
    "linear_contrast": (
        linear_contrast,
        [{"alpha": v} for v in [*one_or_three(0.5, 2.0), 0.0, [1.0, 3.0, 0.7]]],
    ),
    "invert": (
        invert,
        [
            {"channels": [bool(bits & 1), bool(bits & 2), bool(bits & 4)]}
            for bits in (0, 1, 2, 5, 7)
        ],
    ),
    "grayscale": (
        lambda alpha: iaa.Grayscale(alpha),
        [{"alpha": v} for v in [0.0, *between(0, 1, 4), 0.5, 1.0]],
    ),
    "gaussian_blur": (
        lambda sigma: iaa.GaussianBlur(sigma),
        [{"sigma": v} for v in [0.0, *between(0, 3, 5), 3.0, 4.5, 6.0]],
    ),
    "average_blur": (lambda k: iaa.AverageBlur(k), [{"k": k} for k in range(1, 8)]),
    "median_blur": (lambda k: iaa.MedianBlur(k), [{"k": k} for k in range(1, 16, 2)]),
    "sharpen": (
        lambda alpha, lightness: iaa.Sharpen(alpha, lightness),
        [{"alpha": between(0, 1), "lightness": between(0.75, 1.5)} for _ in range(5)],
    ),
    "emboss": (
        lambda alpha, strength: iaa.Emboss(alpha, strength),
        [{"alpha": between(0, 1), "strength": between(0, 2)} for _ in range(5)],
    ),
    "edge_detect": (
        lambda alpha: iaa.EdgeDetect(alpha),
        [{"alpha": v} for v in [0.0, *between(0, 0.7, 3), 1.0]],
    ),
    "directed_edge_detect": (
        lambda alpha, degrees: iaa.DirectedEdgeDetect(alpha, (degrees + 0.5) / 360),
        [{"alpha": between(0, 0.7), "degrees": d} for d in [0, 45, 90, *whole(0, 360, 3)]],
    ),
}


def drop(image, kept):
    mask = GivenMask(kept)
    each = kept.ndim == 3
    augmenter = iaa.MultiplyElementwise(mask, per_channel=each)
    return augmenter(image=image)


def drop_cells(image, cells):
    """What CoarseDropout does, at given cells."""
    each = cells.ndim == 3
    mask = iap.FromLowerResolution(GivenMask(cells), size_px=Given(cells.shape[:2]))
    return iaa.MultiplyElementwise(mask, per_channel=each)(image=image)


def add_noise(image, noise):
    each = noise.ndim == 3
    return iaa.AddElementwise(Given(np.float32(noise)), per_channel=each)(image=image)


def arrays_for(shape):
    """Of kernels that take arrays: name, numbers, arrays, and imgaug's way, coloured and grey."""
    for each in (shape, shape[:2]):
        kept = RNG.random(each) >= 0.1
        yield "drop", {}, {"kept": kept * 255}, functools.partial(drop, kept=kept)
        cells = RNG.random((4, 3, *each[2:])) >= 0.3
        yield "drop_cells", {}, {"cells": cells * 255}, functools.partial(drop_cells, cells=cells)
        for scale in (6, 90):
            picks = RNG.integers(0, 256, each)
            levels = np.sort(np.rint(RNG.normal(0, scale, 256))).astype(int)
            noise = functools.partial(add_noise, noise=levels[picks])
            yield "add_picked", {"levels": levels.tolist()}, {"picks": picks}, noise


def main():
    pixels, cases = [], []

    def keep(array):
        """Put the array behind the others; where it begins and its shape are how to find it."""
        begin = sum(map(len, pixels))
        pixels.append(np.asarray(array).astype(np.uint8).ravel())
        assert np.array_equal(pixels[-1], np.ravel(array)), "not bytes"
        return [begin, list(np.shape(array))]

    def keep_case(op, name, image, expected, params, arrays):
        assert expected.dtype == np.uint8
        cases.append(
            {
                "op": op,
                "image": name,
                "pixels": image,
                "expected": keep(expected),
                "params": params,
                "arrays": {key: keep(array) for key, array in arrays.items()},
            }
        )

    for name, image in IMAGES.items():
        image = np.ascontiguousarray(image, np.uint8)
        kept = keep(image)
        for op, (augmenter, many) in OPS.items():
            for params in many:
                keep_case(op, name, kept, augmenter(**params)(image=image.copy()), params, {})
        for op, params, arrays, augment in arrays_for(image.shape):
            keep_case(op, name, kept, augment(image.copy()), params, arrays)
    np.savez_compressed(
        Path(__file__).with_name("pointwise.npz"),
        cases=np.frombuffer(json.dumps(cases).encode(), np.uint8),
        pixels=np.concatenate(pixels),
    )


if __name__ == "__main__":
    main()
