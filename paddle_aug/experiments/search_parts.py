"""Which images a search trains on, judges its candidates by, and tests its winner on."""

from dataclasses import replace

from paddle_aug.data.dataset import Dataset
from paddle_aug.data.split import select
from paddle_aug.experiments.search_plan import Settings


def part_of(holdout: float, seed: int, data: Dataset) -> Dataset:
    """The whole data for the test, where `holdout` is 0; else the training list, divided by the
    seed into a part to train on and a part to evaluate on."""
    if not holdout:
        return data
    return replace(select(data, holdout=holdout, seed=seed), test=[])


def set_test_aside(settings: Settings, data: Dataset) -> tuple[Dataset, str]:
    """The data that the config selects, without a test list, and the name of the images that test
    the winner: the eval list or, without one, a part of the training list that the whole search
    holds back."""
    config, data = settings.config, replace(data, test=[])
    if data.eval:
        return select(data, config.first, config.fraction, seed=config.seed), "the eval list"
    held = select(data, config.first, config.fraction, settings.holdout, config.seed)
    return replace(held, test=[]), f"{100 * settings.holdout:g} % of the training list, held back"
