"""Fonts for what Matplotlib's own font lacks, such as Chinese names of classes."""

import logging
from collections.abc import Iterable, Sequence
from functools import cache
from pathlib import Path

from matplotlib import get_data_path
from matplotlib.font_manager import findSystemFonts, fontManager
from matplotlib.ft2font import FT2Font

logger = logging.getLogger(__name__)
# Most Chinese fonts have no bold face; Matplotlib then takes the one there is, and warns.
logging.getLogger("matplotlib.font_manager").setLevel(logging.ERROR)

OWN = f"{get_data_path()}/fonts/ttf/DejaVuSans.ttf"
# Of files that add as many letters, those whose names begin so come first; without hyphens.
PREFERRED = ("notosanscjk", "notosanssc", "sourcehansans", "wqy", "msyh", "simhei", "pingfang")
SLANTED_OR_HEAVY = ("bold", "italic", "oblique", "light", "thin", "black", "heavy", "mono")


def files(text: str) -> list[str]:
    """Font files that together draw a text: Matplotlib's own, then fonts of the system, each the
    one that adds the most letters."""
    chosen, missing = [OWN], _missing(text, OWN)
    while missing:
        best = min(_installed(), key=lambda file: len(_missing(missing, file)), default=OWN)
        if _missing(missing, best) == missing:
            _advise()
            break
        chosen.append(best)
        missing = _missing(missing, best)
    return chosen


def families(text: str) -> list[str]:
    """The families of `files`, as Matplotlib's setting font.family."""
    chosen, listed = files(text), {font.fname for font in fontManager.ttflist}
    for file in chosen:
        if file not in listed:  # installed since Matplotlib made its list
            fontManager.addfont(file)
    return [FT2Font(file).family_name for file in chosen]


def file_for(text: str) -> str:
    """The file of `files` that has most letters of a text, for programs that draw with one font."""
    return min(files(text), key=lambda file: len(_missing(text, file)))


def drawable(text: str, among: Sequence[str] | None = None) -> str:
    """A text with a question mark for each letter that no font has; or none `among` these files."""
    missing = set(text)
    for file in files(text) if among is None else among:
        missing = _missing(missing, file)
    return "".join("?" if letter in missing else letter for letter in text)


def class_names(names: Sequence[str]) -> list[str]:
    """Names of classes for a figure: "class 3" in the place of a name that cannot be drawn."""
    return [
        name if drawable(name) == name else f"class {label}" for label, name in enumerate(names)
    ]


def _missing(text: Iterable[str], file: str) -> set[str]:
    """The letters of a text that a font does not have."""
    codes = _codes(file)
    return {letter for letter in text if ord(letter) not in codes and not letter.isspace()}


@cache
def _codes(file: str) -> frozenset[int]:
    """The code points that a font has; none if it cannot be read."""
    try:
        return frozenset(FT2Font(file).get_charmap())
    except (OSError, RuntimeError):
        return frozenset()


@cache
def _installed() -> list[str]:
    """The system's font files, the better ones first; Matplotlib's list may be older."""

    def order(file: str) -> tuple:
        name = Path(file).stem.lower().replace("-", "")
        known = [place for place, start in enumerate(PREFERRED) if name.startswith(start)]
        return known or [len(PREFERRED)], any(word in name for word in SLANTED_OR_HEAVY), file

    return sorted(findSystemFonts(), key=order)


@cache
def _advise() -> None:
    """Once in a process: every figure has the same names."""
    logger.warning(
        "no font on this system has all letters of the names in the figures; they show the numbers "
        "of such classes. To have the names: apt-get install fonts-noto-cjk, or copy a font such "
        "as SimHei.ttf to ~/.fonts; then draw the figures again"
    )
