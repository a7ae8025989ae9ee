"""Training goes on with a checkpoint only if all is there that it reads from it."""

import copy

import numpy as np
import pytest

from paddle_aug.results.runlog import CURVES
from paddle_aug.training.checkpoint_schema import fault, settings_fault
from paddle_aug.training.history import NUMBERS

STATE = {
    "network": {},
    "optimizer": {},
    "average": {"steps": 4, "weights": {}},
    "scaler": {},
    "curves": {name: np.array([0.5, np.nan]) for name in CURVES},
    "epochs": {
        "numbers": {name: np.ones(2) for name in NUMBERS},
        "others": {0: {"right": [1, 0]}, 1: {"right": [1, 1], "clean": {"loss": 0.5, "acc": 1.0}}},
    },
    "sessions": [{"argv": ["tools/train.py"], "versions": {}, "commit": None, "device": "cpu"}],
    "test": None,
    "config": {"epochs": 3},
    "data": {"fingerprint": "0", "classes": 2},
}  # fmt: skip
IN_LISTS = {
    "curves": {name: [0.5, float("nan")] for name in CURVES},
    "epochs": [{"seconds": 1.0, "right": [1, 0]}, {"seconds": 1.0}],
}
NO_EPOCHS = [
    {
        "curves": {name: np.empty(0) for name in CURVES},
        "epochs": {"numbers": {name: np.empty(0) for name in NUMBERS}, "others": {}},
    },
    {"curves": {name: [] for name in CURVES}, "epochs": []},
]


@pytest.mark.parametrize("none", NO_EPOCHS)
def test_a_checkpoint_of_some_epochs_is_whole(none):
    assert fault(STATE) is None
    assert fault({**STATE, **IN_LISTS}) is None
    assert fault({**STATE, "test": {"loss": 1.0, "acc": 0.5}}) is None
    assert fault({**STATE, **none}) == "it has no epoch"


@pytest.mark.parametrize("name", STATE)
def test_nothing_may_be_missing(name):
    without = {key: value for key, value in STATE.items() if key != name}
    assert fault(without) == f"it: {name} is missing"


@pytest.mark.parametrize(
    ("path", "value", "told"),
    [
        (("network",), [1], "it: network must be an object"),
        (("curves", "accEval"), [0.5, 0.5], "it: curves: accEval must be an array of float64"),
        (("curves", "accEval"), np.ones((2, 1)), "it: curves: accEval must be an array of float64"),
        (("curves", "accEval"), np.ones(2, ">f8"), "it: curves: accEval must be an array of float"),
        (("curves", "accEval"), np.ones(1), "it has 2 epochs, and accEval 1"),
        (("epochs", "numbers", "seconds"), np.ones(3), "it has 3 epochs, and lossTrain 2"),
        (("epochs", "numbers", "data_wait"), np.ones(3), "it has 2 epochs, and data_wait 3"),
        (("epochs", "others", 2), {}, "it has 2 epochs, and tells of epoch 2"),
        (("epochs", "others", "1"), {}, "it has 2 epochs, and tells of epoch 1"),
        (("epochs", "others", 1), 3, "it: epochs 1 is no record of an epoch"),
        (("epochs", "others", 1), {"left": []}, "it: epochs 1 is no record of an epoch"),
        (("epochs", "others", 1, "right"), np.ones(2), "it: epochs 1: right must be a list"),
        (("average", "steps"), -1, "it: average: steps must be a whole number of at least 0"),
        (("sessions",), [], "it has no session"),
        (("sessions", 0, "argv"), "x", "it: sessions 0: argv must be a list"),
        (("test",), {"loss": 1.0}, "it: test: acc is missing"),
        (("config",), None, "it: config must be an object"),
        (("data", "fingerprint"), 0, "it: data: fingerprint must be a string"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_told_with_its_place(path, value, told):
    assert fault(changed(STATE, path, value)).startswith(told)


@pytest.mark.parametrize(
    ("path", "value", "told"),
    [
        (("curves", "accEval"), [0.5, "high"], "it: curves: accEval 1 must be a floating-point"),
        (("curves", "accEval"), [0.5], "it has 2 epochs, and accEval 1"),
        (("epochs",), [{}], "it has 1 epochs, and lossTrain 2"),
        (("epochs", 0), 3, "it: epochs 0 must be an object"),
        (("epochs", 1, "seconds"), "long", "it: epochs 1 is no record of an epoch"),
        (("epochs", 0, "right"), 3, "it: epochs 0: right must be a list"),
    ],
)
def test_what_is_wrong_in_the_lists_of_an_earlier_version_is_told_too(path, value, told):
    assert fault(changed({**STATE, **IN_LISTS}, path, value)).startswith(told)


def changed(state, path, value):
    state = copy.deepcopy(state)
    inside = state
    for step in path[:-1]:
        inside = inside[step]
    inside[path[-1]] = value
    return state


def test_a_finished_run_tells_what_it_was_trained_on():
    settings = {name: STATE[name] for name in ("config", "data")} | {"epochs": IN_LISTS["epochs"]}
    assert settings_fault(settings) is None
    assert settings_fault({**settings, "test": 0}) == "it: test must be an object"
    assert settings_fault({**settings, "config": 3}) == "it: config must be an object"
