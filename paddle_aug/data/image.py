"""From an image file to pixels: uint8, height × width × 3, RGB, as a viewer shows the picture.

Colour profiles are not applied: all pixels count as sRGB, as in the original notebook.
"""

import io
import re
import struct
import threading
import warnings
import zlib
from collections.abc import Callable, Iterator
from contextlib import nullcontext
from pathlib import Path
from typing import NamedTuple

import cv2
import numpy as np
from PIL import Image, ImageOps, UnidentifiedImageError

from paddle_aug.data.samples import Sample
from paddle_aug.errors import UserError
from paddle_aug.system.files import open_file, read_bytes

# Pillow's other decoders (PostScript, FITS, …) never see a user's file.
FORMATS = ("JPEG", "PNG", "BMP", "WEBP", "GIF", "TIFF", "PPM")
# The last line is of formats that are refused with the name of a package that reads them.
SUFFIXES = (
    ".jpg", ".jpeg", ".jpe", ".jfif", ".png", ".apng", ".bmp", ".webp", ".gif", ".tif", ".tiff",
    ".ppm", ".pgm", ".pbm", ".pnm",
    ".heic", ".heif", ".avif", ".jxl",
)  # fmt: skip
MAX_PIXELS = 178_956_970  # Pillow's own limit
# Larger images are decoded one at a time: one on each core would fill the memory.
LARGE_PIXELS = 2**25

# What Pillow and cv2 raised on some 100,000 damaged files.
_DECODER_ERRORS = (
    OSError, SyntaxError, ValueError, TypeError, AttributeError, IndexError, EOFError, struct.error,
    cv2.error,
)  # fmt: skip
MISSING = "no such file"
TOO_LARGE = f"the image has more than {MAX_PIXELS // 10**6} million pixels; make it smaller"
_EXIF_ORIENTATION = 0x0112
_TIFF_SUBFILE_TYPE, _TIFF_BITS_PER_SAMPLE = 254, 258
# Other formats that phones and browsers save, by the first bytes, and the package that reads each.
_OTHER_FORMATS = {
    re.compile(rb"....ftyp.{,40}avi[fs]", re.DOTALL): ("AVIF", "Pillow 11.3 or later"),
    re.compile(rb"....ftyp.{,40}(hei[cxms]|hev[cx]|mif1)", re.DOTALL): ("HEIC", "pillow-heif"),
    re.compile(rb"\xff\x0a|\0\0\0\x0cJXL "): ("JPEG XL", "pillow-jxl-plugin"),
}
_large_images = threading.Lock()
_NEXT_JPEG_MARKER = re.compile(rb"\xff[^\x00\xff\xd0-\xd7]")  # no stuffed byte, no restart

# Pillow warns of damaged metadata, which does not matter here, and of half as many pixels as it
# refuses. The filters are set on import, so that they hold in workers too.
for _category in (UserWarning, Image.DecompressionBombWarning):
    warnings.filterwarnings("ignore", category=_category, module=r"PIL\.")


class UnreadableImage(UserError, ValueError):
    """A file does not hold a whole image; `reason` says what is wrong, without the path."""

    def __init__(self, path: Path | str, reason: str):
        super().__init__(path, reason)  # both as args, so that workers can pickle it
        self.reason = reason

    def __str__(self):
        return f"{self.args[0]}: {self.reason}"


def read_image(path: Path | str) -> np.ndarray:
    """Read a JPEG, PNG, BMP, WebP, GIF, TIFF, PPM or PGM of any depth and colour model.

    The first frame is read if there are several. EXIF rotation is applied, transparency becomes
    white, and 16 bits become 8 by division by 257, so that white stays white. A colour JPEG gives
    exactly the pixels of `cv2.imread`. Damaged metadata is ignored, a damaged EXIF rotation too.

    Raises:
        UnreadableImage: the file is empty, truncated, damaged or not an image, or the image has
            more than `MAX_PIXELS`.
        OSError: the file cannot be read at all (missing, a folder, not permitted).
    """
    return decode_image(read_bytes(path), path)


def decode_image(data: bytes, path: Path | str) -> np.ndarray:
    """The image in the bytes of a file, as `read_image` reads it; errors name `path`."""
    if not data:
        raise UnreadableImage(path, "the file is empty")
    try:
        return np.ascontiguousarray(_tolerantly(_decode, data))
    except _Refused as error:
        raise UnreadableImage(path, str(error)) from None
    except UnidentifiedImageError:
        raise UnreadableImage(path, _unidentified(data)) from None
    except Image.DecompressionBombError:
        raise UnreadableImage(path, TOO_LARGE) from None
    except MemoryError:
        raise UnreadableImage(path, "there is not enough memory for the image") from None
    except _DECODER_ERRORS as error:
        raise UnreadableImage(path, "the image is truncated or damaged") from error


class Encoding(NamedTuple):
    """How a file stores its image: its format, Pillow's mode, bits per channel, whether any pixel
    is transparent, the number of frames or pages, and whether EXIF turns it."""

    format: str
    mode: str
    depth: int
    transparent: bool
    frames: int
    turned: bool


def encoding(data: bytes) -> Encoding:
    """The encoding of a file's bytes, which `decode_image` must have accepted."""
    return _tolerantly(_encoding, data)


def _encoding(data: bytes) -> Encoding:
    image = Image.open(io.BytesIO(data), formats=FORMATS)
    photo = image.format in ("JPEG", "MPO")
    return Encoding(
        "JPEG" if photo else image.format,
        image.mode,
        _depth(data, image),
        _has_alpha(image) and image.convert("RGBA").getchannel("A").getextrema()[0] < 255,
        1 if photo else _frames(image),
        _orientation(image) != 1,
    )


def _frames(image: Image.Image) -> int:
    try:
        return getattr(image, "n_frames", 1)
    except _DECODER_ERRORS:  # a later frame is damaged
        return 2


def resize(image: np.ndarray, size: int, interpolation: str = "area") -> np.ndarray:
    """Resize to `size` × `size`, regardless of the aspect ratio.

    "linear" is the notebook's: bilinear between two pixels of each axis, however many it skips.
    "area" first averages over the pixels along each axis that shrinks; if none shrinks, it gives
    the bytes of "linear".
    """
    if interpolation == "area":
        height, width = image.shape[:2]
        less = min(width, size), min(height, size)
        image = cv2.resize(image, less, interpolation=cv2.INTER_AREA)
    return cv2.resize(image, (size, size), interpolation=cv2.INTER_LINEAR)


def read_sample(sample: Sample, size: int | None = None, interpolation: str = "area") -> np.ndarray:
    """The image of a sample, contiguous: at its own size, or stretched to `size` × `size`.

    Raises:
        UnreadableImage: the file holds no image, or cannot be read at all.
    """
    if sample.pixels is None:
        image = of_file(read_image, sample.file)
    else:
        image = np.ascontiguousarray(sample.pixels)
    return image if size is None else resize(image, size, interpolation)


def pixel_count(sample: Sample) -> int:
    """Height × width by the header, without decoding; 0 if it is damaged or has too many pixels."""
    if sample.pixels is not None:
        height, width = sample.pixels.shape[:2]
        return height * width
    try:
        try:
            with open_file(sample.file) as file:
                count = _count(file)
        except _DECODER_ERRORS:
            count = _count(io.BytesIO(_pixels_only(read_bytes(sample.file))))
    except (Image.DecompressionBombError, *_DECODER_ERRORS):
        return 0
    return count if count <= MAX_PIXELS else 0


def _count(file: io.BufferedIOBase) -> int:
    with Image.open(file, formats=FORMATS) as image:
        return image.width * image.height


def of_file(read: Callable, path: Path | str):
    """`read(path)`, which raises an UnreadableImage if the file cannot be read."""
    try:
        return read(path)
    except FileNotFoundError:
        raise UnreadableImage(path, MISSING) from None
    except OSError as error:
        raise UnreadableImage(path, f"cannot be read ({error.strerror})") from None


class _Refused(Exception):
    """Why an image is refused; `decode_image` adds the path."""


def _tolerantly(read: Callable, data: bytes):
    """`read(data)`; if that fails, read without the metadata, as only that may be damaged."""
    try:
        return read(data)
    except _DECODER_ERRORS:
        less = _pixels_only(data)
        if less == data:
            raise
        return read(less)


def _pixels_only(data: bytes) -> bytes:
    """A PNG or JPEG without its metadata, except EXIF; the bytes of any other file.

    Pillow refuses an image for a text or profile that it cannot parse or that inflates too far.
    """
    if data.startswith(b"\x89PNG\r\n\x1a\n"):
        return data[:8] + b"".join(filter(_has_pixels, _png_chunks(data)))
    if not data.startswith(b"\xff\xd8"):
        return data
    kept = [data[:2]]
    for code, start, end in _jpeg_segments(data):
        if code == 0xDA:  # the first scan; all pixels follow
            return b"".join([*kept, data[start:]])
        # APP0 (JFIF) and APP14 (Adobe) decide on colours if they are whole; APP1 holds EXIF.
        whole = code in (0xE0, 0xEE) and end - start >= 16
        if code == 0xE1 or whole or not (0xE0 <= code <= 0xEF or code == 0xFE):
            kept.append(data[start:end])
    return data


def _jpeg_segments(data: bytes) -> Iterator[tuple[int, int, int]]:
    """For each segment its marker, start and end. The pixels of a scan lie between segments, and
    what follows the end marker, 0xD9, is not part of the image."""
    end = 2
    while marker := _NEXT_JPEG_MARKER.search(data, end):
        length = int.from_bytes(data[marker.end() : marker.end() + 2], "big")
        end = marker.end() + length
        yield marker[0][1], marker.start(), end


def _png_chunks(data: bytes) -> Iterator[bytes]:
    position = 8
    while position < len(data):
        end = position + 12 + int.from_bytes(data[position : position + 4], "big")
        yield data[position:end]
        position = end


def _has_pixels(chunk: bytes) -> bool:
    """Whether a PNG chunk decides how the image looks; critical ones begin in upper case."""
    name, checksum = chunk[4:8], chunk[-4:]
    intact = zlib.crc32(chunk[4:-4]).to_bytes(4, "big") == checksum
    return name[:1].isupper() or name == b"tRNS" or (name == b"eXIf" and intact)


def _unidentified(data: bytes) -> str:
    for start, (name, package) in _OTHER_FORMATS.items():
        if start.match(data):
            return (
                f"{name} images are not read here; turn them into JPEG with the package {package} "
                "(docs/bad-input.md has the command)"
            )
    return "not a readable image (want JPEG, PNG, BMP, WebP, GIF, TIFF, PPM or PGM)"


def _decode(data: bytes) -> np.ndarray:
    image = Image.open(io.BytesIO(data), formats=FORMATS)  # the header only
    count = image.width * image.height
    if count > MAX_PIXELS:
        raise _Refused(TOO_LARGE)
    with _large_images if count > LARGE_PIXELS else nullcontext():
        return _decode_opened(data, image)


def _decode_opened(data: bytes, image: Image.Image) -> np.ndarray:
    if image.format in ("JPEG", "MPO"):  # MPO: a JPEG with further pictures after its end
        if not _jpeg_ends(data):
            raise _Refused("the JPEG is truncated")
        if image.mode == "RGB":
            return _upright(_colour_jpeg(data), image)
    if image.format == "TIFF" and image.tag_v2.get(_TIFF_SUBFILE_TYPE, 0) & 1:
        raise _Refused(
            "the TIFF begins with a preview, as raw files of cameras do; develop it to JPEG, for "
            "example with the package rawpy"
        )
    if image.format == "PNG":
        Image.open(io.BytesIO(data), formats=("PNG",)).verify()  # checksums, which load() skips
    image.load()  # strict about truncation, where cv2 returns half a picture
    pixels = _sixteen_bit(data, image) if _depth(data, image) == 16 else _eight_bit(image)
    return pixels if image.format == "TIFF" else _upright(pixels, image)


def _jpeg_ends(data: bytes) -> bool:
    """Whether the segments lead to the end marker; without it, cv2 returns half a picture.

    A search for the marker's two bytes would find that of a thumbnail in an EXIF segment.
    """
    return any(code == 0xD9 for code, _, _ in _jpeg_segments(data))


def _colour_jpeg(data: bytes) -> np.ndarray:
    """RGB as cv2 decodes it, not turned by EXIF."""
    flags = cv2.IMREAD_COLOR | cv2.IMREAD_IGNORE_ORIENTATION
    pixels = cv2.imdecode(np.frombuffer(data, np.uint8), flags)
    if pixels is None:
        raise _Refused("the JPEG is truncated or damaged")
    return cv2.cvtColor(pixels, cv2.COLOR_BGR2RGB)


def _depth(data: bytes, image: Image.Image) -> int:
    """Bits per channel, 8 or 16. Pillow's mode does not say: it opens 16-bit colour as 8-bit."""
    if image.format == "PNG":
        bits = data[24]
    elif image.format == "TIFF":
        bits = max(image.tag_v2.get(_TIFF_BITS_PER_SAMPLE, (1,)))
    else:  # a PGM; Pillow rounds a PPM of 16 bits to 8 correctly
        bits = 16 if image.mode == "I" else 8
    return 16 if bits == 16 else 8


def _eight_bit(image: Image.Image) -> np.ndarray:
    if image.mode in ("I", "F"):
        raise _Refused("pixels of 32 bits have no agreed white; save the image with 8 or 16 bits")
    if _has_alpha(image):
        return _over_white(np.asarray(image.convert("RGBA")))
    return np.asarray(image.convert("RGB"))


def _has_alpha(image: Image.Image) -> bool:
    return "transparency" in image.info or image.mode in ("LA", "PA", "RGBA", "La", "RGBa")


def _sixteen_bit(data: bytes, image: Image.Image) -> np.ndarray:
    """Read by cv2, because Pillow drops the low byte of colour; a PGM by Pillow, because its white
    may be less than 65535, which cv2 ignores."""
    if image.format == "PPM":
        pixels = np.asarray(image).astype(np.uint16)
    else:
        pixels = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_UNCHANGED)
    if pixels is None or pixels.dtype != np.uint16:
        raise _Refused("a kind of 16-bit image that cannot be read; save it with 8 bits")
    pixels = np.atleast_3d(pixels)  # grey, or blue, green and red, and perhaps alpha
    colour = _over_white(pixels) if pixels.shape[2] == 4 else pixels
    rgb = np.broadcast_to(colour[..., ::-1], (*pixels.shape[:2], 3))
    return ((rgb.astype(np.uint32) + 128) // 257).astype(np.uint8)


def _over_white(rgba: np.ndarray) -> np.ndarray:
    white = np.iinfo(rgba.dtype).max
    wide = rgba.astype(np.uint32)  # white² + white/2 just fits, for 16 bits too
    colour, alpha = wide[..., :3], wide[..., 3:]
    over = (colour * alpha + white * (white - alpha) + white // 2) // white
    return over.astype(rgba.dtype)


def _orientation(image: Image.Image) -> int:
    """How the camera was held: 1 upright, 2 to 8 turned or mirrored; 1 if EXIF is damaged."""
    try:
        orientation = image.getexif().get(_EXIF_ORIENTATION, 1)
    except _DECODER_ERRORS:
        return 1
    return orientation if orientation in range(2, 9) else 1


def _upright(pixels: np.ndarray, image: Image.Image) -> np.ndarray:
    """Undo the camera's rotation; not for TIFFs, which both decoders turn themselves."""
    orientation = _orientation(image)
    if orientation == 1:
        return pixels
    turned = Image.fromarray(pixels)
    turned.getexif()[_EXIF_ORIENTATION] = orientation
    return np.asarray(ImageOps.exif_transpose(turned))
