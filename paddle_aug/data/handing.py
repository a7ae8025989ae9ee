"""Passes a data set to worker processes, which share the memory of its pixels."""

from dataclasses import replace

import numpy as np

from paddle_aug.data.dataset import Dataset
from paddle_aug.data.samples import Sample
from paddle_aug.system.shared_memory import SharedArray

LISTS = ("train", "eval", "test")


class Handed:
    """A data set whose pixels are in shared memory. In the process that is started with it, it
    unpickles as a `Dataset`; a copy of CIFAR-10's pixels would take a second to send.

    Raises:
        OSError: there is not enough memory.
    """

    def __init__(self, data: Dataset):
        samples = [sample for name in LISTS for sample in getattr(data, name)]
        pixels = [sample.pixels for sample in samples if sample.pixels is not None]
        self.memory = SharedArray((sum(image.size for image in pixels),))
        start = 0
        for image in pixels:
            self.memory.array[start : start + image.size] = image.reshape(-1)
            start += image.size
        self.shapes = [None if sample.pixels is None else sample.pixels.shape for sample in samples]
        bare = {name: [_with(sample, None) for sample in getattr(data, name)] for name in LISTS}
        self.data = replace(data, **bare)

    def __reduce__(self):
        return _received, (self.data, self.shapes, self.memory)


def handed(data: Dataset) -> Dataset | Handed:
    """What to start worker processes with: the data set itself if its images are files."""
    if all(sample.pixels is None for name in LISTS for sample in getattr(data, name)):
        return data
    try:
        return Handed(data)
    except OSError:  # each worker gets a copy, if there is room for that
        return data


def _received(
    data: Dataset, shapes: list[tuple[int, int, int] | None], memory: SharedArray
) -> Dataset:
    pixels = memory.array
    pixels.flags.writeable = False
    start, left = 0, iter(shapes)
    for name in LISTS:
        samples = getattr(data, name)
        for place, sample in enumerate(samples):
            if shape := next(left):
                end = start + shape[0] * shape[1] * shape[2]
                samples[place] = _with(sample, pixels[start:end].reshape(shape))
                start = end
    return data


def _with(sample: Sample, pixels: np.ndarray | None) -> Sample:
    return Sample(sample.file, sample.path, sample.label, sample.line, pixels)
