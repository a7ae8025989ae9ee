"""Cases of data sets: lists, tables, class folders, zips of images, CIFAR and MNIST."""

import gzip
import io
import lzma
import os
import pickle
import struct
import tarfile
import zipfile
from collections.abc import Callable
from functools import cache
from pathlib import Path

import numpy as np
from damage import damaged, maybe_odd, put_odd
from fuzz import Attempt, Kind
from hypothesis import strategies as st
from PIL import Image

from paddle_aug.check.findings import findings
from paddle_aug.check.survey import Survey, find
from paddle_aug.check.text import as_json, as_text
from paddle_aug.data.dataset import open_dataset
from paddle_aug.data.readers import aistudio, mnist
from paddle_aug.errors import UserError

IMAGES = ("a/0.png", "a/1.png", "b/0.png", "b/1.png")


@cache
def picture(number: int) -> bytes:
    content = io.BytesIO()
    pixels = np.random.default_rng(number).integers(0, 256, (9, 12, 3), dtype=np.uint8)
    Image.fromarray(pixels).save(content, "PNG")
    return content.getvalue()


def write_images(folder: Path) -> None:
    for number, name in enumerate(IMAGES):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(picture(number))


def opened(data: str) -> None:
    """What train does with data, and what check does; the two refuse alike, but for what check
    reports instead."""
    try:
        found = find(data)
    except UserError:
        open_dataset(data)
        raise AssertionError("check refuses what train takes") from None
    survey = Survey(found)
    told = findings(survey, 224)
    # As they are printed, and as check writes them.
    as_text(survey, told).encode()
    for piece in as_json(survey, told):
        piece.encode()
    open_dataset(data).fingerprint  # noqa: B018


# Texts as they come from other programs, other languages, and people who wish ill.
CHARACTERS = st.characters(codec="utf-8")
ODD_TEXT = st.sampled_from(
    ("", " ", "\t", "\0", "\x1b[2J\x1b]0;x\x07", "\u202e", "\ufeff", "\r", "\x0b", "\x85", "\u2028",
     "图片", "é", "'", '"', "%s", "{0}", "$HOME", "~", "`id`", ";", "|", "x" * 5000, "\ud7ff")
)  # fmt: skip
PATHS = st.one_of(
    st.sampled_from(IMAGES),
    st.sampled_from(
        ("../secret.png", "a/../../secret.png", "/etc/passwd", "C:\\x.png", "a\\0.png", "./a/0.png",
         "a//0.png", "out.png", "a", ".", "..", "a/0.png/", "//a/0.png", "a/../a/0.png", "file://x",
         "b/" * 300 + "0.png", "x" * 300 + ".png")
    ),
    ODD_TEXT,
    st.text(CHARACTERS, max_size=12),
)  # fmt: skip
LABELS = st.one_of(
    st.sampled_from(("0", "1")),
    st.sampled_from(
        ("2", "7", "-1", "+1", "1.0", "1e3", "00", "٣", "²", "999999", "1000000", "9" * 6000, "nan",
         "cat", "0x1", "1_0", "True", "")
    ),
    ODD_TEXT,
    st.text(CHARACTERS, max_size=6),
)  # fmt: skip
ENCODINGS = ("utf-8", "utf-8", "utf-8", "utf-8-sig", "utf-16", "utf-32", "gbk", "latin-1")
ENDS = ("\n", "\r\n", "\r", "\n\n", "\x0c", "\x85")


def encoded(draw: Callable, lines: list[str], first: int = 60) -> bytes:
    """Lines as a file, in some encoding, with some line ends, perhaps damaged."""
    encoding, end = draw(st.sampled_from(ENCODINGS)), draw(st.sampled_from(ENDS))
    content = (end.join(lines) + end).encode(encoding, "replace")
    return damaged(draw, content, first) if draw(st.booleans()) else content


def lists(draw: Callable, folder: Path) -> Attempt:
    """A pair of lists, perhaps a file of classes, and images, one of which may be out of bounds."""
    data = folder / "data"
    write_images(data / "Images")
    (folder / "secret.png").write_bytes(picture(9))
    whole = [[f"{IMAGES[0]} 0", f"{IMAGES[2]} 1"], [f"{IMAGES[1]} 0", f"{IMAGES[3]} 1"]]
    parts = st.lists(
        st.tuples(PATHS, st.sampled_from((" ", "\t", "  ", ",", "")), LABELS).map("".join),
        max_size=4,
    )
    for name, lines in zip(("Train.txt", "Eval.txt"), whole, strict=True):
        (data / name).write_bytes(encoded(draw, [*lines, *draw(parts)]))
    if draw(st.booleans()):
        names = st.one_of(st.sampled_from(("0 cat", "1 dog", "cat", "dog", "3 x")), ODD_TEXT)
        lines = [*draw(st.sampled_from((["0 cat", "1 dog"], ["cat", "dog"], []))), *draw(
            st.lists(names, max_size=2)
        )]  # fmt: skip
        (data / "labels.txt").write_bytes(encoded(draw, lines))
    if draw(st.integers(0, 9)) == 9:
        (data / "Images" / "out.png").symlink_to(folder / "secret.png")
    maybe_odd(draw, [data / "Train.txt", data / "Eval.txt", data / "Images" / IMAGES[0]])
    return Attempt(
        lambda: opened(str(data)),
        ("Train.txt", "Eval.txt", "labels.txt", str(data)),
        ("check.py", str(data)),
    )


def tables(draw: Callable, folder: Path) -> Attempt:
    """A CSV."""
    write_images(folder)
    file = folder / "table.csv"
    delimiter = draw(st.sampled_from(",;\t"))
    columns = ["path", "label", "split"]
    header = draw(
        st.one_of(
            st.just(columns),
            st.lists(
                st.sampled_from((*columns, "class", "image", "x", "", "PATH", '"label"')),
                max_size=5,
            ),
        )
    )
    rows = [["a/0.png", "cat", "train"], ["b/0.png", "dog", "train"], ["b/1.png", "dog", "test"]]
    field = st.one_of(PATHS, LABELS, st.sampled_from(("train", "val", '"', '"a\nb"', '""', "x,y")))
    rows += draw(st.lists(st.lists(field, max_size=4), max_size=3))
    lines = [delimiter.join(row) for row in (header, *rows)]
    file.write_bytes(encoded(draw, lines))
    maybe_odd(draw, [file, folder / "a/0.png"])
    return Attempt(lambda: opened(f"csv:{file}"), ("table.csv",), ("check.py", f"csv:{file}"))


def class_folders(draw: Callable, folder: Path) -> Attempt:
    """Class folders, with links, odd names and odd files."""
    data = folder / "photos"
    top = draw(st.sampled_from(("", "", "train", "Train", "test", "val")))
    write_images(data / top)
    if top and draw(st.booleans()):
        write_images(data / draw(st.sampled_from(("test", "val", "TRAIN"))))
    name = st.one_of(
        st.sampled_from(("x.png", ".hidden.png", "Thumbs.db", "note.txt", "x.PNG", "a/x.jpg",
                         "deep/er/x.png", "\x1b[2J.png", "图.png", "a b.png", "c/x.gif")),
        st.binary(min_size=1, max_size=6)
        .filter(lambda raw: not set(raw) & {0, 47} and raw not in (b".", b".."))
        .map(os.fsdecode),
    )  # fmt: skip
    for each in draw(st.lists(name, max_size=4)):
        file = data / top / draw(st.sampled_from(("", "a", "b", "c"))) / each
        if os.path.lexists(file) or not file.parent.parent.exists():
            continue
        try:
            file.parent.mkdir(exist_ok=True, parents=True)
        except OSError:  # a file is in the way
            continue
        match draw(st.sampled_from(("image", "cut", "odd", "around", "folder"))):
            case "image":
                file.write_bytes(picture(draw(st.integers(0, 20))))
            case "cut":
                file.write_bytes(damaged(draw, picture(3)))
            case "odd":
                put_odd(file, draw(st.sampled_from(("nowhere", "circle", "fifo", "endless"))))
            case "around":
                file.symlink_to(data, target_is_directory=True)
            case "folder":
                file.mkdir()
    maybe_odd(draw, [data / top / "a/0.png"])
    where = f"folder:{data}"
    return Attempt(lambda: opened(where), (str(data), "photos"), ("check.py", where))


ENTRIES = st.one_of(
    st.sampled_from(
        ("Images/a/0.png", "a/0.png", "b/0.png", "../out.png", "/out.png", "a/../../out.png",
         "C:/out.png", "..\\out.png", "a", "a/", "a//b", ".", "./a/0.png", "__MACOSX/x", "x" * 300,
         "a\0b", "\x1b[2J", "图片.png", "~/out.png", "con", "a/0.png ")
    ),
    st.text(CHARACTERS, min_size=1, max_size=8),
)  # fmt: skip
METHODS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA)


def a_zip(draw: Callable) -> bytes:
    """A zip with entries as they should not be."""
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as archive:
        for name in ["Images/a/0.png", *draw(st.lists(ENTRIES, max_size=4))]:
            info = zipfile.ZipInfo(name)
            info.compress_type = draw(st.sampled_from(METHODS))
            kind = draw(st.sampled_from((0, 0, 0o100644, 0o120777, 0o040755, 0o020666, 0o010644)))
            info.external_attr = kind << 16
            archive.writestr(info, draw(st.sampled_from((picture(0), b"", b"/etc/passwd"))))
        for info in archive.filelist:
            info.flag_bits |= draw(st.sampled_from((0, 0, 0, 0, 1, 0x800, 0x40, 0x2000)))
            match draw(st.sampled_from(("", "", "", "", "size", "place", "method", "version"))):
                case "size":
                    info.file_size = draw(st.sampled_from((0, 1, 2**20, 2**31, 2**32 - 2, 2**40)))
                case "place":  # entries over each other, as in a bomb of one layer
                    info.header_offset = 0
                case "method":
                    info.compress_type = draw(st.sampled_from((0, 1, 8, 9, 12, 14, 93, 98)))
                case "version":
                    info.extract_version = draw(st.sampled_from((20, 45, 63, 64, 255)))
    return content.getvalue()


def zips(draw: Callable, folder: Path) -> Attempt:
    """A zip that stands for the images of two lists, or that is unpacked as it is."""
    data = folder / "out" / "data"
    data.mkdir(parents=True)
    file = data / "Images.zip"
    file.write_bytes(damaged(draw, a_zip(draw), 100))
    maybe_odd(draw, [file])

    def unpack():
        inside = aistudio.zip_contents(file)
        aistudio.unpack(file, data / "Images")
        made = {str(path.relative_to(data / "Images")) for path in (data / "Images").rglob("*")}
        assert inside <= made, inside - made

    (data / "Train.txt").write_text("a/0.png 0\n")
    (data / "Eval.txt").write_text("b/0.png 0\n")
    run = draw(st.sampled_from((unpack, lambda: opened(str(data)))))
    # The lists: a zip without their images is none of theirs.
    return Attempt(run, ("Images.zip", "Train.txt", "Eval.txt"), ("check.py", str(data)))


def batch(count: int, first: int = 0, **others) -> dict:
    """A batch of CIFAR-10."""
    rng = np.random.default_rng(first)
    data = rng.integers(0, 256, (count, 3072), dtype=np.uint8)
    return {"data": data, "labels": [(first + i) % 10 for i in range(count)], **others}


ODD_VALUES = st.one_of(
    st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=5),
    st.binary(max_size=5), st.just([]), st.just({}), st.just([-1]), st.just(["x"] * 10),
    st.just([0, 10]),
    st.sampled_from(("u1", "i8", "f4", "O", "U3", "V4", "?", "c8")).flatmap(
        lambda kind: st.sampled_from(((), (0,), (2,), (2, 3072), (2, 32, 32, 3), (0, 3072))).map(
            lambda shape: np.zeros(shape, kind)
        )
    ),
)  # fmt: skip


def cifar(draw: Callable, folder: Path) -> Attempt:
    """CIFAR-10's archive, or its folder, whose batches are of two images."""
    members = {f"data_batch_{number}": batch(2, number) for number in range(1, 6)}
    members |= {"test_batch": batch(2, 7), "batches.meta": {"label_names": list("abcdefghij")}}
    for _ in range(draw(st.integers(0, 2))):
        name = draw(st.sampled_from(sorted(members)))
        key = draw(st.sampled_from(("data", "labels", "label_names", "", 0)))
        members[name] = {**members[name], key: draw(ODD_VALUES)}
    protocol = draw(st.integers(0, 5))
    packed = {name: pickle.dumps(content, protocol) for name, content in members.items()}
    name = draw(st.sampled_from(sorted(packed)))
    packed[name] = damaged(draw, packed[name], 200)
    if draw(st.integers(0, 5)) == 5:
        del packed[draw(st.sampled_from(sorted(packed)))]
    top = folder / "cifar-10-batches-py"
    if draw(st.booleans()):
        top.mkdir()
        for name, content in packed.items():
            (top / name).write_bytes(content)
        maybe_odd(draw, [top / "data_batch_1", top / "batches.meta"])
        path = top
    else:
        path = folder / "cifar-10-python.tar.gz"
        content = io.BytesIO()
        with tarfile.open(fileobj=content, mode="w") as archive:
            for name, inside in packed.items():
                info = tarfile.TarInfo(f"{top.name}/{name}")
                info.size = len(inside)
                info.type = draw(st.sampled_from([tarfile.REGTYPE] * 9 + [tarfile.SYMTYPE]))
                archive.addfile(info, io.BytesIO(inside))
        path.write_bytes(repacked(draw, content.getvalue()))
        maybe_odd(draw, [path])
    where = f"cifar10:{path}"
    return Attempt(lambda: opened(where), (str(path),), ("check.py", where))


def repacked(draw: Callable, content: bytes) -> bytes:
    """Bytes as they are or gzipped, damaged before, or behind it."""
    if draw(st.booleans()):
        content = damaged(draw, content, 600)
    if draw(st.booleans()):
        content = gzip.compress(content, 1)
        if draw(st.booleans()):
            content = damaged(draw, content, 20)
    return content


def idx(magic: int, items: np.ndarray) -> bytes:
    return struct.pack(f">{1 + items.ndim}I", magic, *items.shape) + items.tobytes()


def idx_files(draw: Callable, folder: Path) -> Attempt:
    """MNIST's four files."""
    data = folder / "digits"
    data.mkdir()
    files = {}
    for part, count in (("train", 3), ("t10k", 2)):
        pixels = np.random.default_rng(count).integers(0, 256, (count, 28, 28), dtype=np.uint8)
        files[f"{part}-images-idx3-ubyte"] = idx(mnist.IMAGES, pixels)
        files[f"{part}-labels-idx1-ubyte"] = idx(mnist.LABELS, np.arange(count, dtype=np.uint8))
    chosen = draw(st.sampled_from(sorted(files)))
    for name, content in files.items():
        content = repacked(draw, content) if name == chosen else content
        (data / f"{name}{draw(st.sampled_from(('', '.gz')))}").write_bytes(content)
    maybe_odd(draw, sorted(data.iterdir()))
    where = f"mnist:{data}"
    return Attempt(lambda: opened(where), (str(data),), ("check.py", where))


def zip_bomb(kind: str) -> bytes:
    """A zip that is small, and would be large."""
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
        match kind:
            case "zeros":
                with archive.open("a/0.png", "w", force_zip64=True) as file:
                    for _ in range(1100):
                        file.write(bytes(2**20))
            case "shy":  # says that it is small
                archive.writestr("a/0.png", bytes(2**27))
                archive.filelist[0].file_size = 10
            case "many":
                for number in range(60_000):
                    archive.filelist.append(zipfile.ZipInfo(f"a/{number}.png"))
                    archive.filelist[-1].CRC = 0
                    archive.filelist[-1].header_offset = 0
            case "over each other":
                archive.writestr("a/0.png", bytes(2**24))
                for number in range(1, 3000):
                    info = zipfile.ZipInfo(f"a/{number}.png")
                    for name in (
                        "CRC",
                        "compress_size",
                        "file_size",
                        "compress_type",
                        "header_offset",
                    ):
                        setattr(info, name, getattr(archive.filelist[0], name))
                    archive.filelist.append(info)
            case "dictionary":  # of LZMA: it asks for 4 GiB
                properties = struct.pack("<BBH", 9, 4, 5) + b"\x5d\xff\xff\xff\xff"
                inside = lzma.compress(
                    bytes(1000), lzma.FORMAT_RAW, filters=[{"id": lzma.FILTER_LZMA1}]
                )
                archive.writestr("a/0.png", properties + inside)
                archive.filelist[0].compress_type = zipfile.ZIP_LZMA
    raw = content.getvalue()
    if kind == "dictionary":  # in the entry's own header, too
        raw = raw[:8] + struct.pack("<H", zipfile.ZIP_LZMA) + raw[10:]
    return raw


cached_zip_bomb = cache(zip_bomb)


def large(draw: Callable, folder: Path) -> Attempt:
    """Data that is small on the disk and would be large in memory, or that has no end."""
    data = folder / "out" / "data"
    data.mkdir(parents=True)
    names: tuple[str, ...] = (str(data), "Train.txt")
    where = str(data)
    match draw(st.sampled_from(("lines", "line", "zip", "mnist", "cifar", "odd"))):
        case "lines":
            write_images(data / "Images")
            line = draw(
                st.sampled_from((b"a/0.png 0\n", b"\n", b"x\n", b"\xff\n", b"a/%d.png 0\n"))
            )
            count = draw(st.sampled_from((10_000, 200_000, 2_000_000)))
            if b"%" in line:
                count = min(count, 200_000)
                content = b"".join(line % number for number in range(count))
            else:
                content = line * count
            (data / "Train.txt").write_bytes(content)
            (data / "Eval.txt").write_text("b/0.png 0\n")
        case "line":
            write_images(data / "Images")
            character = draw(
                st.sampled_from((b"x", b" ", b"\0", b"9", b"../", b"\xff", b",", b'"'))
            )
            name = draw(st.sampled_from(("Train.txt", "labels.txt", "table.csv")))
            (data / "Train.txt").write_text("a/0.png 0\n")
            (data / "Eval.txt").write_text("b/0.png 0\n")
            head = b"path,label\n" if name == "table.csv" else b""
            tail = draw(st.sampled_from((b" 0\n", b"\n", b"")))
            (data / name).write_bytes(head + character * draw(st.integers(1, 2**25)) + tail)
            if name == "table.csv":
                where = f"csv:{data / name}"
            names = (name, "Train.txt")
        case "zip":
            (data / "Train.txt").write_text("a/0.png 0\n")
            (data / "Eval.txt").write_text("a/1.png 0\n")
            kind = draw(st.sampled_from(("zeros", "shy", "many", "over each other", "dictionary")))
            (data / "Images.zip").write_bytes(cached_zip_bomb(kind))
            names = ("Images.zip", "Train.txt")
        case "mnist":
            for name in ("train-images-idx3", "train-labels-idx1", "t10k-images-idx3"):
                head = struct.pack(">4I", mnist.IMAGES, 100_000, 28, 28)
                packed = gzip.compress(head + bytes(draw(st.sampled_from((100, 2**27)))), 1)
                (data / f"{name}-ubyte.gz").write_bytes(packed)
            where = f"mnist:{data}"
        case "cifar":
            content = io.BytesIO()
            with tarfile.open(fileobj=content, mode="w") as archive:
                info = tarfile.TarInfo("cifar-10-batches-py/data_batch_1")
                info.size = draw(st.sampled_from((2**10, 2**27, 2**40)))
                info.type = draw(
                    st.sampled_from((tarfile.REGTYPE, tarfile.XHDTYPE, tarfile.GNUTYPE_LONGNAME))
                )
                archive.fileobj.write(info.tobuf(tarfile.GNU_FORMAT))
            packed = gzip.compress(content.getvalue() + bytes(2**28), 1)
            (data / "cifar.tar.gz").write_bytes(packed * draw(st.integers(1, 3)))
            where = f"cifar10:{data / 'cifar.tar.gz'}"
        case "odd":
            write_images(data / "Images")
            (data / "Train.txt").write_text("a/0.png 0\n")
            (data / "Eval.txt").write_text("b/0.png 0\n")
            name = draw(st.sampled_from(("Train.txt", "Eval.txt", "labels.txt", "Images/a/0.png")))
            put_odd(data / name, draw(st.sampled_from(("fifo", "endless", "huge"))))
            names = ("Train.txt", "Eval.txt", "labels.txt")
    return Attempt(lambda: opened(where), names, ("check.py", where))


KINDS = {
    "lists": Kind(lists, 64),
    "csv": Kind(tables, 32),
    "folders": Kind(class_folders, 24),
    "zips": Kind(zips, 48),
    "cifar": Kind(cifar, 24),
    "mnist": Kind(idx_files, 24),
    "large data": Kind(large, 2),
}
