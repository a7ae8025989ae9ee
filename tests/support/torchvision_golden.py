"""What torchvision itself made and drew; see golden/make_torchvision.py."""

import json
import math
from pathlib import Path

import numpy as np

GOLDEN = np.load(Path(__file__).parent.parent / "golden" / "torchvision.npz", allow_pickle=False)
ASKED = json.loads(str(GOLDEN["asked"]))
PHOTO, NOISE = GOLDEN["photo"], GOLDEN["noise"]
PHOTO.flags.writeable = NOISE.flags.writeable = False


def golden(name: str) -> list:
    """What was asked for and what torchvision made of it, in pairs."""
    return [(asked, GOLDEN[f"{name} {index}"]) for index, asked in enumerate(ASKED[name])]


def distance(ours, theirs) -> float:
    """Kolmogorov and Smirnov's distance of two samples, over its critical value at 1 %."""
    ours, theirs = np.sort(ours), np.sort(theirs)
    levels = np.concatenate([ours, theirs])
    shares = [np.searchsorted(x, levels, side="right") / len(x) for x in (ours, theirs)]
    critical = 1.628 * math.sqrt((len(ours) + len(theirs)) / (len(ours) * len(theirs)))
    return float(abs(shares[0] - shares[1]).max() / critical)
