"""Training pictures under each mode of a comparison: the figure, and those of the page."""

from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np

from paddle_aug.config import TrainConfig
from paddle_aug.data.dataset import Dataset
from paddle_aug.experiments.compare_figures import EXAMPLES
from paddle_aug.inputs import dataset_of, mixes, of_mode
from paddle_aug.preview import figure
from paddle_aug.preview.mixing import mixed_cells
from paddle_aug.preview.preview import (
    Cell,
    Draws,
    Section,
    Shown,
    cells_of,
    spread_over_classes,
)
from paddle_aug.results.image_bytes import data_uri, is_small
from paddle_aug.system.files import write_json

COLUMNS = 6
HEIGHT = 160  # pixels at most, of a picture of the page


def write(config: TrainConfig, modes: list[str], data: Dataset, folder: Path) -> None:
    """Draw the same images under each mode, as the first epoch of the first seed sees them or, with
    `--sampler balanced`, which may leave them out, would see them without it."""
    config = replace(config, sampler=TrainConfig.sampler)
    places = spread_over_classes(data.train, COLUMNS)
    sections = []
    for mode in dict.fromkeys(["none"] * ("none" not in modes) + modes):
        mode_config = of_mode(config, mode)
        shown = Shown(mode_config, dataset_of(mode_config, data.train, data.store))
        draw = mixed_cells if mixes(mode_config) else cells_of
        cells = [draw(shown, place, Draws(1, original=False))[0] for place in places]
        title = mode if mode in modes else "original"
        sections.append(Section(title, "", [Cell(cell.image, "") for cell in cells]))
    figure.draw(sections, len(places), folder / f"{EXAMPLES}.png")
    write_json(folder / f"{EXAMPLES}.json", {"strips": [strip(section) for section in sections]})


def strip(section: Section) -> dict:
    """The pictures of a mode side by side, for the page; those of several sizes get the height of
    the smallest one."""
    images = [cell.image for cell in section.cells]
    height = min([HEIGHT, *(image.shape[0] for image in images)])
    cells = [shrunk(image, height) for image in images]
    image = np.hstack(cells)
    small = is_small(cells[0])
    return {
        "mode": section.title,
        "address": data_uri(image, exact=small),
        "width": image.shape[1],
        "height": height,
        "small": small,
    }


def shrunk(image: np.ndarray, height: int) -> np.ndarray:
    """An image at this height, which is not above its own."""
    if image.shape[0] == height:
        return image
    width = max(1, round(image.shape[1] * height / image.shape[0]))
    return cv2.resize(image, (width, height), interpolation=cv2.INTER_AREA)
