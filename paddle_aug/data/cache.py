"""Each image decoded once: the pixels of a list, resized or not, kept in memory or in a file.

Memory is shared by the workers of a run. A file is memory-mapped, so that it is shared by all that
read it, later runs too; it is valid for the very files, by path, size and time of change, that it
was made of, and appears only when it is whole.
"""

import hashlib
import json
import mmap
import os
import sys
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from uuid import uuid4

import cv2
import numpy as np
import PIL
from tqdm import tqdm

from paddle_aug.data.image import UnreadableImage, read_sample, sample_shape
from paddle_aug.data.samples import Sample
from paddle_aug.system.shared_memory import SharedArray, free_memory

FORMAT = 2
HEADER = 4096  # bytes: a line of JSON, filled up with blanks; heights and widths follow, and pixels
CHUNK = 64  # images that are decoded, by all cores, before they are written
SHARE = 0.5  # of the free memory or disk, that `auto` takes at most
ABANDONED = 24 * 3600  # seconds after which an unfinished file is nobody's any more


class FileArray:
    """The pixels of a memory-mapped cache file; pickled, it is opened anew."""

    def __init__(self, path: Path, start: int):
        self.path, self.start = path, start
        with open(path, "rb") as file:
            mapped = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
        self.array = np.frombuffer(mapped, np.uint8, offset=start)

    def __reduce__(self):
        return FileArray, (self.path, self.start)


class Decoded:
    """The images of a list, one after another: `decoded[index]` is uint8 [H, W, 3], read-only.

    `shapes`, int32 [N, 2], has their heights and widths.
    """

    def __init__(self, held: SharedArray | FileArray, shapes: np.ndarray):
        self.held = held
        self.shapes = shapes
        self.ends = np.cumsum(sizes(shapes))

    def __len__(self):
        return len(self.shapes)

    def __getitem__(self, index: int) -> np.ndarray:
        height, width = self.shapes[index]
        end = self.ends[index]
        image = self.held.array[end - height * width * 3 : end].reshape(height, width, 3)
        image.flags.writeable = False
        return image

    @property
    def way(self) -> str:
        """Where they are: "ram" or "disk"."""
        return "disk" if isinstance(self.held, FileArray) else "ram"


# By fingerprint and the way that was asked for; the modes of one command train on the same images.
_opened: dict[tuple[str, str], Decoded] = {}
MOST_OPENED = 3  # lists to train on, to evaluate on, and to test on


def decoded_images(
    samples: Sequence[Sample],
    image_size: int | None,
    way: str = "auto",
    folder: Path | str | None = None,
) -> Decoded | None:
    """All images of a list, resized to image_size × image_size, or with None as they are.

    `way` is "ram", "disk" (a file in `folder`, which by default is the user's own for caches),
    "off", or "auto": memory if the images take at most half of what is free, else the disk under
    the same condition, else neither. None means that images are to be read each time: `off`, or
    that there is no room, which is told on stderr.

    Raises:
        UserError: an image cannot be read.
    """
    if way == "off" or not samples:
        return None
    folder = Path(folder) if folder else default_folder()
    mark = fingerprint(samples, image_size)
    asked = mark, way
    if asked in _opened:
        return _opened[asked]
    shapes = None if way == "disk" else find_shapes(samples, image_size)
    if way == "auto":
        size = int(sizes(shapes).sum())
        way = choose(size, free_memory(), free_disk(folder))
        if way == "off":
            tell(f"the decoded images would take {in_words(size)}, more than half of what is free")
            return None
    try:
        if way == "ram":
            made = into_memory(samples, image_size, shapes)
        else:
            made = from_file(samples, image_size, cache_file(samples, image_size, folder), mark)
    except OSError as error:  # of writing; an image that cannot be read is a UserError
        where = "memory" if way == "ram" else f"{folder} (--cache-dir names another place)"
        size = int(sizes(find_shapes(samples, image_size)).sum())
        tell(f"{in_words(size)} cannot be kept in {where}: {error.strerror}")
        return None
    while len(_opened) >= MOST_OPENED:
        del _opened[next(iter(_opened))]
    _opened[asked] = made
    return made


def sizes(shapes: np.ndarray) -> np.ndarray:
    """Bytes of images with these heights and widths, int64 [N]."""
    return shapes.astype(np.int64).prod(axis=1) * 3


def find_shapes(samples: Sequence[Sample], image_size: int | None) -> np.ndarray:
    """Heights and widths, int32 [N, 2], of the images when they will have been read."""
    if image_size is not None:
        return np.full((len(samples), 2), image_size, np.int32)
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        return np.array(list(pool.map(sample_shape, samples)), np.int32)


def tell(reason: str) -> None:
    print(f"no cache: {reason}; images are decoded in each epoch", file=sys.stderr)


def in_words(size: int) -> str:
    return f"{size / 1e9:.1f} GB" if size >= 1e8 else f"{size / 1e6:.1f} MB"


def choose(size: int, memory: int, disk: int) -> str:
    """Where so many bytes may go without crowding others out."""
    if size <= SHARE * memory:
        return "ram"
    return "disk" if size <= SHARE * disk else "off"


def into_memory(samples: Sequence[Sample], image_size: int | None, shapes: np.ndarray) -> Decoded:
    """The images in new memory."""
    held = SharedArray((int(sizes(shapes).sum()),))
    end = 0
    for image in decoded_in_turn(samples, image_size, shapes):
        held.array[end : end + image.size] = image.reshape(-1)
        end += image.size
    return Decoded(held, shapes)


def from_file(samples: Sequence[Sample], image_size: int | None, path: Path, mark: str) -> Decoded:
    """The images in the file, which is made first where it is not there, or not of these images."""
    header = json.dumps({"format": FORMAT, "fingerprint": mark, "images": len(samples)})
    shapes = read_shapes(path, header, len(samples))
    if shapes is None:
        shapes = find_shapes(samples, image_size)
        path.parent.mkdir(parents=True, exist_ok=True)
        remove_abandoned(path.parent)
        write_file(samples, image_size, shapes, path, header)
    return Decoded(FileArray(path, HEADER + shapes.nbytes), shapes)


def read_shapes(path: Path, header: str, count: int) -> np.ndarray | None:
    """The table of a cache file with this header; None if there is none, or it is not whole."""
    try:
        with open(path, "rb") as file:
            found = file.read(HEADER)
            table = file.read(8 * count)
            size = os.fstat(file.fileno()).st_size
    except FileNotFoundError:
        return None
    if found != filled_up(header) or len(table) != 8 * count:
        return None
    shapes = np.frombuffer(table, np.int32).reshape(count, 2)
    return shapes if size == HEADER + shapes.nbytes + int(sizes(shapes).sum()) else None


def filled_up(header: str) -> bytes:
    return header.encode().ljust(HEADER - 1) + b"\n"


def write_file(
    samples: Sequence[Sample], image_size: int | None, shapes: np.ndarray, path: Path, header: str
) -> None:
    """Write the cache under a name of this call, and give it its own once it is on the disk."""
    # Not by tempfile, whose files nobody else may read: others may share the folder.
    beside = path.with_name(f".{path.name}.{uuid4().hex}.part")
    try:
        with open(beside, "xb") as file:
            if hasattr(os, "posix_fallocate"):  # no room is better known before the work
                size = HEADER + shapes.nbytes + int(sizes(shapes).sum())
                os.posix_fallocate(file.fileno(), 0, size)
            file.write(filled_up(header))
            file.write(shapes.tobytes())
            for image in decoded_in_turn(samples, image_size, shapes):
                file.write(np.ascontiguousarray(image))
            file.flush()
            os.fsync(file.fileno())
        os.replace(beside, path)
    except BaseException:
        beside.unlink(missing_ok=True)
        raise


def remove_abandoned(folder: Path) -> None:
    """Remove what killed writers left."""
    for file in folder.glob(".*.part"):
        with suppress(FileNotFoundError):
            if time.time() - file.stat().st_mtime > ABANDONED:
                file.unlink()


def decoded_in_turn(
    samples: Sequence[Sample], image_size: int | None, shapes: np.ndarray
) -> Iterator[np.ndarray]:
    """The images from the first to the last, decoded by all cores."""
    with (
        ThreadPoolExecutor(os.cpu_count()) as pool,
        tqdm(total=len(samples), desc="decoding images", disable=None, delay=2) as bar,
    ):
        for start in range(0, len(samples), CHUNK):
            chunk = samples[start : start + CHUNK]
            images = list(pool.map(read_sample, chunk, [image_size] * len(chunk)))
            for sample, image, shape in zip(chunk, images, shapes[start:], strict=False):
                if image.shape[:2] != tuple(shape):
                    raise UnreadableImage(sample.file, "it changes while it is being read")
                yield image
            bar.update(len(chunk))


def fingerprint(samples: Sequence[Sample], image_size: int | None) -> str:
    """SHA-256 of all that the pixels depend on, in hexadecimal: the files by path, size and time of
    change, or else their pixels; their order, the size they get, and what decodes them."""
    found = hashlib.sha256(f"{FORMAT} {image_size} {cv2.__version__} {PIL.__version__}\n".encode())
    for sample in samples:
        if sample.pixels is not None:
            found.update(f"{sample.pixels.shape}\n".encode())
            found.update(read_sample(sample))
            continue
        try:
            status = os.stat(sample.file)
        except OSError as error:
            raise UnreadableImage(sample.file, f"cannot be read ({error.strerror})") from None
        found.update(os.fsencode(os.path.abspath(sample.file)) + b"\0")
        found.update(f"{status.st_size} {status.st_mtime_ns}\n".encode())
    return found.hexdigest()


def cache_file(samples: Sequence[Sample], image_size: int | None, folder: Path) -> Path:
    """Where the cache of such a list is: one file for each list and size, which is replaced when
    the images have changed."""
    names = [os.fsencode(f"{os.path.abspath(sample.file)}/{sample.path}") for sample in samples]
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
