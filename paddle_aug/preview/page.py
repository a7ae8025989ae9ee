"""Previews as a page to scroll through: one file, which a browser shows without a network."""

import base64
from collections.abc import Sequence
from itertools import groupby
from pathlib import Path

import numpy as np

from paddle_aug.errors import UserError
from paddle_aug.preview.preview import NBSP, Section
from paddle_aug.results.html import environment
from paddle_aug.results.image_bytes import encode
from paddle_aug.system.files import write_text

SMALL = 96  # pixels a side; below, single pixels are to be seen


def write_page(
    sections: Sequence[Section],
    columns: int,
    file: Path | str,
    title: str,
    facts: Sequence[str] = (),
    exact: bool = False,
) -> None:
    """Write the sections, of so many columns where there is room, below what is to be known.

    Pictures are PNG where they are small or are to be `exact`, else JPEG of a third the size.

    Raises:
        UserError: the file cannot be written.
    """
    text = page(sections, columns, title, facts, exact)
    try:
        write_text(file, text)
    except OSError as error:
        raise UserError(f"cannot write {file}: {error.strerror}; choose another --html") from None


def page(
    sections: Sequence[Section], columns: int, title: str, facts: Sequence[str], exact: bool
) -> str:
    """The page, as HTML."""
    made = environment()
    made.filters["data_uri"] = lambda image: data_uri(image, exact or is_small(image))
    made.filters["keep_dots"] = lambda caption: caption.replace(" · ", f"{NBSP}· ")
    made.tests["small"] = is_small
    chapters = [(name, list(members)) for name, members in groupby(sections, lambda s: s.title)]
    return made.get_template("preview.html").render(
        chapters=chapters, columns=columns, title=title, facts=facts
    )


def is_small(image: np.ndarray) -> bool:
    return max(image.shape[:2]) < SMALL


def data_uri(image: np.ndarray, exact: bool) -> str:
    """A picture as an address that has it within itself."""
    format, kind = ("png", "png") if exact else ("jpg", "jpeg")
    return f"data:image/{kind};base64,{base64.b64encode(encode(image, format)).decode()}"
