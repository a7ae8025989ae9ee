"""List files: `path label` a line, and the files that name the classes.

A fault does not stop the reading: all of them are handed back, to be reported together. What a
reader of any kind of data set hands back is here too.
"""

import codecs
import io
import os
import posixpath
import re
from array import array
from collections.abc import Iterable, Iterator, Sequence
from itertools import islice, repeat
from pathlib import Path
from typing import NamedTuple

import numpy as np

from paddle_aug.data.columns import Columns, Item
from paddle_aug.system.files import read_bytes

LIST_PAIRS = (
    ("Train.txt", "Eval.txt"),
    ("train_list.txt", "val_list.txt"),
    ("train.txt", "val.txt"),
)
CLASS_FILES = ("label_list.txt", "labels.txt", "label.txt")
MAX_LABEL = 999_999
MOST_LINES = 20_000_000  # ImageNet-21k has 14 million images
MOST_BYTES = 2**30
_ESCAPED = re.compile("[\udc80-\udcff]")  # bytes that are not UTF-8
TOGETHER = 10_000  # lines that are looked at in one go, which takes a fraction of the time
# What folders and tables call the two parts.
TRAIN_NAMES = ("train", "training")
EVAL_NAMES = ("eval", "val", "valid", "validation", "test", "testing")


class Entry(NamedTuple):
    """One line of a list, its path with slashes."""

    path: str
    label: int
    line: int


class Sample(NamedTuple):
    """An entry whose image has been located.

    Images of an archive come as `pixels`, uint8 [H, W, 3], perhaps a read-only view. Then `path` is
    a name for people, such as "data_batch_1/17", `file` is the archive, and `line` 0, as it is
    wherever no list is.
    """

    path: str
    file: Path
    label: int
    line: int
    pixels: np.ndarray | None = None

    @property
    def place(self) -> str:
        """Where the image is, for messages."""
        file = str(self.file)
        return file if file.endswith(self.path) else f"{file}: {self.path}"


class Rows(Columns[Item]):
    """Items of a path, a label and a line each."""

    def __init__(
        self,
        paths: Iterable[str] = (),
        labels: Iterable[int] = (),
        lines: Iterable[int] = (),
    ):
        self.paths, self.labels, self.lines = list(paths), array("i", labels), array("i", lines)
        super().__init__(self.paths, self.labels, self.lines)


class Entries(Rows[Entry]):
    """The lines of a list."""

    def item(self, path: str, label: int, line: int) -> Entry:
        return Entry(path, label, line)

    def like(self, *columns: Iterable) -> "Entries":
        return Entries(*columns)


class Samples(Rows[Sample]):
    """Samples that are files, all below one folder, `root`."""

    def __init__(
        self,
        root: Path,
        paths: Iterable[str] = (),
        labels: Iterable[int] = (),
        lines: Iterable[int] = (),
    ):
        super().__init__(paths, labels, lines)
        self.root = root
        self.folder = folder_text(root)
        self._asked, self._plain = 0, True

    @property
    def plain(self) -> bool:
        """Whether every path is, for `is_plain`; it is asked once, of many at a time."""
        while self._plain and self._asked < len(self.paths):
            some = self.paths[self._asked : self._asked + TOGETHER]
            self._plain = are_plain(some)
            self._asked += len(some)
        return self._plain

    def item(self, path: str, label: int, line: int) -> Sample:
        return Sample(path, self.root / path, label, line)

    def source_at(self, index: int) -> tuple[str, None]:
        """As the function of this name, without making a `Path` (see `located`)."""
        return located(self.folder, self.paths[index]), None

    def like(self, *columns: Iterable) -> "Samples":
        return Samples(self.root, *columns)


def paths_of(samples: Sequence[Sample]) -> Sequence[str]:
    """Their paths; `Samples` are not made one by one for it, nor by the functions below."""
    return samples.paths if isinstance(samples, Samples) else [each.path for each in samples]


def labels_of(samples: Sequence[Sample]) -> Sequence[int]:
    """Their labels."""
    return samples.labels if isinstance(samples, Samples) else [each.label for each in samples]


def lines_of(samples: Sequence[Sample]) -> Sequence[int]:
    """The lines where they stand."""
    return samples.lines if isinstance(samples, Samples) else [each.line for each in samples]


def files_of(samples: Sequence[Sample]) -> Iterator[str]:
    """Where their images are."""
    if not isinstance(samples, Samples):
        return (str(sample.file) for sample in samples)
    if samples.plain:
        return map(samples.folder.__add__, samples.paths)
    return (located(samples.folder, path) for path in samples.paths)


def names_of(samples: Sequence[Sample]) -> Sequence[str]:
    """Their paths as `normal` has them."""
    if isinstance(samples, Samples) and samples.plain:
        return samples.paths
    return list(map(normal, paths_of(samples)))


def pixels_of(samples: Sequence[Sample]) -> Iterator[np.ndarray | None]:
    """What those of an archive hold, and None for each file."""
    if isinstance(samples, Samples):
        return repeat(None, len(samples))
    return (sample.pixels for sample in samples)


def take(samples: Sequence[Sample], indices: Sequence[int]) -> Sequence[Sample]:
    """Those of the samples, in that order."""
    if isinstance(samples, Samples):
        return samples.take(indices)
    return [samples[index] for index in indices]


def normal(path: str) -> str:
    """A path of a list, however it is written: two that are the same file by that are one image."""
    return path if is_plain(path) else posixpath.normpath(path)


def is_plain(path: str) -> bool:
    """Whether a path of a list is surely written in the shortest way. Most are, and what makes
    them so would take longer than reading the line."""
    return not ("//" in path or "./" in path or path[-1:] in "/.")


def are_plain(paths: Iterable[str]) -> bool:
    """Whether all of many are, for `is_plain`; a line end in a path may let it look otherwise."""
    joined = "\n".join(("", *paths, ""))
    return not any(mark in joined for mark in ("//", "./", "/\n", ".\n", "\n\n"))


def folder_text(root: Path) -> str:
    """A folder, to be followed by a path of a list in it."""
    return "" if root == Path() else os.path.join(root, "")


def located(folder: str, path: str) -> str:
    """Where an image of a list is, as a `Path` would have it: without "." and empty names, as
    `a.png/` is no file to the system. `folder` is of `folder_text`.

    Where many are read, no `Path` is made for each: Python enters every name in a path in its table
    of interned strings, and in a long training that is made anew, of megabytes, again and again.
    """
    if not is_plain(path):
        path = "/".join(name for name in path.split("/") if name not in ("", "."))
    return folder + path


class Fault(NamedTuple):
    """Something wrong in a list; line 0 means the file as a whole."""

    file: str
    line: int
    reason: str

    def __str__(self):
        return (
            f"{self.file}:{self.line}: {self.reason}"
            if self.line
            else f"{self.file}: {self.reason}"
        )


class Faults(Columns[Fault]):
    """A list of faults: a file may have millions."""

    def __init__(self, faults: Iterable[Fault] = ()):
        self.files: list[str] = []
        self.lines = array("i")
        self.reasons: list[str] = []
        super().__init__(self.files, self.lines, self.reasons)
        self += faults

    def item(self, file: str, line: int, reason: str) -> Fault:
        return Fault(file, line, reason)

    def like(self, *columns: Iterable) -> "Faults":
        made = Faults()
        made.extend(*columns)
        return made

    def __iadd__(self, faults: Iterable[Fault]) -> "Faults":
        if isinstance(faults, Faults):
            self.extend(*faults.columns)
        else:
            for fault in faults:
                self.append(*fault)
        return self


class Found(NamedTuple):
    """What a reader made of a data set, before it is checked.

    `files` are what faults call the list of train, that of eval, and what else there is; a report
    is in this order, and `notes` end it. The lists of a CSV give labels by the classes' names. In a
    published split the same image in both lists is no fault: whoever compares results needs it.
    Paths of images that are files start from `root`.
    """

    name: str
    train: Sequence[Sample]
    eval: Sequence[Sample]
    class_names: list[str]
    files: tuple[str, ...]
    faults: Sequence[Fault]
    notes: tuple[str, ...] = ()
    labels_named: bool = False
    published: bool = False
    drawn: bool = False
    root: Path | None = None


def find_pairs(folder: Path) -> list[tuple[Path, Path]]:
    """The pairs of train and eval lists in a folder, by their names (case matters)."""
    names = set(os.listdir(folder))
    return [(folder / a, folder / b) for a, b in LIST_PAIRS if a in names and b in names]


def read_list(file: Path, name: str | None = None) -> tuple[Entries, Faults]:
    """Read `path label` lines: any white space, the last field is the label, blank lines go by.

    Paths may hold blanks, and backslashes are taken as slashes. The file is UTF-8 with or without
    a byte order mark, with any line ends. Faults call it `name`, by default its own name.
    """
    name = name or file.name
    entries = Entries()
    faults = Faults()
    numbers: dict[str, int] = {}  # of the labels that have been read
    for first, texts in _blocks(file, name, faults):
        rows = _faultless(texts, first, numbers)
        if rows is None:
            rows, wrong, reasons = _each(texts, first, numbers)
            faults.extend(repeat(name, len(wrong)), wrong, reasons)
        entries.extend(*rows)
    if not entries and not faults:
        faults.append(name, 0, "the list is empty")
    return entries, faults


def _faultless(
    texts: Sequence[str | None], first: int, numbers: dict[str, int]
) -> tuple[Iterable[str], Iterable[int], Iterable[int]] | None:
    """Paths, the labels' numbers, and lines from the first on, if each line is surely in order.

    To look at each by itself, as `_each` does, takes twice as long.
    """
    paths, labels = [], []
    for text in texts:
        fields = text.strip().rsplit(None, 1) if text else []
        if len(fields) != 2:
            return None
        path, label = fields
        paths.append(path)
        labels.append(label)
    if any(_add_label(label, numbers) for label in set(labels)):
        return None
    joined = "\n".join(("", *paths)).replace("\\", "/")
    if any(mark in joined for mark in ("\n/", ":", "..", "\0")):  # see `path_fault`
        return None
    lines = range(first, first + len(texts))
    return joined.split("\n")[1:], [numbers[label] for label in labels], lines


def _each(
    texts: Sequence[str | None], first: int, numbers: dict[str, int]
) -> tuple[tuple[list[str], list[int], list[int]], list[int], list[str]]:
    """The same of the lines that are in order, the lines that are not, and why."""
    paths, labels, lines = [], [], []
    wrong, reasons = [], []
    for line, text in enumerate(texts, first):
        fields = text.strip().rsplit(None, 1) if text else []
        if not fields:
            continue
        reason: str | None = 'no label (want "path label")'
        if len(fields) == 2:
            path, label = fields[0].replace("\\", "/"), fields[1]
            reason = _add_label(label, numbers) or path_fault(path)
        if reason:
            wrong.append(line)
            reasons.append(reason)
        else:
            paths.append(path)
            labels.append(numbers[label])
            lines.append(line)
    return (paths, labels, lines), wrong, reasons


def _add_label(label: str, numbers: dict[str, int]) -> str | None:
    """Add the number of a label to those of the labels that have been read, or say why not."""
    if label in numbers:
        return None
    reason = label_fault(label)
    if not reason:
        numbers[label] = int(label)
    return reason


def label_fault(label: str) -> str | None:
    """Why a label is not the number of a class."""
    if not (label.isascii() and label.isdigit()):
        if re.fullmatch(r"-[0-9]+", label):
            return f"label {label} is negative (labels count from 0)"
        return f'label {label!r} is not a whole number (want "path label")'
    if len(label.lstrip("0")) > len(str(MAX_LABEL)):
        return f"label {label} is too large (labels number the classes 0, 1, 2, …)"
    return None


def path_fault(path: str) -> str | None:
    """Why a path, with slashes, is not one below a folder of images."""
    if path[:1] == "/" or (path[1:2] == ":" and re.match("[A-Za-z]:", path)):
        return f"{path!r} is absolute (want a path relative to the image folder)"
    if ".." in path and posixpath.normpath(path).split("/")[0] == "..":
        return f"{path!r} leaves the image folder"
    if "\0" in path:
        return f"{path!r} holds a zero byte"
    return None


def read_lines(file: Path, name: str, faults: Faults) -> Iterator[tuple[int, str]]:
    """Numbered lines without their ends; those that are not UTF-8 become faults instead, and so
    does a file that cannot be read."""
    for first, texts in _blocks(file, name, faults):
        for line, text in enumerate(texts, first):
            if text is not None:
                yield line, text


def _blocks(file: Path, name: str, faults: Faults) -> Iterator[tuple[int, Sequence[str | None]]]:
    """As `read_lines`, many lines at a time and the number of the first; None is one that is not
    UTF-8."""
    try:
        data = read_bytes(file, MOST_BYTES)
    except OSError as error:
        faults.append(name, 0, f"cannot be read ({error.strerror})")
        return
    if data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        faults.append(name, 0, "the file is UTF-16; save it as UTF-8")
        return
    data = data.removeprefix(codecs.BOM_UTF8).replace(b"\r\n", b"\n").replace(b"\r", b"\n")
    count = data.count(b"\n")
    if count > MOST_LINES:
        faults.append(name, 0, f"{count:,} lines are more than {MOST_LINES:,}")
        return
    lines = io.BytesIO(data)
    first = 1
    while block := list(islice(lines, TOGETHER)):
        texts = _decoded(block)
        wrong = [line for line, text in enumerate(texts, first) if text is None]
        reason = "not UTF-8 (GBK, perhaps?); save the file as UTF-8"
        faults.extend(repeat(name, len(wrong)), wrong, repeat(reason, len(wrong)))
        yield first, texts
        first += len(texts)


def _decoded(lines: list[bytes]) -> Sequence[str | None]:
    """Lines without their ends, None for each that is not UTF-8."""
    joined = b"".join(lines).removesuffix(b"\n")
    try:
        return joined.decode().split("\n")
    except UnicodeDecodeError:
        texts = joined.decode(errors="surrogateescape").split("\n")
        return [None if _ESCAPED.search(text) else text for text in texts]


def read_class_names(file: Path) -> tuple[list[str], Faults]:
    """Read `0 name` lines, or just a name a line, numbered from 0 as they come.

    The first line tells which. Two numbered classes may share a name, as ImageNet's two cranes do.
    """
    faults = Faults()
    lines = [(line, text.strip()) for line, text in read_lines(file, file.name, faults)]
    while lines and not lines[-1][1]:
        lines.pop()
    if not any(text for _, text in lines):
        if not faults:
            faults.append(file.name, 0, "names no class")
        return [], faults
    first = next(text for _, text in lines if text)
    read = _numbered_names if re.match(r"[0-9]+\s+\S", first) else _plain_names
    return read(lines, file.name, faults), faults


def _numbered_names(lines: list[tuple[int, str]], name: str, faults: Faults) -> list[str]:
    names: dict[int, str] = {}
    seen: dict[int, int] = {}
    for line, text in lines:
        if not text:
            continue
        found = re.fullmatch(r"([0-9]{1,6})\s+(.+)", text)
        if not found:
            faults.append(name, line, f'{text!r} is not "number name", as the first line is')
            continue
        number = int(found[1])
        if number in seen:
            reason = f"number {number} again; it is on line {seen[number]} already"
            faults.append(name, line, reason)
            continue
        seen[number], names[number] = line, found[2]
    previous = -1
    for number in sorted(names):
        if number > previous + 1:
            gap = f"{previous + 1}" + (f" to {number - 1}" if number > previous + 2 else "")
            faults.append(name, seen[number], f"number {number}, but no line names {gap}")
        previous = number
    return [names[number] for number in sorted(names)]


def _plain_names(lines: list[tuple[int, str]], name: str, faults: Faults) -> list[str]:
    seen: dict[str, int] = {}
    for line, text in lines:
        if not text:
            faults.append(name, line, "a blank line between names")
        elif text in seen:
            faults.append(name, line, f"{text!r} again; it is on line {seen[text]} already")
        else:
            seen[text] = line
    return list(seen)
