"""Logs of runs for tests of figures and tables."""

from pathlib import Path

import numpy as np

from paddle_aug.results import runlog
from paddle_aug.rng import generator

NOTEBOOK_MODES = ("", "userDef", "imgaugLib", "allab", "allba")


def curves(epochs: int = 12, seed: int = 0) -> dict[str, list[float]]:
    """Curves of the usual shape: loss falls, accuracy rises from 0 to below 1."""
    rng, epoch = generator(seed, "noise"), np.arange(1, epochs + 1)
    rise = 1 - np.exp(-epoch / 5)
    return {
        "lossTrain": list(2.8 * (1 - rise) + 0.05 * rng.random(epochs)),
        "accTrain": list(0.9 * rise + 0.05 * rng.random(epochs)),
        "lossEval": list(2.8 - rise + 0.05 * rng.random(epochs)),
        "accEval": list(0.6 * rise + 0.05 * rng.random(epochs)),
    }


def logs(folder: Path, modes=NOTEBOOK_MODES, epochs: int = 12, seed: int = 0, **run) -> Path:
    """Write a run of each mode; `run` goes into their run.json."""
    for mode in modes:
        runlog.write(folder, mode, curves(epochs, seed), {"augment": mode, "seed": seed, **run})
    return folder
