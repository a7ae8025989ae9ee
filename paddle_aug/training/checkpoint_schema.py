"""What a checkpoint must hold, so that training can go on with it; arrays aside, which are compared
with those of the network and of the optimizer."""

from typing import Any

from paddle_aug.results.runlog import CURVES
from paddle_aug.system.schema import COUNT, CURVE, NUMBER, TEXT, WHOLE, misfit
from paddle_aug.training.history import NUMBERS, Epochs

SETTINGS = {"config": {}, "data": {"fingerprint": TEXT, "classes": COUNT}, "epochs": [{}]}
MEANS = {"loss": NUMBER, "acc": NUMBER}
SCHEMA = {
    **SETTINGS,
    "epochs": {"numbers": dict.fromkeys(NUMBERS, CURVE), "others": {}},
    "network": {},
    "optimizer": {},
    "average": {"steps": WHOLE, "weights": {}},
    "scaler": {},
    "curves": dict.fromkeys(CURVES, CURVE),
    "sessions": [{"argv": [TEXT], "versions": {}, "commit": (None, TEXT), "device": TEXT}],
    "test": (None, MEANS),
}
EARLIER = {**SCHEMA, "epochs": [{}], "curves": {name: [NUMBER] for name in CURVES}}
OTHERS: dict[str, Any] = {"right": [WHOLE], "clean": MEANS}  # of an epoch, where it has them


def fault(state: dict) -> str | None:
    """What is wrong with a checkpoint, of this version or of one that kept lists."""
    schema = EARLIER if isinstance(state.get("epochs"), list) else SCHEMA
    return misfit(state, schema, "it") or _contradiction(state)


def settings_fault(run: dict) -> str | None:
    """What is wrong with the run.json of a finished run; `test` has come later than the rest."""
    return misfit({"test": None, **run}, {**SETTINGS, "test": (None, MEANS)}, "it")


def _contradiction(state: dict) -> str | None:
    """Where one part of a checkpoint speaks of what another has not."""
    kept = state["epochs"]
    kept = Epochs(kept).state_dict() if isinstance(kept, list) else kept
    epochs = len(kept["numbers"]["seconds"])
    rows = {**state["curves"], **kept["numbers"]}
    for name in (*CURVES, *NUMBERS):
        if len(rows[name]) != epochs:
            return f"it has {epochs} epochs, and {name} {len(rows[name])}"
    for at, others in kept["others"].items():
        if type(at) is not int or not 0 <= at < epochs:
            return f"it has {epochs} epochs, and tells of epoch {at}"
        if told := _misrecorded(others, f"it: epochs {at}"):
            return told
    if not state["sessions"]:
        return "it has no session"
    if not epochs and not state.get("part"):
        return "it has no epoch"
    return None


def _misrecorded(others, name: str) -> str | None:
    """What is wrong with that part of an epoch's record which only some have."""
    if not isinstance(others, dict) or not others.keys() <= OTHERS.keys():
        return f"{name} is no record of an epoch"
    return misfit(others, {key: OTHERS[key] for key in others}, name)
