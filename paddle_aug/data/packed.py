"""A long list of samples in a few arrays: sent to a worker in a moment, and small there.

A million objects take twenty seconds of processor time to arrive, for each worker anew.
"""

from collections.abc import Iterable, Sequence
from pathlib import Path

import numpy as np

from paddle_aug.data.readers.listfile import (
    Sample,
    Samples,
    files_of,
    folder_text,
    labels_of,
    lines_of,
    located,
    paths_of,
    pixels_of,
)


class Packed(Sequence[Sample]):
    """A list of samples, each made anew when it is asked for; without `pixels` they have none."""

    def __init__(self, samples: Sequence[Sample], pixels: bool = True):
        self.paths = Texts(paths_of(samples))
        self.root = samples.root if isinstance(samples, Samples) else None
        self.folder = folder_text(self.root) if self.root else ""
        self.files = None if self.root else Texts(files_of(samples))
        self.labels = np.array(labels_of(samples), np.int64)
        self.lines = np.array(lines_of(samples), np.int64)
        held = list(pixels_of(samples)) if pixels else []
        self.pixels = held if any(each is not None for each in held) else None

    def __len__(self):
        return len(self.labels)

    def __getitem__(self, index):
        if isinstance(index, slice):
            return [self[each] for each in range(len(self))[index]]
        index = range(len(self))[index]
        path = self.paths[index]
        return Sample(
            path,
            self.root / path if self.root else Path(self.files[index]),
            int(self.labels[index]),
            int(self.lines[index]),
            self.pixels[index] if self.pixels else None,
        )

    def source_at(self, index: int) -> tuple[str, np.ndarray | None]:
        """As the function of this name, without making a `Path` (see `located`)."""
        file = self.files[index] if self.files else located(self.folder, self.paths[index])
        return file, self.pixels[index] if self.pixels else None


def source_at(samples: Sequence[Sample], index: int) -> tuple[str, np.ndarray | None]:
    """What `read_source` takes of a sample: its file, and its pixels where an archive holds it."""
    if isinstance(samples, (Samples, Packed)):
        return samples.source_at(index)
    sample = samples[index]
    return str(sample.file), sample.pixels


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
