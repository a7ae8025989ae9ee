"""The figures of a comparison: the curves that `plot` draws, and those that compare modes."""

from itertools import pairwise
from pathlib import Path

import matplotlib
import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import TwoSlopeNorm
from matplotlib.figure import Figure

from paddle_aug.experiments import compare_charts
from paddle_aug.experiments.compare_charts import ClassesChart
from paddle_aug.experiments.compare_results import Results
from paddle_aug.results import curves, fonts, style
from paddle_aug.results.language import N_, _
from paddle_aug.results.style import DPI, WIDTH
from paddle_aug.results.text import MINUS

MAX_CLASSES = 30  # that a figure has room for
LETTER, LINE = 0.075, 0.18  # inches, of the heads of columns

EXAMPLES = "examples"  # the figure of pictures, drawn from the data and not from the logs

ACCURACY = N_("Accuracy over the epochs, on training images and on eval images.")
LOSS = N_("Loss over the epochs: a network memorises where eval rises while train falls.")
CAPTIONS = {
    "modes": N_("Accuracy by mode, on images that no network was trained on."),
    "accuracy": ACCURACY,
    "accuracy_stacked": ACCURACY,
    "accuracy_all": ACCURACY,
    "loss": LOSS,
    "loss_all": LOSS,
    "cost": N_("What accuracy costs: the time of an epoch."),
    "fractions": N_("Accuracy against the number of training images, with 95 % intervals."),
    "classes": N_(
        "Change of each class's accuracy against the baseline, in points; bold where its own 95 % "
        "interval excludes 0."
    ),
    EXAMPLES: N_("The same training images under each mode."),
}


def draw(results: Results, output: Path | str, file_format: str = "png") -> dict[str, str]:
    """Write the figures of a comparison into a folder; returns their captions by file name, in the
    order of the report.

    Raises:
        UserError: a file cannot be written.
    """
    files = curves.draw(results.finished(results.main), output, file_format, only_all=True)
    texts = [*results.modes, *results.state["data"]["class_names"], results.state["data"]["name"]]
    with style.words_with_a_font(), matplotlib.rc_context(style.settings(texts)):
        files += style.save(_figures(results), output, file_format)
    examples = Path(output) / f"{EXAMPLES}.{file_format}"
    if examples.exists():
        files.append(examples)
    order = list(CAPTIONS)
    files.sort(key=lambda file: order.index(file.stem))
    return {file.name: _(CAPTIONS[file.stem]) for file in files}


def _figures(results: Results) -> dict[str, Figure]:
    """The figures that compare modes, by file name."""
    figures = {}
    if results.rows(results.main):
        figures["modes"] = curves.modes_figure(compare_charts.modes_chart(results))
        if cost := compare_charts.cost_chart(results):
            figures["cost"] = curves.against_figure(cost)
    if fractions := compare_charts.fractions_chart(results):
        figures["fractions"] = curves.against_figure(fractions, logarithmic=True)
    if classes := compare_charts.classes_chart(results):
        figures["classes"] = classes_figure(classes)
    return figures


def classes_figure(chart: ClassesChart) -> Figure:
    """The change of each class's accuracy, a cell a mode and class; of many classes, those that
    change most in either direction."""
    rows = list(range(len(chart.labels)))
    if len(rows) > MAX_CLASSES:
        rows = rows[: MAX_CLASSES // 2] + rows[-(MAX_CLASSES // 2) :]
    class_names = fonts.class_names(chart.class_names)
    labels = [chart.labels[row] for row in rows]
    names = [_short(class_names[label], 24) + chart.notes[label] for label in labels]
    columns = list(chart.changes.values())
    shades = np.array(
        [
            [of_class[row].points if of_class[row] else np.nan for of_class in columns]
            for row in rows
        ]
    )
    figure = Figure(dpi=DPI, layout="constrained")
    axes = figure.add_subplot()
    style.add_title(figure, chart.title)
    largest = max(1.0, np.nanmax(np.abs(shades), initial=0))
    image = axes.imshow(shades, cmap="RdBu", norm=TwoSlopeNorm(0, -largest, largest), aspect="auto")
    for (row, column), points in np.ndenumerate(shades):
        if np.isnan(points):
            continue
        change = columns[column][rows[row]]
        axes.text(
            column, row, signed(points),
            ha="center", va="center", fontsize=9.5, weight="bold" if change.shown else "normal",
            color="white" if abs(points) > 0.6 * largest else style.INK,
        )  # fmt: skip
    axes.xaxis.tick_top()
    axes.set_yticks(range(len(rows)), [name.replace("$", r"\$") for name in names])
    axes.grid(False)
    axes.tick_params(length=0)
    axes.spines[:].set_visible(False)
    bar = figure.colorbar(image, ax=axes, fraction=0.05, pad=0.02)
    bar.set_label(_("Change (points)"))
    bar.outline.set_visible(False)
    _write_heads(axes, list(chart.changes), 1.1 + 0.27 * len(rows))
    return figure


def _write_heads(axes: Axes, modes: list[str], below: float) -> None:
    """Write the modes' names above the columns, upright where these are too narrow for them, and
    give the figure their height and the inches `below`."""
    for upright, letters in ((False, 60 // len(modes)), (True, 24), (True, 36), (True, 60)):
        heads = [style.wrapped(mode, letters) for mode in modes]
        axes.set_xticks(range(len(heads)), heads, rotation=90 if upright else 0, fontsize=10)
        lines = max(1 + head.count("\n") for head in heads)
        longest = max(len(line) for head in heads for line in head.split("\n"))
        axes.figure.set_size_inches(WIDTH, below + (LETTER * longest if upright else LINE * lines))
        axes.figure.get_layout_engine().execute(axes.figure)
        boxes = [text.get_window_extent() for text in axes.get_xticklabels()]
        if all(one.x1 <= other.x0 for one, other in pairwise(boxes)):
            return


def signed(points: float) -> str:
    """
    >>> signed(3.4), signed(-12.6), signed(-0.2)
    ('+3', '−13', '0')
    """
    return f"{round(points):+d}".replace("+0", "0").replace("-", MINUS)


def _short(name: str, length: int) -> str:
    return name if len(name) <= length else f"{name[: length - 1]}…"
