"""Previews as a figure that fits the width of a README."""

import textwrap
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import cv2
import numpy as np

from paddle_aug.errors import UserError, writing
from paddle_aug.preview.captions import NBSP, SEPARATOR
from paddle_aug.preview.preview import Cell, Section
from paddle_aug.system.files import readable, replacing

WIDTH = 8.0  # inches; at DPI, that is the width of a README
MAX_WIDTH = 2.6  # inches of a picture and its gap
MAX_BESIDE = 6  # pictures side by side; more would be too small
DPI = 130
FONT = 8.5  # points
LINE = FONT * 1.28 / 72  # inches, as are the following
CAPTION_LINE = FONT * 1.19 / 72
EDGE = 0.1
GAP = 0.12
SECTION_GAP = 0.3
FORMATS = ("png", "svg", "pdf")


class Place(NamedTuple):
    """A cell, its distance from the left of the figure, and the lines of caption and heading."""

    cell: Cell
    x: float
    caption: list[str]
    heading: list[str]


def draw(sections: Sequence[Section], columns: int, file: Path | str, title: str = "") -> None:
    """Write the sections as a figure, each in `columns` columns.

    Raises:
        UserError: the format is not one of `FORMATS`, or the file cannot be written.
    """
    file = Path(file)
    suffix = file.suffix.lower().removeprefix(".")
    if suffix not in FORMATS:
        raise UserError(f"--output {file} must end in .{', .'.join(FORMATS)}")
    # Matplotlib takes a second to import, and --list does not need it.
    import matplotlib

    from paddle_aug.results.fonts import families

    cells = [cell for section in sections for cell in section.cells]
    texts = [title, *(section.title for section in sections)]
    texts += [text for cell in cells for text in (cell.title, cell.caption)]
    settings = {"text.parse_math": False, "font.family": families(readable("".join(texts)))}
    with matplotlib.rc_context(settings):
        drawing = figure(sections, columns, title)
        with writing(f"--output {file}"), replacing(file) as output:
            drawing.savefig(output, format=suffix)


def figure(sections: Sequence[Section], columns: int, title: str = ""):
    """Lay the sections out, narrow ones side by side.

    Each row has the height of its tallest picture and longest caption.
    """
    from matplotlib.figure import Figure

    from paddle_aug.results.fonts import drawable

    beside = min(len(sections), max(1, MAX_BESIDE // columns))
    across = beside * columns
    total = min(WIDTH, MAX_WIDTH * across)
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
    height = top + EDGE + sum(map(sum, heights)) + GAP * (len(rows) - 1)
    drawn = Figure(figsize=(total, height), dpi=DPI)

    def write(x: float, y: float, lines: list[str], **style) -> None:
        text = drawable(readable("\n".join(lines)))
        drawn.text(x / total, y / height, text, va="top", **{"fontsize": FONT, **style})

    write(EDGE, height - EDGE, headline, fontsize=10)
    y = height - top
    for row, (heading, above, tallest, below) in zip(rows, heights, strict=True):
        for place in row:
            write(place.x, y - LINE * 0.1, place.heading, weight="bold", linespacing=1.12)
            write(place.x, y - heading - LINE * 0.1, [place.cell.title], weight="bold")
            tall = _tall(place.cell, width)
            bottom = y - heading - above - tall
            axes = drawn.add_axes(
                (place.x / total, bottom / height, width / total, tall / height),
                xticks=[],
                yticks=[],
            )
            pixels = round(width * DPI), round(tall * DPI)
            axes.imshow(_sized(place.cell.image, pixels), interpolation="nearest", aspect="auto")
            axes.spines[:].set(color="#bbbbbb", linewidth=0.6)
            write(place.x, bottom - LINE * 0.35, place.caption, color="#333333", linespacing=1.12)
        y -= heading + above + tallest + below + GAP
    return drawn


def _rows(sections: Sequence[Section], columns: int, width: float) -> list[list[Place]]:
    """The rows of sections that stand side by side."""
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
    """The heights of the headings, titles, tallest picture and captions of a row."""
    return (
        LINE * 1.25 * max(len(place.heading) for place in row),
        LINE * 1.25 * any(place.cell.title for place in row),
        max(_tall(place.cell, width) for place in row),
        CAPTION_LINE * max(len(place.caption) for place in row) + LINE * 0.6,
    )


def _tall(cell: Cell, width: float) -> float:
    return width * cell.image.shape[0] / cell.image.shape[1]


def _sized(image: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    """The picture at (width, height) in pixels of the figure; Matplotlib resizes more coarsely."""
    smaller = size[0] < image.shape[1]
    return cv2.resize(image, size, interpolation=cv2.INTER_AREA if smaller else cv2.INTER_CUBIC)


def wrap(caption: str, letters: int) -> list[str]:
    """Lines of at most `letters` letters, broken between ops if an op fits into a line."""
    parts = caption.split(SEPARATOR)
    # textwrap does not break at non-breaking spaces.
    kept = [part.replace(" ", NBSP) if len(part) + 2 <= letters else part for part in parts]
    return textwrap.wrap(f"{NBSP}· ".join(kept), letters)
