"""Previews as a page to scroll through: one HTML file that contains its pictures."""

from collections.abc import Sequence
from itertools import groupby
from pathlib import Path

from paddle_aug.errors import writing
from paddle_aug.preview.captions import NBSP, SEPARATOR
from paddle_aug.preview.preview import Section
from paddle_aug.results.html import environment
from paddle_aug.results.image_bytes import data_uri, is_small
from paddle_aug.system.files import write_text


def write_page(
    sections: Sequence[Section],
    columns: int,
    file: Path | str,
    title: str,
    facts: Sequence[str] = (),
    exact: bool = False,
) -> None:
    """Write the sections below a title and facts about them, in `columns` columns if there is room.

    Pictures are PNG if they are small or `exact`, else JPEG, which takes a third of the bytes.

    Raises:
        UserError: the file cannot be written.
    """
    text = page(sections, columns, title, facts, exact)
    with writing(f"--html {file}"):
        write_text(file, text)


def page(
    sections: Sequence[Section], columns: int, title: str, facts: Sequence[str], exact: bool
) -> str:
    """The page, as HTML."""
    templates = environment()
    templates.filters["data_uri"] = lambda image: data_uri(image, exact or is_small(image))
    templates.filters["keep_dots"] = lambda caption: caption.replace(SEPARATOR, f"{NBSP}· ")
    templates.tests["small"] = is_small
    chapters = [(name, list(members)) for name, members in groupby(sections, lambda s: s.title)]
    return templates.get_template("preview.html").render(
        chapters=chapters, columns=columns, title=title, facts=facts
    )
