"""How all figures look: labels, legends, fonts, and how they are saved."""

import textwrap
from collections.abc import Iterable, Mapping
from io import BytesIO
from pathlib import Path

from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from paddle_aug.errors import writing
from paddle_aug.results import fonts
from paddle_aug.results.colours import label
from paddle_aug.system.files import write_bytes

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
