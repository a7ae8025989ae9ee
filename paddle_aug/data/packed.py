"""A long list of samples in a few arrays: sent to a worker in a moment, and small there.

A million objects take twenty seconds of processor time to arrive, for each worker anew.
"""

from collections.abc import Iterable, Sequence
from pathlib import Path

import numpy as np

from paddle_aug.data.listfile import Sample


class Packed(Sequence[Sample]):
    """A list of samples, each made anew when it is asked for; without `pixels` they have none."""

    def __init__(self, samples: Sequence[Sample], pixels: bool = True):
        self.paths = Texts(each.path for each in samples)
        self.files = Texts(str(each.file) for each in samples)
        self.labels = np.array([each.label for each in samples], np.int64)
        self.lines = np.array([each.line for each in samples], np.int64)
        held = [each.pixels for each in samples] if pixels else []
        self.pixels = held if any(each is not None for each in held) else None

    def __len__(self):
        return len(self.labels)

    def __getitem__(self, index):
        if isinstance(index, slice):
            return [self[each] for each in range(len(self))[index]]
        index = range(len(self))[index]
        return Sample(
            self.paths[index],
            Path(self.files[index]),
            int(self.labels[index]),
            int(self.lines[index]),
            self.pixels[index] if self.pixels else None,
        )


class Texts:
    """Strings in one, and where each ends."""

    def __init__(self, texts: Iterable[str]):
        # Names of files may be of any bytes.
        encoded = [text.encode(errors="surrogateescape") for text in texts]
        self.joined = b"".join(encoded)
        self.ends = np.cumsum([0, *map(len, encoded)])

    def __getitem__(self, index: int) -> str:
        start, end = self.ends[index : index + 2]
        return self.joined[start:end].decode(errors="surrogateescape")
