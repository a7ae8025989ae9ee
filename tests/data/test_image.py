"""Image files are read as a viewer shows them, or refused with a reason."""

import contextlib
import io
import pickle
import struct
import zlib

import cv2
import numpy as np
import pytest
from PIL import Image, ImageOps

from paddle_aug.data import image as image_module
from paddle_aug.data.image import (
    FORMATS,
    SUFFIXES,
    UnreadableImage,
    decode_image,
    encoding,
    pixel_count,
    read_image,
    read_sample,
    resize,
)
from paddle_aug.data.samples import Sample

WIDTH, HEIGHT = 37, 23


@pytest.fixture
def picture() -> np.ndarray:
    """A smooth picture without any symmetry, so that no turn or flip goes unseen."""
    coarse = np.random.default_rng(3).integers(0, 256, (4, 5, 3), dtype=np.uint8)
    return cv2.resize(coarse, (WIDTH, HEIGHT), interpolation=cv2.INTER_LINEAR)


def saved(path, image: Image.Image, **options):
    image.save(path, **options)
    return path


def png(width: int, height: int, *chunks: tuple[bytes, bytes], depth=8, colour=2) -> bytes:
    """A PNG put together by hand, of RGB if it says nothing else."""
    header = struct.pack(">IIBBBBB", width, height, depth, colour, 0, 0, 0)
    content = b"\x89PNG\r\n\x1a\n"
    for chunk in (b"IHDR" + header, *map(b"".join, chunks)):
        content += struct.pack(">I", len(chunk) - 4) + chunk + struct.pack(">I", zlib.crc32(chunk))
    return content


def test_a_colour_jpeg_gives_the_very_pixels_of_the_notebook(tmp_path, picture):
    for options in ({}, {"progressive": True}, {"subsampling": 0}, {"quality": 30}):
        path = saved(tmp_path / "photo.jpg", Image.fromarray(picture), **options)
        expected = cv2.cvtColor(cv2.imread(str(path)), cv2.COLOR_BGR2RGB)
        assert np.array_equal(read_image(path), expected)


@pytest.mark.parametrize(
    ("mode", "suffixes"),
    [
        ("L", ["png", "jpg", "tiff", "pgm"]),
        ("1", ["png", "tiff", "pbm"]),
        ("P", ["png", "gif", "bmp"]),
        ("CMYK", ["jpg", "tiff"]),
        ("RGB", ["png", "bmp", "webp", "tiff", "ppm"]),
    ],
)
def test_every_format_and_colour_model_reads_as_pillow_shows_it(tmp_path, picture, mode, suffixes):
    for suffix in suffixes:
        path = saved(tmp_path / f"训练 é.{suffix}", Image.fromarray(picture).convert(mode))
        image = read_image(path)
        with Image.open(path) as shown:
            assert np.array_equal(image, np.asarray(shown.convert("RGB")))
        assert (image.dtype, image.shape) == (np.uint8, (HEIGHT, WIDTH, 3))
        assert image.flags.c_contiguous


@pytest.mark.parametrize("suffix", ["jpg", "png", "webp", "tiff"])
@pytest.mark.parametrize("mode", ["RGB", "L"])
@pytest.mark.parametrize("orientation", range(1, 9))
def test_a_turned_camera_gives_an_upright_picture(tmp_path, picture, suffix, mode, orientation):
    exif = Image.Exif()
    exif[0x0112] = orientation
    source = Image.fromarray(picture).convert(mode)
    path = saved(tmp_path / f"turned.{suffix}", source, exif=exif, lossless=True)
    # Not from the file, where Pillow leaves some turns of a grey TIFF undone; a JPEG has lost some.
    shown = Image.fromarray(cv2.imread(str(path))[..., ::-1]) if suffix == "jpg" else source
    if suffix != "jpg":
        shown.getexif()[0x0112] = orientation
    expected = ImageOps.exif_transpose(shown).convert("RGB")
    assert np.array_equal(read_image(path), np.asarray(expected))
    assert pixel_count(Sample(str(path), "a", 0)) == expected.height * expected.width


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize(("suffix", "option"), [("png", "exif"), ("tiff", "tiffinfo")])
def test_a_turned_camera_gives_an_upright_picture_of_16_bits_too(
    tmp_path, picture, suffix, option, orientation
):
    exif = Image.Exif()
    exif[0x0112] = orientation
    deep = Image.fromarray(picture[..., 0].astype(np.uint16) * 257)
    path = saved(tmp_path / f"turned.{suffix}", deep, **{option: exif})
    # The turns are Pillow's, made on the 8-bit picture: of 16 bits it leaves some undone.
    plain = Image.fromarray(picture[..., 0])
    plain.getexif()[0x0112] = orientation
    assert np.array_equal(read_image(path)[..., 0], np.asarray(ImageOps.exif_transpose(plain)))


@pytest.mark.parametrize("suffix", ["png", "tiff"])
@pytest.mark.parametrize("channels", [1, 3])
def test_16_bits_become_8_by_division_by_257(tmp_path, suffix, channels):
    ends = np.arange(65536, dtype=np.uint16).reshape(256, 256)
    deep = ends if channels == 1 else np.dstack([ends, ends.T, ends[::-1]])
    path = tmp_path / f"deep.{suffix}"
    cv2.imwrite(str(path), deep)
    rgb = np.dstack([deep] * 3) if channels == 1 else deep[..., ::-1]
    assert np.array_equal(read_image(path), np.rint(rgb / 257).astype(np.uint8))


def test_transparency_lies_over_white(tmp_path, picture):
    alpha = np.tile(np.linspace(0, 255, WIDTH).astype(np.uint8), (HEIGHT, 1))
    weight = alpha[..., None] / 255
    expected = np.rint(picture * weight + 255 * (1 - weight))
    rgba = Image.fromarray(np.dstack([picture, alpha]))
    for name in ("colour.png", "colour.tiff"):
        assert np.array_equal(read_image(saved(tmp_path / name, rgba)), expected)
    lossless = saved(tmp_path / "colour.webp", rgba, lossless=True, exact=True)
    assert np.array_equal(read_image(lossless), expected)

    grey = picture[..., :1]
    expected = np.repeat(np.rint(grey * weight + 255 * (1 - weight)), 3, axis=2)
    path = saved(tmp_path / "grey.png", Image.fromarray(np.dstack([grey, alpha]), "LA"))
    assert np.array_equal(read_image(path), expected)


@pytest.mark.parametrize(("name", "mode"), [("a.png", "P"), ("a.gif", "P"), ("a.png", "RGB")])
def test_a_colour_that_stands_for_transparency_becomes_white(tmp_path, name, mode):
    keyed = Image.fromarray(np.array([[0, 1], [2, 1]], np.uint8), "P")
    keyed.putpalette([10, 20, 30, 40, 50, 60, 70, 80, 90])
    key = 1 if mode == "P" else (40, 50, 60)
    image = read_image(saved(tmp_path / name, keyed.convert(mode), transparency=key))
    assert image.tolist() == [[[10, 20, 30], [255] * 3], [[70, 80, 90], [255] * 3]]


@pytest.mark.parametrize(("colour", "channels"), [(4, 2), (6, 4)])
def test_transparency_of_16_bits_lies_over_white(colour, channels):
    deep = np.random.default_rng(1).integers(0, 65536, (9, 7, channels), dtype=np.uint16)
    rows = b"".join(b"\0" + row.astype(">u2").tobytes() for row in deep)
    data = png(7, 9, (b"IDAT", zlib.compress(rows)), END, depth=16, colour=colour)
    weight = deep[..., -1:] / 65535
    over_white = np.broadcast_to(deep[..., :-1], (9, 7, 3)) * weight + 65535 * (1 - weight)
    # Rounded once here, twice there (to 16 bits, then to 8): one level of 255 at most.
    assert np.abs(decode_image(data, "deep.png") - np.rint(over_white / 257)).max() <= 1


@pytest.mark.parametrize("name", ["film.gif", "film.webp", "film.png", "film.apng", "film.tiff"])
def test_of_a_film_the_first_frame_is_read(tmp_path, picture, name):
    first = Image.fromarray(picture).convert("P" if name == "film.gif" else "RGB")
    black = Image.new(first.mode, first.size)
    path = saved(tmp_path / name, first, save_all=True, append_images=[black], lossless=True)
    assert np.array_equal(read_image(path), np.asarray(first.convert("RGB")))
    assert encoding(path.read_bytes()).frames == 2


@pytest.mark.parametrize(
    ("magic", "white", "plain"),
    [
        ("P5", 255, False), ("P5", 15, False), ("P5", 1023, False), ("P5", 65535, False),
        ("P6", 255, False), ("P6", 15, False), ("P6", 1023, False), ("P6", 65535, False),
        ("P2", 255, True), ("P2", 15, True), ("P2", 65535, True),
        ("P3", 255, True), ("P3", 15, True), ("P3", 65535, True),
    ],
)  # fmt: skip
def test_ppm_and_pgm_are_read_in_bytes_and_in_digits_and_with_any_white(magic, white, plain):
    channels = 3 if magic in ("P3", "P6") else 1
    levels = np.random.default_rng(2).integers(0, white + 1, (7, 9, channels))
    if plain:
        content = "\n".join(map(str, levels.ravel())).encode() + b"\n"
    else:
        content = levels.astype(">u2" if white > 255 else "u1").tobytes()
    data = f"{magic}\n# GIMP's remark\n9 7\n{white}\n".encode() + content
    shown = np.broadcast_to(levels * 255 / white, (7, 9, 3))
    # Grey of up to 16 bits is rounded twice, to 16 bits and to 8.
    assert np.abs(decode_image(data, "a.ppm") - shown).max() <= 0.5 + 1 / 257
    for length in range(3, len(data) - 6, 5):
        with pytest.raises(UnreadableImage):
            decode_image(data[:length], "a.ppm")


@pytest.mark.parametrize(
    ("start", "said"),
    [
        (b"\0\0\0\x18ftypheic\0\0\0\0mif1heic", "HEIC .* the package pillow-heif"),
        (b"\0\0\0\x18ftypmif1\0\0\0\0mif1heic", "HEIC .* the package pillow-heif"),
        (b"\0\0\0\x1cftypavif\0\0\0\0avifmif1miaf", "AVIF .* the package Pillow 11.3"),
        (b"\0\0\0\x1cftypmif1\0\0\0\0mif1avifmiaf", "AVIF .* the package Pillow 11.3"),
        (b"\0\0\0\x0cJXL \r\n\x87\n", "JPEG XL .* the package pillow-jxl-plugin"),
        (b"\xff\x0a\xfa\x7f", "JPEG XL .* the package pillow-jxl-plugin"),
        (b"\0\0\0\x18ftypisom\0\0\0\0isommp42", "not a readable image"),
    ],
)
def test_a_refused_format_that_phones_save_is_named_with_the_package_that_reads_it(start, said):
    with pytest.raises(UnreadableImage, match=f"^photo: {said}"):
        decode_image(start + bytes(99), "photo")


@pytest.mark.parametrize("options", [{}, {"progressive": True}])
@pytest.mark.parametrize("mode", ["RGB", "L"])
def test_a_jpeg_cut_anywhere_is_refused(tmp_path, picture, mode, options):
    # A thumbnail in the EXIF segment has an end marker of its own.
    thumbnail = io.BytesIO()
    Image.fromarray(picture).save(thumbnail, "JPEG")
    exif = Image.Exif()
    exif[0x010E] = thumbnail.getvalue().decode("latin-1")
    path = tmp_path / "photo.jpg"
    Image.fromarray(picture).convert(mode).save(path, exif=exif, **options)
    whole = path.read_bytes()
    assert whole.count(b"\xff\xd9") >= 1
    for length in range(1, len(whole), 7):
        path.write_bytes(whole[:length])
        with pytest.raises(UnreadableImage):
            read_image(path)
        # The header may be whole, and else counts for nothing.
        assert pixel_count(Sample(str(path), "a", 0)) in (0, HEIGHT * WIDTH)
    path.write_bytes(whole[: len(whole) - 50] + bytes(50))  # a download that stopped, its size set
    with pytest.raises(UnreadableImage, match="truncated"):
        read_image(path)


def test_bytes_after_the_end_of_a_jpeg_do_not_matter(tmp_path, picture):
    path = saved(tmp_path / "photo.jpg", Image.fromarray(picture))
    expected = read_image(path)
    path.write_bytes(path.read_bytes() + b"\xff\xd8\xff\xe0 whatever a phone leaves behind")
    assert np.array_equal(read_image(path), expected)


@pytest.mark.filterwarnings("ignore:.*:UserWarning:PIL")  # its remarks on damaged TIFFs
@pytest.mark.parametrize("name", ["p.png", "p.webp", "p.tiff", "p.bmp", "p.gif", "p.ppm"])
def test_any_other_image_cut_in_its_middle_is_refused(tmp_path, picture, name):
    path = saved(tmp_path / name, Image.fromarray(picture))
    whole = path.read_bytes()
    for length in range(20, len(whole) * 3 // 4, 11):
        path.write_bytes(whole[:length])
        with pytest.raises(UnreadableImage):
            read_image(path)


END = (b"IEND", b"")
ROWS = bytes(row % 5 if at % (3 * WIDTH + 1) == 0 else at % 251
             for row in range(HEIGHT) for at in range(3 * WIDTH + 1))  # fmt: skip
STREAM = zlib.compress(ROWS)
PIXELS = (b"IDAT", STREAM)


@pytest.mark.parametrize(
    ("data", "read"),
    [
        (png(WIDTH, HEIGHT, (b"IDAT", STREAM[:40]), (b"IDAT", STREAM[40:]), END), True),
        (png(WIDTH, HEIGHT, (b"gAMA", struct.pack(">I", 90_000)), PIXELS, END), True),
        (png(WIDTH, HEIGHT, (b"tRNS", bytes(6)), PIXELS, END), True),
        (png(WIDTH, HEIGHT, (b"IDAT", STREAM + b"tail"), END) + b"and more", True),
        (png(WIDTH, HEIGHT, PIXELS), False),
        (png(WIDTH, HEIGHT, END), False),
        (png(0, 0, PIXELS, END), False),
        (png(WIDTH, HEIGHT, (b"IDAT", STREAM[:60]), END), False),
        (png(WIDTH, HEIGHT, (b"IDAT", STREAM[:-1] + bytes([STREAM[-1] ^ 1])), END), False),
        (png(WIDTH, HEIGHT, (b"IDAT", zlib.compress(ROWS[:-1])), END), False),
        (png(WIDTH, HEIGHT, (b"IDAT", zlib.compress(b"\x07" + ROWS[1:])), END), False),
        (png(WIDTH, HEIGHT, PIXELS, END).replace(STREAM, STREAM[::-1]), False),
        (png(WIDTH, HEIGHT, PIXELS, END)[:200] + bytes(300), False),  # a download that stopped
    ],
)  # fmt: skip
def test_an_odd_png_is_read_or_refused(data, read):
    if read:
        assert decode_image(data, "p.png").shape == (HEIGHT, WIDTH, 3)
        return
    with pytest.raises(UnreadableImage):
        decode_image(data, "p.png")


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"", "the file is empty"),
        (b"<html>404 Not Found</html>", "not a readable image"),
        (png(10**8, 1, (b"IDAT", b""), END), "there is not enough memory for the image"),
    ],
)
@pytest.mark.filterwarnings("ignore::PIL.Image.DecompressionBombWarning")
def test_what_is_no_image_says_so(data, reason):
    with pytest.raises(UnreadableImage, match=rf"page\.jpg: {reason}"):
        decode_image(data, "page.jpg")


@pytest.mark.parametrize("suffix", ["jp2", "ico", "tga", "pdf", "pcx", "sgi", "dds"])
def test_other_formats_are_refused_whatever_their_name_says(tmp_path, monkeypatch, picture, suffix):
    """Decoders that are never needed are never reached: neither Pillow's nor cv2's."""
    written = saved(tmp_path / f"p.{suffix}", Image.fromarray(picture))
    path = written.rename(tmp_path / "p.jpg")
    monkeypatch.setattr("cv2.imdecode", lambda *_: pytest.fail("cv2 was asked"))
    with pytest.raises(UnreadableImage, match="want JPEG, PNG, BMP, WebP, GIF, TIFF, PPM or PGM"):
        read_image(path)


def test_the_preview_in_a_raw_file_of_a_camera_is_not_taken_for_the_picture(tmp_path, picture):
    path = saved(tmp_path / "a.nef", Image.fromarray(picture), format="TIFF", tiffinfo={254: 1})
    with pytest.raises(UnreadableImage, match=r"begins with a preview, .* the package rawpy"):
        read_image(path)


def test_pixels_without_an_agreed_white_are_refused(tmp_path):
    path = saved(tmp_path / "depth.tiff", Image.fromarray(np.ones((4, 4), np.float32)))
    with pytest.raises(UnreadableImage, match="save the image with 8 or 16 bits"):
        read_image(path)


def jpeg_of(side: int) -> bytes:
    """A JPEG whose header says that it is as large."""
    file = io.BytesIO()
    Image.new("RGB", (8, 8)).save(file, "JPEG")
    start, size, end = file.getvalue().partition(b"\xff\xc0\x00\x11\x08")
    return start + size + struct.pack(">HH", side, side) + end[4:]


@pytest.mark.parametrize("bound", [Image.MAX_IMAGE_PIXELS, None])  # a program may take it away
@pytest.mark.parametrize("data", [png(40_000, 40_000, END), jpeg_of(14_000), jpeg_of(65_535)])
@pytest.mark.filterwarnings("ignore::PIL.Image.DecompressionBombWarning")
def test_an_image_of_too_many_pixels_is_refused_before_it_is_decoded(
    tmp_path, monkeypatch, data, bound
):
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", bound)
    (tmp_path / "huge").write_bytes(data)
    with pytest.raises(UnreadableImage, match="more than 178 million pixels"):
        read_image(tmp_path / "huge")
    assert pixel_count(Sample(str(tmp_path / "huge"), "huge", 0)) == 0


def test_frames_of_a_gif_that_is_cut_behind_the_first_are_counted(picture):
    frames = [Image.fromarray(each).convert("P") for each in (picture, picture[::-1])]
    file = io.BytesIO()
    frames[0].save(file, "GIF", save_all=True, append_images=frames[1:])
    content, counted = file.getvalue(), []
    for length in range(len(content) // 4, len(content) + 1):
        with contextlib.suppress(UnreadableImage):
            decode_image(content[:length], "cut.gif")
            counted.append(encoding(content[:length]).frames)
    assert set(counted) == {1, 2}
    assert counted[-1] == 2


def test_a_sample_is_its_pixels_else_those_of_its_file(tmp_path, picture):
    path = saved(tmp_path / "a.png", Image.fromarray(picture))
    assert np.array_equal(read_sample(Sample(str(path), "a.png", 0, 1)), picture)
    grey = picture[..., :1]
    view = np.broadcast_to(grey, picture.shape)
    found = read_sample(Sample("never read", "a/0", 0, 0, view))
    assert found.flags.c_contiguous
    assert np.array_equal(found, np.concatenate([grey] * 3, axis=2))


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("absent.jpg", "no such file"),
        (".", "cannot be read (Is a directory)"),
        ("endless.jpg", "cannot be read (not an ordinary file)"),
    ],
)
def test_a_file_that_cannot_be_read_is_an_unreadable_image(tmp_path, name, reason):
    (tmp_path / "endless.jpg").symlink_to("/dev/zero")
    sample = Sample(str(tmp_path / name), "a", 0, 1)
    with pytest.raises(UnreadableImage) as error:
        read_sample(sample)
    assert str(error.value) == f"{tmp_path / name}: {reason}"
    assert pixel_count(sample) == 0


def test_the_suffixes_are_those_that_pillow_knows_the_formats_by_and_those_of_phones():
    known = {suffix for suffix, name in Image.registered_extensions().items() if name in FORMATS}
    known -= {".pfm"}  # 32 bits, which are refused
    assert set(SUFFIXES) == known | {".heic", ".heif", ".avif", ".jxl"}


def test_the_error_survives_the_way_out_of_a_worker():
    error = pickle.loads(pickle.dumps(UnreadableImage("a.jpg", "the file is empty")))
    assert (str(error), error.reason) == ("a.jpg: the file is empty", "the file is empty")


def test_resize_is_bilinear_with_pixel_centres_and_gives_up_the_aspect_ratio(picture):
    larger = Image.fromarray(picture).resize((64, 64), Image.Resampling.BILINEAR)
    # cv2 computes in 11-bit fixed point: half a level for rounding, half for the weights.
    for interpolation in ("linear", "area"):
        difference = resize(picture, 64, interpolation) - np.asarray(larger, int)
        assert np.abs(difference).max() <= 1


@pytest.mark.parametrize("size", [(24, 24), (16, 24), (24, 9), (9, 7), (24, 48)])
def test_area_averages_the_sides_that_shrink_and_keeps_the_bytes_of_the_others(size):
    image = np.random.default_rng(3).integers(0, 256, (*size, 3)).astype(np.uint8)
    averaged, levels = resize(image, 24, "area"), image.astype(float)
    assert (averaged == resize(image, 24, "linear")).all() == (max(size) <= 24)
    blocks = np.repeat(np.repeat(levels, 24, axis=0), 24, axis=1).reshape(24, size[0], 24, -1, 3)
    if min(size) >= 24:
        assert np.abs(averaged - blocks.mean(axis=(1, 3))).max() < 0.51


def test_area_depends_less_on_where_the_pixels_lie_than_linear(picture):
    """Stripes of one pixel are grey from far away, not black or white."""
    stripes = np.zeros((96, 96, 3), np.uint8)
    stripes[:, ::2] = 255
    assert np.ptp(resize(stripes, 16, "area")) <= 1
    assert np.ptp(resize(stripes[:, :93], 16, "linear")) > 100


def test_large_pictures_are_decoded_one_after_another(tmp_path, monkeypatch, picture):
    path = saved(tmp_path / "photo.png", Image.fromarray(picture).convert("P"))
    monkeypatch.setattr(image_module, "LARGE_PIXELS", WIDTH * HEIGHT - 1)
    decode, held = image_module._decode_opened, []

    def seen(*arguments):
        held.append(image_module._large_images.locked())
        return decode(*arguments)

    monkeypatch.setattr(image_module, "_decode_opened", seen)
    read_image(path)
    monkeypatch.setattr(image_module, "LARGE_PIXELS", WIDTH * HEIGHT)
    read_image(path)
    assert held == [True, False]
