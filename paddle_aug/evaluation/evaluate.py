"""The files of an evaluation: tables, figures and the worst mistakes."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import NamedTuple

import cv2
import matplotlib
import numpy as np
from matplotlib.colors import PowerNorm
from matplotlib.figure import Figure

from paddle_aug.data.image import read_sample
from paddle_aug.data.samples import Sample
from paddle_aug.preview import figure as preview_figure
from paddle_aug.preview.preview import Cell, Section
from paddle_aug.results import fonts, style
from paddle_aug.results.charts import SEPARATOR
from paddle_aug.results.language import N_, _
from paddle_aug.results.metrics import (
    BINS,
    Measures,
    by_loss,
    confused_pairs,
    measure,
    worst_mistakes,
)
from paddle_aug.results.table import text_table
from paddle_aug.results.text import csv_text
from paddle_aug.system.files import readable, replacing, write_text

FILES = (
    "evaluation.html", "evaluation.json", "classes.csv", "confusion.csv", "hardest.csv",
    "confusion.png",
    "reliability.png", "mistakes.png", "hardest.png", "heatmaps.png",
)  # fmt: skip
MAX_LETTERS = 24  # of a class's name in a figure
MAX_COUNTED = 30  # classes; a larger confusion matrix has no numbers in its cells
COLUMNS = 4  # of the montage
PAIRS = 10  # of classes that are confused, in text and JSON
CLASS, IMAGES, TAKEN_FOR = N_("class"), N_("images"), N_("taken for")  # columns
SHARES = (N_("accuracy"), N_("precision"), N_("f1"))  # of a class


class Judged(NamedTuple):
    """A sample with the predicted label and its probability, and the probability of its own."""

    sample: Sample
    predicted: int
    probability: float
    own: float


class Heatmaps(NamedTuple):
    """An image as the network gets it, uint8 [H, W, 3], and for labels the map of where the network
    sees them, float32 [h, w] of at least 0."""

    image: np.ndarray
    maps: dict[int, np.ndarray]


@dataclass(frozen=True)
class Evaluation:
    """Samples of a part of the data ("train", "eval" or "test") and the probabilities that a
    network predicts for them, [N, C]; `names` of data and network are for titles of figures."""

    class_names: list[str]
    samples: Sequence[Sample]
    probabilities: np.ndarray
    part: str = "eval"
    names: tuple[str, ...] = ()

    @property
    def title(self) -> str:
        """Data, network and accuracy with its 95 % interval."""
        text = _(
            "{correct:,} of {images:,} {part} images right: {accuracy:.1f} % "
            "({low:.1f} to {high:.1f} %)"
        )
        return SEPARATOR.join([*self.names, text.format(part=_(self.part), **self.numbers)])

    @property
    def numbers(self) -> dict[str, float]:
        """What texts say of all images: counts, and per cents."""
        measures = self.measures
        low, high = measures.interval
        return {
            "correct": measures.correct,
            "images": measures.images,
            "accuracy": 100 * measures.accuracy,
            "low": 100 * low,
            "high": 100 * high,
        }

    @cached_property
    def labels(self) -> np.ndarray:
        return np.array([sample.label for sample in self.samples], int)

    @cached_property
    def measures(self) -> Measures:
        return measure(self.probabilities, self.labels)

    def mistakes(self, count: int) -> list[Judged]:
        """The most confident wrong predictions."""
        return self._judged(worst_mistakes(self.probabilities, self.labels, count))

    def hardest(self, count: int | None = None) -> list[Judged]:
        """The images with the highest loss by their label, mistakes or not."""
        return self._judged(by_loss(self.probabilities, self.labels)[:count])

    def worst(self, count: int) -> list[Judged]:
        """The images to look at: on training images, which a network has memorised, the hardest;
        elsewhere the mistakes."""
        return self.hardest(count) if self.part == "train" else self.mistakes(count)

    def _judged(self, places: np.ndarray) -> list[Judged]:
        rows = zip(places, self.probabilities[places], strict=True)
        return [
            Judged(sample, int(row.argmax()), float(row.max()), float(row[sample.label]))
            for sample, row in ((self.samples[place], row) for place, row in rows)
        ]


def write(
    evaluation: Evaluation, folder: Path, count: int, heatmaps: Sequence[Heatmaps] = ()
) -> list[Path]:
    """Write the tables, the figures and, if there are any, a montage of the `count` worst images,
    and their heat maps.

    Returns the files of `FILES` that the folder has now.

    Raises:
        OSError: a file cannot be written.
    """
    classes = class_table(evaluation)
    rows = [[*classes[0]], *([*row.values()] for row in classes)]
    write_text(folder / "classes.csv", csv_text(rows))
    write_text(folder / "confusion.csv", csv_text(confusion_rows(evaluation)))
    write_text(folder / "hardest.csv", csv_text(hardest_rows(evaluation)))
    with style.words_with_a_font():
        draw(evaluation, folder, count, heatmaps)
    return [folder / name for name in FILES if (folder / name).exists()]


def draw(
    evaluation: Evaluation, folder: Path, count: int, heatmaps: Sequence[Heatmaps] = ()
) -> None:
    """Write the figures and montages."""
    # A dollar sign in the name of a class does not begin a formula.
    texts = [*evaluation.class_names, evaluation.title]
    settings = style.settings(texts) | {"text.parse_math": False}
    with matplotlib.rc_context(settings):
        figures = {
            "confusion.png": confusion_figure(evaluation),
            "reliability.png": reliability_figure(evaluation.measures, evaluation.title),
        }
        for name, figure in figures.items():
            with replacing(folder / name) as file:
                figure.savefig(file, format="png", bbox_inches="tight", pad_inches=0.1)
        if evaluation.worst(count):
            draw_worst(evaluation, count, folder)
        if heatmaps:
            draw_heatmaps(evaluation, heatmaps, folder)


def draw_worst(evaluation: Evaluation, count: int, folder: Path) -> None:
    """A montage of the worst images."""
    names = fonts.class_names(evaluation.class_names)
    worst, measures = evaluation.worst(count), evaluation.measures
    if evaluation.part == "train":
        file = "hardest.png"
        title = _("The {number} of {images:,} images with the highest loss")
        heading, caption = _("{share} % for its label"), _("taken for {predicted} · labelled {own}")
        shares = [image.own for image in worst]
    else:
        file = "mistakes.png"
        title = _("The most confident {number} of {wrong:,} mistakes")
        heading, caption = _("{share} % sure"), _("taken for {predicted} · is {own}")
        shares = [image.probability for image in worst]
    wrong = measures.images - measures.correct
    title = title.format(number=len(worst), images=measures.images, wrong=wrong)
    cells = [
        Cell(
            read_sample(image.sample),
            heading.format(share=f"{100 * share:.0f}"),
            caption.format(predicted=names[image.predicted], own=names[image.sample.label])
            + SEPARATOR
            + image.sample.path,
        )
        for share, image in zip(shares, worst, strict=True)
    ]
    preview_figure.draw([Section("", "", cells)], COLUMNS, folder / file, title)


def draw_heatmaps(evaluation: Evaluation, heatmaps: Sequence[Heatmaps], folder: Path) -> None:
    """The worst images, each beside its maps for the predicted class and for its own."""
    names = fonts.class_names(evaluation.class_names)
    sections = []
    for worst, seen in zip(evaluation.worst(len(heatmaps)), heatmaps, strict=True):
        label = worst.sample.label
        cells = [Cell(seen.image, _("input"), worst.sample.path)]
        for of, heat in seen.maps.items():
            sure = worst.own if of == label else worst.probability
            role = _("labelled {name}") if of == label else _("taken for {name}")
            caption = role.format(name=names[of])
            cells.append(Cell(overlaid(seen.image, heat), f"{100 * sure:.0f} %", caption))
        sections.append(Section("", "", cells))
    title = _("Where the network sees the class (Grad-CAM; bright: most)")
    preview_figure.draw(sections, 3, folder / "heatmaps.png", title)


def overlaid(image: np.ndarray, heat: np.ndarray) -> np.ndarray:
    """A map in colours over its image, both half transparent."""
    return np.rint((image + coloured(heat, *image.shape[:2])) / 2).astype(np.uint8)


def coloured(heat: np.ndarray, height: int, width: int) -> np.ndarray:
    """A map in colours, from dark to bright: levels from 0 to 255, float64 [height, width, 3]."""
    heat = cv2.resize(heat, (width, height)) / max(heat.max(), np.finfo(np.float32).tiny)
    return 255 * matplotlib.colormaps["inferno"](heat)[..., :3]


def class_table(evaluation: Evaluation) -> list[dict]:
    """A row for each class; None for a share of no images."""
    measures = evaluation.measures
    images = measures.confusion.sum(axis=1).tolist()
    shares = map(known, zip(measures.recall, measures.precision, measures.f1, strict=True))
    return [
        {CLASS: name, IMAGES: count, **dict(zip(SHARES, values, strict=True))}
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


def hardest_rows(evaluation: Evaluation) -> list[list]:
    """All images with their losses, the highest first."""
    names = evaluation.class_names
    rows = [
        [rank, sample.path, names[sample.label], names[predicted], own, loss(own)]
        for rank, (sample, predicted, _, own) in enumerate(evaluation.hardest(), 1)
    ]
    return [["rank", "path", "class", "predicted", "probability of the class", "loss"], *rows]


def loss(probability: float) -> float:
    """The cross-entropy, finite."""
    return float(-np.log(max(probability, np.finfo(float).tiny)))


def pair_rows(evaluation: Evaluation) -> list[dict]:
    """The pairs of classes that are confused most: a class, what it is taken for, the number of
    images, and their share of the class."""
    names = evaluation.class_names
    return [
        {"class": names[true], "taken_for": names[predicted], "images": images, "share": share}
        for true, predicted, images, share in confused_pairs(evaluation.measures.confusion, PAIRS)
    ]


def summary(evaluation: Evaluation) -> list[str]:
    """The measures of all images, a line each."""
    measures = evaluation.measures
    accuracy = _(
        "accuracy: {accuracy:.1f} %, 95 % interval {low:.1f} to {high:.1f} % "
        "({correct:,} of {images:,} images)"
    )
    lines = [accuracy.format(**evaluation.numbers)]
    if measures.top5 is not None:
        lines.append(_("top-5: {share:.1f} %").format(share=100 * measures.top5))
    error = _("expected calibration error: {error:.1f} % ({bins} bins)")
    return [*lines, error.format(error=100 * measures.calibration_error, bins=BINS)]


def text(evaluation: Evaluation) -> str:
    """The text for the terminal, in per cent: of all images, of each class, of confused pairs."""
    classes = class_table(evaluation)
    mean = {CLASS: _("mean of classes"), IMAGES: "", **mean_of_classes(classes)}
    rows = [[cell(value) for value in row.values()] for row in [*classes, mean]]
    lines = [*summary(evaluation), text_table([_(head) for head in classes[0]], rows)]
    if pairs := pair_rows(evaluation):
        rows = [[cell(value) for value in row.values()] for row in pairs]
        heads = [_(CLASS), _(TAKEN_FOR), _(IMAGES), _("of the class")]
        lines += ["", text_table(heads, rows)]
    return "\n".join(lines)


def cell(value: str | int | float | None) -> str:
    """A share in per cent; a count or a name unchanged."""
    if value is None:
        return "–"
    return f"{100 * value:.1f}" if isinstance(value, float) else f"{value}"


def facts(evaluation: Evaluation, count: int) -> dict:
    """All measures, the worst mistakes and the hardest images, as plain values for JSON."""
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
        "confused_pairs": pair_rows(evaluation),
        "mistakes": [
            {**place(evaluation, image), "probability": image.probability}
            for image in evaluation.mistakes(count)
        ],
        "hardest": [
            {**place(evaluation, image), "probability_of_class": image.own, "loss": loss(image.own)}
            for image in evaluation.hardest(count)
        ],
    }


def place(evaluation: Evaluation, image: Judged) -> dict:
    """Which image it is, its class, and what it is taken for."""
    return {
        "path": readable(image.sample.path),
        "class": evaluation.class_names[image.sample.label],
        "predicted": evaluation.class_names[image.predicted],
    }


def confusion_figure(evaluation: Evaluation) -> Figure:
    """The matrix, coloured by the share of the true class, whose scale is that of square roots; up
    to `MAX_COUNTED` classes, with counts in its cells. Its title says data and accuracy."""
    confusion = evaluation.measures.confusion
    class_names = fonts.class_names(evaluation.class_names)
    count = len(class_names)
    side = float(np.clip(6.4 / count, 0.13, 0.4))  # of a cell, in inches
    side = max(side, 2.8 / count)  # room for the colours' scale
    names = [
        name if len(name) <= MAX_LETTERS else f"{name[: MAX_LETTERS - 1]}…" for name in class_names
    ]
    size = min(10.0, 62 * side)  # of the names, in points
    wide = count * side + max(map(len, names)) * size * 0.6 / 72
    figure = Figure(figsize=(wide + 1.9, wide + 0.8), dpi=preview_figure.DPI, layout="constrained")
    axes = figure.add_subplot()
    axes.set_title(style.broken(evaluation.title, int(11 * wide)), loc="left")
    images = confusion.sum(axis=1, keepdims=True)
    colours = PowerNorm(0.5, 0, 100)  # makes a few mistakes among many images visible
    shown = axes.imshow(100 * confusion / np.maximum(images, 1), cmap="Blues", norm=colours)
    axes.set_xticks(range(count), names, rotation=90, fontsize=size)
    axes.set_yticks(range(count), names, fontsize=size)
    axes.set(xlabel=_("Predicted class"), ylabel=_("True class"))
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
    bar.set_label(_("Share of the true class (%),\nsquare-root scale"))
    bar.outline.set_visible(False)
    return figure


def reliability_figure(measures: Measures, title: str) -> Figure:
    """Accuracy against confidence in the bins of the calibration error, above a histogram."""
    figure = Figure(figsize=(6, 6), dpi=preview_figure.DPI, layout="constrained")
    above, below = figure.subplots(2, 1, sharex=True, height_ratios=(3, 1))
    images, confidence, accuracy = measures.bins.T
    middles = (np.arange(BINS) + 0.5) * 100 / BINS
    filled = images > 0
    bars = {"width": 100 / BINS, "edgecolor": "white"}
    above.bar(middles[filled], 100 * accuracy[filled], color="#0072b2", label=_("accuracy"), **bars)
    sure = 100 * confidence[filled]
    above.plot(sure, sure, "o", color="#ff9e00", label=_("mean confidence"))
    above.plot([0, 100], [0, 100], color="#888888", linestyle="--", linewidth=1)
    above.set(ylabel=_("Accuracy (%)"), ylim=(0, 100))
    error = _("Expected calibration error {error:.1f} % ({bins} bins)")
    error = error.format(error=100 * measures.calibration_error, bins=BINS)
    above.set_title(f"{style.broken(title, 58)}\n{error}", loc="left")
    figure.legend(loc="outside lower center", ncols=2)
    below.bar(middles, 100 * images / measures.images, color="#888888", **bars)
    below.set(xlabel=_("Confidence: probability of the predicted class (%)"), xlim=(0, 100))
    below.set_ylabel(_("Images (%)"))
    return figure
