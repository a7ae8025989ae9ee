"""What a run keeps of each of its epochs, in columns: as dicts they take many times the memory, and
as much again whenever all are written."""

from collections.abc import Iterable, Iterator, Sequence
from math import isnan, nan

import numpy as np

NUMBERS = ("seconds", "data_wait", "images_per_s")
MOST_RESERVED = 2**17  # numbers, a megabyte


class Column(Sequence[float]):
    """Numbers to which others are appended, float64."""

    def __init__(self, numbers: Sequence[float] | np.ndarray = ()):
        self._room = np.array(numbers, np.float64)
        self._length = len(self._room)

    def reserve(self, count: int) -> None:
        """Take the memory of so many at once, or of MOST_RESERVED: a training that has begun then
        neither grows with its epochs, nor ends for want of memory for them."""
        count = min(count, MOST_RESERVED)
        if count > len(self._room):
            room = np.full(count, nan)  # written to, as the system gives memory only then
            room[: self._length] = self.array
            self._room = room

    @property
    def array(self) -> np.ndarray:
        """The numbers so far, not copied, and not to be written to."""
        numbers = self._room[: self._length]
        numbers.flags.writeable = False
        return numbers

    def append(self, number: float) -> None:
        if self._length == len(self._room):
            self._room = np.concatenate([self._room, np.full(max(16, self._length // 8), nan)])
        self._room[self._length] = number
        self._length += 1

    def __len__(self) -> int:
        return self._length

    def __iter__(self) -> Iterator[float]:
        return iter(memoryview(self.array))

    def __getitem__(self, index):
        numbers = self.array[index]
        return numbers if isinstance(index, slice) else float(numbers)

    def __array__(self, dtype=None, copy=None) -> np.ndarray:
        return np.array(self.array, dtype) if copy else np.asarray(self.array, dtype)

    def __eq__(self, other) -> bool:
        if not isinstance(other, Column):
            return NotImplemented
        return np.array_equal(self.array, other.array)

    __hash__ = None  # type: ignore[assignment]

    def __repr__(self) -> str:
        return f"Column({self.array.tolist()})"


class Epochs(Sequence[dict]):
    """Records of finished epochs, each a new dict when it is asked for.

    The numbers of NUMBERS have a column each. Whatever else a record has is kept as it is, and is
    for few of them: see `forget`.
    """

    def __init__(self, records: Iterable[dict] = ()):
        self.numbers = {name: Column() for name in NUMBERS}
        self.others: dict[int, dict] = {}
        for record in records:
            self.append(record)

    @classmethod
    def of(cls, state: dict | list[dict]) -> "Epochs":
        """What `state_dict` has told, or a list of records, as checkpoints had before."""
        if isinstance(state, list):
            return cls(state)
        made = cls()
        made.numbers = {name: Column(state["numbers"][name]) for name in NUMBERS}
        made.others = {at: dict(others) for at, others in state["others"].items()}
        return made

    def state_dict(self) -> dict:
        """What `of` takes to go on from here."""
        numbers = {name: column.array for name, column in self.numbers.items()}
        return {"numbers": numbers, "others": self.others}

    def reserve(self, count: int) -> None:
        """As `Column.reserve`, for so many records."""
        for column in self.numbers.values():
            column.reserve(count)

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
