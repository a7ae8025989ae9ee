"""Cases of data sets: lists and tables."""

import io
from collections.abc import Callable
from functools import cache
from pathlib import Path

import numpy as np
from fuzz import Attempt, damage, maybe_odd
from hypothesis import strategies as st
from PIL import Image

from paddle_aug.check.findings import findings
from paddle_aug.check.survey import Survey
from paddle_aug.check.text import as_dict, as_text
from paddle_aug.data.dataset import find_dataset, open_dataset
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
            found = find_dataset(data)
        except UserError:
            open_dataset(data)
            raise AssertionError("check refuses what train accepts") from None
        survey = Survey(found)
        report = findings(survey, 224)
        as_text(survey, report).encode()
        json_text(as_dict(survey, report)).encode()
        open_dataset(data)

    return Attempt(run, names)


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
         "a//0.png", "a", ".", "..", "a/0.png/", "//a/0.png", "a/../a/0.png", "file://x",
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
    return damage(draw, content) if draw(st.booleans()) else content


def lists(draw: Callable, folder: Path) -> Attempt:
    """Two lists, perhaps a file of class names, and images."""
    data = folder / "data"
    write_images(data / "Images")
    (data / "secret.png").write_bytes(picture(9))
    separators = st.sampled_from((" ", "\t", "  ", ",", ""))
    odd_lines = st.lists(st.tuples(PATHS, separators, LABELS).map("".join), max_size=4)
    for list_name, images in (("Train.txt", IMAGES[::2]), ("Eval.txt", IMAGES[1::2])):
        good_lines = [f"{image} {label}" for label, image in enumerate(images)]
        (data / list_name).write_bytes(encoded(draw, good_lines + draw(odd_lines)))
    if draw(st.booleans()):
        lines = draw(st.sampled_from((["0 cat", "1 dog"], ["cat", "dog"], [])))
        odd = st.one_of(st.sampled_from(("0 cat", "1 dog", "cat", "3 x")), ODD_TEXT)
        (data / "labels.txt").write_bytes(encoded(draw, lines + draw(st.lists(odd, max_size=2))))
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


KINDS = {"lists": lists, "csv": tables}
