"""Cases of data sets: lists, tables, class folders, zips of images, CIFAR and MNIST."""

import gzip
import io
import os
import pickle
import struct
import tarfile
import zipfile
from collections.abc import Callable
from functools import cache
from pathlib import Path

import numpy as np
from damage import damage, maybe_odd, put_odd
from fuzz import Attempt
from hypothesis import strategies as st
from PIL import Image

from paddle_aug.check.findings import findings
from paddle_aug.check.survey import Survey, find
from paddle_aug.check.text import as_dict, as_text
from paddle_aug.data.dataset import open_dataset
from paddle_aug.data.readers import mnist
from paddle_aug.errors import UserError
from paddle_aug.system.files import json_text

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


def open_data(data: str, *names: str) -> Attempt:
    """Check data, and open it for training: what check refuses, training refuses too."""

    def run():
        try:
            found = find(data)
        except UserError:
            open_dataset(data)
            raise AssertionError("check refuses what train accepts") from None
        survey = Survey(found)
        report = findings(survey, 224)
        as_text(survey, report).encode()
        json_text(as_dict(survey, report)).encode()
        open_dataset(data)

    return Attempt(run, names or (data,), ("check.py", data))


# Text from other programs, from other languages, and from people with bad intentions.
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


def encoded(draw: Callable, lines: list[str]) -> bytes:
    """Lines as a file, in some encoding, with some line ends, perhaps damaged."""
    encoding, end = draw(st.sampled_from(ENCODINGS)), draw(st.sampled_from(ENDS))
    content = (end.join(lines) + end).encode(encoding, "replace")
    return damage(draw, content, 60) if draw(st.booleans()) else content


def lists(draw: Callable, folder: Path) -> Attempt:
    """Two lists, perhaps a file of class names, and images, one of which may be a link."""
    data = folder / "data"
    write_images(data / "Images")
    (folder / "secret.png").write_bytes(picture(9))
    separators = st.sampled_from((" ", "\t", "  ", ",", ""))
    odd_lines = st.lists(st.tuples(PATHS, separators, LABELS).map("".join), max_size=4)
    for list_name, images in (("Train.txt", IMAGES[::2]), ("Eval.txt", IMAGES[1::2])):
        good_lines = [f"{image} {label}" for label, image in enumerate(images)]
        (data / list_name).write_bytes(encoded(draw, good_lines + draw(odd_lines)))
    if draw(st.booleans()):
        lines = draw(st.sampled_from((["0 cat", "1 dog"], ["cat", "dog"], [])))
        odd = st.one_of(st.sampled_from(("0 cat", "1 dog", "cat", "3 x")), ODD_TEXT)
        (data / "labels.txt").write_bytes(encoded(draw, lines + draw(st.lists(odd, max_size=2))))
    if draw(st.integers(0, 9)) == 9:
        (data / "Images" / "out.png").symlink_to(folder / "secret.png")
    maybe_odd(draw, [data / "Train.txt", data / "Eval.txt", data / "Images" / IMAGES[0]])
    return open_data(str(data), "Train.txt", "Eval.txt", "labels.txt", str(data))


def tables(draw: Callable, folder: Path) -> Attempt:
    """A CSV."""
    write_images(folder)
    names = st.sampled_from(("path", "label", "split", "class", "image", "", "PATH", '"label"'))
    header = draw(st.one_of(st.just(["path", "label", "split"]), st.lists(names, max_size=5)))
    rows = [["a/0.png", "cat", "train"], ["b/0.png", "dog", "train"], ["b/1.png", "dog", "test"]]
    field = st.one_of(PATHS, LABELS, st.sampled_from(("train", "val", '"', '"a\nb"', '""', "x,y")))
    rows += draw(st.lists(st.lists(field, max_size=4), max_size=3))
    delimiter = draw(st.sampled_from(",;\t"))
    file = folder / "table.csv"
    file.write_bytes(encoded(draw, [delimiter.join(row) for row in (header, *rows)]))
    maybe_odd(draw, [file, folder / "a/0.png"])
    return open_data(f"csv:{file}", "table.csv")


def class_folders(draw: Callable, folder: Path) -> Attempt:
    """Class folders, with links, odd names and odd files."""
    data = folder / "photos"
    top = draw(st.sampled_from(("", "", "train", "Train", "test", "val")))
    write_images(data / top)
    if top and draw(st.booleans()):
        write_images(data / draw(st.sampled_from(("test", "val", "TRAIN"))))
    names = st.one_of(
        st.sampled_from((".hidden.png", "Thumbs.db", "note.txt", "x.PNG", "a/x.jpg",
                         "deep/er/x.png", "\x1b[2J.png", "图.png", "a b.png", "c/x.gif")),
        st.binary(min_size=1, max_size=6)
        .filter(lambda raw: not set(raw) & {0, 47} and raw not in (b".", b".."))
        .map(os.fsdecode),
    )  # fmt: skip
    for name in draw(st.lists(names, max_size=4)):
        file = data / top / draw(st.sampled_from(("", "a", "b", "c"))) / name
        if os.path.lexists(file) or any(path.is_file() for path in file.parents):
            continue
        file.parent.mkdir(parents=True, exist_ok=True)
        match draw(st.sampled_from(("image", "damaged", "odd", "loop"))):
            case "image":
                file.write_bytes(picture(draw(st.integers(0, 20))))
            case "damaged":
                file.write_bytes(damage(draw, picture(3)))
            case "odd":
                put_odd(file, draw(st.sampled_from(("folder", "fifo", "endless"))))
            case "loop":
                file.symlink_to(data, target_is_directory=True)
    maybe_odd(draw, [data / top / "a/0.png"])
    return open_data(f"folder:{data}", str(data), "photos")


ENTRIES = st.one_of(
    st.sampled_from(
        ("Images/a/0.png", "a/0.png", "b/0.png", "../out.png", "/out.png", "a/../../out.png",
         "C:/out.png", "..\\out.png", "a", "a/", "a//b", ".", "./a/0.png", "__MACOSX/x", "x" * 300,
         "a\0b", "\x1b[2J", "图片.png", "~/out.png", "con", "a/0.png ")
    ),
    st.text(CHARACTERS, min_size=1, max_size=8),
)  # fmt: skip
METHODS = [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED] * 8 + [zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA]
# Files, and once in a while a link, a folder, a device or a pipe.
TYPES = [0, 0o100644] * 16 + [0o120777, 0o040755, 0o020666, 0o010644]


def zips(draw: Callable, folder: Path) -> Attempt:
    """Two lists whose images are in a zip, with entries as they should not be."""
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        for name in [*IMAGES, *draw(st.lists(ENTRIES, max_size=4))]:
            info = zipfile.ZipInfo(name)
            info.compress_type = draw(st.sampled_from(METHODS))
            info.external_attr = draw(st.sampled_from(TYPES)) << 16
            content = picture(IMAGES.index(name)) if name in IMAGES else b"/etc/passwd"
            archive.writestr(info, content)
        for info in archive.filelist:
            if draw(st.integers(0, 4)) < 4:
                continue
            info.flag_bits |= draw(st.sampled_from((0, 1, 0x800, 0x40, 0x2000)))
            match draw(st.sampled_from(("", "size", "method", "version"))):
                case "size":
                    info.file_size = draw(st.sampled_from((0, 1, 2**31, 2**32 - 2, 2**40)))
                case "method":
                    info.compress_type = draw(st.sampled_from((0, 1, 8, 9, 12, 14, 93, 98)))
                case "version":
                    info.extract_version = draw(st.sampled_from((20, 45, 63, 64, 255)))
    data = folder / "out" / "data"
    data.mkdir(parents=True)
    file = data / "Images.zip"
    file.write_bytes(damage(draw, packed.getvalue(), 100))
    maybe_odd(draw, [file])
    (data / "Train.txt").write_text("a/0.png 0\nb/0.png 1\n")
    (data / "Eval.txt").write_text("a/1.png 0\nb/1.png 1\n")
    return open_data(str(data), "Images.zip", "Train.txt", "Eval.txt")


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
    """CIFAR-10's archive, or its folder, with two images a batch."""
    rng = np.random.default_rng(0)
    members: dict[str, dict] = {
        name: {"data": rng.integers(0, 256, (2, 3072), dtype=np.uint8), "labels": [0, 1]}
        for name in (*(f"data_batch_{number}" for number in range(1, 6)), "test_batch")
    }
    members["batches.meta"] = {"label_names": list("abcdefghij")}
    for _ in range(draw(st.integers(0, 2))):
        name = draw(st.sampled_from(sorted(members)))
        key = draw(st.sampled_from(("data", "labels", "label_names", "", 0)))
        members[name] = {**members[name], key: draw(ODD_VALUES)}
    protocol = draw(st.integers(0, 5))
    files = {name: pickle.dumps(content, protocol) for name, content in members.items()}
    name = draw(st.sampled_from(sorted(files)))
    files[name] = damage(draw, files[name], 200)
    if draw(st.integers(0, 5)) == 5:
        del files[draw(st.sampled_from(sorted(files)))]
    path = folder / "cifar-10-batches-py"
    if draw(st.booleans()):
        path.mkdir()
        for name, content in files.items():
            (path / name).write_bytes(content)
        maybe_odd(draw, [path / "data_batch_1", path / "batches.meta"])
    else:
        packed = io.BytesIO()
        with tarfile.open(fileobj=packed, mode="w") as archive:
            for name, content in files.items():
                info = tarfile.TarInfo(f"{path.name}/{name}")
                info.size = len(content)
                info.type = draw(st.sampled_from([tarfile.REGTYPE] * 9 + [tarfile.SYMTYPE]))
                archive.addfile(info, io.BytesIO(content))
        path = folder / "cifar-10-python.tar.gz"
        path.write_bytes(repacked(draw, packed.getvalue()))
        maybe_odd(draw, [path])
    return open_data(f"cifar10:{path}", str(path))


def repacked(draw: Callable, content: bytes) -> bytes:
    """Bytes as they are or gzipped, perhaps damaged before or after that."""
    if draw(st.booleans()):
        content = damage(draw, content, 600)
    if draw(st.booleans()):
        content = gzip.compress(content, 1)
        if draw(st.booleans()):
            content = damage(draw, content, 20)
    return content


def idx_files(draw: Callable, folder: Path) -> Attempt:
    """MNIST's four files, one of them damaged."""
    data = folder / "digits"
    data.mkdir()
    files = {}
    for part, count in (("train", 3), ("t10k", 2)):
        pixels = np.random.default_rng(count).integers(0, 256, (count, 28, 28), dtype=np.uint8)
        head = struct.pack(">4I", mnist.IMAGES, *pixels.shape)
        files[f"{part}-images-idx3-ubyte"] = head + pixels.tobytes()
        head = struct.pack(">2I", mnist.LABELS, count)
        files[f"{part}-labels-idx1-ubyte"] = head + bytes(range(count))
    damaged = draw(st.sampled_from(sorted(files)))
    for name, content in files.items():
        content = repacked(draw, content) if name == damaged else content
        (data / f"{name}{draw(st.sampled_from(('', '.gz')))}").write_bytes(content)
    maybe_odd(draw, sorted(data.iterdir()))
    return open_data(f"mnist:{data}", str(data))


KINDS = {
    "lists": lists,
    "csv": tables,
    "folders": class_folders,
    "zips": zips,
    "cifar": cifar,
    "mnist": idx_files,
}
