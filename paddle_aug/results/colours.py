"""The colour and the name of a mode, in figures, tables and pages."""

import zlib
from collections.abc import Sequence

from paddle_aug.errors import printable

# The notebook's red, green and blue, in shades that colour-blind eyes tell apart.
COLOURS = {
    "": "#cc3311",
    "userDef": "#009e73",
    "imgaugLib": "#0072b2",
    "allab": "#aa3377",
    "allba": "#e69f00",
}
FURTHER_COLOURS = ("#33bbee", "#bcbd22", "#7a5195", "#5b3a1e", "#cc6677", "#332288")


def label(mode: str) -> str:
    """The name of a mode in figures and tables."""
    return printable(mode) or "none"


def colours(modes: Sequence[str]) -> dict[str, str]:
    """A colour for each mode: fixed for the notebook's modes, derived from the name for others.

    If two names give the same colour, the later one takes the next colour that is free. "none" has
    the colour of "", which is its name in logs.
    """
    known = {**COLOURS, "none": COLOURS[""]}
    chosen = {mode: known[mode] for mode in modes if mode in known}
    for mode in sorted(set(modes) - set(chosen)):
        start = zlib.crc32(mode.encode()) % len(FURTHER_COLOURS)
        candidates = FURTHER_COLOURS[start:] + FURTHER_COLOURS[:start]
        free = (colour for colour in candidates if colour not in chosen.values())
        chosen[mode] = next(free, candidates[0])
    return chosen
