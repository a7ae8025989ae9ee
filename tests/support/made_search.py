"""The state of a search that no network was trained for."""


def state_of(final, **changes):
    """A state whose test came to these accuracies: {mode: [one a seed]}; `changes` are those of the
    test."""
    runs = [
        {
            "part": part, "mode": mode, "seed": seed, "epochs": 20, "seconds": 25.0,
            "epoch_seconds": 1.2, "accuracy": accuracy,
        }
        for part, modes in (("rung-0", {"hflip": [0.6], "noise(3)": [0.5]}), ("final", final))
        for mode, values in modes.items()
        for seed, accuracy in enumerate(values)
    ]  # fmt: skip
    return {
        "settings": {
            "budget": 1800.0, "config": {"epochs": 20, "holdout": 0.25, "network": "lenet"},
        },
        "command": "python tools/train.py --data photos --recipe small --augment",
        "data": {
            "name": "photos", "fingerprint": "0", "train": 100, "eval": 346,
            "tested_on": "the eval list",
        },
        "candidates": ["hflip", "noise(3)"],
        "runs": runs, "spent": 450.0, "side_by_side": 1,
        "plan": {
            "rungs": [{"candidates": 2, "epochs": 5, "seeds": 1}],
            "final": {"candidates": 3, "epochs": 20, "seeds": 3},
            "reserved": 700.0,
        },
        "rungs": [
            {
                "candidates": ["hflip", "noise(3)"], "epochs": 5, "seeds": [0], "stopped": False,
                "ranking": [["hflip", 0.6], ["noise(3)", 0.5]],
            }
        ],
        "final": {
            "modes": ["hflip", "none", "userDef"], "epochs": 20, "seeds": [0, 1, 2],
            "last_epochs": 5, "stopped": False, "finished": True, **changes,
        },
    }  # fmt: skip
