"""What a checkpoint must hold, so that training can go on with it; arrays aside, which are compared
with those of the network and of the optimizer."""

import numpy as np

from paddle_aug.dropout import MARK
from paddle_aug.runlog import CURVES
from paddle_aug.schema import COUNT, NUMBER, PART, TEXT, WHOLE, misfit

SETTINGS = {"config": {}, "data": {"fingerprint": TEXT, "classes": COUNT}, "epochs": [{}]}
MEANS = {"loss": NUMBER, "acc": NUMBER}
SCHEMA = {
    **SETTINGS,
    "network": {},
    "optimizer": {},
    "average": {"steps": WHOLE, "weights": {}},
    "scaler": {},
    "curves": {name: [NUMBER] for name in CURVES},
    "sessions": [{"argv": [TEXT], "versions": {}, "commit": (None, TEXT), "device": TEXT}],
    "test": (None, MEANS),
    "part": (
        None,
        {
            "step": WHOLE,
            "total": {"loss": NUMBER, "correct": NUMBER, "right": [NUMBER], "count": WHOLE},
            "seconds": PART,
            "waited": PART,
            "dropout": {"paddle": TEXT, "device": TEXT},
        },
    ),
}


def fault(state: dict) -> str | None:
    """What is wrong with a checkpoint."""
    return misfit(state, SCHEMA, "it") or _contradiction(state)


def settings_fault(run: dict) -> str | None:
    """What is wrong with the run.json of a finished run; `test` has come later than the rest."""
    return misfit({"test": None, **run}, {**SETTINGS, "test": (None, MEANS)}, "it")


def _contradiction(state: dict) -> str | None:
    """Where one part of a checkpoint speaks of what another has not."""
    epochs, part = len(state["epochs"]), state["part"]
    for name, curve in state["curves"].items():
        if len(curve) != epochs:
            return f"it has {epochs} epochs, and {name} {len(curve)}"
    if not state["sessions"]:
        return "it has no session"
    if not epochs and not part:
        return "it has no epoch"
    if not part:
        return None
    total, dropout = part["total"], part["dropout"]
    if bool(total["count"]) != bool(part["step"]):
        return f"it counts {total['count']} images in {part['step']} steps"
    if len(total["right"]) not in (1, state["data"]["classes"]):
        return f"it counts {len(total['right'])} classes"
    if dropout["device"] == "cpu":
        mark = dropout.get("next")
        if not isinstance(mark, np.ndarray) or mark.shape != (MARK,) or mark.dtype.kind != "f":
            return "it does not tell where the generator was"
    elif misfit(dropout, {"state": [WHOLE]}, "it"):
        return "it does not tell where the generator was"
    return None
