"""Damaged metadata does not cost an image; damaged pixels do."""

import io
import struct
import subprocess
import sys
import zlib
from functools import cache

import cv2
import numpy as np
import pytest
from PIL import Image, TiffImagePlugin

from paddle_aug.data.image import UnreadableImage, decode_image, encoding, pixel_count
from paddle_aug.data.samples import Sample

pytestmark = pytest.mark.filterwarnings("ignore:.*:UserWarning:PIL")  # its remarks on metadata
JUNK = b"hello, this is no TIFF header at all"
HUGE = zlib.compress(bytes(2**21))  # Pillow inflates 1 MB at most
NO_NUMBER = TiffImagePlugin.IFDRational(1, 0)
TURNED = Image.Exif()
TURNED[0x0112] = 6


def picture(mode: str) -> Image.Image:
    coarse = np.random.default_rng(3).integers(0, 256, (4, 5, 3), dtype=np.uint8)
    return Image.fromarray(cv2.resize(coarse, (37, 23))).convert(mode)


@cache
def saved(format: str, mode: str = "RGB", **options) -> bytes:
    content = io.BytesIO()
    picture(mode).save(content, format, **options)
    return content.getvalue()


def segment(code: int, content: bytes, length: int | None = None) -> bytes:
    """A JPEG segment, perhaps with a length that is not its own."""
    return struct.pack(">BBH", 0xFF, code, length or len(content) + 2) + content


def with_segments(*segments: bytes, mode: str = "RGB", at: int = 2) -> bytes:
    whole = saved("JPEG", mode)
    return whole[:at] + b"".join(segments) + whole[at:]


def chunk(name: bytes, content: bytes, checksum: int | None = None) -> bytes:
    checksum = zlib.crc32(name + content) if checksum is None else checksum
    return struct.pack(">I", len(content)) + name + content + struct.pack(">I", checksum)


def with_chunks(*chunks: bytes, whole: bytes | None = None, behind: bool = False) -> bytes:
    """A PNG with more chunks, before its pixels or behind them."""
    whole = whole or saved("PNG")
    at = len(whole) - 12 if behind else whole.index(b"IDAT") - 4
    return whole[:at] + b"".join(chunks) + whole[at:]


def with_riff(name: bytes, content: bytes) -> bytes:
    """A WebP whose EXIF or other chunk has this content in place of its own."""
    whole = saved("WEBP", exif=b"Exif\0\0" + bytes(range(64)), xmp=b"<x/>", lossless=True)
    at = whole.index(name)
    size = int.from_bytes(whole[at + 4 : at + 8], "little")
    end = at + 8 + size + size % 2
    content += b"\0" * (len(content) % 2)
    whole = whole[: at + 4] + struct.pack("<I", len(content)) + content + whole[end:]
    return b"RIFF" + struct.pack("<I", len(whole) - 8) + whole[8:]


def tiff(*tags: tuple[int, int, object], compression: str | None = None) -> bytes:
    """A TIFF with more tags: number, type and value."""
    info = TiffImagePlugin.ImageFileDirectory_v2()
    for number, kind, value in tags:
        info.tagtype[number] = kind
        info[number] = value
    content = io.BytesIO()
    picture("RGB").save(content, "TIFF", tiffinfo=info, compression=compression)
    return content.getvalue()


JPEGS = {
    "EXIF that is none": with_segments(segment(0xE1, b"Exif\0\0" + JUNK), at=20),
    "EXIF of no bytes": with_segments(segment(0xE1, b"Exif\0\0"), at=20),
    "EXIF cut in its directory": with_segments(
        segment(0xE1, b"Exif\0\0MM\0*\0\0\0\x08\0\x05\x01\x12"), at=20
    ),
    "EXIF that points beyond its end": with_segments(
        segment(0xE1, b"Exif\0\0MM\0*\xff\xff\xff\xf0"), at=20
    ),
    "an orientation of text": with_segments(
        segment(0xE1, b"Exif\0\0MM\0*\0\0\0\x08\0\x01\x01\x12\0\x02\0\0\0\x04abc\0\0\0\0\0"), at=20
    ),
    "a profile without numbers": with_segments(segment(0xE2, b"ICC_PROFILE\0")),
    "JFIF of six bytes": with_segments(segment(0xE0, b"JFIF\0\x01")),
    "Adobe of six bytes": with_segments(segment(0xEE, b"Adobe\0")),
    "pictures that are not there": with_segments(segment(0xE2, b"MPF\0" + JUNK)),
    "Photoshop's block, cut": with_segments(segment(0xED, b"Photoshop 3.0\x008BIM\x03\xed\0\0\0")),
    "a comment of no known encoding": with_segments(segment(0xFE, bytes(range(128, 255)))),
    "a segment longer than it says": with_segments(segment(0xED, JUNK, length=9)),
    "XMP that is no XML": with_segments(
        segment(0xE1, b"http://ns.adobe.com/xap/1.0/\0tiff:Orientation=\xff\xfe"), at=20
    ),
}
PNGS = {
    "EXIF that is none": with_chunks(chunk(b"eXIf", JUNK)),
    "EXIF behind the pixels": with_chunks(chunk(b"eXIf", JUNK), behind=True),
    "EXIF with a wrong checksum": with_chunks(chunk(b"eXIf", TURNED.tobytes()[6:], checksum=1)),
    "EXIF as text that is none": with_chunks(
        chunk(b"zTXt", b"Raw profile type exif\0\0" + zlib.compress(b"\nexif\n4\nhello\n"))
    ),
    "a text that inflates to 2 MB": with_chunks(chunk(b"zTXt", b"Comment\0\0" + HUGE)),
    "that text behind the pixels": with_chunks(chunk(b"zTXt", b"Comment\0\0" + HUGE), behind=True),
    "international text of 2 MB": with_chunks(chunk(b"iTXt", b"XML\0\1\0\0\0" + HUGE)),
    "66 texts of 1 MB": with_chunks(
        *[chunk(b"zTXt", b"%d\0\0" % n + zlib.compress(bytes(2**20))) for n in range(66)]
    ),
    "a profile of 2 MB": with_chunks(chunk(b"iCCP", b"icc\0\0" + HUGE)),
    "a profile in an unknown coding": with_chunks(chunk(b"iCCP", b"icc\0\7" + HUGE)),
    "a profile that is cut": with_chunks(chunk(b"iCCP", b"icc")),
    "a short resolution": with_chunks(chunk(b"pHYs", bytes(5))),
    "a short gamma": with_chunks(chunk(b"gAMA", bytes(2))),
    "a text with a wrong checksum": with_chunks(chunk(b"tEXt", b"a\0b", checksum=1)),
    "animation without frames": with_chunks(chunk(b"acTL", bytes(8))),
    "an animation that is cut": with_chunks(chunk(b"acTL", bytes(3))),
}  # fmt: skip
OTHERS = {
    "WebP: EXIF of four bytes": ("WEBP", with_riff(b"EXIF", b"\1\2\3\4")),
    "WebP: EXIF that is none": ("WEBP", with_riff(b"EXIF", JUNK)),
    "WebP: XMP that is no XML": ("WEBP", with_riff(b"XMP ", JUNK)),
    "TIFF: a resolution of n / 0": ("TIFF", tiff((282, 5, NO_NUMBER), (283, 5, NO_NUMBER))),
    "TIFF: a directory that is none": ("TIFF", tiff((34665, 4, 2**31))),
    "TIFF: a profile that is none": ("TIFF", tiff((34675, 7, JUNK))),
    "TIFF: an unknown tag": ("TIFF", tiff((60000, 2, "x"), compression="tiff_lzw")),
    "GIF: a long comment": ("GIF", saved("GIF", "P", comment=bytes(range(256)) * 9)),
}


def expected(format: str, mode: str) -> np.ndarray:
    if format == "JPEG" and mode == "RGB":
        return cv2.imdecode(np.frombuffer(saved("JPEG"), np.uint8), cv2.IMREAD_COLOR)[..., ::-1]
    return np.asarray(Image.open(io.BytesIO(saved(format, mode))).convert("RGB"))


def check(data: bytes, format: str, mode: str, tmp_path) -> None:
    """The image is that of the clean file, upright, of its size, and refused once it is cut."""
    pixels = decode_image(data, "a")
    assert np.array_equal(pixels, expected(format, mode))
    how = encoding(data)
    assert (how.format, how.mode, how.turned, how.frames) == (format, mode, False, 1)
    (tmp_path / "a").write_bytes(data)
    assert pixel_count(Sample(str(tmp_path / "a"), "a", 0)) == 37 * 23
    body = data.index(b"IDAT") + 40 if format == "PNG" else len(data) - 40
    with pytest.raises(UnreadableImage):
        decode_image(data[:body] + bytes(len(data) - body), "a")


@pytest.mark.parametrize("name", JPEGS)
def test_a_jpeg_with_damaged_metadata_is_read(tmp_path, name):
    check(JPEGS[name], "JPEG", "RGB", tmp_path)


@pytest.mark.parametrize("mode", ["L", "CMYK"])
@pytest.mark.parametrize(
    "wrong",
    [
        segment(0xE2, b"ICC_PROFILE\0"),
        segment(0xEE, b"Adobe\0"),
        segment(0xE1, b"Exif\0\0" + JUNK),
        segment(0xE0, b"JFIF\0"),
    ],
)
def test_a_grey_or_cmyk_jpeg_with_damaged_metadata_keeps_its_colours(tmp_path, mode, wrong):
    check(with_segments(wrong, mode=mode), "JPEG", mode, tmp_path)


@pytest.mark.parametrize("name", PNGS)
def test_a_png_with_damaged_metadata_is_read(tmp_path, name):
    check(PNGS[name], "PNG", "RGB", tmp_path)


DEEP = cv2.imencode(".png", np.arange(23 * 37, dtype=np.uint16).reshape(23, 37) * 76)[1].tobytes()


@pytest.mark.parametrize(
    ("whole", "fact"),
    [
        (saved("PNG", "P", transparency=picture("P").getpixel((0, 0))), ("transparent", True)),
        (saved("PNG", "L", transparency=picture("L").getpixel((0, 0))), ("transparent", True)),
        (saved("PNG", "RGBA"), ("mode", "RGBA")),
        (DEEP, ("depth", 16)),
    ],
    ids=["P", "L", "RGBA", "16 bits"],
)
def test_transparency_palettes_and_16_bits_outlast_damaged_metadata(whole, fact):
    damaged = with_chunks(chunk(b"zTXt", b"Comment\0\0" + HUGE), whole=whole)
    assert np.array_equal(decode_image(damaged, "a"), decode_image(whole, "a"))
    assert encoding(damaged) == encoding(whole)
    assert fact in encoding(damaged)._asdict().items()


@pytest.mark.parametrize("name", OTHERS)
def test_other_formats_with_damaged_metadata_are_read(tmp_path, name):
    format, data = OTHERS[name]
    pixels = decode_image(data, "a")
    clean = saved(format, "P" if format == "GIF" else "RGB", lossless=True)
    assert np.array_equal(pixels, np.asarray(Image.open(io.BytesIO(clean)).convert("RGB")))
    assert not encoding(data).turned
    (tmp_path / "a").write_bytes(data)
    assert pixel_count(Sample(str(tmp_path / "a"), "a", 0)) == 37 * 23
    with pytest.raises(UnreadableImage):
        decode_image(data[: len(data) // 3], "a")


def test_a_rotation_outlasts_other_damaged_metadata():
    exif = TURNED.tobytes()[6:]
    turned = np.asarray(picture("RGB").transpose(Image.Transpose.ROTATE_270))
    png = with_chunks(chunk(b"eXIf", exif), chunk(b"zTXt", b"Comment\0\0" + HUGE))
    assert np.array_equal(decode_image(png, "a"), turned)
    assert encoding(png).turned
    jpeg = with_segments(segment(0xE1, b"Exif\0\0" + exif), segment(0xE2, b"ICC_PROFILE\0"), at=20)
    assert decode_image(jpeg, "a").shape == turned.shape


def test_pillows_warnings_are_not_printed(tmp_path, repository):
    """Of EXIF that is cut, and of 100 million pixels."""
    header = b"IHDR" + struct.pack(">IIBBBBB", 10_000, 10_000, 8, 2, 0, 0, 0)
    whole = saved("PNG")
    large = whole[:12] + header + struct.pack(">I", zlib.crc32(header)) + whole[33:]
    (tmp_path / "large").write_bytes(large)
    (tmp_path / "cut").write_bytes(JPEGS["EXIF cut in its directory"])
    script = """
import sys
from pathlib import Path
from paddle_aug.data.image import encoding, pixel_count
from paddle_aug.data.samples import Sample
cut, large = sys.argv[1:]
print(encoding(Path(cut).read_bytes()).turned, pixel_count(Sample(large, "large", 0)))
"""
    command = [sys.executable, "-c", script, tmp_path / "cut", tmp_path / "large"]
    run = subprocess.run(command, check=True, capture_output=True, text=True, cwd=repository)
    assert (run.stdout, run.stderr) == ("False 100000000\n", "")
