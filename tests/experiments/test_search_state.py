"""A search goes on with a search.json only if all is there that it reads from it."""

import copy

import pytest

from paddle_aug.experiments.search_state import fault

RUN = {
    "part": "rung-0", "mode": "hflip", "seed": 4, "epochs": 2, "seconds": 3.0,
    "epoch_seconds": 1, "accuracy": 0.5,
}  # fmt: skip
STATE = {
    "settings": {"config": {"epochs": 2}, "budget": 60.0},
    "data": {"fingerprint": "0", "train": 4, "eval": 2, "tested_on": "the eval list"},
    "candidates": ["hflip", "vflip"],
    "runs": [RUN],
    "plan": {
        "rungs": [{"candidates": 2, "epochs": 2, "seeds": 1}],
        "final": {"candidates": 2, "epochs": 2, "seeds": 1},
        "reserved": 9.0,
    },
    "rungs": [
        {"candidates": ["hflip"], "epochs": 2, "seeds": [4], "stopped": False,
         "ranking": [["hflip", 0.5]]}
    ],
    "final": {"modes": ["hflip", "none"], "epochs": 2, "seeds": [5], "last_epochs": 1,
              "stopped": False, "finished": False},
}  # fmt: skip


def test_a_search_that_was_left_at_any_point_is_whole():
    assert fault(STATE) is None
    assert fault({**STATE, "final": None}) is None
    assert fault({**STATE, "final": None, "rungs": []}) is None
    assert fault({**STATE, "final": None, "rungs": [], "plan": None, "runs": []}) is None


@pytest.mark.parametrize(
    ("path", "value", "told"),
    [
        (("settings", "budget"), "60", "it: settings: budget is not a number from 0 on"),
        (("settings",), [], "it: settings is no object"),
        (("data", "eval"), -1, "it: data: eval is not a whole number above 0"),
        (("candidates",), "hflip", "it: candidates is no list"),
        (("candidates", 1), 3, "it: candidates 1 is not a text"),
        (("runs", 0, "epochs"), 0, "it: runs 0: epochs is not a whole number above 0"),
        (("runs", 0, "seconds"), float("nan"), "it: runs 0: seconds is not a number from 0 on"),
        (("runs", 0, "accuracy"), 10**400, "it: runs 0: accuracy is not a number from 0 on"),
        (("runs", 0, "seed"), True, "it: runs 0: seed is not int"),
        (("runs", 0), {}, "it: runs 0: part is missing"),
        (("rungs", 0, "ranking"), [["hflip"]], "it: rungs 0: ranking 0 is no pair"),
        (("rungs", 0, "stopped"), 0, "it: rungs 0: stopped is not bool"),
        (("final", "modes"), None, "it: final: modes is no list"),
        (("plan", "rungs"), [], "its plan has no rung"),
        (("plan",), None, "it has rungs that were not planned"),
        (("rungs", 0, "candidates"), ["x"], "rung 0 has candidates that were not proposed"),
        (("runs", 0, "mode"), "vflip", "rung 0 ranks hflip, which was not trained"),
        (("final", "modes"), [], "it has a test without a winner"),
        (("rungs",), [], "it has a test without a winner"),
    ],
)
def test_what_is_missing_or_something_else_is_named(path, value, told):
    state = copy.deepcopy(STATE)
    *above, last = path
    inside = state
    for key in above:
        inside = inside[key]
    inside[last] = value
    assert fault(state) == told
