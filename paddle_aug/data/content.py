"""Images of equal content under different names: files of the same bytes, or the same pixels in an
archive."""

import hashlib
import os
from collections import defaultdict
from collections.abc import Sequence
from contextlib import suppress

from paddle_aug.data.duplicates import same_as
from paddle_aug.data.parallel import over_images
from paddle_aug.data.samples import Sample, first_of_each, normal_path
from paddle_aug.system.files import read_bytes


def shared_content(train: Sequence[Sample], eval: Sequence[Sample]) -> list[tuple[Sample, Sample]]:
    """Samples of eval whose content is in train under another name, with the sample there."""
    if not eval:
        return []
    groups = content_groups([*train, *eval], {})
    in_train = {groups[normal_path(sample)]: sample for sample in train}
    known = {normal_path(sample) for sample in train}
    return [
        (sample, in_train[groups[path]])
        for sample in eval
        if (path := normal_path(sample)) not in known and groups[path] in in_train
    ]


def same_images(samples: Sequence[Sample], others: Sequence[Sample]) -> list[Sample]:
    """The `others`, perhaps of another data set, whose content is among the `samples`."""

    def size_of(sample: Sample):
        with suppress(OSError):
            return _size(sample)
        return None

    sizes = {*map(size_of, others)}
    likely = [sample for sample in samples if size_of(sample) in sizes]
    one, other = (
        [sample._replace(path=f"{part}/{sample.path}") for sample in listed]
        for part, listed in (("1", likely), ("2", others))
    )
    return [sample for sample, _ in shared_content(one, other)]


def content_groups(samples: Sequence[Sample], digests: dict[str, bytes]) -> dict[str, int]:
    """The group of each image, by its normal path: images of equal content share a group.

    Only images of equal size are hashed. `digests`, by normal path, keeps the hashes for the next
    call. A file that cannot be read is a group of its own; the check of all images says why.
    """
    images = first_of_each(samples)
    by_size: dict[int | tuple[int, ...], list[str]] = defaultdict(list)
    for path, sample in images.items():
        with suppress(OSError):
            by_size[_size(sample)].append(path)
    unknown = [
        path
        for paths in by_size.values()
        for path in paths
        if len(paths) > 1 and path not in digests
    ]
    hashed = over_images(_digest, [images[path] for path in unknown], "comparing images")
    digests.update((path, digest) for path, digest in zip(unknown, hashed, strict=True) if digest)
    numbers = same_as([digests.get(path, path) for path in images])
    return dict(zip(images, numbers, strict=True))


def _size(sample: Sample) -> int | tuple[int, ...]:
    """Bytes of a file, the shape of pixels."""
    return os.stat(sample.file).st_size if sample.pixels is None else sample.pixels.shape


def _digest(sample: Sample) -> bytes | None:
    """The hash of a file's bytes or of an archive's pixels; None if the file cannot be read."""
    if sample.pixels is not None:
        return hashlib.sha256(sample.pixels.tobytes()).digest()
    with suppress(OSError):
        return hashlib.sha256(read_bytes(sample.file)).digest()
    return None
