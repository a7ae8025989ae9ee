"""What a reader returns: samples and faults."""

import posixpath
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np


class Sample(NamedTuple):
    """An image with its label.

    `file` is the path to open, "" until an image root is known; `path` is the path as listed, with
    slashes; `line` is its line in the list, or 0 without a list. Images of an archive come as
    `pixels`, uint8 [H, W, 3], perhaps a read-only view; then `file` is the archive, and `path` a
    name for people, such as "data_batch_1/17".
    """

    file: str
    path: str
    label: int
    line: int = 0
    pixels: np.ndarray | None = None

    @property
    def place(self) -> str:
        """Where the image is, for messages."""
        return self.file if self.file.endswith(self.path) else f"{self.file}: {self.path}"

    def in_folder(self, root: Path) -> "Sample":
        """The sample with its file found below `root`."""
        # Not a `Path`: 100,000 of them take five times as long to reach a worker.
        return Sample(str(root / self.path), self.path, self.label, self.line)


Part = tuple[str, Sequence[Sample]]  # a list's name, and what it lists


class Fault(NamedTuple):
    """Something wrong in a list; line 0 means the file as a whole."""

    file: str
    line: int
    reason: str

    def __str__(self):
        place = f"{self.file}:{self.line}" if self.line else self.file
        return f"{place}: {self.reason}"


class Found(NamedTuple):
    """What a reader found in a data set, before it is checked.

    `files` are the names by which faults call the training, evaluation and test list and any other
    file. A report lists faults in this order, and ends with `notes`. `labels_named` says that the
    lists name classes instead of numbering them (CSV). A `published` split may have an image in two
    parts, because whoever compares results needs the split unchanged. `drawn` tells the project's
    own sample from a folder of that name. `root` is the folder that the paths of images start from,
    and `lists` are the lists or the table. `given` is the data as words of the command `check`.
    """

    name: str
    train: list[Sample]
    eval: list[Sample]
    class_names: list[str]
    files: tuple[str, ...]
    faults: list[Fault]
    notes: tuple[str, ...] = ()
    labels_named: bool = False
    published: bool = False
    drawn: bool = False
    root: Path | None = None
    lists: tuple[Path, ...] = ()
    given: tuple[str, ...] = ()
    test: Sequence[Sample] = ()

    @property
    def parts(self) -> list[Part]:
        """The training, evaluation and test list, each with the name by which faults call it."""
        return list(zip(self.files, (self.train, self.eval, self.test), strict=False))


def normal_path(sample: Sample) -> str:
    """The listed path without "." and "..", which is equal for all spellings of one path."""
    return posixpath.normpath(sample.path)


def first_of_each(samples: Iterable[Sample]) -> dict[str, Sample]:
    """The first sample of each image, by its normal path, in the order of the list."""
    first: dict[str, Sample] = {}
    for sample in samples:
        first.setdefault(normal_path(sample), sample)
    return first
