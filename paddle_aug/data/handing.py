"""Passes a data set to worker processes, which share the memory of its pixels."""

from collections.abc import Iterable
from dataclasses import replace

import numpy as np

from paddle_aug.data.dataset import Dataset
from paddle_aug.system.shared_memory import SharedArray

LISTS = ("train", "eval", "test")


class Handed:
    """A data set of an archive, whose images have one shape, with its pixels in shared memory. In
    the process that is started with it, it unpickles as a `Dataset`; a copy of CIFAR-10's pixels
    would take seconds to send.

    Raises:
        OSError: there is not enough memory.
    """

    def __init__(self, data: Dataset):
        pixels = [sample.pixels for name in LISTS for sample in getattr(data, name)]
        self.memory = SharedArray((len(pixels), *pixels[0].shape))
        for place, image in enumerate(pixels):
            self.memory.array[place] = image
        self.data = _with_pixels(data, [None] * len(pixels))

    def __reduce__(self):
        return _received, (self.data, self.memory)


def handed(data: Dataset) -> Dataset | Handed:
    """What to start worker processes with: the data set itself if its images are files."""
    samples = [sample for name in LISTS for sample in getattr(data, name)]
    if not samples or any(sample.pixels is None for sample in samples):
        return data
    try:
        return Handed(data)
    except OSError:  # each worker gets a copy, if there is room for that
        return data


def _received(data: Dataset, memory: SharedArray) -> Dataset:
    memory.array.flags.writeable = False
    return _with_pixels(data, memory.array)


def _with_pixels(data: Dataset, pixels: Iterable[np.ndarray | None]) -> Dataset:
    """The data set with these pixels, one after another."""
    rest = iter(pixels)
    lists = {name: [s._replace(pixels=next(rest)) for s in getattr(data, name)] for name in LISTS}
    return replace(data, **lists)
