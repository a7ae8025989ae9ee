"""Cases of image files: every format and colour model, damaged, cut, misnamed."""

import io
from collections.abc import Callable
from functools import cache
from pathlib import Path

import cv2
import numpy as np
from fuzz import Attempt, damage, maybe_odd
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
    "PPM": ("RGB", "L", "1", "I;16", "F"),
}
OPTIONS = {
    "JPEG": ({}, {"progressive": True}, {"subsampling": 0}, {"restart_marker_rows": 1}),
    "PNG": ({}, {"compress_level": 0}, {"transparency": 0}),
    "BMP": ({},),
    "WEBP": ({}, {"lossless": True}, {"quality": 1}),
    "GIF": ({}, {"interlace": 0}, {"transparency": 0}),
    "TIFF": ({}, {"compression": "tiff_lzw"}, {"compression": "packbits"}),
    "PPM": ({},),
}
EXTRAS = ("none", "exif", "icc", "frames")
SUFFIXES = ("jpg", "png", "bmp", "webp", "gif", "tif", "JPEG", "txt", "", "exe")


def clouds(mode: str) -> Image.Image:
    """A picture of a mode."""
    coarse = np.random.default_rng(5).integers(0, 256, (4, 5, 4), dtype=np.uint8)
    pixels = cv2.resize(coarse, (23, 17), interpolation=cv2.INTER_LINEAR)
    if mode in ("I;16", "F", "I"):
        kind = {"I;16": np.uint16, "F": np.float32, "I": np.int32}[mode]
        return Image.fromarray(pixels[..., 0].astype(kind) * 257)
    if mode in ("RGBA", "LA"):
        return Image.fromarray(pixels, "RGBA").convert(mode)
    return Image.fromarray(pixels[..., :3]).convert(mode)


@cache
def saved(format: str, mode: str, option: int, extra: str, orientation: int) -> bytes:
    """A whole file; options that the format cannot hold are left out."""
    options = dict(OPTIONS[format][option % len(OPTIONS[format])])
    if extra == "exif":
        options["exif"] = Image.Exif()
        options["exif"][0x0112] = orientation
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
    option, extra = draw(st.integers(0, 3)), draw(st.sampled_from(EXTRAS))
    content = saved(format, mode, option, extra, draw(st.integers(0, 9)))
    match draw(st.sampled_from(("cut", "damaged", "damaged", "joined", "odd"))):
        case "cut":
            content = content[: draw(st.integers(0, len(content)))]
        case "damaged":
            content = damage(draw, content)
        case "joined":
            content += saved("JPEG", "RGB", 0, "exif", 6)[draw(st.integers(0, 300)) :]
        case "odd":
            content = draw(st.sampled_from((b"<html>", b"%!PS", b"P6 9 9")))
    path = folder / f"image.{draw(st.sampled_from(SUFFIXES))}"
    path.write_bytes(content)
    maybe_odd(draw, [path])
    return Attempt(lambda: read(path), (path.name,))


KINDS = {"images": images}
