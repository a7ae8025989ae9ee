"""Cases of image files: every format and colour model, damaged, cut, misnamed, and too large."""

import io
import struct
import zlib
from collections.abc import Callable
from functools import cache
from pathlib import Path

import cv2
import numpy as np
from damage import ODD, damaged, put_odd
from fuzz import Attempt, Kind
from hypothesis import strategies as st
from PIL import Image

from paddle_aug.check.survey import look
from paddle_aug.data.image import UnreadableImage, image_shape, read_sample
from paddle_aug.data.readers.listfile import Sample

SUFFIXES = ("jpg", "png", "bmp", "webp", "gif", "tif", "JPEG", "txt", "", "exe")
SIZES = (0, 1, 2, 255, 13_000, 13_378, 16_384, 50_000, 65_535, 2**31 - 1, 2**31, 2**32 - 1)


def pixels(mode: str, size: tuple[int, int] = (23, 17)) -> Image.Image:
    """Clouds of a mode; `size` is width and height."""
    width, height = size
    rng = np.random.default_rng(5)
    coarse = rng.integers(0, 256, (4, 5, 4), dtype=np.uint8)
    clouds = cv2.resize(coarse, (width, height), interpolation=cv2.INTER_LINEAR)
    if mode in ("I;16", "F", "I"):
        kind = {"I;16": np.uint16, "F": np.float32, "I": np.int32}[mode]
        return Image.fromarray(clouds[..., 0].astype(kind) * 257)
    if mode in ("RGBA", "LA"):
        return Image.fromarray(clouds, "RGBA").convert(mode)
    return Image.fromarray(clouds[..., :3]).convert(mode)


MODES = {
    "JPEG": ("RGB", "L", "CMYK"),
    "PNG": ("RGB", "RGBA", "L", "LA", "P", "1", "I;16"),
    "BMP": ("RGB", "L", "P", "1", "RGBA"),
    "WEBP": ("RGB", "RGBA"),
    "GIF": ("P", "L", "1"),
    "TIFF": ("RGB", "RGBA", "L", "P", "1", "CMYK", "I;16", "F", "I", "LA"),
}
OPTIONS = {
    "JPEG": ({}, {"progressive": True}, {"subsampling": 0}, {"restart_marker_rows": 1}),
    "PNG": ({}, {"compress_level": 0}, {"transparency": 0}),
    "BMP": ({},),
    "WEBP": ({}, {"lossless": True}, {"quality": 1}),
    "GIF": ({}, {"interlace": 0}, {"transparency": 0}),
    "TIFF": tuple(
        {"compression": name}
        for name in (None, "tiff_lzw", "tiff_adobe_deflate", "packbits", "jpeg", "group4")
    ),
}
EXTRAS = ("none", "exif", "icc", "frames", "odd exif")


@cache
def saved(format: str, mode: str, option: int, extra: str, orientation: int = 6) -> bytes:
    """A whole file; what a format cannot hold is left out."""
    options = dict(OPTIONS[format][option % len(OPTIONS[format])])
    if options.get("compression") == "group4" and mode != "1":
        options = {}
    if options.get("compression") == "jpeg" and mode not in ("RGB", "L", "CMYK"):
        options = {}
    if "transparency" in options and mode not in ("P", "L", "1"):
        options = {}
    if "exif" in extra:
        exif = Image.Exif()
        exif[0x0112] = orientation if extra == "exif" else 2**16 - 1
        exif[0x010E] = "x" * 300 if extra == "exif" else "\0" * 3000
        options["exif"] = exif
    if extra == "icc":
        options["icc_profile"] = bytes(range(256)) * 20
    if extra == "frames" and format in ("PNG", "WEBP", "GIF", "TIFF"):
        larger = (23, 17) if format == "WEBP" else (40, 30)  # which it cannot hold
        options |= {"save_all": True, "append_images": [pixels(mode, larger), pixels(mode)]}
    content = io.BytesIO()
    try:
        pixels(mode).save(content, format, **options)
    except (OSError, ValueError, TypeError, RuntimeError):
        content = io.BytesIO()
        pixels(mode).save(content, format)
    return content.getvalue()


@cache
def deep(channels: int, suffix: str) -> bytes:
    """16 bits a channel, as cv2 writes it."""
    clouds = np.asarray(pixels("RGBA"))[..., :channels].astype(np.uint16) * 257
    return cv2.imencode(suffix, clouds)[1].tobytes()


def png_chunk(kind: bytes, content: bytes) -> bytes:
    checksum = zlib.crc32(kind + content)
    return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", checksum)


def declared(content: bytes, width: int, height: int) -> bytes:
    """The file with another size in its header, and all else as it is."""
    if content[:8] == b"\x89PNG\r\n\x1a\n":
        head = struct.pack(">II", width % 2**32, height % 2**32) + content[24:29]
        return content[:8] + png_chunk(b"IHDR", head) + content[33:]
    if content[:3] == b"GIF":
        size = struct.pack("<HH", width % 2**16, height % 2**16)
        place = content.find(b"\x2c", 13 + 3 * 2 ** ((content[10] & 7) + 1))
        content = content[:6] + size + content[10:]
        return content[: place + 5] + size + content[place + 9 :] if place > 0 else content
    if content[:2] == b"BM":
        return content[:18] + struct.pack("<II", width % 2**32, height % 2**32) + content[26:]
    if content[:2] == b"\xff\xd8":
        for marker in (b"\xff\xc0", b"\xff\xc2"):
            place = content.find(marker)
            if place > 0:
                size = struct.pack(">HH", height % 2**16, width % 2**16)
                return content[: place + 5] + size + content[place + 9 :]
    if content[:4] == b"RIFF" and content[12:16] == b"VP8X":
        size = (max(width, 1) - 1) % 2**24, (max(height, 1) - 1) % 2**24
        return content[:24] + b"".join(each.to_bytes(3, "little") for each in size) + content[30:]
    if content[:4] in (b"II*\0", b"MM\0*"):
        order = "little" if content[:2] == b"II" else "big"
        start = int.from_bytes(content[4:8], order)
        for entry in range(int.from_bytes(content[start : start + 2], order)):
            at = start + 2 + 12 * entry
            tag = int.from_bytes(content[at : at + 2], order)
            if tag in (256, 257, 278):  # width, height, rows a strip
                value = (width if tag == 256 else height) % 2**32
                kind = (4).to_bytes(2, order) + (1).to_bytes(4, order)
                value = value.to_bytes(4, order)
                content = content[: at + 2] + kind + value + content[at + 12 :]
    return content


def read(path: Path) -> None:
    """All that is done with an image file; what can be read has the shape that it is said to."""
    sample = Sample(path.name, path, 0, 0)
    refusal = None
    try:
        image = read_sample(sample)
    except UnreadableImage as error:
        refusal = error
    try:
        shape = image_shape(path)
    except (UnreadableImage, OSError):
        shape = None
    if refusal:
        raise refusal
    assert image.dtype == np.uint8, image.dtype
    assert image.flags.c_contiguous
    assert image.shape == (*shape, 3), f"{image.shape}, but said {shape}"
    if image.size < 2**20:  # else it would be the machine that is tried
        look(sample)


def images(draw: Callable, folder: Path) -> Attempt:
    """An image file, whole or not."""
    format = draw(st.sampled_from(sorted(MODES)))
    mode = draw(st.sampled_from(MODES[format]))
    if draw(st.integers(0, 14)) == 14:
        content = deep(draw(st.sampled_from((1, 3, 4))), draw(st.sampled_from((".png", ".tiff"))))
    else:
        option, extra = draw(st.integers(0, 5)), draw(st.sampled_from(EXTRAS))
        content = saved(format, mode, option, extra, draw(st.integers(0, 9)))
    match draw(st.sampled_from(("whole", "cut", "damaged", "damaged", "size", "joined", "odd"))):
        case "cut":
            content = content[: draw(st.integers(0, len(content)))]
        case "damaged":
            content = damaged(draw, content)
        case "size":
            content = declared(content, draw(st.sampled_from(SIZES)), draw(st.sampled_from(SIZES)))
        case "joined":
            content += saved("JPEG", "RGB", 0, "exif")[draw(st.integers(0, 300)) :]
        case "odd":
            content = draw(
                st.one_of(st.binary(max_size=60), st.sampled_from((b"<html>", b"%!PS", b"P6 9 9")))
            )
    path = folder / f"image.{draw(st.sampled_from(SUFFIXES))}"
    path.write_bytes(content)
    if draw(st.integers(0, 19)) == 19:
        put_odd(path, draw(st.sampled_from(ODD)))
    command = ("preview.py", "none", "--file", str(path), "--output", str(folder / "out/x.png"))
    return Attempt(lambda: read(path), (path.name,), command)


SIDE = 13_300  # squared, just below MAX_PIXELS
LARGE = ((6000, 6000), (6000, 6000), (SIDE, SIDE), (10**6, 178), (178, 10**6), (10**8, 1))


def zeros(mode: str, width: int = SIDE, height: int = SIDE) -> bytes:
    """A picture of one colour, as a PNG, put together by hand, since Pillow takes its time."""
    depth, colour, channels = {
        "RGB": (8, 2, 3), "RGBA": (8, 6, 4), "L": (8, 0, 1), "1": (1, 0, 1), "P": (8, 3, 1),
        "RGB;16": (16, 2, 6), "RGBA;16": (16, 6, 8), "L;16": (16, 0, 2),
    }[mode]  # fmt: skip
    row = 1 + (width * channels * (1 if depth > 1 else 0) or -(-width // 8))
    packer, whole = zlib.compressobj(1), row * height
    packed = b"".join(
        packer.compress(bytes(min(2**20, whole - start))) for start in range(0, whole, 2**20)
    )
    head = struct.pack(">IIBBBBB", width, height, depth, colour, 0, 0, 0)
    chunks = [(b"IHDR", head), (b"IDAT", packed + packer.flush()), (b"IEND", b"")]
    if mode == "P":
        chunks[1:1] = [(b"PLTE", b"\1\2\3"), (b"tRNS", b"\x80")]
    return b"\x89PNG\r\n\x1a\n" + b"".join(png_chunk(*chunk) for chunk in chunks)


cached_zeros = cache(zeros)


def many_scans(side: int, scans: int) -> bytes:
    """A progressive JPEG that goes over all its blocks again and again, for nothing."""
    content = declared(saved("JPEG", "L", 1, "none"), side, side)
    first = content.find(b"\xff\xda")
    length = int.from_bytes(content[first + 2 : first + 4], "big")
    scan = content[first : first + 2 + length]
    # Of all but the first coefficient, with nothing in it.
    empty = scan[:-3] + bytes([1, 63, 0x10])
    return content[:first] + scan + b"\0" + empty * scans + b"\xff\xd9"


def large(draw: Callable, folder: Path) -> Attempt:
    """A small file of a large picture."""
    path = folder / "image.png"
    match draw(st.sampled_from(("png", "png", "jpeg", "scans", "gif", "text"))):
        case "png":
            mode = draw(
                st.sampled_from(("RGB", "RGBA", "L", "1", "P", "RGB;16", "RGBA;16", "L;16"))
            )
            path.write_bytes(cached_zeros(mode, *draw(st.sampled_from(LARGE))))
        case "jpeg":
            option, mode = draw(st.integers(0, 3)), draw(st.sampled_from(("RGB", "L", "CMYK")))
            content = saved("JPEG", mode, option, "exif", draw(st.integers(1, 8)))
            path.write_bytes(declared(content, SIDE, SIDE))
        case "scans":
            path.write_bytes(many_scans(draw(st.sampled_from((4000, SIDE))), 5000))
        case "gif":
            option, mode = draw(st.integers(0, 2)), draw(st.sampled_from(MODES["GIF"]))
            content = saved("GIF", mode, option, draw(st.sampled_from(("none", "frames"))))
            path.write_bytes(declared(content, SIDE, SIDE))
        case "text":
            text = b"comment\0\0" + zlib.compress(bytes(2**27), 1)
            content = saved("PNG", "RGB", 0, "none")
            path.write_bytes(content[:33] + png_chunk(b"zTXt", text) * 8 + content[33:])
    return Attempt(lambda: read(path), (path.name,))


KINDS = {"images": Kind(images, 88), "large images": Kind(large, 1)}
