"""The figures of a comparison: the curves that `plot` draws, and those that compare modes."""

from pathlib import Path

import matplotlib
import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import TwoSlopeNorm
from matplotlib.figure import Figure

from paddle_aug.experiments.compare_report import class_order
from paddle_aug.experiments.compare_results import Results
from paddle_aug.results import curves, fonts, style
from paddle_aug.results.colours import colours
from paddle_aug.results.stats import Estimate, estimate

MAX_CLASSES = 30  # that a figure has room for
WIDTH = 6.4  # inches; text remains readable on a phone

EXAMPLES = "examples"  # the figure of pictures, drawn from the data and not from the logs

CAPTIONS = {
    "modes": "Accuracy by mode, on images that no network was trained on.",
    "accuracy": "Accuracy over the epochs: training images solid, eval images dashed.",
    "accuracy_stacked": "Both pipelines together, in either order.",
    "loss": "Loss over the epochs: a network memorises where eval rises while train falls.",
    "accuracy_more": "Accuracy over the epochs, further modes.",
    "loss_more": "Loss over the epochs, further modes.",
    "cost": "What accuracy costs: the time of an epoch.",
    "fractions": "Accuracy against the number of training images, with 95 % intervals.",
    "classes": "Change of each class's accuracy against the baseline, in points; bold where its "
    "own 95 % interval excludes 0.",
    EXAMPLES: "The same training images under each mode, as its first epoch draws them.",
}


def draw(results: Results, output: Path | str, file_format: str = "png") -> dict[str, str]:
    """Write the figures of a comparison into a folder; returns their captions by file name, in the
    order of the report.

    Raises:
        UserError: a file cannot be written.
    """
    files = curves.draw(results.finished(results.main), output, file_format)
    class_names = results.state["data"]["class_names"]
    with matplotlib.rc_context(style.settings([*results.modes, *class_names])):
        figures = {}
        if results.rows(results.main):
            figures = {"modes": modes_figure(results), "cost": cost_figure(results)}
        if len(results.fractions) > 1:
            figures["fractions"] = fractions_figure(results)
        if results.class_changes():
            figures["classes"] = classes_figure(results)
        files += style.save(figures, output, file_format)
    examples = Path(output) / f"{EXAMPLES}.{file_format}"
    if examples.exists():
        files.append(examples)
    order = list(CAPTIONS)
    files.sort(key=lambda file: order.index(_caption(file.stem)))
    return {file.name: CAPTIONS[_caption(file.stem)] for file in files}


def _caption(name: str) -> str:
    """The key in CAPTIONS: further figures of more modes share that of the first."""
    return name if name in CAPTIONS else name.rsplit("_", 1)[0]


def modes_figure(results: Results) -> Figure:
    """The accuracies that the answer rests on, the best first."""
    accuracies = results.accuracies[results.main]
    return curves.accuracies_figure(
        {row.mode: list(accuracies[row.mode].values()) for row in results.rows(results.main)},
        {results.baseline: "(baseline)"},
    )


def cost_figure(results: Results) -> Figure:
    """Accuracy against the seconds of an epoch."""
    points = {
        row.mode: [(results.cost(row.mode, results.main).epoch_seconds, row.accuracy)]
        for row in results.rows(results.main)
    }
    figure, axes = _against("Seconds an epoch", points, results, height=4)
    axes.set_xlim(left=0)
    return figure


def fractions_figure(results: Results) -> Figure:
    """Accuracy against the number of training images, on a logarithmic axis."""
    sizes = {fraction: results.trained_on(fraction) for fraction in sorted(results.fractions)}
    points = {
        mode: [
            (images, estimate(list(by_seed.values())))
            for fraction, images in sizes.items()
            if (by_seed := results.accuracies[fraction][mode])
        ]
        for mode in results.modes
    }
    figure, axes = _against("Training images", points, results, height=4.4)
    axes.set_xscale("log")
    axes.set_xticks(list(sizes.values()), [f"{images:,}" for images in sizes.values()])
    axes.minorticks_off()
    return figure


def _against(
    quantity: str, points: dict[str, list[tuple[float, Estimate]]], results: Results, height: float
) -> tuple[Figure, Axes]:
    """Accuracies, 0 to 1, with their intervals against a quantity, by mode; `height` in inches."""
    colour = colours(results.modes)
    figure = Figure(figsize=(WIDTH, height), dpi=style.DPI, layout="constrained")
    axes = figure.add_subplot()
    axes.set_xlabel(quantity)
    axes.set_ylabel("Eval accuracy (%)")
    for mode, of_mode in points.items():
        axes.errorbar(
            [value for value, _ in of_mode],
            [100 * accuracy.mean for _, accuracy in of_mode],
            yerr=[100 * (accuracy.margin or np.nan) for _, accuracy in of_mode],
            fmt="o-" if len(of_mode) > 1 else "o",
            color=colour[mode],
            capsize=4,
            label=style.wrapped(mode, 40),
        )
    columns = 2 if max(map(len, results.modes)) <= 24 else 1
    figure.legend(loc="outside lower center", ncols=columns)
    return figure, axes


def classes_figure(results: Results) -> Figure:
    """The change of each class's accuracy, a cell a mode and class; of many classes, those that
    change most in either direction."""
    changes = results.class_changes()
    columns = list(changes.values())
    order = class_order(changes)
    if len(order) > MAX_CLASSES:
        order = order[: MAX_CLASSES // 2] + order[-(MAX_CLASSES // 2) :]
    class_names = fonts.class_names(results.state["data"]["class_names"])
    names = [_short(class_names[label], 24) for label in order]
    shades = np.array(
        [
            [100 * of_class[label].mean if of_class[label] else np.nan for of_class in columns]
            for label in order
        ]
    )
    figure = Figure(figsize=(WIDTH, 1.5 + 0.27 * len(order)), dpi=style.DPI, layout="constrained")
    axes = figure.add_subplot()
    largest = max(1.0, np.nanmax(np.abs(shades), initial=0))
    image = axes.imshow(shades, cmap="RdBu", norm=TwoSlopeNorm(0, -largest, largest), aspect="auto")
    for (row, column), points in np.ndenumerate(shades):
        change = columns[column][order[row]]
        if change is None:
            continue
        certain = change.margin is not None and abs(change.mean) > change.margin
        axes.text(
            column, row, f"{round(points):+d}".replace("+0", "0"),
            ha="center", va="center", fontsize=9.5, weight="bold" if certain else "normal",
            color="white" if abs(points) > 0.6 * largest else "#222222",
        )  # fmt: skip
    axes.set_xticks(range(len(changes)), [style.wrapped(mode, 16) for mode in changes])
    axes.xaxis.tick_top()
    axes.set_yticks(range(len(order)), [name.replace("$", r"\$") for name in names])
    axes.grid(False)
    axes.tick_params(length=0)
    axes.spines[:].set_visible(False)
    bar = figure.colorbar(image, ax=axes, fraction=0.05, pad=0.02)
    bar.set_label("Change (points)")
    bar.outline.set_visible(False)
    return figure


def _short(name: str, length: int) -> str:
    return name if len(name) <= length else f"{name[: length - 1]}…"
