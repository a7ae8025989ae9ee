"""How all figures look: sizes, labels, fonts, and how they are saved."""

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from io import BytesIO
from pathlib import Path

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.text import Text

from paddle_aug.errors import writing
from paddle_aug.results import fonts, language
from paddle_aug.results.charts import SEPARATOR
from paddle_aug.results.colours import label
from paddle_aug.results.labels import in_lines, operations, pieces, spaced
from paddle_aug.system.files import write_bytes

FORMATS = ("png", "svg", "pdf")
WIDTH = 6.4  # inches: so wide that text is readable on a phone, where all figures are as wide
DPI = 160
LETTERS = 70  # of a title in a line
LONGEST = 34  # letters of a piece of an operation that is not broken

INK = "#222222"
GUESSING = {"color": "#777777", "linewidth": 1, "linestyle": (0, (1, 2))}

_SETTINGS = {
    "font.size": 11,
    "axes.titlesize": 11,
    "axes.titlelocation": "left",
    "axes.grid": True,
    "axes.axisbelow": True,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.edgecolor": "#888888",
    "grid.color": "#dddddd",
    "grid.linewidth": 0.8,
    "lines.linewidth": 1.8,
    "legend.frameon": False,
    "text.color": INK,
    "axes.labelcolor": INK,
    "xtick.color": INK,
    "ytick.color": INK,
}
# Without a date, equal figures are equal files.
_METADATA: dict[str, dict] = {"png": {}, "svg": {"Date": None}, "pdf": {"CreationDate": None}}


def settings(texts: Iterable[str]) -> dict:
    """Matplotlib's settings for a figure with these names in it, in whatever script."""
    return {**_SETTINGS, "font.family": fonts.families("".join([*texts, language.letters()]))}


@contextmanager
def words_with_a_font() -> Iterator[None]:
    """Figures' words are English where no font has the letters of the language in use."""
    letters = language.letters()
    if fonts.drawable(letters) == letters:
        yield
        return
    with language.used("en"):
        yield


def wrapped(mode: str, letters: int, note: str = "") -> str:
    """The name of a mode in lines of at most so many letters, which end with an operation of a
    pipeline where they can, and a note below it.

    Dollar signs are escaped, as they would begin a formula.
    """
    parts = operations(fonts.drawable(label(mode)))
    longest = max(len(piece.rstrip()) for part in parts for piece in pieces(part))
    lines = in_lines(parts, "", max(letters, min(longest, LONGEST)))
    return "\n".join([*lines, note] if note else lines).replace("$", r"\$")


def add_title(figure: Figure, title: str) -> None:
    """Set the title of a figure, in lines that have room."""
    text = broken(title).replace("$", r"\$")
    figure.suptitle(text, x=0.01, horizontalalignment="left", fontsize=11)


def broken(title: str, letters: int = LETTERS) -> str:
    """A title in lines of so many letters, which end with one of its parts where they can."""
    parts = fonts.drawable(title).replace(" %", "\u00a0%").split(SEPARATOR)
    return "\n".join(in_lines(parts, SEPARATOR, letters))


def label_ends(
    axes: Axes, ends: Mapping[str, tuple[float, float]], colours: Mapping[str, str]
) -> None:
    """Write texts to the right of the axes, beside the ends (x, y) of their lines, with a thin line
    from each end to its text. This fixes the layout of the figure: add everything else before."""
    written = {
        text: axes.annotate(
            text,
            xy=end,
            xytext=(1.035, 0.5),
            textcoords=axes.transAxes,
            va="center",
            fontsize=10,
            linespacing=1.05,
            annotation_clip=False,
            arrowprops={
                **{"arrowstyle": "-", "color": colours[text], "linewidth": 1},
                **{"shrinkA": 1, "shrinkB": 0, "relpos": (0, 0.5)},
            },
        )
        for text, end in ends.items()
    }
    axes.figure.get_layout_engine().execute(axes.figure)
    axes.figure.set_layout_engine("none")  # or saving lays it out again, twice
    box, texts = axes.get_window_extent(), list(written)
    # An annotation's own extent would include its line.
    heights = [1.08 * Text.get_window_extent(written[text]).height for text in texts]
    wanted = [axes.transData.transform(ends[text])[1] for text in texts]
    for text, middle in zip(texts, spaced(wanted, heights, box.y0, box.y1), strict=True):
        written[text].set_position((1.035, (middle - box.y0) / box.height))


def add_legend(figure: Figure, entries: Mapping[str, Line2D]) -> None:
    """Add a legend, if it has entries, below the axes, where it covers no curve; in two columns if
    its texts and keys are wider than a title's line."""
    if entries:
        width = sum(len(text) + 7 for text in entries)  # a line key takes about seven
        columns = len(entries) if width <= LETTERS else 2
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
