"""Records of epochs come back as they were given, and take little memory."""

import sys
import tracemalloc

import numpy as np
import pytest

from paddle_aug.training.history import MOST_RESERVED, Column, Epochs

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


def test_a_column_is_the_numbers_that_were_appended():
    column = Column([1.5, 2])
    for number in range(100):
        column.append(number)
    numbers = [1.5, 2.0, *map(float, range(100))]
    assert (list(column), len(column), column[-1], type(column[0])) == (numbers, 102, 99.0, float)
    assert column[1:4].tolist() == [2.0, 0.0, 1.0]
    assert np.asarray(column).dtype == np.float64
    assert np.array(column, np.float32).tolist() == numbers
    assert column == Column(numbers)
    assert column != Column(numbers[:-1])
    assert repr(Column([0.5])) == "Column([0.5])"
    for index in (102, -103):
        with pytest.raises(IndexError):
            column[index]


def test_what_a_column_gives_cannot_be_written_to_and_stays():
    column = Column([1.0])
    given = column.array
    column.append(2.0)
    assert given.tolist() == [1.0]
    with pytest.raises(ValueError, match="read-only"):
        given[0] = 3


@pytest.mark.parametrize("reserved", [0, 5, 1000])
def test_reserved_room_changes_no_number(reserved):
    epochs = Epochs([PLAIN, TOLD])
    epochs.reserve(reserved)
    epochs.append(PLAIN)
    assert list(epochs) == [PLAIN, TOLD, PLAIN]


def test_no_memory_is_taken_for_what_has_its_room():
    column = Column([1.0])
    column.reserve(1000)
    tracemalloc.start()
    for _ in range(999):
        column.append(1.0)
    grown = tracemalloc.get_traced_memory()[0]
    tracemalloc.stop()
    assert grown < 1000 < 999 * 8
    assert len(column) == 1000


def test_not_more_room_is_reserved_than_any_training_needs():
    tracemalloc.start()
    Epochs().reserve(10**9)
    most = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert most < 4 * 8 * MOST_RESERVED
