"""Comparisons made of invented curves, which no network was trained for."""

import json
import math
from pathlib import Path

import numpy as np

from paddle_aug.experiments import compare_results
from paddle_aug.results import runlog
from paddle_aug.system.files import read_json, write_json

CLASS_NAMES = ["ant", "bee", "cat"]
EVAL_OF_CLASS = [40, 30, 30]


def curves_of(accuracy, epochs):
    """Curves that end at an accuracy, from 0 to 1."""
    rising = np.linspace(0.3, accuracy, epochs)
    rising[-10:] = accuracy
    return {
        "lossTrain": list(1.2 - rising),
        "accTrain": list(np.minimum(rising + 0.1, 1)),
        "lossEval": list(1.5 - rising),
        "accEval": list(rising),
    }


def write_run(
    folder, mode, seed, accuracy, epochs=20, finished=True, right=None, train=80,
    eval_of_class=EVAL_OF_CLASS,
):  # fmt: skip
    """The logs of a run; `right` is the share of each class in the last ten epochs. A run whose
    accuracy is NaN diverged in its third epoch."""
    if math.isnan(accuracy):
        write_run(folder, mode, seed, 0.5, 2, False, right, train)
        file = runlog.run_file(folder, mode)
        write_json(file, {**read_json(file), "diverged": {"epoch": 3}})
        for array in folder.glob(f"{runlog.prefix(mode)}*.npy"):
            np.save(array, np.append(np.load(array), np.nan))
        return
    right = [accuracy] * 3 if right is None else right
    counts = [round(share * count) for share, count in zip(right, eval_of_class, strict=True)]
    facts = {
        "augment": mode,
        "seed": seed,
        "finished": finished,
        "commit": "0123abc",
        "data": {"train": train, "eval": 100, "eval_of_class": eval_of_class},
        "epochs": [
            {"seconds": 2.0, "data_wait": 0.1, "images_per_s": 50.0}
            | ({"right": counts} if epoch >= epochs - 10 else {})
            for epoch in range(epochs)
        ],
    }
    runlog.write(folder, mode, curves_of(accuracy, epochs), facts)


def write_comparison(folder, accuracies, epochs=20, tenth=None, command="", **settings):
    """A comparison: `accuracies` by mode are those of seeds 0, 1, …, with None for a run that is
    not done and NaN for one that diverged; `tenth` are those on a tenth of the training list."""
    folder = Path(folder)
    modes = list(accuracies)
    seeds = max(map(len, accuracies.values()))
    write_json(
        folder / compare_results.STATE,
        {
            "settings": {
                "config": {
                    "epochs": epochs, "holdout": 0.0, "learning_rate": 0.001, "network": "lenet",
                    "image_size": 32, "batch_size": 8, "optimizer": "adam", "schedule": "constant",
                },
                "modes": modes,
                "baseline": modes[0],
                "seeds": list(range(seeds)),
                "fractions": [0.1, 1.0] if tenth else [1.0],
                "rates": [],
                "budget": None,
                **settings,
            },
            "command": command or "python tools/compare.py --modes " + ",".join(modes),
            "recipe": {"name": "small", "epochs": 20},
            "commit": "0123abc",
            "data": {"name": "made", "fingerprint": "f00d", "class_names": CLASS_NAMES},
            "versions": {"paddle_aug": "0.1.0", "paddle": "3.3.1", "imgaug": None},
            "threads": 1,
            "side_by_side": 2,
            "rates": {},
            "tuning": [],
            "spent": 60.0,
            "finished": True,
        },
    )  # fmt: skip
    for part, by_mode, train in ((".", accuracies, 80), ("fraction-0.1", tenth or {}, 8)):
        for mode, values in by_mode.items():
            for seed, accuracy in enumerate(values):
                if accuracy is not None:
                    logs = folder / part / f"seed-{seed}"
                    write_run(logs, mode, seed, accuracy, epochs, train=train)
    return folder


def change_state(folder, **changes):
    """Change what compare.json says."""
    file = Path(folder) / compare_results.STATE
    state = json.loads(file.read_text())
    state |= changes
    write_json(file, state)
