"""How all figures look: the colours of modes, labels, fonts, and how they are saved."""

import textwrap
import zlib
from collections.abc import Iterable, Mapping, Sequence
from io import BytesIO
from pathlib import Path

from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from paddle_aug.errors import printable, writing
from paddle_aug.results import fonts
from paddle_aug.system.files import write_bytes

# The notebook's red, green and blue, in shades that colour-blind eyes tell apart.
COLOURS = {
    "": "#cc3311",
    "userDef": "#009e73",
    "imgaugLib": "#0072b2",
    "allab": "#aa3377",
    "allba": "#e69f00",
}
FURTHER_COLOURS = ("#33bbee", "#bcbd22", "#7a5195", "#5b3a1e", "#cc6677", "#332288")
FORMATS = ("png", "svg", "pdf")
DPI = 130

_SETTINGS = {
    "font.size": 11,
    "axes.titlesize": 12,
    "axes.grid": True,
    "axes.axisbelow": True,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.edgecolor": "#888888",
    "grid.color": "#dddddd",
    "grid.linewidth": 0.8,
    "lines.linewidth": 1.8,
    "legend.frameon": False,
}
# Without a date, equal figures are equal files.
_METADATA: dict[str, dict] = {"png": {}, "svg": {"Date": None}, "pdf": {"CreationDate": None}}


def settings(texts: Iterable[str]) -> dict:
    """Matplotlib's settings for a figure with these names in it, in whatever script."""
    return {**_SETTINGS, "font.family": fonts.families("".join(texts))}


def label(mode: str) -> str:
    """The name of a mode in figures and tables."""
    return printable(mode) or "none"


def wrapped(mode: str, letters: int, note: str | None = None) -> str:
    """The name of a mode in lines of at most so many letters, and a note below it.

    Dollar signs are escaped, as they would begin a formula.
    """
    lines = textwrap.wrap(fonts.drawable(label(mode)), letters) + ([note] if note else [])
    return "\n".join(lines).replace("$", r"\$")


def add_legend(figure: Figure, entries: Mapping[str, Line2D], letters: int) -> None:
    """Add a legend below the axes, where it covers no curve; in two columns if its texts and keys
    are wider than so many letters."""
    width = sum(len(text) + 7 for text in entries)  # a line key takes about seven
    columns = len(entries) if width <= letters else 2
    figure.legend(entries.values(), entries.keys(), loc="outside lower center", ncols=columns)


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


def save(figures: Mapping[str, Figure], output: Path | str, file_format: str) -> list[Path]:
    """Write figures by their names into a folder, once all are drawn; returns the files.

    Raises:
        UserError: a file cannot be written.
    """
    drawn = {}
    for name, figure in figures.items():
        content = BytesIO()
        figure.savefig(content, format=file_format, metadata=_METADATA[file_format])
        drawn[Path(output) / f"{name}.{file_format}"] = content.getvalue()
    for file, content in drawn.items():
        with writing(f"--output {file}"):
            write_bytes(file, content)
    return list(drawn)
