"""The figures of a comparison: those of `plot`, and what only a comparison can show."""

from pathlib import Path

import matplotlib
import numpy as np
from matplotlib.colors import TwoSlopeNorm
from matplotlib.figure import Figure

from paddle_aug.experiments.compare_report import Results, class_order
from paddle_aug.results import curves as plot
from paddle_aug.results.stats import estimate

CLASSES = 30  # as many as a figure has room for
WIDTH = 6.4  # inches, of which text is still to be read on a phone

EXAMPLES = "examples"  # the figure of pictures, which is made of the data and not of the logs

CAPTIONS = {
    "modes": "Accuracy by mode, on images that no network was trained on.",
    "accuracy": "Accuracy over the epochs: training images solid, eval images dashed.",
    "accuracy_stacked": "Both pipelines together, in either order.",
    "loss": "Loss over the epochs: where eval turns up while train falls, a network memorises.",
    "accuracy_more": "Accuracy over the epochs, further modes.",
    "loss_more": "Loss over the epochs, further modes.",
    "cost": "What accuracy costs: the time of an epoch.",
    "fractions": "Accuracy against the number of training images, with 95 % intervals.",
    "classes": "Change of each class's accuracy against the baseline, in points; bold where its "
    "own 95 % interval leaves out 0.",
    EXAMPLES: "The same training images under each mode, as its first epoch draws them.",
}


def draw(results: Results, output: Path | str, file_format: str = "png") -> dict[str, str]:
    """Write the figures of a comparison into a folder; their captions by file name, in the order of
    a report.

    Raises:
        UserError: no run is finished, or a file cannot be written.
    """
    curves = plot.draw(results.main_runs, output, file_format)
    with matplotlib.rc_context(plot.style()):
        figures = {"modes": modes_figure(results), "cost": cost_figure(results)}
        if sum(any(modes.values()) for modes in results.runs.values()) > 1:
            figures["fractions"] = fractions_figure(results)
        if results.class_changes():
            figures["classes"] = classes_figure(results)
        made = plot.save(figures, output, file_format)
    by_name = {file.stem: file.name for file in [*made, *curves]}
    if (Path(output) / f"{EXAMPLES}.{file_format}").exists():
        by_name[EXAMPLES] = f"{EXAMPLES}.{file_format}"
    order = [*(name for name in CAPTIONS if name != EXAMPLES), EXAMPLES]
    names = sorted(by_name, key=lambda name: order.index(_caption(name)))
    return {by_name[name]: CAPTIONS[_caption(name)] for name in names}


def _caption(name: str) -> str:
    """The name in CAPTIONS: a second figure of further modes has that of the first."""
    return name if name in CAPTIONS else name.rsplit("_", 1)[0]


def modes_figure(results: Results) -> Figure:
    """The accuracies that the answer stands on, the best first."""
    found = results.accuracies[results.main]
    rows = results.rows(results.main)
    return plot.accuracies_figure(
        {row.mode: list(found[row.mode].values()) for row in rows}, {results.baseline: "(baseline)"}
    )


def cost_figure(results: Results) -> Figure:
    """Accuracy against the seconds of an epoch."""
    rows = results.rows(results.main)
    colour = _colours(results)
    figure = Figure(figsize=(WIDTH, 4), dpi=plot.DPI, layout="constrained")
    axes = figure.add_subplot()
    for row in rows:
        seconds = results.cost(row.mode, results.main).epoch_seconds
        accuracy = row.accuracy
        axes.errorbar(
            seconds,
            100 * accuracy.mean,
            yerr=None if accuracy.margin is None else 100 * accuracy.margin,
            fmt="o",
            color=colour[row.mode],
            capsize=4,
            label=plot.wrapped(row.mode, 40),
        )
    axes.set_xlim(left=0)
    axes.set_xlabel("Seconds an epoch")
    axes.set_ylabel("Eval accuracy (%)")
    figure.legend(loc="outside lower center", ncols=2 if _short(results) else 1)
    return figure


def fractions_figure(results: Results) -> Figure:
    """Accuracy against the number of training images, on a logarithmic axis."""
    colour = _colours(results)
    figure = Figure(figsize=(WIDTH, 4.4), dpi=plot.DPI, layout="constrained")
    axes = figure.add_subplot()
    places = {each: results.trained_on(each) for each in sorted(results.runs)}
    places = {fraction: images for fraction, images in places.items() if images}
    for mode in results.modes:
        points = [
            (images, estimate([100 * value for value in found.values()]))
            for fraction, images in places.items()
            if (found := results.accuracies[fraction][mode])
        ]
        axes.errorbar(
            [images for images, _ in points],
            [each.mean for _, each in points],
            yerr=[each.margin or 0 for _, each in points],
            fmt="o-",
            capsize=4,
            color=colour[mode],
            label=plot.wrapped(mode, 40),
        )
    axes.set_xscale("log")
    axes.set_xticks(list(places.values()), [f"{images:,}" for images in places.values()])
    axes.minorticks_off()
    axes.set_xlabel("Training images")
    axes.set_ylabel("Eval accuracy (%)")
    figure.legend(loc="outside lower center", ncols=2 if _short(results) else 1)
    return figure


def classes_figure(results: Results) -> Figure:
    """The change of each class's accuracy, a cell a mode and class; of many classes those that
    change most either way."""
    changes = results.class_changes()
    order = class_order(changes)
    if len(order) > CLASSES:
        order = order[: CLASSES // 2] + order[-(CLASSES // 2) :]
    names = results.state["data"]["class_names"]
    shades = np.array(
        [[100 * found[label].mean if found[label] else np.nan for found in changes.values()]
         for label in order]
    )  # fmt: skip
    figure = Figure(figsize=(WIDTH, 1.5 + 0.27 * len(order)), dpi=plot.DPI, layout="constrained")
    axes = figure.add_subplot()
    most = max(1.0, np.nanmax(np.abs(shades), initial=0))
    shown = axes.imshow(shades, cmap="RdBu", norm=TwoSlopeNorm(0, -most, most), aspect="auto")
    for row, label in enumerate(order):
        for column, found in enumerate(changes.values()):
            if (each := found[label]) is None:
                continue
            certain = each.margin is not None and abs(each.mean) > each.margin
            points = f"{round(100 * each.mean):+d}".replace("+0", "0")
            axes.text(
                column, row, points, ha="center", va="center", fontsize=9.5,
                weight="bold" if certain else "normal",
                color="white" if abs(100 * each.mean) > 0.6 * most else "#222222",
            )  # fmt: skip
    axes.set_xticks(range(len(changes)), [plot.wrapped(mode, 16) for mode in changes])
    axes.xaxis.tick_top()
    labels = [
        names[label] if len(names[label]) <= 24 else f"{names[label][:23]}…" for label in order
    ]
    axes.set_yticks(range(len(order)), [text.replace("$", r"\$") for text in labels])
    axes.grid(False)
    axes.tick_params(length=0)
    axes.spines[:].set_visible(False)
    bar = figure.colorbar(shown, ax=axes, fraction=0.05, pad=0.02)
    bar.set_label("Change (points)")
    bar.outline.set_visible(False)
    return figure


def _colours(results: Results) -> dict[str, str]:
    """A colour a mode, as in the figures of curves."""
    keys = {mode: "" if mode == "none" else mode for mode in results.modes}
    chosen = plot.colours(list(keys.values()))
    return {mode: chosen[key] for mode, key in keys.items()}


def _short(results: Results) -> bool:
    return max(map(len, results.modes)) <= 24
