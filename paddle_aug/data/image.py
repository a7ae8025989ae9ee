"""From an image file to pixels: uint8, height × width × 3, RGB, as a person sees the picture.

Colour profiles are not applied: pixels are taken as sRGB, as the original notebook takes them.
"""

import io
import re
import struct
import threading
import zlib
from collections.abc import Callable, Iterator
from contextlib import nullcontext
from pathlib import Path
from typing import NamedTuple

import cv2
import numpy as np
from PIL import Image, UnidentifiedImageError

from paddle_aug.data.samples import Sample
from paddle_aug.errors import UserError
from paddle_aug.system.files import open_file, read_bytes

# Named, so that no other reader of Pillow's (PostScript, FITS, …) ever meets a user's file.
FORMATS = ("JPEG", "PNG", "BMP", "WEBP", "GIF", "TIFF")
SUFFIXES = (
    ".jpg", ".jpeg", ".jpe", ".jfif", ".png", ".bmp", ".webp", ".gif", ".tif", ".tiff"
)  # fmt: skip
# Pillow's own bound; checked before anything is decoded. Of 16 bits a channel half as many: cv2
# holds them twice while it decodes.
MAX_PIXELS = 178_956_970
MAX_SIDE = 1_000_000  # libpng's own bound, which cv2 keeps to; Pillow's lines of pixels end, too
MAX_BYTES = 2**30
# A JPEG goes over all its blocks in each scan; encoders make twenty at most, a few bytes suffice.
MAX_SCANS = 100
# Larger ones are decoded one after another, or as many as there are cores would fill the memory.
MANY_PIXELS = 2**25
# Chunks and their bytes; of a PNG without others, cv2 makes the pixels that Pillow makes, quicker.
PLAIN_CHUNKS = {b"IHDR": 13, b"pHYs": 9, b"tIME": 7, b"sRGB": 1, b"IDAT": None, b"IEND": 0}
PLAIN_KINDS = (b"\x08\0\0\0\0", b"\x08\x02\0\0\0")  # 8 bits of grey, of RGB; not interlaced
STRIP = 2**16  # pixels that are calculated with at once: few enough for a processor's cache

# What Pillow and cv2 raise on damaged files, found by feeding them some 100,000.
_DECODER_ERRORS = (
    OSError,
    SyntaxError,
    ValueError,
    TypeError,
    AttributeError,
    IndexError,
    EOFError,
    struct.error,
    cv2.error,
)
MISSING = "no such file"
_EXIF_ORIENTATION = 0x0112
_TIFF_BITS_PER_SAMPLE = 258
_large_images = threading.Lock()
_NEXT_JPEG_MARKER = re.compile(rb"\xff[^\x00\xff\xd0-\xd7]")  # stuffed bytes and restarts go by


class UnreadableImage(UserError, ValueError):
    """A file that does not hold a whole image; `reason` says what is wrong, without the path."""

    def __init__(self, path: Path | str, reason: str):
        super().__init__(path, reason)  # both are args, so that it survives a worker's pickle
        self.reason = reason

    def __str__(self):
        return f"{self.args[0]}: {self.reason}"


def read_image(path: Path | str) -> np.ndarray:
    """Read a JPEG, PNG, BMP, WebP, GIF (first frame) or TIFF of any depth and colour model.

    EXIF rotation is applied, transparency is laid over white, and 16 bits become 8 by division by
    257, so that white stays white. An ordinary colour JPEG gives the very pixels of `cv2.imread`.

    Raises:
        UnreadableImage: empty, truncated or damaged, not an image, or more than `MAX_PIXELS`, or
            than `MAX_SIDE` of them in height or width.
        OSError: the file cannot be read at all (missing, a folder, not permitted).
    """
    return decode_image(read_file(path), path)


def read_file(path: Path | str) -> bytes:
    """The bytes of an image file.

    Raises:
        OSError: as `read_image`; also if it is no ordinary file, or has more than `MAX_BYTES`.
    """
    return read_bytes(path, MAX_BYTES)


def decode_image(data: bytes, path: Path | str) -> np.ndarray:
    """As `read_image`, from the bytes of the file, which errors call `path`."""
    if not data:
        raise UnreadableImage(path, "the file is empty")
    try:
        return np.ascontiguousarray(_decode(data))
    except _Refused as error:
        raise UnreadableImage(path, str(error)) from None
    except UnidentifiedImageError:
        reason = "not an image that can be read (want JPEG, PNG, BMP, WebP, GIF or TIFF)"
        raise UnreadableImage(path, reason) from None
    except Image.DecompressionBombError:
        raise UnreadableImage(path, _too_large()) from None
    except _DECODER_ERRORS as error:
        raise UnreadableImage(path, "the image is truncated or damaged") from error


class Encoding(NamedTuple):
    """How a file holds its image: which format, `mode` as Pillow calls it, bits a channel, whether
    any pixel is transparent, how many frames or pages, and whether EXIF turns it."""

    format: str
    mode: str
    depth: int
    transparent: bool
    frames: int
    turned: bool


def encoding(data: bytes) -> Encoding:
    """How the bytes of a file that `decode_image` takes hold their image."""
    image = Image.open(io.BytesIO(data), formats=FORMATS)
    photo = image.format in ("JPEG", "MPO")
    return Encoding(
        "JPEG" if photo else image.format,
        image.mode,
        _depth(data, image),
        _has_alpha(image) and image.convert("RGBA").getchannel("A").getextrema()[0] < 255,
        1 if photo else _frames(image),
        image.getexif().get(_EXIF_ORIENTATION, 1) in range(2, 9),
    )


def _frames(image: Image.Image) -> int:
    try:
        return getattr(image, "n_frames", 1)
    except _DECODER_ERRORS:  # in a frame that is never shown
        return 2


def resize(image: np.ndarray, size: int) -> np.ndarray:
    """Resize to `size` × `size`, bilinear, the aspect ratio given up: as the notebook does."""
    return cv2.resize(image, (size, size), interpolation=cv2.INTER_LINEAR)


def read_sample(sample: Sample, size: int | None = None) -> np.ndarray:
    """The image of a sample, contiguous: as large as it is, or stretched to `size` × `size`.

    Raises:
        UnreadableImage: the file holds no image, or cannot be read at all (any more).
    """
    return read_source(sample.file, sample.pixels, size)


def read_source(file: Path | str, pixels: np.ndarray | None, size: int | None = None) -> np.ndarray:
    """As `read_sample`, from the file, or from the pixels where there are some."""
    image = of_file(read_image, file) if pixels is None else np.ascontiguousarray(pixels)
    return image if size is None else resize(image, size)


def pixel_count(sample: Sample) -> int:
    """Height × width by the header, without decoding; 0 if the header is not one of an image."""
    if sample.pixels is not None:
        height, width = sample.pixels.shape[:2]
        return height * width
    try:
        with open_file(sample.file, MAX_BYTES) as file, Image.open(file, formats=FORMATS) as image:
            count = image.width * image.height
    except (Image.DecompressionBombError, *_DECODER_ERRORS):
        return 0
    return count if count <= MAX_PIXELS else 0


def of_file(read: Callable, path: Path | str):
    """`read(path)`, where a file that cannot be read is an UnreadableImage, too."""
    try:
        return read(path)
    except FileNotFoundError:
        raise UnreadableImage(path, MISSING) from None
    except OSError as error:
        raise UnreadableImage(path, f"cannot be read ({error.strerror})") from None


class _Refused(Exception):
    """Why the bytes at hand are not taken; `read_image` adds the path."""


def _too_large(depth: int = 8) -> str:
    most, of = MAX_PIXELS * 8 // depth, " of 16 bits a channel" if depth == 16 else ""
    return f"the image has more than {most // 10**6} million pixels{of}; make it smaller"


def _decode(data: bytes) -> np.ndarray:
    if _is_plain_png(data):
        pixels = _colour(data)
        if pixels is not None:
            return pixels  # else Pillow says what is wrong
    image = Image.open(io.BytesIO(data), formats=FORMATS)  # the header only
    count = image.width * image.height
    if count > MAX_PIXELS:
        raise _Refused(_too_large())
    if max(image.size) > MAX_SIDE:
        raise _Refused(f"the image is more than {MAX_SIDE:,} pixels wide or high; make it smaller")
    with _large_images if count > MANY_PIXELS else nullcontext():
        return _decode_opened(data, image)


def _decode_opened(data: bytes, image: Image.Image) -> np.ndarray:
    if image.format in ("JPEG", "MPO"):  # MPO: a JPEG with further pictures after its end
        scans, ended = _jpeg_scans(data)
        if not ended:
            raise _Refused("the JPEG is truncated")
        if scans > MAX_SCANS:
            raise _Refused(f"the JPEG has {scans:,} scans, more than {MAX_SCANS}; save it anew")
        if image.mode == "RGB":
            return _upright(_colour_jpeg(data), image)
    if image.format == "PNG":
        Image.open(io.BytesIO(data), formats=("PNG",)).verify()  # checksums, which load() skips
    depth = _depth(data, image)
    if depth == 16 and image.width * image.height > MAX_PIXELS // 2:
        raise _Refused(_too_large(16))
    image.load()  # strict about truncation, where cv2 returns half a picture
    pixels = _sixteen_bit(data) if depth == 16 else _eight_bit(image)
    return pixels if image.format == "TIFF" else _upright(pixels, image)


def _jpeg_scans(data: bytes) -> tuple[int, bool]:
    """How many scans there are, and if the end marker is reached, going from segment to segment.

    A search for its two bytes would be fooled by the thumbnail in an EXIF segment, which has its
    own. What follows the end is of no concern. `cv2.imread` gives half a picture without a word.
    """
    position, scans = 2, 0
    while found := _NEXT_JPEG_MARKER.search(data, position):
        if found[0] == b"\xff\xd9":
            return scans, True
        scans += found[0] == b"\xff\xda"
        length = int.from_bytes(data[found.end() : found.end() + 2], "big")
        position = found.end() + length
    return scans, False


def _colour_jpeg(data: bytes) -> np.ndarray:
    pixels = _colour(data)
    if pixels is None:
        raise _Refused("the JPEG is truncated or damaged")
    return pixels


def _is_plain_png(data: bytes) -> bool:
    """Whether it is a PNG of 8 bits, grey or RGB, not too large, without any other chunks than
    PLAIN_CHUNKS, and with all its checksums right, which cv2 does not insist on."""
    if data[:16] != b"\x89PNG\r\n\x1a\n\0\0\0\x0dIHDR" or data[24:29] not in PLAIN_KINDS:
        return False
    width, height = struct.unpack(">II", data[16:24])
    if not 0 < width * height <= MANY_PIXELS or max(width, height) > MAX_SIDE:
        return False
    whole, position, kind = memoryview(data), 8, b""
    while kind != b"IEND":
        size = int.from_bytes(data[position : position + 4], "big")
        kind = data[position + 4 : position + 8]
        if PLAIN_CHUNKS.get(kind, -1) not in (size, None):
            return False
        end = position + 8 + size
        if zlib.crc32(whole[position + 4 : end]).to_bytes(4, "big") != data[end : end + 4]:
            return False
        position = end + 4
    return True


def _colour(data: bytes) -> np.ndarray | None:
    """RGB as cv2 decodes it, not turned by EXIF; None if it cannot."""
    flags = cv2.IMREAD_COLOR | cv2.IMREAD_IGNORE_ORIENTATION
    pixels = cv2.imdecode(np.frombuffer(data, np.uint8), flags)
    return None if pixels is None else cv2.cvtColor(pixels, cv2.COLOR_BGR2RGB)


def _depth(data: bytes, image: Image.Image) -> int:
    """Bits a channel, 8 or 16. Pillow's mode would not tell: it opens 16-bit colour as 8-bit."""
    bits = 8
    if image.format == "PNG":
        bits = data[24]
    elif image.format == "TIFF":
        bits = max(image.tag_v2.get(_TIFF_BITS_PER_SAMPLE, (1,)))
    return 16 if bits == 16 else 8


def _eight_bit(image: Image.Image) -> np.ndarray:
    if image.mode in ("I", "F"):
        raise _Refused("pixels of 32 bits have no agreed white; save the image with 8 or 16 bits")
    if image.width * image.height <= 64 * STRIP:  # larger ones are not to be copied as a whole
        return _converted(image)
    made = np.empty((image.height, image.width, 3), np.uint8)
    for rows in _strips(made):
        below = min(rows.stop, image.height)
        made[rows] = _converted(image.crop((0, rows.start, image.width, below)))
    return made


def _converted(image: Image.Image) -> np.ndarray:
    if _has_alpha(image):
        return _over_white(np.asarray(image.convert("RGBA")))
    return np.asarray(image.convert("RGB"))


def _has_alpha(image: Image.Image) -> bool:
    return "transparency" in image.info or image.mode in ("LA", "PA", "RGBA", "La", "RGBa")


def _sixteen_bit(data: bytes) -> np.ndarray:
    """Read by cv2, because Pillow drops the low byte of colour."""
    pixels = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_UNCHANGED)
    if pixels is None or pixels.dtype != np.uint16:
        raise _Refused("a kind of 16-bit image that cannot be read; save it with 8 bits")
    pixels = np.atleast_3d(pixels)  # grey, or blue, green and red, and how opaque perhaps
    made = np.empty((*pixels.shape[:2], 3), np.uint8)
    for rows in _strips(pixels):
        colour = _over_white(pixels[rows]) if pixels.shape[2] == 4 else pixels[rows]
        made[rows] = (colour[..., ::-1].astype(np.uint32) + 128) // 257
    return made


def _over_white(rgba: np.ndarray) -> np.ndarray:
    white = np.iinfo(rgba.dtype).max
    made = np.empty((*rgba.shape[:2], 3), rgba.dtype)
    for rows in _strips(rgba):
        wide = rgba[rows].astype(np.uint32)  # white² + white/2 just fits, for 16 bits too
        colour, alpha = wide[..., :3], wide[..., 3:]
        made[rows] = (colour * alpha + white * (white - alpha) + white // 2) // white
    return made


def _strips(pixels: np.ndarray) -> Iterator[slice]:
    """Rows of `STRIP` pixels or so."""
    height, width = pixels.shape[:2]
    step = max(1, STRIP // width)
    return (slice(start, start + step) for start in range(0, height, step))


def _upright(pixels: np.ndarray, image: Image.Image) -> np.ndarray:
    """Undo the camera's rotation; not for TIFFs, which both decoders turn by themselves."""
    match image.getexif().get(_EXIF_ORIENTATION):
        case 2:
            return pixels[:, ::-1]
        case 3:
            return pixels[::-1, ::-1]
        case 4:
            return pixels[::-1]
        case 5:
            return pixels.transpose(1, 0, 2)
        case 6:
            return np.rot90(pixels, -1)
        case 7:
            return np.rot90(pixels, 2).transpose(1, 0, 2)
        case 8:
            return np.rot90(pixels)
    return pixels
