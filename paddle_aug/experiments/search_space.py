"""The candidates of a search: operations at several strengths, their arrangements, and mixes.

All are texts as `--augment` takes them. To extend the space, add to a table. A row of OPERATIONS is
a family; a pipeline has at most one member of each family, in the order of the table.
"""

from collections.abc import Sequence

import numpy as np

from paddle_aug.rng import generator

OPERATIONS = {
    "flip": ("hflip",),
    "turning": (
        "rotate(5)",
        "rotate(15)",
        "rotate(45)",
        "affine(0.05, 0.03, 4, 3)",
        "affine(0.1, 0.08, 12, 8)",
        "affine(0.25, 0.15, 30, 16)",
    ),
    "framing": (
        "center_crop_resize(1.15)",
        "center_crop_resize(1.3)",
        "center_crop_resize(1.6)",
        "random_resized_crop(area=(0.7, 1.0))",
        "random_resized_crop(area=(0.4, 1.0))",
        "random_resized_crop(area=(0.08, 1.0))",
    ),
    "light": (
        "brightness(0.1)",
        "brightness(0.3)",
        "brightness(0.6)",
        "contrast(0.1)",
        "contrast(0.3)",
        "contrast(0.6)",
        "brightness(0.3)|contrast(0.3)",
    ),
    "colour": (
        "color(0.1)",
        "color(0.3)",
        "color(0.8)",
        "color_jitter(0.1, 0.1, 0.1, 0.02)",
        "color_jitter(0.3, 0.3, 0.3, 0.05)",
        "color_jitter(0.5, 0.5, 0.5, 0.2)",
    ),
    "noise": ("noise(3)", "noise(10)", "noise(25)"),
    "blur": ("gaussian_blur(0.5)", "gaussian_blur(1.0)", "gaussian_blur(2.0)"),
    "holes": (
        "coarse_dropout((0.0, 0.05), (0.1, 0.2))",
        "coarse_dropout((0.0, 0.15), (0.1, 0.2))",
        "coarse_dropout((0.1, 0.3), (0.1, 0.2))",
        "maybe(0.5, cutout(16))",
        "cutout(16)",
        "random_erasing",
    ),
}

MODES = (
    "userDef", "imgaugLib", "allab", "allba", "trivialaugment", "randaugment", "samplePairing",
    "mixup",
)  # fmt: skip

MIXES = ("mixup:0.2", "mixup:1.0", "cutmix", "resizemix", "samplePairing")

MAX_MEMBERS = 4
MODE_EVERY = 3  # candidates, until all modes are proposed
MIXED = 0.25  # of the pipelines
# How the members of a pipeline are arranged, and how often.
ARRANGEMENTS = (("{chain}", 0.6), ("shuffled({members})", 0.2), ("someof(1, {n}, {members})", 0.2))

# After this many repeats in a row, the space counts as exhausted.
_PATIENCE = 1000


def propose(seed: int, count: int) -> list[str]:
    """The first candidates of this seed's list; fewer if the space has no more."""
    rng = generator(seed, "search")
    modes = [MODES[place] for place in rng.permutation(len(MODES))]
    proposed: list[str] = []
    repeats = 0
    while len(proposed) < count and repeats < _PATIENCE:
        is_mode = modes and len(proposed) % MODE_EVERY == 0
        candidate = modes.pop() if is_mode else _pipeline(rng)
        repeats = repeats + 1 if candidate in proposed else 0
        if not repeats:
            proposed.append(candidate)
    return proposed


def _pipeline(rng: np.random.Generator) -> str:
    families = list(OPERATIONS.values())
    count = int(rng.integers(1, MAX_MEMBERS + 1))
    chosen = sorted(rng.permutation(len(families))[:count].tolist())
    members = [_one_of(rng, families[place]) for place in chosen]
    texts, weights = zip(*ARRANGEMENTS, strict=True)
    arrangement = texts[rng.choice(len(texts), p=weights)] if count > 1 else "{chain}"
    pipeline = arrangement.format(chain="|".join(members), members=", ".join(members), n=count)
    mix, is_mixed = _one_of(rng, MIXES), rng.random() < MIXED
    return f"{pipeline}+{mix}" if is_mixed else pipeline


def _one_of(rng: np.random.Generator, items: Sequence[str]) -> str:
    return items[int(rng.integers(len(items)))]
