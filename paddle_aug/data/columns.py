"""Long lists in columns: as a million objects, they take five times the memory, and the garbage
collector goes over them again and again."""

from abc import ABC, abstractmethod
from array import array
from collections import deque
from collections.abc import Hashable, Iterable, Iterator, Sequence
from itertools import count
from operator import eq
from typing import Generic, TypeVar

import numpy as np

Item = TypeVar("Item")
Key = TypeVar("Key", bound=Hashable)


class Columns(ABC, Sequence[Item], Generic[Item]):
    """A list of items, each made anew, of a value of each column, when it is asked for.

    Columns are lists, or arrays of whole numbers from 0 to 2**31 - 1. It equals any sequence of
    equal items.
    """

    def __init__(self, *columns: list | array):
        self.columns = columns

    @abstractmethod
    def item(self, *values) -> Item:
        """What the list holds there."""

    @abstractmethod
    def like(self, *columns: Iterable) -> "Columns[Item]":
        """A list of the same kind."""

    def append(self, *values) -> None:
        for column, value in zip(self.columns, values, strict=True):
            column.append(value)

    def extend(self, *columns: Iterable) -> None:
        for column, more in zip(self.columns, columns, strict=True):
            column.extend(more)

    def take(self, indices: Sequence[int]) -> "Columns[Item]":
        """Those of the items, in that order."""
        return self.like(*(map(column.__getitem__, indices) for column in self.columns))

    def __len__(self) -> int:
        return len(self.columns[0])

    def __iter__(self) -> Iterator[Item]:
        return map(self.item, *self.columns)

    def __getitem__(self, index):
        found = [column[index] for column in self.columns]
        return self.like(*found) if isinstance(index, slice) else self.item(*found)

    def __eq__(self, other) -> bool:
        if not isinstance(other, Sequence):
            return NotImplemented
        return len(self) == len(other) and all(map(eq, self, other))

    __hash__ = None  # type: ignore[assignment]

    def __repr__(self) -> str:
        return f"{type(self).__name__}({list(self)})"


def firsts(keys: Iterable[Key]) -> dict[Key, int]:
    """Where each of the keys stands first, in their order."""
    at: dict[Key, int] = {}
    deque(map(at.setdefault, keys, count()), maxlen=0)  # a loop would take three times as long
    return at


def same_before(keys: Iterable[Key]) -> np.ndarray:
    """Of each key, where the first that equals it stands: int32 [keys]."""
    at: dict[Key, int] = {}
    return np.fromiter(map(at.setdefault, keys, count()), np.int32)
