"""MNIST and Fashion-MNIST: four idx files, gzipped or not.

LeCun, Cortes, Burges, http://yann.lecun.com/exdb/mnist; Xiao, Rasul, Vollgraf, "Fashion-MNIST: a
Novel Image Dataset for Benchmarking Machine Learning Algorithms", 2017.
"""

import math
import struct
from pathlib import Path

import numpy as np

from paddle_aug.data.readers.gzipped import opened
from paddle_aug.data.samples import Found, Sample
from paddle_aug.errors import UserError

DIGITS = [str(digit) for digit in range(10)]
GARMENTS = [
    "T-shirt/top", "Trouser", "Pullover", "Dress", "Coat",
    "Sandal", "Shirt", "Sneaker", "Bag", "Ankle boot",
]  # fmt: skip
SIDE = 28  # pixels
IMAGES, LABELS = 0x0803, 0x0801  # magic numbers: bytes, in three dimensions and in one


def read_mnist(folder: Path) -> Found:
    """Read `train-images-idx3-ubyte`, its labels, and `t10k-…`, each with `.gz` or without.

    Raises:
        UserError: a file is missing, damaged, or not what its name says.
    """
    return _read(folder, "mnist", DIGITS)


def read_fashion_mnist(folder: Path) -> Found:
    """Read Fashion-MNIST, whose files have the names of MNIST's.

    Raises:
        UserError: see `read_mnist`.
    """
    return _read(folder, "fashion-mnist", GARMENTS)


def _read(folder: Path, name: str, class_names: list[str]) -> Found:
    if not folder.is_dir():
        raise UserError(f"no folder {folder}; {name} wants the folder of the four idx files")
    train = _samples(folder, "train", "train", len(class_names))
    test = _samples(folder, "t10k", "test", len(class_names))
    return Found(name, train, test, class_names, (name, name), [], published=True)


def _samples(folder: Path, part: str, shown: str, classes: int) -> list[Sample]:
    image_file = _find(folder, f"{part}-images", "idx3-ubyte")
    label_file = _find(folder, f"{part}-labels", "idx1-ubyte")
    grey = _read_idx(image_file, IMAGES, (SIDE, SIDE))
    labels = _read_idx(label_file, LABELS, ())
    if len(grey) != len(labels):
        raise UserError(
            f"{image_file} has {len(grey):,} images, but {label_file} has {len(labels):,} labels"
        )
    if labels.max() >= classes:
        wrong = int(np.argmax(labels >= classes))
        raise UserError(
            f"{label_file}: image {wrong} has label {labels[wrong]}, above {classes - 1}"
        )
    images = np.broadcast_to(grey[..., None], (*grey.shape, 3))  # three channels of the same bytes
    return [
        Sample(str(image_file), f"{shown}/{number}", label, 0, pixels)
        for number, (label, pixels) in enumerate(zip(labels.tolist(), images, strict=True))
    ]


def _find(folder: Path, name: str, kind: str) -> Path:
    """The file under one of its names: as published, or with a dot as on Kaggle."""
    for file in (f"{name}-{kind}", f"{name}-{kind}.gz", f"{name}.{kind}", f"{name}.{kind}.gz"):
        if (folder / file).is_file():
            return folder / file
    raise UserError(f"no file {name}-{kind}.gz in {folder}, nor without .gz")


def _read_idx(path: Path, magic: int, item: tuple[int, ...]) -> np.ndarray:
    """The uint8 items of an idx file, [N, *item]."""
    with opened(path) as file:
        content = file.read()
    count = int.from_bytes(content[4:8], "big")
    header = struct.pack(f">{2 + len(item)}I", magic, count, *item)
    size = len(header) + count * math.prod(item)
    if not count or not content.startswith(header) or len(content) != size:
        items = f"{SIDE}×{SIDE} images" if item else "labels"
        raise UserError(f"{path} is not a whole idx file of {items}; fetch it again")
    return np.frombuffer(content, np.uint8, offset=len(header)).reshape(count, *item)
