"""An evaluation as a page: one HTML file below 3 MB that contains its pictures."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from paddle_aug.data.image import read_sample
from paddle_aug.errors import printable
from paddle_aug.evaluation.evaluate import (
    CLASS,
    IMAGES,
    TAKEN_FOR,
    Evaluation,
    Heatmaps,
    Judged,
    cell,
    class_table,
    overlaid,
    pair_rows,
    summary,
)
from paddle_aug.results.html import Cell, write_page
from paddle_aug.results.image_bytes import data_uri, is_small, shrunk
from paddle_aug.results.language import _

SIDE = 224  # pixels of a picture
QUALITY = 88  # of JPEG
MAX_BYTES = 2_400_000  # of all pictures; the page stays below 3 MB
MAX_CLASSES = 30  # of a confusion matrix on the page
SCALE = (0, 1, 5, 20, 50, 100)  # per cent, of the matrix' key


def write(
    evaluation: Evaluation,
    file: Path,
    weights: str,
    data: str,
    count: int,
    heatmaps: Sequence[Heatmaps] = (),
    next_step: tuple[str, str] | None = None,
) -> None:
    """Write the page, with the `count` worst images and their heat maps, if there are any; it ends
    with `next_step`, a sentence and a command.

    Raises:
        OSError: the file cannot be written.
    """
    worst = evaluation.worst(count)
    maps = list(heatmaps) or [None] * len(worst)
    shown: list[dict] = []
    size = 0
    for image, heat in zip(worst, maps, strict=True):
        one = _judged(evaluation, image, heat)
        size += sum(len(picture[1]) for picture in one["pictures"])
        if size > MAX_BYTES:
            break
        shown.append(one)
    names = [printable(name) for name in evaluation.class_names]
    confusion = evaluation.measures.confusion
    write_page(
        file,
        "evaluation.html",
        weights=printable(weights),
        data=printable(data),
        part=evaluation.part,
        accuracy=100 * evaluation.measures.accuracy,
        measures=_explained(evaluation),
        classes=_class_rows(evaluation),
        pairs=(
            [_(CLASS), _(TAKEN_FOR), _(IMAGES), _("of the class (%)")],
            [[printable(cell(value)) for value in row.values()] for row in pair_rows(evaluation)],
        ),
        names=names,
        confusion=_shaded(confusion) if len(names) <= MAX_CLASSES else None,
        scale=[(share, _shade(share / 100)) for share in SCALE],
        worst=shown,
        wrong=evaluation.measures.images - evaluation.measures.correct,
        left_out=len(worst) - len(shown),
        next=next_step,
    )


def _explained(evaluation: Evaluation) -> list[tuple[str, str]]:
    """The measures of all images, each with what it means."""
    meanings = [
        _("With many more such images, the accuracy would probably be in this interval."),
        _("The right class is among the five likeliest."),
        _(
            "A network that is 80 % sure should be right 8 times in 10; it is this far off on "
            "average."
        ),
    ]
    lines = summary(evaluation)
    return list(zip(lines, meanings if len(lines) == 3 else meanings[::2], strict=True))


def _class_rows(evaluation: Evaluation) -> tuple[list[str], list[list[Cell | str]]]:
    """The classes' table in per cent, which sorts."""
    rows = class_table(evaluation)
    heads = [_(CLASS), _(IMAGES), _("accuracy (%)"), _("precision (%)"), _("F1 (%)")]
    return heads, [
        [Cell(printable(cell(value)), None if name == CLASS else value and float(value))
         for name, value in row.items()]
        for row in rows
    ]  # fmt: skip


def _shade(share: float) -> str:
    """How much of the colour a share has: its root, by which a few mistakes are seen."""
    return f"{np.sqrt(share):.2f}"


def _shaded(confusion: np.ndarray) -> list[list[tuple[int, float, str]]]:
    """For each cell the images, their share of the true class in per cent, and its shade."""
    shares = confusion / np.maximum(confusion.sum(axis=1, keepdims=True), 1)
    return [
        [(int(n), 100 * float(share), _shade(share)) for n, share in zip(*rows, strict=True)]
        for rows in zip(confusion, shares, strict=True)
    ]


def _judged(evaluation: Evaluation, image: Judged, heat: Heatmaps | None) -> dict:
    """An image with what the network says of it, and its heat maps."""
    names, label = [printable(name) for name in evaluation.class_names], image.sample.label
    path = printable(image.sample.path)
    pictures = [(_("photo"), read_sample(image.sample), path)]
    if heat is not None:
        words = _("where the network sees {name} in {path}")
        pictures += [
            (
                _("why {name}").format(name=names[of]),
                overlaid(heat.image, seen),
                words.format(name=names[of], path=path),
            )
            for of, seen in heat.maps.items()
        ]
    if evaluation.part != "train":
        verdict = _("{own}, taken for {predicted} ({sure} % sure)")
    elif image.predicted == label:
        verdict = _("labelled {own}, and taken for it ({sure} % sure)")
    else:
        verdict = _("labelled {own}, taken for {predicted} ({sure} % sure; its label: {share} %)")
    return {
        "path": path,
        "verdict": verdict.format(
            own=names[label],
            predicted=names[image.predicted],
            sure=f"{100 * image.probability:.0f}",
            share=f"{100 * image.own:.1f}",
        ),
        "pictures": [(name, *_picture(pixels, words)) for name, pixels, words in pictures],
    }


def _picture(image: np.ndarray, words: str) -> tuple[str, int, int, str, bool]:
    """Address, width, height, words, and whether it is small."""
    image = shrunk(image, SIDE)
    small = is_small(image)
    return data_uri(image, small, QUALITY), image.shape[1], image.shape[0], words, small
