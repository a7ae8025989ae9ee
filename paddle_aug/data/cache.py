"""Decoded images: each image of a data set is decoded once and kept in memory or in a mapped file.

All processes of a run share the memory or map the file, and later runs map the file too. Its name
stands for the image files that it was made from, with their sizes and times of change. A file gets
this name once it is complete.
"""

import hashlib
import logging
import os
import shutil
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from pathlib import Path
from uuid import uuid4

import cv2
import numpy as np
import PIL

from paddle_aug.data.image import UnreadableImage, pixel_count, read_sample, resize
from paddle_aug.data.parallel import over_images
from paddle_aug.data.samples import Sample
from paddle_aug.system.script_task import HOME
from paddle_aug.system.shared_memory import SharedArray, free_memory

logger = logging.getLogger(__name__)

FORMAT = 3
SHARE = 0.5  # of the free memory or disk, that `auto` takes at most
ABANDONED = 24 * 3600  # seconds after which an unfinished file has lost its writer
SHAPE_BYTES = 8  # of an image's height and width, int32


class MappedFile:
    """The bytes of a cache file, memory-mapped. A copy by pickle maps the file again."""

    def __init__(self, path: Path, array: np.ndarray | None = None):
        self.path = path
        self.array = np.lib.format.open_memmap(path, mode="r") if array is None else array

    def __reduce__(self):
        return MappedFile, (self.path,)


class Decoded:
    """The images of a list: `decoded[index]` is uint8 [H, W, 3], read-only.

    `starts`, int64 [N], says where in the pixels each image begins, and `shapes`, int32 [N, 2], has
    their heights and widths. In memory and in a file, the table of shapes follows the pixels.
    """

    def __init__(self, pixels: SharedArray | MappedFile, starts: np.ndarray, shapes: np.ndarray):
        self.pixels, self.starts, self.shapes = pixels, starts, shapes

    def __len__(self):
        return len(self.starts)

    def __getitem__(self, index: int) -> np.ndarray:
        start, (height, width) = self.starts[index], self.shapes[index]
        image = self.pixels.array[start : start + height * width * 3].reshape(height, width, 3)
        image.flags.writeable = False
        return image.view(np.ndarray)

    @property
    def way(self) -> str:
        """Where the images are: "ram" or "disk"."""
        return "disk" if isinstance(self.pixels, MappedFile) else "ram"


@dataclass(frozen=True)
class Store:
    """The decoded images of a data set, each once, `image_size` × `image_size` or, with None, at
    their own sizes. A process that is started with it sees the same memory."""

    image_size: int | None
    places: dict[str, int]
    images: Decoded
    interpolation: str

    def of(self, samples: Sequence[Sample]) -> Decoded | None:
        """The images of these samples; None if some are not here."""
        try:
            places = np.array([self.places[_key(sample)] for sample in samples], int)
        except KeyError:
            return None
        images = self.images
        return Decoded(images.pixels, images.starts[places], images.shapes[places])


@dataclass(frozen=True)
class Cache:
    """Where decoded images are kept: "ram", "disk" (a file in `folder`, by default the user's own
    for caches), "off", or "auto".

    "auto" is memory if the images take at most half of what is free, else the disk under the same
    condition, else off. `instead` is what to keep if these images are not kept.
    """

    image_size: int | None
    way: str = "auto"
    folder: Path | str | None = None
    interpolation: str = "area"
    instead: "Cache | None" = None


class Filling:
    """A store to be filled: `lacking` are the samples without an image in it, all or none, and
    `path` is the name that its file gets."""

    def __init__(self, store: Store, lacking: list[Sample], path: Path | None = None):
        self.store, self.lacking, self.path = store, lacking, path
        images = store.images
        self.sizes = np.diff(images.starts, append=images.pixels.array.size - images.shapes.nbytes)

    def put(self, sample: Sample, image: np.ndarray) -> None:
        """Keep a sample's image if the store has a place for it; threads may call this at once.

        Raises:
            UnreadableImage: the image does not have the size that its header gave.
        """
        place, images = self.store.places.get(_key(sample)), self.store.images
        if place is None:
            return
        if self.store.image_size is not None:
            image = resize(image, self.store.image_size, self.store.interpolation)
        if image.size != self.sizes[place]:
            raise UnreadableImage(sample.file, "it changes while it is being read")
        start = images.starts[place]
        images.pixels.array[start : start + image.size] = image.reshape(-1)
        images.shapes[place] = image.shape[:2]

    def finish(self) -> None:
        """Give the file its name, now that it is complete, and write it to the disk."""
        pixels = self.store.images.pixels
        assert self.store.images.shapes.all(), "an image was not put"
        if self.path is None:
            return
        pixels.array.flush()
        with open(pixels.path, "rb") as file:
            os.fsync(file.fileno())
        os.replace(pixels.path, self.path)
        pixels.path = self.path
        for file in self.path.parent.glob(f"{self.path.name.split('-')[0]}-*.npy"):
            if file != self.path:  # the same list, before its images changed
                file.unlink(missing_ok=True)


@contextmanager
def filling(samples: Sequence[Sample], cache: Cache | None) -> Iterator[Filling | None]:
    """A store for these samples' images, empty or already full. It is kept if the block ends
    without an exception.

    Without a cache, with `off` and without room, which is logged, it is None.
    """
    filled = _reserve(samples, cache)
    if filled is None and cache is not None:
        filled = _reserve(samples, cache.instead)
    if filled is None or not filled.lacking:
        yield filled
        return
    part = filled.store.images.pixels.path if filled.path else None
    try:
        yield filled
        filled.finish()
    finally:
        if part:
            part.unlink(missing_ok=True)


def decode(samples: Sequence[Sample], filled: Filling | None, title: str) -> dict[str, str]:
    """Decode these images on all cores into `filled`, and return why files cannot be read.

    The title is that of a progress bar.
    """

    def decode_one(sample: Sample) -> str | None:
        try:
            image = read_sample(sample)
            if filled:
                filled.put(sample, image)
        except UnreadableImage as error:
            return error.reason
        return None

    reasons = over_images(decode_one, samples, title)
    return {sample.file: reason for sample, reason in zip(samples, reasons, strict=True) if reason}


def decoded_images(samples: Sequence[Sample], cache: Cache) -> Decoded | None:
    """All images of a list, decoded now; None if nothing keeps them (see `filling`).

    Raises:
        UserError: an image cannot be read.
    """
    with filling(samples, cache) as filled:
        if filled is None:
            return None
        for file, reason in decode(filled.lacking, filled, "decoding images").items():
            raise UnreadableImage(file, reason)
    return filled.store.of(samples)


def _reserve(samples: Sequence[Sample], cache: Cache | None) -> Filling | None:
    """A store for the images of these samples, full if a file has them; None without room."""
    if cache is None or cache.way == "off" or not samples:
        return None
    distinct = {_key(sample): sample for sample in samples}
    samples = list(distinct.values())
    places = {name: place for place, name in enumerate(distinct)}
    size, way = cache.image_size, cache.way
    folder = Path(cache.folder) if cache.folder else default_folder()
    path = cache_file(samples, cache, folder) if way == "disk" else None
    images = _read(path, len(samples)) if path else None
    if images:
        return Filling(Store(size, places, images, cache.interpolation), [])
    if size is None:
        counts = np.array(over_images(pixel_count, samples, "reading image sizes"), np.int64)
    else:
        counts = np.full(len(samples), size**2, np.int64)
    total = 3 * int(counts.sum()) + SHAPE_BYTES * len(samples)
    no_cache = "no cache: %.1f GB %s; images are decoded in each epoch"
    if way == "auto" and total > SHARE * free_memory():
        if total <= SHARE * free_disk(folder):
            return _reserve(samples, replace(cache, way="disk"))
        logger.warning(no_cache, total / 1e9, "are more than half of what is free")
        return None
    try:
        pixels = _new_file(path, total) if path else SharedArray((total,))
    except OSError as error:
        where = f"{folder} (--cache-dir names another place)" if path else "memory"
        logger.warning(no_cache, total / 1e9, f"cannot be kept in {where}: {error.strerror}")
        return None
    images = Decoded(pixels, 3 * (np.cumsum(counts) - counts), _shapes(pixels, len(samples)))
    return Filling(Store(size, places, images, cache.interpolation), samples, path)


def _key(sample: Sample) -> str:
    """The key of an image in a store."""
    return sample.file if sample.pixels is None else f"{sample.file}: {sample.path}"


def _shapes(pixels: SharedArray | MappedFile, count: int) -> np.ndarray:
    """The table of heights and widths after the pixels, int32 [count, 2]."""
    return pixels.array[pixels.array.size - SHAPE_BYTES * count :].view(np.int32).reshape(-1, 2)


def _read(path: Path, count: int) -> Decoded | None:
    """The images of a cache file; None if there is no such file, or it is damaged."""
    try:
        pixels = MappedFile(path)
        shapes = np.array(_shapes(pixels, count))
    except (OSError, ValueError):
        return None
    sizes = 3 * shapes.astype(np.int64).prod(axis=1)
    if len(shapes) != count or sizes.sum() + shapes.nbytes != pixels.array.size:
        return None
    return Decoded(pixels, np.cumsum(sizes) - sizes, shapes)


def _new_file(path: Path, size: int) -> MappedFile:
    """A cache file under a temporary name."""
    path.parent.mkdir(parents=True, exist_ok=True)
    for file in path.parent.glob(".*.part"):
        with suppress(FileNotFoundError):
            if time.time() - file.stat().st_mtime > ABANDONED:  # its writer was killed
                file.unlink()
    # Not by tempfile: others may share the folder, and only the owner can read its files.
    part = path.with_name(f".{path.name}.{uuid4().hex}.part")
    try:
        array = np.lib.format.open_memmap(part, "w+", np.uint8, (size,))
        if hasattr(os, "posix_fallocate"):  # without it, a full disk kills the process at a write
            with open(part, "r+b") as file:
                os.posix_fallocate(file.fileno(), 0, os.fstat(file.fileno()).st_size)
    except OSError:
        part.unlink(missing_ok=True)
        raise
    return MappedFile(part, array)


def cache_file(samples: Sequence[Sample], cache: Cache, folder: Path) -> Path:
    """Where the cache of these images is.

    The first half of the name stands for the list and the resize. The second stands for whatever
    else the pixels depend on: each file's size and time of change, an archive's pixels, and the
    versions of the decoders.
    """
    # Files of earlier versions, which knew only linear, stay valid.
    how = "" if cache.interpolation == "linear" else f" {cache.interpolation}"
    names = hashlib.sha256(f"{cache.image_size}{how}\n".encode())
    contents = hashlib.sha256(f"{FORMAT} {cv2.__version__} {PIL.__version__}\n".encode())
    for sample in samples:
        names.update(os.fsencode(f"{os.path.abspath(sample.file)}/{sample.path}\0"))
        if sample.pixels is not None:
            contents.update(np.ascontiguousarray(sample.pixels))
            continue
        with suppress(OSError):  # reading the image will say why
            status = os.stat(sample.file)
            contents.update(f"{status.st_size} {status.st_mtime_ns}\n".encode())
    return folder / f"{names.hexdigest()[:24]}-{contents.hexdigest()[:24]}.npy"


def default_folder() -> Path:
    """The folder for caches of the user; on AI Studio, not in the home that each start loads."""
    cache = Path.home() / ".cache" if Path.home() != HOME else tempfile.gettempdir()
    return Path(os.environ.get("XDG_CACHE_HOME") or cache) / "paddle_aug"


def free_disk(folder: Path) -> int:
    """Free bytes in the file system of a folder, which need not exist yet."""
    while not folder.exists():
        folder = folder.parent
    return shutil.disk_usage(folder).free
