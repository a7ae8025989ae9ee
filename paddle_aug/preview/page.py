"""Previews as a page to scroll through: one HTML file below 3 MB that contains its pictures."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np

from paddle_aug.errors import UserError, writing
from paddle_aug.preview.captions import NBSP, SEPARATOR
from paddle_aug.preview.preview import Cell, Section
from paddle_aug.results.html import environment
from paddle_aug.results.image_bytes import data_uri, is_small, shrunk
from paddle_aug.results.language import _, count
from paddle_aug.system.files import write_text

MAX_BYTES = 2_900_000  # of all pictures with their words; with its style, the page is below 3 MB
WORDS = 1_000  # bytes for the tags, name and parameters of a picture
QUALITIES = (95, 88, 80, 70)  # of JPEG; the first by which all pictures fit
MAX_SIDE = 640  # pixels of a picture that need not be exact


class Original(NamedTuple):
    """An image before it is augmented."""

    address: str
    width: int
    height: int


class Picture(NamedTuple):
    """A draw, in words that say what it is, and its parameters."""

    address: str
    width: int
    height: int
    small: bool
    words: str
    parameters: str


class Row(NamedTuple):
    """An image, by its place among the originals, and the pictures of each column."""

    name: str
    original: int
    cells: list[list[Picture]]


class Chapter(NamedTuple):
    """A table with a row for each image. Parameters that are the same for each image of a column
    are its `shared` ones, and stand once below its head."""

    title: str
    about: str
    heads: list[str]
    rows: list[Row]
    shared: list[str]


def write_page(file: Path | str, sections: Sequence[Section], title: str, **values) -> None:
    """Write the `page` of these sections.

    Raises:
        UserError: the file cannot be written, or not even one image fits.
    """
    text = page(sections, title, **values)
    with writing(f"--html {file}"):
        write_text(file, text)


def page(
    sections: Sequence[Section],
    title: str,
    facts: Sequence[str] = (),
    modes: Mapping[str, str] | None = None,
    original: bool = True,
    exact: bool = False,
) -> str:
    """The page: a row for each image, and a column for each of `modes` (colours by name), in the
    order of the sections, or for each draw if there are none.

    `original` says that the first cell of a section is the image as it is. Pictures are PNG if they
    are small or `exact`, else JPEG. The last images are left out if the page would have more than
    3 MB, and a line says so.

    Raises:
        UserError: not even one image fits.
    """
    images: dict[str, list[np.ndarray]] = {}
    for section in sections:
        known = images.setdefault(section.image, [])
        known += [cell.image for cell in section.cells[bool(original and known) :]]
    fit = fitting(list(images.values()), exact)
    addresses = {name: iter(of_image) for name, of_image in zip(images, fit, strict=False)}
    if left_out := len(images) - len(fit):
        text = _(
            "{images} left out, as a page has at most 3 MB; fewer --columns, modes or operations "
            "leave room for more"
        )
        facts = [*facts, text.format(images=count(left_out, "image"))]
    originals: dict[str, Original] = {}
    drawn: dict[tuple[str, str], list[Picture]] = {}
    for section in sections:
        if of_image := addresses.get(section.image):
            if original and section.image not in originals:
                height, width = section.cells[0].image.shape[:2]
                originals[section.image] = Original(next(of_image), width, height)
            drawn[section.title, section.image] = [
                picture(section, cell, next(of_image)) for cell in section.cells[original:]
            ]
    places = {name: place for place, name in enumerate(addresses)}
    chapters = []
    if modes:
        titles = list(dict.fromkeys(section.title for section in sections))
        rows = [Row(name, at, [drawn[one, name] for one in titles]) for name, at in places.items()]
        chapters.append(Chapter("", "", list(modes), rows, []))
    else:
        for section in {section.title: section for section in reversed(sections)}.values():
            cells = section.cells[original:]
            draws = enumerate(cells, 1)
            heads = [cell.title or _("draw {number}").format(number=n) for n, cell in draws]
            rows = [
                Row(name, at, [[one] for one in drawn[section.title, name]])
                for name, at in places.items()
            ]
            chapter = Chapter(section.title, section.about, heads, rows, shared(rows))
            chapters.insert(0, chapter)
    template = environment().get_template("preview.html")
    return template.render(
        title=title, facts=facts, modes=modes or {}, chapters=chapters,
        originals=list(originals.values()),
    )  # fmt: skip


def shared(rows: Sequence[Row]) -> list[str]:
    """The parameters of each column, if all rows of a table have the same; else none."""
    first, *others = ([one.parameters for (one,) in row.cells] for row in rows)
    return first if others and all(other == first for other in others) else []


def picture(section: Section, cell: Cell, address: str) -> Picture:
    """A draw of a section."""
    height, width = cell.image.shape[:2]
    words = ", ".join(filter(None, (section.image, section.title, cell.title)))
    caption = cell.caption.replace(SEPARATOR, f"{NBSP}· ")
    return Picture(address, width, height, is_small(cell.image), words, caption)


def fitting(images: Sequence[Sequence[np.ndarray]], exact: bool) -> list[list[str]]:
    """The addresses of the pictures of each image, in the best quality in which all fit; of as many
    images as fit, if they do not.

    Raises:
        UserError: not even the pictures of the first image fit.
    """
    for quality in (None,) if exact else QUALITIES:
        addresses = [[address_of(one, quality) for one in pictures] for pictures in images]
        sizes = np.cumsum([sum(len(one) + WORDS for one in of_image) for of_image in addresses])
        if sizes[-1] <= MAX_BYTES:
            break
    kept = int(np.searchsorted(sizes, MAX_BYTES, side="right"))
    if not kept:
        raise UserError(
            f"the pictures of one image have {sizes[0] / 1e6:.1f} MB, and a page has at most 3 MB; "
            "draw fewer of them (--columns, fewer modes or operations), or a smaller --image-size"
        )
    return addresses[:kept]


def address_of(image: np.ndarray, quality: int | None) -> str:
    """The address of a picture; exact if it is small, or without a quality."""
    if quality is None or is_small(image):
        return data_uri(image, exact=True)
    return data_uri(shrunk(image, MAX_SIDE), exact=False, quality=quality)
