"""The files of an evaluation: tables, figures and the worst mistakes."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import matplotlib
import numpy as np
from matplotlib.colors import PowerNorm
from matplotlib.figure import Figure

from paddle_aug.data.image import read_sample
from paddle_aug.data.samples import Sample
from paddle_aug.preview import figure as preview_figure
from paddle_aug.preview.preview import Cell, Section
from paddle_aug.results import fonts, style
from paddle_aug.results.metrics import BINS, Measures, measure, worst_mistakes
from paddle_aug.results.table import text_table
from paddle_aug.results.text import csv_text
from paddle_aug.system.files import readable, replacing, write_text

FILES = (
    "evaluation.json", "classes.csv", "confusion.csv", "confusion.png", "reliability.png",
    "mistakes.png",
)  # fmt: skip
MAX_LETTERS = 24  # of a class's name in a figure
MAX_COUNTED = 30  # classes; a larger confusion matrix has no numbers in its cells
COLUMNS = 4  # of the montage
SHARES = ("accuracy", "precision", "f1")  # of a class


@dataclass(frozen=True)
class Evaluation:
    """Samples and the probabilities that a network predicts for them, [N, C]."""

    class_names: list[str]
    samples: Sequence[Sample]
    probabilities: np.ndarray

    @cached_property
    def labels(self) -> np.ndarray:
        return np.array([sample.label for sample in self.samples], int)

    @cached_property
    def measures(self) -> Measures:
        return measure(self.probabilities, self.labels)

    def mistakes(self, count: int) -> list[tuple[Sample, int, float]]:
        """The most confident wrong predictions: sample, predicted label and its probability."""
        places = worst_mistakes(self.probabilities, self.labels, count)
        return [
            (self.samples[place], int(row.argmax()), float(row.max()))
            for place, row in zip(places, self.probabilities[places], strict=True)
        ]


def write(evaluation: Evaluation, folder: Path, mistakes: int) -> list[Path]:
    """Write the tables, the figures and, if there are mistakes, a montage of the worst ones.

    Returns the files of `FILES` that the folder has now.

    Raises:
        OSError: a file cannot be written.
    """
    classes = class_table(evaluation)
    rows = [[*classes[0]], *([*row.values()] for row in classes)]
    write_text(folder / "classes.csv", csv_text(rows))
    write_text(folder / "confusion.csv", csv_text(confusion_rows(evaluation)))
    names = fonts.class_names(evaluation.class_names)
    # A dollar sign in the name of a class does not begin a formula.
    settings = style.settings(evaluation.class_names) | {"text.parse_math": False}
    with matplotlib.rc_context(settings):
        figures = {
            "confusion.png": confusion_figure(evaluation),
            "reliability.png": reliability_figure(evaluation.measures),
        }
        for name, figure in figures.items():
            with replacing(folder / name) as file:
                figure.savefig(file, format="png", bbox_inches="tight", pad_inches=0.1)
        cells = [
            Cell(
                read_sample(sample),
                f"{100 * probability:.0f} % sure",
                f"taken for {names[predicted]} · is {names[sample.label]} · {sample.path}",
            )
            for sample, predicted, probability in evaluation.mistakes(mistakes)
        ]
        if cells:
            wrong = evaluation.measures.images - evaluation.measures.correct
            title = f"The most confident {len(cells)} of {wrong:,} mistakes"
            preview_figure.draw([Section("", "", cells)], COLUMNS, folder / "mistakes.png", title)
    return [folder / name for name in FILES if (folder / name).exists()]


def class_table(evaluation: Evaluation) -> list[dict]:
    """A row for each class; None for a share of no images."""
    measures = evaluation.measures
    images = measures.confusion.sum(axis=1).tolist()
    shares = map(known, zip(measures.recall, measures.precision, measures.f1, strict=True))
    return [
        {"class": name, "images": count, **dict(zip(SHARES, values, strict=True))}
        for name, count, values in zip(evaluation.class_names, images, shares, strict=True)
    ]


def mean_of_classes(rows: list[dict]) -> dict[str, float]:
    """The mean of each share over the classes that have a value."""
    return {
        name: float(np.mean([row[name] for row in rows if row[name] is not None]))
        for name in SHARES
    }


def known(values: Sequence[float]) -> list[float | None]:
    """Plain numbers, and None for NaN."""
    return [None if np.isnan(value) else float(value) for value in values]


def confusion_rows(evaluation: Evaluation) -> list[list]:
    """The confusion matrix with the names of its classes: a row for each true class."""
    names, counts = evaluation.class_names, evaluation.measures.confusion.tolist()
    rows = [[name, *row] for name, row in zip(names, counts, strict=True)]
    return [["true \\ predicted", *names], *rows]


def text(evaluation: Evaluation) -> str:
    """The text for the terminal, in per cent: first of all images, then of each class."""
    measures = evaluation.measures
    low, high = (100 * bound for bound in measures.interval)
    lines = [
        f"accuracy: {100 * measures.accuracy:.1f} %, 95 % interval {low:.1f} to {high:.1f} % "
        f"({measures.correct:,} of {measures.images:,} images)"
    ]
    if measures.top5 is not None:
        lines.append(f"top-5: {100 * measures.top5:.1f} %")
    error = 100 * measures.calibration_error
    lines.append(f"expected calibration error: {error:.1f} % ({BINS} bins)")
    classes = class_table(evaluation)
    mean = {"class": "mean of classes", "images": "", **mean_of_classes(classes)}
    rows = [[cell(value) for value in row.values()] for row in [*classes, mean]]
    return "\n".join([*lines, text_table([*classes[0]], rows)])


def cell(value: str | int | float | None) -> str:
    """A share in per cent; a count or a name unchanged."""
    if value is None:
        return "–"
    return f"{100 * value:.1f}" if isinstance(value, float) else f"{value}"


def facts(evaluation: Evaluation, mistakes: int) -> dict:
    """All measures and the worst mistakes, as plain values for JSON."""
    measures, classes = evaluation.measures, class_table(evaluation)
    return {
        "images": measures.images,
        "correct": measures.correct,
        "accuracy": measures.accuracy,
        "interval_95": list(measures.interval),
        "top5": measures.top5,
        "expected_calibration_error": measures.calibration_error,
        "mean_of_classes": mean_of_classes(classes),
        "classes": classes,
        "confusion": measures.confusion.tolist(),
        "calibration_bins": [
            {"images": int(count), "confidence": confidence, "accuracy": accuracy}
            for count, confidence, accuracy in map(known, measures.bins)
        ],
        "mistakes": [
            {
                "path": readable(sample.path),
                "class": evaluation.class_names[sample.label],
                "predicted": evaluation.class_names[predicted],
                "probability": probability,
            }
            for sample, predicted, probability in evaluation.mistakes(mistakes)
        ],
    }


def confusion_figure(evaluation: Evaluation) -> Figure:
    """The matrix, coloured by the share of the true class; up to `MAX_COUNTED` classes, with counts
    in its cells."""
    confusion = evaluation.measures.confusion
    class_names = fonts.class_names(evaluation.class_names)
    count = len(class_names)
    side = float(np.clip(13 / count, 0.13, 0.55))  # of a cell, in inches
    names = [
        name if len(name) <= MAX_LETTERS else f"{name[: MAX_LETTERS - 1]}…" for name in class_names
    ]
    size = min(10.0, 62 * side)  # of the names, in points
    wide = count * side + max(map(len, names)) * size * 0.6 / 72
    figure = Figure(figsize=(wide + 1.9, wide + 0.8), dpi=preview_figure.DPI, layout="constrained")
    axes = figure.add_subplot()
    images = confusion.sum(axis=1, keepdims=True)
    colours = PowerNorm(0.5, 0, 100)  # makes a few mistakes among many images visible
    shown = axes.imshow(100 * confusion / np.maximum(images, 1), cmap="Blues", norm=colours)
    axes.set_xticks(range(count), names, rotation=90, fontsize=size)
    axes.set_yticks(range(count), names, fontsize=size)
    axes.set(xlabel="Predicted class", ylabel="True class")
    axes.grid(False)
    borders = np.arange(count + 1) - 0.5
    axes.set_xticks(borders, minor=True)
    axes.set_yticks(borders, minor=True)
    axes.grid(which="minor", color="#e8e8e8", linewidth=0.5)
    axes.tick_params(which="both", length=0)
    if count <= MAX_COUNTED:
        for row, column in np.argwhere(confusion):
            number = confusion[row, column]
            color = "white" if number > 0.3 * images[row, 0] else "#222222"
            points = min(size, 72 * side / (0.75 * len(str(number)) + 0.6))
            place = {"ha": "center", "va": "center"}
            axes.text(column, row, f"{number}", color=color, fontsize=points, **place)
    bar = figure.colorbar(shown, ax=axes, fraction=0.04, pad=0.02, shrink=min(1, 4 / wide + 0.2))
    bar.set_ticks([0, 1, 5, 20, 50, 100])
    bar.set_label("Share of the true class (%)")
    bar.outline.set_visible(False)
    return figure


def reliability_figure(measures: Measures) -> Figure:
    """Accuracy against confidence in the bins of the calibration error, above a histogram."""
    figure = Figure(figsize=(6, 6), dpi=preview_figure.DPI, layout="constrained")
    above, below = figure.subplots(2, 1, sharex=True, height_ratios=(3, 1))
    images, confidence, accuracy = measures.bins.T
    middles = (np.arange(BINS) + 0.5) * 100 / BINS
    filled = images > 0
    bars = {"width": 100 / BINS, "edgecolor": "white"}
    above.bar(middles[filled], 100 * accuracy[filled], color="#0072b2", label="accuracy", **bars)
    sure = 100 * confidence[filled]
    above.plot(sure, sure, "o", color="#cc3311", label="mean confidence")
    above.plot([0, 100], [0, 100], color="#888888", linestyle="--", linewidth=1)
    above.set(ylabel="Accuracy (%)", ylim=(0, 100))
    error = f"{100 * measures.calibration_error:.1f} % ({BINS} bins)"
    above.set_title(f"Expected calibration error {error}", loc="left")
    above.legend(loc="upper left")
    below.bar(middles, 100 * images / measures.images, color="#888888", **bars)
    below.set(xlabel="Confidence: probability of the predicted class (%)", xlim=(0, 100))
    below.set_ylabel("Images (%)")
    return figure
