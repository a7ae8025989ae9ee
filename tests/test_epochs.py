"""Records of epochs come back as they were given, and take little memory."""

import sys
import tracemalloc

import numpy as np
import pytest

from paddle_aug.epochs import Epochs

PLAIN = {"seconds": 1.25, "data_wait": 0.0, "images_per_s": 288.5}
TOLD = {**PLAIN, "right": [1, 2], "clean": {"loss": 0.5, "acc": 0.75}}
ODD = {"seconds": "long", "data_wait": 10**400, "images_per_s": 1.0, "note": None}


def test_records_come_back_as_they_were_given():
    records = [PLAIN, TOLD, ODD, {}]
    epochs = Epochs(records)
    assert len(epochs) == 4
    assert list(epochs) == records
    assert (epochs[1], epochs[-1], epochs[1:3]) == (TOLD, {}, [TOLD, ODD])
    assert list(epochs[1]) == list(TOLD)
    with pytest.raises(IndexError):
        epochs[4]


def test_what_a_state_says_is_gone_on_with():
    epochs = Epochs([PLAIN, TOLD])
    state = epochs.state_dict()
    assert all(column.dtype == np.float64 for column in state["numbers"].values())
    again = Epochs.of(state)
    again.append(PLAIN)
    again.forget("right", 1)
    assert list(epochs) == [PLAIN, TOLD]
    assert list(again)[::2] == [PLAIN, PLAIN]
    assert list(Epochs.of([PLAIN, TOLD])) == [PLAIN, TOLD]


def test_what_is_forgotten_leaves_nothing():
    epochs = Epochs([TOLD, {**PLAIN, "right": [3]}])
    for index in (-5, 0, 1, 2):
        epochs.forget("right", index)
    assert list(epochs) == [{**PLAIN, "clean": TOLD["clean"]}, PLAIN]
    assert epochs.others.keys() == {0}


def test_an_epoch_takes_less_than_an_eighth_of_a_dicts_memory():
    tracemalloc.start()
    epochs = Epochs({name: float(at) for name in PLAIN} for at in range(10_000))
    epochs_take = tracemalloc.get_traced_memory()[0] / len(epochs)
    tracemalloc.stop()
    assert epochs_take < (sys.getsizeof(PLAIN) + 3 * sys.getsizeof(1.5)) / 8
