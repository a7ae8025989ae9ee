"""Each image decoded once: the resized pixels of a list, kept in memory or in a file.

Memory is shared by the workers of a run. A file is memory-mapped, so that it is shared by all that
read it, later runs too; it is valid for the very files, by path, size and time of change, that it
was made of, and appears only when it is whole.
"""

import hashlib
import json
import mmap
import os
import sys
import tempfile
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path

import cv2
import numpy as np
import PIL
from tqdm import tqdm

from paddle_aug.data.image import UnreadableImage, read_resized
from paddle_aug.data.listfile import Sample
from paddle_aug.data.shared import SharedArray, free_memory

FORMAT = 1
HEADER = 4096  # bytes: a line of JSON, filled up with blanks; pixels follow
CHUNK = 64  # images that are decoded, by all cores, before they are written
SHARE = 0.5  # of the free memory or disk, that `auto` takes at most
ABANDONED = 24 * 3600  # seconds after which an unfinished file is nobody's any more


class FileArray:
    """A memory-mapped cache file; pickled, it is opened anew."""

    def __init__(self, path: Path, shape: tuple[int, ...]):
        self.path, self.shape = path, shape
        with open(path, "rb") as file:
            mapped = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
        self.array = np.frombuffer(mapped, np.uint8, offset=HEADER).reshape(shape)

    def __reduce__(self):
        return FileArray, (self.path, self.shape)


Decoded = SharedArray | FileArray

# By fingerprint and the way that was asked for; the modes of one command train on the same images.
_opened: dict[tuple[str, str], Decoded] = {}
MOST_OPENED = 2  # a list to train on, and one to evaluate on


def decoded_images(
    samples: list[Sample], image_size: int, way: str = "auto", folder: Path | str | None = None
) -> Decoded | None:
    """All images of a list, resized, as `.array`: uint8 [N, image_size, image_size, 3].

    `way` is "ram", "disk" (a file in `folder`, which by default is the user's own for caches),
    "off", or "auto": memory if the images take at most half of what is free, else the disk under
    the same condition, else neither. None means that images are to be read each time: `off`, or
    that there is no room, which is told on stderr.

    Raises:
        UserError: an image cannot be read.
    """
    if way == "off" or not samples:
        return None
    shape = (len(samples), image_size, image_size, 3)
    size = int(np.prod(shape, dtype=np.int64))
    folder = Path(folder) if folder else default_folder()
    mark = fingerprint(samples, image_size)
    asked = mark, way
    if asked in _opened:
        return _opened[asked]
    if way == "auto":
        way = choose(size, free_memory(), free_disk(folder))
        if way == "off":
            tell(f"the decoded images would take {in_words(size)}, more than half of what is free")
            return None
    try:
        if way == "ram":
            made = into_memory(samples, shape)
        else:
            made = from_file(samples, shape, cache_file(samples, image_size, folder), mark)
    except OSError as error:  # of writing; an image that cannot be read is a UserError
        where = "memory" if way == "ram" else f"{folder} (--cache-dir names another place)"
        tell(f"{in_words(size)} cannot be kept in {where}: {error.strerror}")
        return None
    while len(_opened) >= MOST_OPENED:
        del _opened[next(iter(_opened))]
    _opened[asked] = made
    return made


def tell(reason: str) -> None:
    print(f"no cache: {reason}; images are decoded in each epoch", file=sys.stderr)


def in_words(size: int) -> str:
    return f"{size / 1e9:.1f} GB" if size >= 1e8 else f"{size / 1e6:.1f} MB"


def choose(size: int, memory: int, disk: int) -> str:
    """Where so many bytes may go without crowding others out."""
    if size <= SHARE * memory:
        return "ram"
    return "disk" if size <= SHARE * disk else "off"


def into_memory(samples: list[Sample], shape: tuple[int, ...]) -> SharedArray:
    """The images in new memory."""
    made = SharedArray(shape)
    for start, images in decoded_chunks(samples, shape[1]):
        made.array[start : start + len(images)] = images
    made.array.flags.writeable = False
    return made


def from_file(samples: list[Sample], shape: tuple[int, ...], path: Path, mark: str) -> FileArray:
    """The images in the file, which is made first where it is not there, or not of these images."""
    header = json.dumps({"format": FORMAT, "fingerprint": mark, "shape": shape})
    if not is_of(path, header, shape):
        path.parent.mkdir(parents=True, exist_ok=True)
        remove_abandoned(path.parent)
        write_file(samples, shape, path, header)
    return FileArray(path, shape)


def is_of(path: Path, header: str, shape: tuple[int, ...]) -> bool:
    """Whether this is a cache file, whole, with this header."""
    try:
        with open(path, "rb") as file:
            found = file.read(HEADER)
            size = os.fstat(file.fileno()).st_size
    except FileNotFoundError:
        return False
    return found == filled_up(header) and size == HEADER + int(np.prod(shape, dtype=np.int64))


def filled_up(header: str) -> bytes:
    return header.encode().ljust(HEADER - 1) + b"\n"


def write_file(samples: list[Sample], shape: tuple[int, ...], path: Path, header: str) -> None:
    """Write the cache under a name of this process, and give it its own once it is on the disk."""
    descriptor, beside = tempfile.mkstemp(".part", f".{path.name}.", path.parent)
    try:
        with open(descriptor, "wb") as file:
            if hasattr(os, "posix_fallocate"):  # no room is better known before the work
                os.posix_fallocate(file.fileno(), 0, HEADER + int(np.prod(shape, dtype=np.int64)))
            file.write(filled_up(header))
            for _, images in decoded_chunks(samples, shape[1]):
                file.write(images)
            file.flush()
            os.fsync(file.fileno())
        os.replace(beside, path)
    except BaseException:
        os.unlink(beside)
        raise


def remove_abandoned(folder: Path) -> None:
    """Remove what killed writers left."""
    for file in folder.glob(".*.part"):
        with suppress(FileNotFoundError):
            if time.time() - file.stat().st_mtime > ABANDONED:
                file.unlink()


def decoded_chunks(samples: list[Sample], image_size: int) -> Iterator[tuple[int, np.ndarray]]:
    """The images from the first to the last: where a chunk starts, and its pixels."""

    with (
        ThreadPoolExecutor(os.cpu_count()) as pool,
        tqdm(total=len(samples), desc="decoding images", disable=None, delay=2) as bar,
    ):
        for start in range(0, len(samples), CHUNK):
            files = [sample.file for sample in samples[start : start + CHUNK]]
            images = np.stack(list(pool.map(read_resized, files, [image_size] * len(files))))
            yield start, images
            bar.update(len(images))


def fingerprint(samples: list[Sample], image_size: int) -> str:
    """SHA-256 of all that the pixels depend on, in hexadecimal: the files by path, size and time of
    change, their order, the size they get, and what decodes them."""
    found = hashlib.sha256(f"{FORMAT} {image_size} {cv2.__version__} {PIL.__version__}\n".encode())
    for sample in samples:
        try:
            status = sample.file.stat()
        except OSError as error:
            raise UnreadableImage(sample.file, f"cannot be read ({error.strerror})") from None
        found.update(os.fsencode(sample.file.absolute()) + b"\0")
        found.update(f"{status.st_size} {status.st_mtime_ns}\n".encode())
    return found.hexdigest()


def cache_file(samples: list[Sample], image_size: int, folder: Path) -> Path:
    """Where the cache of such a list is: one file for each list and size, which is replaced when
    the images have changed."""
    names = [os.fsencode(sample.file.absolute()) for sample in samples]
    digest = hashlib.sha256(b"\0".join([str(image_size).encode(), *names])).hexdigest()
    return folder / f"{digest[:24]}.pixels"


def default_folder() -> Path:
    """Of the user, as systems have it for what may be deleted at any time."""
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "paddle_aug"


def free_disk(folder: Path) -> int:
    """Bytes that can be written to the file system of a folder, which need not exist yet."""
    while not folder.exists():
        folder = folder.parent
    status = os.statvfs(folder)
    return status.f_bavail * status.f_frsize
