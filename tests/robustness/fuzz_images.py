"""Cases of image files: every format and colour model, damaged, cut, misnamed."""

import io
import struct
import zlib
from collections.abc import Callable
from functools import cache
from pathlib import Path

import cv2
import numpy as np
from damage import ODD, damage, put_odd
from fuzz import Attempt
from hypothesis import strategies as st
from PIL import Image

from paddle_aug.check.survey import look
from paddle_aug.data.image import UnreadableImage, pixel_count, read_sample
from paddle_aug.data.samples import Sample

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
SUFFIXES = ("jpg", "png", "bmp", "webp", "gif", "tif", "JPEG", "txt", "", "exe")
SIDES = (0, 1, 2, 255, 13_000, 13_378, 16_384, 50_000, 65_535, 2**31 - 1, 2**31, 2**32 - 1)


def clouds(mode: str, size: tuple[int, int] = (23, 17)) -> Image.Image:
    """A picture of a mode; `size` is width and height."""
    coarse = np.random.default_rng(5).integers(0, 256, (4, 5, 4), dtype=np.uint8)
    pixels = cv2.resize(coarse, size, interpolation=cv2.INTER_LINEAR)
    if mode in ("I;16", "F", "I"):
        kind = {"I;16": np.uint16, "F": np.float32, "I": np.int32}[mode]
        return Image.fromarray(pixels[..., 0].astype(kind) * 257)
    if mode in ("RGBA", "LA"):
        return Image.fromarray(pixels, "RGBA").convert(mode)
    return Image.fromarray(pixels[..., :3]).convert(mode)


@cache
def saved(format: str, mode: str, option: int, extra: str, orientation: int = 6) -> bytes:
    """A whole file; options that the format cannot hold are left out."""
    options = dict(OPTIONS[format][option % len(OPTIONS[format])])
    if "exif" in extra:
        exif = Image.Exif()
        exif[0x0112] = orientation if extra == "exif" else 2**16 - 1
        exif[0x010E] = "x" * 300 if extra == "exif" else "\0" * 3000
        options["exif"] = exif
    if extra == "icc":
        options["icc_profile"] = bytes(range(256)) * 20
    if extra == "frames" and format in ("PNG", "WEBP", "GIF", "TIFF"):
        options |= {"save_all": True, "append_images": [clouds(mode), clouds(mode)]}
    content = io.BytesIO()
    try:
        clouds(mode).save(content, format, **options)
    except (OSError, ValueError, TypeError, RuntimeError):
        content = io.BytesIO()
        clouds(mode).save(content, format)
    return content.getvalue()


@cache
def deep(channels: int, suffix: str) -> bytes:
    """16 bits a channel, as cv2 writes it."""
    pixels = np.asarray(clouds("RGBA"))[..., :channels].astype(np.uint16) * 257
    return cv2.imencode(suffix, pixels)[1].tobytes()


def resized(content: bytes, width: int, height: int) -> bytes:
    """A PNG, BMP or JPEG whose header declares another size; other files as they are."""
    if content[:8] == b"\x89PNG\r\n\x1a\n":
        head = b"IHDR" + struct.pack(">II", width, height) + content[24:29]
        return content[:12] + head + struct.pack(">I", zlib.crc32(head)) + content[33:]
    if content[:2] == b"BM":
        return content[:18] + struct.pack("<II", width, height) + content[26:]
    place = max(content.find(b"\xff\xc0"), content.find(b"\xff\xc2"))
    if content[:2] == b"\xff\xd8" and place > 0:
        size = struct.pack(">HH", height % 2**16, width % 2**16)
        return content[: place + 5] + size + content[place + 9 :]
    return content


def read(path: Path) -> None:
    """Read an image in all ways; it has the shape that its header promises."""
    sample = Sample(str(path), path.name, 0)
    try:
        image = read_sample(sample)
    except UnreadableImage:
        pixel_count(sample)
        raise
    assert image.dtype == np.uint8, image.dtype
    assert image.flags.c_contiguous
    assert image.size == 3 * pixel_count(sample), image.shape
    if image.size < 2**20:
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
            content = damage(draw, content)
        case "size":
            content = resized(content, draw(st.sampled_from(SIDES)), draw(st.sampled_from(SIDES)))
        case "joined":
            content += saved("JPEG", "RGB", 0, "exif")[draw(st.integers(0, 300)) :]
        case "odd":
            odd = st.sampled_from((b"<html>", b"%!PS", b"P6 9 9"))
            content = draw(st.one_of(st.binary(max_size=60), odd))
    path = folder / f"image.{draw(st.sampled_from(SUFFIXES))}"
    path.write_bytes(content)
    if draw(st.integers(0, 19)) == 19:
        put_odd(path, draw(st.sampled_from(ODD)))
    command = ("preview.py", "none", "--file", str(path), "--output", str(folder / "out/x.png"))
    return Attempt(lambda: read(path), (path.name,), command)


KINDS = {"images": images}
