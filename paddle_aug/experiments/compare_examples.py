"""The figure of training pictures under each mode of a comparison."""

from dataclasses import replace
from pathlib import Path

import numpy as np

from paddle_aug.config import TrainConfig
from paddle_aug.data.dataset import Dataset
from paddle_aug.experiments.compare_figures import EXAMPLES
from paddle_aug.inputs import of_mode
from paddle_aug.preview import figure
from paddle_aug.preview.mixing import mixed_cells
from paddle_aug.preview.preview import (
    Cell,
    Draws,
    Section,
    Shown,
    dataset_of,
    mixes,
    spread_over_classes,
)

COLUMNS = 6


def write(config: TrainConfig, modes: list[str], data: Dataset, folder: Path) -> None:
    """Draw the same images under each mode, as the first epoch of the first seed sees them."""
    places = spread_over_classes(data.train, COLUMNS)
    sections = [
        Section(
            mode if mode in modes else "original",
            "",
            [Cell(image, "") for image in pictures(of_mode(config, mode), data, places)],
        )
        for mode in dict.fromkeys(["none"] * ("none" not in modes) + modes)
    ]
    figure.draw(sections, len(places), folder / f"{EXAMPLES}.png")


def pictures(config: TrainConfig, data: Dataset, places: list[int]) -> list[np.ndarray]:
    """Images of the training list as the first epoch has them, uint8 [H, W, 3]."""
    config = replace(config, cache="off")
    dataset = dataset_of(config, data.train, data.store)
    if mixes(config):
        shown = Shown(config, dataset)
        draws = Draws(1, original=False)
        return [mixed_cells(shown, place, draws)[0].image for place in places]
    if config.stretch:
        return [dataset[0, place][0] for place in places]
    return [dataset.augmented(dataset.unchanged(place), (0, place)) for place in places]
