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
    """A list of items, each made anew, from a path, a label and a line, when it is asked for.

    Labels and lines are whole numbers from 0 to 2**31 - 1. It equals any sequence of equal items.
    """

    def __init__(
        self,
        paths: Iterable[str] = (),
        labels: Iterable[int] = (),
        lines: Iterable[int] = (),
    ):
        self.paths = list(paths)
        self.labels = array("i", labels)
        self.lines = array("i", lines)

    @abstractmethod
    def item(self, path: str, label: int, line: int) -> Item:
        """What the list holds there."""

    @abstractmethod
    def like(self, paths: list[str], labels: array, lines: array) -> "Columns[Item]":
        """A list of the same kind."""

    def append(self, path: str, label: int, line: int) -> None:
        self.paths.append(path)
        self.labels.append(label)
        self.lines.append(line)

    def extend(self, paths: Iterable[str], labels: Iterable[int], lines: Iterable[int]) -> None:
        self.paths.extend(paths)
        self.labels.extend(labels)
        self.lines.extend(lines)

    def take(self, indices: Sequence[int]) -> "Columns[Item]":
        """Those of the items, in that order."""
        labels, lines = (
            array("i", map(column.__getitem__, indices)) for column in (self.labels, self.lines)
        )
        return self.like([self.paths[index] for index in indices], labels, lines)

    def __len__(self) -> int:
        return len(self.paths)

    def __iter__(self) -> Iterator[Item]:
        return map(self.item, self.paths, self.labels, self.lines)

    def __getitem__(self, index):
        found = self.paths[index], self.labels[index], self.lines[index]
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
