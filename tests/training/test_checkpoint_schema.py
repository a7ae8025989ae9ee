"""A checkpoint is resumed only if it holds all that resuming reads, whichever version wrote it."""

from pathlib import Path

import numpy as np
import pytest

from paddle_aug.errors import UserError
from paddle_aug.results.runlog import CURVES
from paddle_aug.training.checkpoint_schema import FINISHED, current, refuse_damaged

PATH = Path("run.pdstates")
EPOCHS = [{"seconds": 1.0, "right": [1, 0]}, {"seconds": 2.0, "data_wait": 0.5}]
STATE = {
    "network": {}, "optimizer": {}, "scaler": {}, "average": {"steps": 4, "weights": {}},
    "curves": {name: [0.5, float("nan")] for name in CURVES}, "epochs": EPOCHS,
    "sessions": [{"argv": ["tools/train.py"], "versions": {}, "commit": None, "device": "cpu"}],
    "test": None, "config": {"epochs": 3}, "data": {"fingerprint": "0", "classes": 2},
}  # fmt: skip
IN_COLUMNS = {
    "curves": {name: np.array([0.5, np.nan]) for name in CURVES},
    "epochs": {
        "numbers": {"seconds": np.array([1.0, 2.0]), "data_wait": np.array([np.nan, 0.5])},
        "others": {0: {"right": [1, 0]}},
    },
}


@pytest.mark.parametrize("more", [{"format": 2, "stopped": True}, {"part": None}, IN_COLUMNS])
def test_checkpoints_of_all_versions_are_read(more):
    state = current({**STATE, **more}, PATH)
    assert state["epochs"] == EPOCHS
    assert state["curves"]["accEval"][0] == 0.5
    assert state["stopped"] is more.get("stopped", False)


@pytest.mark.parametrize("name", STATE)
def test_nothing_may_be_missing(name):
    with pytest.raises(UserError, match=r"cannot resume from run\.pdstates: it is damaged \("):
        current({key: value for key, value in STATE.items() if key != name}, PATH)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"network": [1]}, "it: network must be an object"),
        ({"curves": {**STATE["curves"], "accEval": "ab"}}, "its curves or epochs cannot be read"),
        ({"curves": {**STATE["curves"], "accEval": [0.5]}}, "are not of one length"),
        ({"epochs": [{}]}, "are not of one length"),
        ({"epochs": [], "curves": {name: [] for name in CURVES}}, "are not of one length"),
        ({"epochs": {"numbers": {"seconds": np.ones(3)}, "others": {}}}, "are not of one length"),
        ({"epochs": {"numbers": {}}}, "its curves or epochs cannot be read"),
        ({"average": {"steps": -1, "weights": {}}}, "steps must be a whole number of at least 0"),
        ({"sessions": []}, "it has no sessions"),
        ({"test": {"loss": 1.0}}, "it: test: acc is missing"),
        ({"data": {"fingerprint": 0, "classes": 2}}, "fingerprint must be a string"),
        ({"format": 3}, "written by a later version"),
        ({"part": {"step": 2}}, "in the middle of epoch 3 by an earlier version"),
    ],
)  # fmt: skip
def test_the_message_says_what_is_wrong(change, message):
    with pytest.raises(UserError, match=message):
        current({**STATE, **change}, PATH)


def test_a_finished_runs_json_is_checked_too():
    run = {name: STATE[name] for name in ("config", "data", "epochs", "test")}
    refuse_damaged(run, FINISHED, PATH)
    with pytest.raises(UserError, match="it: test must be an object"):
        refuse_damaged({**run, "test": 0}, FINISHED, PATH)
