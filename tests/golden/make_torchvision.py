"""Make torchvision.npz: what torchvision makes of small pictures of Pillow's, and what it draws.

Run once, in an environment of its own, and kept:

    pip install torchvision==0.28.0 Pillow==13.0.0
    python tests/golden/make_torchvision.py

Results that have one shape are one array, in the order of their parameters in `asked`, which is
JSON; others are named by their number in it.
"""

import json
from pathlib import Path

import numpy as np
import torch
from PIL import Image
from torchvision.transforms import ColorJitter, RandomCrop, RandomResizedCrop
from torchvision.transforms import functional as F

RNG = np.random.default_rng(2022)
DRAWS = 1000

row, column = np.mgrid[:23, :31] / 7
waves = [np.sin(row + 0.7 * column), np.cos(row - column), np.sin(2 * column)]
PHOTO = (np.stack(waves, axis=2) * 90 + 128 + 35 * (row + column > 3)[..., None]).astype(np.uint8)
NOISE = RNG.integers(0, 256, (13, 10, 3)).astype(np.uint8)

SIDES = [(300, 200, 224), (200, 300, 224), (512, 512, 200), (1, 1, 7), (5, 2, 3), (2, 5, 9)]
SIDES += RNG.integers(1, 400, (40, 3)).tolist()
ASKED = {
    # Height, width, and length of the shorter side.
    "sides": SIDES,
    "resize": [[12, 16], [30, 40], [23, 31], [9, 31], [7, 50], [1, 1]],
    "center_crop": [[5, 4], [6, 7], [20, 4], [5, 21], [14, 11], [16, 15], [13, 10], [1, 1]],
    # Top and left in the padded image, height, width, padding, fill, mode.
    "crop": [
        [0, 0, 8, 7, 4, 0, "constant"],
        [9, 8, 12, 10, 4, [200, 3, 77], "constant"],
        [2, 9, 19, 9, 4, 50, "constant"],
        [0, 1, 9, 9, 4, 0, "edge"],
        [9, 2, 12, 12, 4, 0, "reflect"],
        [1, 0, 20, 18, 4, 0, "symmetric"],
        [3, 2, 5, 5, 0, 0, "constant"],
    ],
    # Top, left, height, width, and the size of the result.
    "resized_crop": [[3, 5, 17, 20, [12, 14]], [0, 0, 9, 30, [23, 31]], [22, 30, 1, 1, [5, 4]]],
    "hue": [-0.5, -0.31, -0.003, 0.0, 0.004, 0.25, 0.5],
    "rotate": [0.0, 12.5, -33.3, 45.0, 90.0, 179.9, -90.0, 359.99],
    "jitter": [
        [["brightness", 0.6], ["contrast", 1.4], ["saturation", 0.2], ["hue", 0.3]],
        [["hue", -0.4], ["saturation", 1.9], ["brightness", 1.3], ["contrast", 0.5]],
        [["contrast", 2.0], ["hue", 0.1]],
    ],
    # Height and width of the image, scale, ratio.
    "draws of random_resized_crop": [
        [200, 300, [0.08, 1.0], [3 / 4, 4 / 3]],
        [400, 500, [0.1, 1.0], [0.5, 2.0]],
        [40, 200, [0.6, 1.0], [1.0, 1.5]],
    ],
    # Height and width of the image, and of the crop.
    "draws of random_crop": [[40, 48, 32, 32]],
}


def crops(picture):
    for top, left, height, width, padding, fill, mode in ASKED["crop"]:
        fill = tuple(fill) if isinstance(fill, list) else fill
        yield F.crop(F.pad(picture, padding, fill, mode), top, left, height, width)


def jittered(picture, steps):
    for name, amount in steps:
        picture = getattr(F, f"adjust_{name}")(picture, amount)
    return picture


def main():
    torch.manual_seed(2022)
    photo, noise = Image.fromarray(PHOTO), Image.fromarray(NOISE)
    made = {"asked": np.array(json.dumps(ASKED)), "photo": PHOTO, "noise": NOISE}
    black = [Image.new("RGB", (width, height)) for height, width, _ in SIDES]
    made["sides"] = np.array(
        [F.resize(each, side).size[::-1] for each, (_, _, side) in zip(black, SIDES, strict=True)]
    )
    several = {
        "resize": [F.resize(photo, size) for size in ASKED["resize"]],
        "center_crop": [F.center_crop(noise, size) for size in ASKED["center_crop"]],
        "crop": crops(noise),
        "resized_crop": [F.resized_crop(photo, *asked) for asked in ASKED["resized_crop"]],
    }
    for name, results in several.items():
        made |= {f"{name} {index}": np.array(each) for index, each in enumerate(results)}
    made["hue"] = np.stack([F.adjust_hue(photo, shift) for shift in ASKED["hue"]])
    made["rotate"] = np.stack([F.rotate(photo, angle) for angle in ASKED["rotate"]])
    made["jitter"] = np.stack([jittered(photo, steps) for steps in ASKED["jitter"]])
    for index, (height, width, scale, ratio) in enumerate(ASKED["draws of random_resized_crop"]):
        picture = Image.new("RGB", (width, height))
        made[f"draws of random_resized_crop {index}"] = np.array(
            [RandomResizedCrop.get_params(picture, scale, ratio) for _ in range(DRAWS)], np.int16
        )
    for index, (height, width, *size) in enumerate(ASKED["draws of random_crop"]):
        picture = Image.new("RGB", (width, height))
        made[f"draws of random_crop {index}"] = np.array(
            [RandomCrop.get_params(picture, size)[:2] for _ in range(DRAWS)], np.int16
        )
    jitter = ColorJitter(0.4, (0.2, 0.9), 1.5, 0.3)
    ranges = jitter.brightness, jitter.contrast, jitter.saturation, jitter.hue
    drawn = [jitter.get_params(*ranges) for _ in range(DRAWS)]
    made["draws of color_jitter"] = np.array([each[1:] for each in drawn], np.float32)
    made["orders of color_jitter"] = np.array([each[0].tolist() for each in drawn], np.uint8)
    np.savez_compressed(Path(__file__).with_name("torchvision.npz"), **made)


if __name__ == "__main__":
    main()
