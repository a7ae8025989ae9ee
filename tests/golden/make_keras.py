"""Make keras.npz: what keras-preprocessing 1.1.2 makes of small images at given parameters.

Run once, in an environment of its own, and kept:

    pip install keras-preprocessing==1.1.2 numpy==1.23.5 scipy==1.9.3
    python tests/golden/make_keras.py

Images are put in as float32, as Keras's img_to_array makes them, and what comes out is rounded to
the nearest level. What was made of an image is one array, in the order of `moves` or of `shifts`.
"""

import json
from pathlib import Path

import numpy as np
from keras_preprocessing.image import ImageDataGenerator

RNG = np.random.default_rng(2018)


def photo(height, width):
    """Smooth waves of three colours with an edge through them: no file, and shrinks well."""
    row, column = np.mgrid[:height, :width] / 9
    waves = [np.sin(row + 0.7 * column), np.cos(row - column), np.sin(2 * column)]
    return np.stack(waves, axis=2) * 90 + 128 + 35 * (row + column > 3)[..., None]


IMAGES = {
    "photo": photo(17, 26).round().astype(np.uint8),
    "noise": RNG.integers(0, 256, (9, 7, 3)).astype(np.uint8),
    "row": RNG.integers(0, 256, (1, 9, 3)).astype(np.uint8),
    "pixel": RNG.integers(0, 256, (1, 1, 3)).astype(np.uint8),
}
MOVES = [
    moves | {"fill_mode": mode}
    for mode in ("nearest", "reflect", "wrap", "constant")
    for moves in (
        {},
        {"theta": 33.5},
        {"tx": 3.25, "ty": -4.6},
        {"tx": -2, "ty": 5},
        {"shear": 25.0},
        {"zx": 1.3, "zy": 0.7},
        {"theta": -17.0, "tx": 2.4, "ty": 1.1, "shear": 12.0, "zx": 0.85, "zy": 1.2},
        {"theta": 80.0, "tx": -7.3, "ty": 9.9, "shear": -20.0, "zx": 1.7, "zy": 1.6},
    )
]
CVAL = 77
SHIFTS = (-60.3, -0.4, 0.0, 17.7, 200.0)


def transformed(image, parameters, **options):
    result = ImageDataGenerator(**options).apply_transform(image.astype(np.float32), parameters)
    assert 0 <= result.min() <= result.max() <= 255
    return np.rint(result).astype(np.uint8)


def main():
    made = {"moves": np.array(json.dumps(MOVES)), "shifts": np.array(SHIFTS)}
    for name, image in IMAGES.items():
        made[name] = image
        made[f"{name} moved"] = np.stack(
            [transformed(image, moves, fill_mode=moves["fill_mode"], cval=CVAL) for moves in MOVES]
        )
        made[f"{name} shifted"] = np.stack(
            [transformed(image, {"channel_shift_intensity": shift}) for shift in SHIFTS]
        )
    np.savez_compressed(Path(__file__).with_name("keras.npz"), **made)


if __name__ == "__main__":
    main()
