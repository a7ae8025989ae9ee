"""The figure of training pictures under each mode of a comparison."""

from pathlib import Path

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

COLUMNS = 6


def write(config: TrainConfig, modes: list[str], data: Dataset, folder: Path) -> None:
    """Draw the same images under each mode, as the first epoch of the first seed sees them."""
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
