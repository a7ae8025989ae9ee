"""Fonts for what Matplotlib's own font lacks, such as Chinese names of classes."""

import logging
from collections.abc import Sequence
from functools import cache
from pathlib import Path

import numpy as np
from matplotlib import get_data_path
from matplotlib.font_manager import findSystemFonts, fontManager
from matplotlib.ft2font import FT2Font

logger = logging.getLogger(__name__)

OWN = f"{get_data_path()}/fonts/ttf/DejaVuSans.ttf"
OWN_FAMILY = "DejaVu Sans"
# How the files of good fonts begin, in lower case; of equal ones, those not named so are the last.
PREFERRED = ("notosanscjk", "notosanssc", "sourcehansans", "wqy", "msyh", "simhei", "pingfang")
SLANTED_OR_HEAVY = ("bold", "italic", "oblique", "light", "thin", "black", "heavy", "mono")
UNKNOWN = "?"


def files(text: str) -> list[str]:
    """Font files that together draw a text: Matplotlib's own, then as few of the system's as can
    be."""
    chosen, codes = [OWN], _lacking(_codes(text), OWN)
    while len(codes):
        best = min(_installed(), key=lambda file: len(_lacking(codes, file)), default=OWN)
        left = _lacking(codes, best)
        if len(left) == len(codes):
            _advise()
            break
        chosen.append(best)
        codes = left
    return chosen


def families(text: str) -> list[str]:
    """The families of `files`, as Matplotlib's setting font.family."""
    others = files(text)[1:]
    listed = {font.fname for font in fontManager.ttflist}
    for file in others:
        if file not in listed:  # installed since Matplotlib made its list
            fontManager.addfont(file)
    return [OWN_FAMILY, *(FT2Font(file).family_name for file in others)]


def file_for(text: str) -> str:
    """The file of `files` that has most of a text, for programs that draw with one font."""
    return min(files(text), key=lambda file: len(_lacking(_codes(text), file)))


def drawable(text: str, among: Sequence[str] | None = None) -> str:
    """A text with a question mark for each letter that no font has, or none of these files."""
    codes = _codes(text)
    for file in files(text) if among is None else among:
        codes = _lacking(codes, file)
    return text.translate(dict.fromkeys(codes.tolist(), UNKNOWN))


def class_names(names: Sequence[str]) -> list[str]:
    """Names of classes for a figure: "class 3" in the place of a name that cannot be drawn."""
    return [
        name if drawable(name) == name else f"class {label}" for label, name in enumerate(names)
    ]


def _codes(text: str) -> np.ndarray:
    return np.array(sorted({ord(letter) for letter in text if not letter.isspace()}), np.int64)


def _lacking(codes: np.ndarray, file: str) -> np.ndarray:
    letters = _letters(file)
    if not letters.size:
        return codes
    places = np.minimum(np.searchsorted(letters, codes), letters.size - 1)
    return codes[letters[places] != codes]


@cache
def _letters(file: str) -> np.ndarray:
    """The code points that a font has, sorted; none if it cannot be read."""
    try:
        return np.array(sorted(FT2Font(file).get_charmap()), np.int64)
    except (OSError, RuntimeError):
        return np.array([], np.int64)


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
