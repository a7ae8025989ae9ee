"""Pictures of a data set: a sheet of thumbnails per class, and one of duplicates."""

import re
from collections import defaultdict
from collections.abc import Iterator, Sequence
from functools import cache
from pathlib import Path, PurePosixPath
from typing import NamedTuple

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from paddle_aug.check.findings import closeness, duplicate_pairs
from paddle_aug.check.survey import Listed, Survey, shown
from paddle_aug.data.image import read_sample
from paddle_aug.data.remarks import class_name
from paddle_aug.system.files import replacing

SIDE = 112  # pixels of a thumbnail
GAP = 8
COLUMNS = 8
MAX_IMAGES = 64  # thumbnails of a class
MAX_PAIRS = 48
UNSAFE = re.compile(r"[^\w-]")  # in the name of a file
LINE = 13  # pixels
PAPER, FRAME, INK = (255, 255, 255), (242, 242, 242), (60, 60, 60)


class Cell(NamedTuple):
    """Square pictures side by side above lines of text."""

    pictures: list[Image.Image]
    lines: list[str]


def write_montages(survey: Survey, folder: Path) -> list[Path]:
    """Write `<label>_<class>.png` for each class, and `duplicates.png` if there are any."""
    written = []
    for name, picture in _sheets(survey):
        with replacing(folder / name) as file:
            picture.save(file, "png")
        written.append(folder / name)
    return written


def _sheets(survey: Survey) -> Iterator[tuple[str, Image.Image]]:
    by_label: dict[int, list[Listed]] = defaultdict(list)
    for image in survey.readable:
        by_label[image.sample.label].append(image)
    for label, listed in sorted(by_label.items()):
        count = min(MAX_IMAGES, len(listed))
        drawn = [listed[place * len(listed) // count] for place in range(count)]
        name = class_name(survey.found, label)
        title = f"{label} {name}: {count:,} of {len(listed):,} images"
        cells = [
            _cell((image,), [_part(image) + PurePosixPath(shown(image.sample)).name])
            for image in drawn
        ]
        yield f"{label:03}_{UNSAFE.sub('_', name)}.png", sheet(cells, title, COLUMNS)
    if pairs := duplicate_pairs(survey):
        title = f"{min(MAX_PAIRS, len(pairs)):,} of {len(pairs):,} pairs of duplicates"
        cells = []
        for pair in pairs[:MAX_PAIRS]:
            images = (pair.first, pair.second)
            lines = [
                ", ".join(filter(None, (pair.code, closeness(pair)))),
                *(_part(i) + shown(i.sample) for i in images),
            ]
            cells.append(_cell(images, lines))
        yield "duplicates.png", sheet(cells, title, COLUMNS // 2)


def _cell(images: Sequence[Listed], lines: list[str]) -> Cell:
    return Cell([_framed(read_sample(image.sample)) for image in images], lines)


def _part(image: Listed) -> str:
    return ("", "eval ", "test ")[image.part]


def sheet(cells: Sequence[Cell], title: str, columns: int) -> Image.Image:
    """Cells row by row below a title."""
    across = max(len(cell.pictures) for cell in cells)
    wide, high = across * SIDE, SIDE + LINE * max(len(cell.lines) for cell in cells) + 2
    rows = -(-len(cells) // columns)
    columns = min(columns, max(len(cells), 2))
    size = GAP + columns * (wide + GAP), 32 + rows * (high + GAP)
    paper = Image.new("RGB", size, PAPER)
    draw = ImageDraw.Draw(paper)
    _write(draw, (GAP, 8), title, size[0] - 2 * GAP, 14)
    for number, cell in enumerate(cells):
        left = GAP + number % columns * (wide + GAP)
        top = 32 + number // columns * (high + GAP)
        for place, picture in enumerate(cell.pictures):
            paper.paste(picture, (left + place * SIDE, top))
        for place, line in enumerate(cell.lines):
            spot = left, top + SIDE + 1 + place * LINE
            _write(draw, spot, line, wide, 10)
    return paper


def _framed(picture: np.ndarray) -> Image.Image:
    """The picture centred in a square, as large as fits; small ones show their pixels."""
    height, width = picture.shape[:2]
    scale = SIDE / max(height, width)
    size = max(1, round(width * scale)), max(1, round(height * scale))
    resampling = Image.Resampling.BOX if scale < 1 else Image.Resampling.NEAREST
    framed = Image.new("RGB", (SIDE, SIDE), FRAME)
    corner = (SIDE - size[0]) // 2, (SIDE - size[1]) // 2
    framed.paste(Image.fromarray(picture).resize(size, resampling), corner)
    return framed


_font = cache(ImageFont.truetype)


def _write(
    draw: ImageDraw.ImageDraw, spot: tuple[int, int], text: str, width: int, size: int
) -> None:
    """Write as much of the text's end as fits: the end tells files apart."""
    # Matplotlib takes a second to import, and a check without sheets does not need it.
    from paddle_aug.results import fonts

    file = fonts.file_for(text)
    font, text = _font(file, size), fonts.drawable(text, [file])
    shown = text
    while font.getlength(shown) > width:
        text = text[1:]
        shown = f"…{text}"
    draw.text(spot, shown, INK, font)
