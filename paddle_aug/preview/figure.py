"""Previews as a figure of a README's width."""

import textwrap
from collections.abc import Sequence
from io import BytesIO
from pathlib import Path
from typing import NamedTuple

import cv2
import numpy as np

from paddle_aug.errors import UserError
from paddle_aug.preview.preview import NBSP, Cell, Section
from paddle_aug.system.files import readable, write_bytes

WIDTH = 8.0  # inches, which at DPI is the width of a README
WIDEST = 2.6  # inches of a picture and its gap
ACROSS = 6  # pictures beside each other are small, yet can be made out
DPI = 130
FONT = 8.5  # points
LINE = FONT * 1.28 / 72  # inches, as all that follows
CAPTION_LINE = FONT * 1.19 / 72
EDGE = 0.1
GAP = 0.12
SECTION_GAP = 0.3
FORMATS = ("png", "svg", "pdf")


class Place(NamedTuple):
    """A cell, how far it is from the figure's left, its caption in lines, and what stands above."""

    cell: Cell
    x: float
    caption: list[str]
    heading: list[str]


def draw(sections: Sequence[Section], columns: int, file: Path | str, title: str = "") -> None:
    """Write the sections as a figure, of so many columns each.

    Raises:
        UserError: the format is not one of `FORMATS`, or the file cannot be written.
    """
    file = Path(file)
    suffix = file.suffix.lower().removeprefix(".")
    if suffix not in FORMATS:
        raise UserError(f"--output {file} ends in none of .{', .'.join(FORMATS)}")
    content = BytesIO()
    # Matplotlib takes a second to import, and --list needs none.
    import matplotlib

    with matplotlib.rc_context({"text.parse_math": False}):
        figure(sections, columns, title).savefig(content, format=suffix)
    try:
        write_bytes(file, content.getvalue())
    except OSError as error:
        raise UserError(f"cannot write {file}: {error.strerror}; choose another --output") from None


def figure(sections: Sequence[Section], columns: int, title: str = ""):
    """Lay the sections out, several beside each other where they are narrow; each row is as high
    as its tallest picture and longest caption."""
    from matplotlib.figure import Figure

    beside = min(len(sections), max(1, ACROSS // columns))
    across = beside * columns
    total = min(WIDTH, WIDEST * across)
    gaps = beside * (columns - 1) * GAP + (beside - 1) * SECTION_GAP
    width = (total - 2 * EDGE - gaps) / across
    rows = [
        row
        for first in range(0, len(sections), beside)
        for row in _rows(sections[first : first + beside], columns, width)
    ]
    heights = [_heights(row, width) for row in rows]
    headline = textwrap.wrap(title, int(total * 72 / (10 * 0.55)))
    top = EDGE + len(headline) * 0.18 + (0.08 if headline else 0)
    high = top + EDGE + sum(map(sum, heights)) + GAP * (len(rows) - 1)
    made = Figure(figsize=(total, high), dpi=DPI)

    def write(x: float, y: float, lines: list[str], **style) -> None:
        text = readable("\n".join(lines))
        made.text(x / total, y / high, text, va="top", **{"fontsize": FONT, **style})

    write(EDGE, high - EDGE, headline, fontsize=10)
    y = high - top
    for row, (heading, above, tallest, below) in zip(rows, heights, strict=True):
        for place in row:
            write(place.x, y - LINE * 0.1, place.heading, weight="bold", linespacing=1.12)
            write(place.x, y - heading - LINE * 0.1, [place.cell.title], weight="bold")
            tall = _tall(place.cell, width)
            bottom = y - heading - above - tall
            axes = made.add_axes(
                (place.x / total, bottom / high, width / total, tall / high), xticks=[], yticks=[]
            )
            pixels = round(width * DPI), round(tall * DPI)
            axes.imshow(_sized(place.cell.image, pixels), interpolation="nearest", aspect="auto")
            axes.spines[:].set(color="#bbbbbb", linewidth=0.6)
            write(place.x, bottom - LINE * 0.35, place.caption, color="#333333", linespacing=1.12)
        y -= heading + above + tallest + below + GAP
    return made


def _rows(sections: Sequence[Section], columns: int, width: float) -> list[list[Place]]:
    """The rows of sections that stand beside each other."""
    letters = int(width * 72 / (FONT * 0.53))
    whole = columns * width + (columns - 1) * GAP
    deepest = max(-(-len(section.cells) // columns) for section in sections)
    rows: list[list[Place]] = [[] for _ in range(deepest)]
    for number, section in enumerate(sections):
        for place, cell in enumerate(section.cells):
            x = EDGE + number * (whole + SECTION_GAP) + place % columns * (width + GAP)
            heading = textwrap.wrap(section.title, int(whole * 72 / (FONT * 0.6)))
            rows[place // columns].append(
                Place(cell, x, wrap(cell.caption, letters), heading if place == 0 else [])
            )
    return rows


def _heights(row: list[Place], width: float) -> tuple[float, float, float, float]:
    """Of a row: its sections' headings, its cells' titles, its tallest picture, its captions."""
    return (
        LINE * 1.25 * max(len(place.heading) for place in row),
        LINE * 1.25 * any(place.cell.title for place in row),
        max(_tall(place.cell, width) for place in row),
        CAPTION_LINE * max(len(place.caption) for place in row) + LINE * 0.6,
    )


def _tall(cell: Cell, width: float) -> float:
    return width * cell.image.shape[0] / cell.image.shape[1]


def _sized(image: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    """The picture at (width, height) of the figure's pixels: Matplotlib's own way is coarser."""
    smaller = size[0] < image.shape[1]
    return cv2.resize(image, size, interpolation=cv2.INTER_AREA if smaller else cv2.INTER_CUBIC)


def wrap(caption: str, letters: int) -> list[str]:
    """Lines of at most so many letters, broken between ops where an op fits into a line."""
    parts = caption.split(" · ")
    # textwrap breaks at no non-breaking space.
    kept = [part.replace(" ", NBSP) if len(part) + 2 <= letters else part for part in parts]
    return textwrap.wrap(f"{NBSP}· ".join(kept), letters)
