"""CIFAR-10 and CIFAR-100 from their python archives, packed or unpacked.

Krizhevsky, "Learning Multiple Layers of Features from Tiny Images", 2009;
https://www.cs.toronto.edu/~kriz/cifar.html. One image in thirty of CIFAR-10's test set, and one in
ten of CIFAR-100's, has a duplicate in training (Barz, Denzler, "Do We Train on Test Data?", 2020).
"""

import pickle
import tarfile
from collections.abc import Iterator, Sequence
from io import BytesIO
from pathlib import Path
from typing import NamedTuple

import numpy as np

from paddle_aug.data.readers.gzipped import opened
from paddle_aug.data.samples import Found, Sample
from paddle_aug.errors import UserError
from paddle_aug.system import pickles

SIDE = 32  # pixels


class Layout(NamedTuple):
    """The folder in the archive, its members, and the names of the entries in the members."""

    name: str
    title: str
    top: str
    meta: str
    train: tuple[str, ...]
    test: str
    names: str
    labels: str
    classes: int


CIFAR10 = Layout(
    "cifar10", "CIFAR-10", "cifar-10-batches-py", "batches.meta",
    tuple(f"data_batch_{number}" for number in range(1, 6)), "test_batch",
    "label_names", "labels", 10,
)  # fmt: skip
CIFAR100 = Layout(
    "cifar100", "CIFAR-100", "cifar-100-python", "meta", ("train",), "test",
    "fine_label_names", "fine_labels", 100,
)  # fmt: skip


def read_cifar10(path: Path) -> Found:
    """Read `cifar-10-python.tar.gz` without unpacking it, or the folder `cifar-10-batches-py`.

    Raises:
        UserError: a member is missing, damaged, or not what its name says.
    """
    return _read(path, CIFAR10)


def read_cifar100(path: Path) -> Found:
    """Read `cifar-100-python.tar.gz` or the folder `cifar-100-python`, with the fine labels.

    Raises:
        UserError: see `read_cifar10`.
    """
    return _read(path, CIFAR100)


def _read(path: Path, layout: Layout) -> Found:
    if not path.exists():
        raise UserError(f"no file {path}; {layout.name} wants the python archive of {layout.title}")
    wanted = (layout.meta, *layout.train, layout.test)
    members = _folder_members if path.is_dir() else _archive_members
    read = {}
    for name, content in members(path, layout.top, wanted):
        where = f"{path}: {name}"
        entries = _unpickled(content, where)
        if name == layout.meta:
            read[name] = _class_names(entries, layout, where)
        else:
            read[name] = _samples(entries, layout, path, name, where)
    for name in wanted:
        if name not in read:
            raise UserError(
                f"{path} lacks {layout.top}/{name}; want the python version of {layout.title} "
                "from https://www.cs.toronto.edu/~kriz/cifar.html"
            )
    train = [sample for name in layout.train for sample in read[name]]
    files = (path.name, path.name)
    return Found(
        layout.name, train, read[layout.test], read[layout.meta], files, [], published=True
    )


def _folder_members(folder: Path, top: str, wanted: Sequence[str]) -> Iterator[tuple[str, bytes]]:
    if (folder / top).is_dir():
        folder = folder / top
    for name in wanted:
        if (folder / name).is_file():
            with opened(folder / name) as file:
                yield name, file.read()


def _archive_members(path: Path, top: str, wanted: Sequence[str]) -> Iterator[tuple[str, bytes]]:
    """The wanted members in the archive's order, in one pass that ends at gzip's checksum."""
    paths = {f"{top}/{name}": name for name in wanted}
    with opened(path) as file:
        with tarfile.open(fileobj=file, mode="r|") as archive:
            for member in archive:
                if member.name in paths and member.isreg():
                    yield paths.pop(member.name), archive.extractfile(member).read()
        while file.read(2**20):
            pass


def _unpickled(content: bytes, where: str) -> dict:
    """The entries of a member. Python 2 wrote names as bytes, ciFAIR's authors wrote text."""
    try:
        entries = pickles.load(BytesIO(content), encoding="bytes")
    except pickle.UnpicklingError as error:
        raise UserError(f"{where} is damaged, or holds more than arrays: {error}") from None
    if not isinstance(entries, dict):
        raise UserError(f"{where} does not hold named entries")
    return {_text(key): value for key, value in entries.items()}


def _text(value):
    return value.decode(errors="replace") if isinstance(value, bytes) else value


def _class_names(entries: dict, layout: Layout, where: str) -> list[str]:
    names = entries.get(layout.names)
    names = [_text(name) for name in names] if isinstance(names, list) else []
    is_text = all(isinstance(name, str) for name in names)
    if not is_text or not len(names) == len(set(names)) == layout.classes:
        raise UserError(f"{where} lacks the {layout.classes} names in its {layout.names}")
    return names


def _samples(entries: dict, layout: Layout, path: Path, name: str, where: str) -> list[Sample]:
    data, labels = entries.get("data"), entries.get(layout.labels)
    if (
        not (isinstance(labels, list) and labels)
        or not all(type(label) is int and 0 <= label < layout.classes for label in labels)
        or not (isinstance(data, np.ndarray) and data.dtype == np.uint8)
        or data.shape != (len(labels), 3 * SIDE * SIDE)
    ):
        raise UserError(
            f"{where} does not belong to {layout.title}: want uint8 data, {3 * SIDE * SIDE} a row, "
            f"and as many {layout.labels} from 0 to {layout.classes - 1}"
        )
    # Planes of red, green and blue, each by rows.
    images = np.ascontiguousarray(data.reshape(-1, 3, SIDE, SIDE).transpose(0, 2, 3, 1))
    images.flags.writeable = False
    return [
        Sample(str(path), f"{name}/{number}", label, 0, pixels)
        for number, (label, pixels) in enumerate(zip(labels, images, strict=True))
    ]
