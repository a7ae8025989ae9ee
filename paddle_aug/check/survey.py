"""One look at every image of a data set, faulty or not."""

import hashlib
from collections import Counter
from collections.abc import Callable
from functools import cached_property
from typing import NamedTuple

import numpy as np

from paddle_aug.data.duplicates import Pairs, components, near_pairs, same_as, thumbnail
from paddle_aug.data.image import (
    Encoding,
    UnreadableImage,
    decode_image,
    encoding,
    of_file,
)
from paddle_aug.data.parallel import over_images
from paddle_aug.data.samples import Found, Sample, normal_path
from paddle_aug.errors import printable
from paddle_aug.system.files import read_bytes


class Seen(NamedTuple):
    """An image that could be decoded; `encoding` is None for one from an archive.

    `pixels` is a digest of the shape and pixels, `content` one of the file's bytes.
    """

    height: int
    width: int
    pixels: bytes
    content: bytes
    thumbnail: np.ndarray
    encoding: Encoding | None


class Listed(NamedTuple):
    """An image of a list, once; `part` is the index of the list in `Found.parts`, and `seen` the
    reason if the image is unreadable."""

    sample: Sample
    part: int
    seen: Seen | str


def shown(sample: Sample) -> str:
    """A sample's path for people: file names may be any bytes."""
    return printable(sample.path)


class Survey:
    """A data set and a look at each of its images, those of train first; or at those `images` of
    it that somebody has looked at. `step` is called while near duplicates are searched for."""

    def __init__(
        self,
        found: Found,
        images: list[Listed] | None = None,
        step: Callable[[int, int], object] = lambda done, total: None,
    ):
        self.found = found
        self.step = step
        self.images = look_at_all(found) if images is None else images

    @cached_property
    def counts(self) -> dict[str, Counter]:
        """Images of each label in train, eval and test, as they are listed."""
        parts = ("train", "eval", "test")
        return {part: Counter(s.label for s in getattr(self.found, part)) for part in parts}

    @cached_property
    def readable(self) -> list[Listed]:
        return [image for image in self.images if isinstance(image.seen, Seen)]

    @cached_property
    def first(self) -> np.ndarray:
        """For each readable image, the index of the first with the same pixels."""
        return np.array(same_as([image.seen.pixels for image in self.readable]), np.int64)

    @cached_property
    def near(self) -> Pairs:
        """Pairs of readable images that are nearly the same. Of images with the same pixels, only
        the first is compared."""
        kept = np.unique(self.first)
        pairs = near_pairs([self.readable[index].seen.thumbnail for index in kept], self.step)
        return pairs._replace(first=kept[pairs.first], second=kept[pairs.second])

    @cached_property
    def groups(self) -> dict[str, int]:
        """The group of each readable image, by its path. Images that are the same, or nearly so,
        share a group."""
        count, near = len(self.readable), self.near
        links = np.r_[np.arange(count), near.first], np.r_[self.first, near.second]
        numbers = components(count, *links)
        return {
            normal_path(image.sample): int(number)
            for image, number in zip(self.readable, numbers, strict=True)
        }


def once(found: Found) -> list[tuple[Sample, int]]:
    """Each image of the lists once, with the index of its first list, those of train first."""
    first: dict[str, tuple[Sample, int]] = {}
    for part, (_, listed) in enumerate(found.parts):
        for sample in listed:
            first.setdefault(normal_path(sample), (sample, part))
    return list(first.values())


def look_at_all(found: Found) -> list[Listed]:
    """A look at each image of a data set, by all cores."""
    images = once(found)
    looks = over_images(look, [sample for sample, _ in images], "checking images")
    return [Listed(*image, seen) for image, seen in zip(images, looks, strict=True)]


def look(sample: Sample) -> Seen | str:
    """An image's properties, or why it cannot be read."""
    how = None
    if sample.pixels is None:
        try:
            data = of_file(read_bytes, sample.file)
            pixels = decode_image(data, sample.file)
        except UnreadableImage as error:
            return error.reason
        how = encoding(data)
    else:
        pixels = data = np.ascontiguousarray(sample.pixels)
    height, width, _ = pixels.shape
    digest = hashlib.blake2b(f"{height}×{width}".encode(), digest_size=16)
    digest.update(pixels)
    content = hashlib.blake2b(data, digest_size=16).digest()
    return Seen(height, width, digest.digest(), content, thumbnail(pixels), how)
