"""The colour and the name of a mode, in figures, tables and pages."""

import zlib
from collections.abc import Sequence

from paddle_aug.errors import printable

# Grey for no augmentation, the notebook's green and blue; each two of all these colours differ for
# colour-blind eyes, too.
COLOURS = {
    "": "#4a4a4a",
    "userDef": "#009e73",
    "imgaugLib": "#0072b2",
    "allab": "#562c68",
    "allba": "#ff9e00",
    "trivialaugment": "#9f0b00",
    "randaugment": "#1b8eff",
}
FURTHER_COLOURS = ("#9f7c00", "#1a26a3", "#521911", "#96b063", "#b79bed", "#00d5d6")


def label(mode: str) -> str:
    """The name of a mode in figures and tables."""
    return printable(mode) or "none"


def colours(modes: Sequence[str]) -> dict[str, str]:
    """A colour for each mode: fixed for those in COLOURS, derived from the name for others.

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
