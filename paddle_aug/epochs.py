"""What a run keeps of each of its epochs, in columns: as dicts they take many times the memory, and
as much again whenever all are written."""

from array import array
from collections.abc import Iterable, Iterator, Sequence
from math import isnan, nan

import numpy as np

NUMBERS = ("seconds", "data_wait", "images_per_s")


class Epochs(Sequence[dict]):
    """Records of finished epochs, each a new dict when it is asked for.

    The numbers of NUMBERS have a column each. Whatever else a record has is kept as it is, and is
    for few of them: see `forget`.
    """

    def __init__(self, records: Iterable[dict] = ()):
        self.numbers = {name: array("d") for name in NUMBERS}
        self.others: dict[int, dict] = {}
        for record in records:
            self.append(record)

    @classmethod
    def of(cls, state: dict | list[dict]) -> "Epochs":
        """What `state_dict` has told, or a list of records, as checkpoints had before."""
        if isinstance(state, list):
            return cls(state)
        made = cls()
        made.numbers = {name: array("d", state["numbers"][name]) for name in NUMBERS}
        made.others = {at: dict(others) for at, others in state["others"].items()}
        return made

    def state_dict(self) -> dict:
        """What `of` takes to go on from here."""
        numbers = {name: np.array(column) for name, column in self.numbers.items()}
        return {"numbers": numbers, "others": self.others}

    def append(self, record: dict) -> None:
        others = dict(record)
        for name, column in self.numbers.items():
            number = others.get(name)
            there = isinstance(number, float) and not isnan(number)
            column.append(others.pop(name) if there else nan)
        if others:
            self.others[len(self) - 1] = others

    def forget(self, name: str, index: int) -> None:
        """Leave out what no column has of one epoch, if it is there."""
        others = self.others.get(index, {})
        others.pop(name, None)
        if not others:
            self.others.pop(index, None)

    def __len__(self) -> int:
        return len(self.numbers[NUMBERS[0]])

    def __iter__(self) -> Iterator[dict]:
        return map(self.__getitem__, range(len(self)))

    def __getitem__(self, index):
        at = range(len(self))[index]
        if isinstance(at, range):
            return [self[each] for each in at]
        numbers = {name: column[at] for name, column in self.numbers.items()}
        there = {name: number for name, number in numbers.items() if not isnan(number)}
        return there | self.others.get(at, {})
