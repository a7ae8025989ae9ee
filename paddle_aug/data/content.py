"""Images of equal content under different names: the same bytes of a file, or the same pixels of an
archive. Only images of equal size are hashed."""

import hashlib
import os
from collections import defaultdict
from collections.abc import Sequence
from contextlib import suppress

import numpy as np

from paddle_aug.data.cache import Store
from paddle_aug.data.duplicates import SIDE, components, near_pairs, thumbnail
from paddle_aug.data.image import read_sample
from paddle_aug.data.parallel import over_images
from paddle_aug.data.samples import Sample, first_of_each, normal_path
from paddle_aug.system.files import read_bytes

Size = int | tuple[int, ...]


def shared_content(train: Sequence[Sample], eval: Sequence[Sample]) -> list[tuple[Sample, Sample]]:
    """Samples of eval whose picture is in train under another name, with the one there."""
    in_train = {normal_path(sample): sample for sample in train}
    in_eval = {
        path: eval[index] for path, index in first_of_each(eval).items() if path not in in_train
    }
    by_size: dict[Size, list[Sample]] = defaultdict(list)
    for sample in in_train.values() if in_eval else ():
        by_size[_size(sample)].append(sample)
    digests: dict[Size, dict[bytes, Sample]] = {}
    same: dict[str, Sample] = {}
    for path, sample in in_eval.items():
        size = _size(sample)
        if size not in by_size:
            continue
        if size not in digests:
            digests[size] = {_digest(other): other for other in by_size[size]}
        other = digests[size].get(_digest(sample))
        if other is not None:
            same[path] = other
    return [(sample, same[path]) for sample in eval if (path := normal_path(sample)) in same]


def content_groups(samples: Sequence[Sample], digests: dict[str, bytes]) -> dict[str, int]:
    """The group of each image, by its normal path: images of equal content are one group.

    `digests`, by normal path, keeps what is hashed for the next call. A file that cannot be read is
    a group of its own; the check of all images says why.
    """
    images = {path: samples[index] for path, index in first_of_each(samples).items()}
    by_size: dict[Size, list[str]] = defaultdict(list)
    for path, sample in images.items():
        with suppress(OSError):
            by_size[_size(sample)].append(path)
    alike = [path for paths in by_size.values() if len(paths) > 1 for path in paths]
    unknown = [path for path in alike if path not in digests]
    read = over_images(_digest_or_none, [images[path] for path in unknown], "comparing images")
    digests.update((path, digest) for path, digest in zip(unknown, read, strict=True) if digest)
    first: dict[bytes | str, int] = {}
    return {
        path: first.setdefault(digests.get(path, path), number)
        for number, path in enumerate(images)
    }


def near_copies(samples: Sequence[Sample], store: Store | None) -> int:
    """How many of these images are nearly the same as one before them. Decoded images come from the
    store, where it has them; others are read."""
    decoded = store.of(samples) if store else None
    if decoded:
        thumbnails = [thumbnail(decoded[index]) for index in range(len(samples))]
    else:
        thumbnails = over_images(
            lambda sample: thumbnail(read_sample(sample)), samples, "comparing images"
        )
    pairs = near_pairs(np.array(thumbnails, np.uint8).reshape(-1, SIDE, SIDE))
    return len(samples) - len(set(components(len(samples), pairs.first, pairs.second)))


def _size(sample: Sample) -> Size:
    """Bytes of a file, the shape of pixels."""
    return os.stat(sample.file).st_size if sample.pixels is None else sample.pixels.shape


def _digest(sample: Sample) -> bytes:
    content = read_bytes(sample.file) if sample.pixels is None else sample.pixels.tobytes()
    return hashlib.sha256(content).digest()


def _digest_or_none(sample: Sample) -> bytes | None:
    with suppress(OSError):
        return _digest(sample)
    return None
