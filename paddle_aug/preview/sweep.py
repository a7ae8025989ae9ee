"""Pictures of single ops at five fixed strengths, from weak to strong."""

import logging
from collections.abc import Sequence
from dataclasses import replace
from typing import NamedTuple

from paddle_aug.augment.modes import OPS
from paddle_aug.config import TrainConfig
from paddle_aug.data.augmented import Augmented
from paddle_aug.data.samples import Sample
from paddle_aug.errors import UserError
from paddle_aug.inputs import members, op_name, own_size, transform_of
from paddle_aug.preview.listing import about
from paddle_aug.preview.preview import Cell, Section, original
from paddle_aug.preview.strengths import strengths
from paddle_aug.results.text import listed

logger = logging.getLogger(__name__)


class Step(NamedTuple):
    """An op at a fixed strength: its text, and the images under it."""

    text: str
    dataset: Augmented


def sweep_of(config: TrainConfig, samples: Sequence[Sample]) -> dict[str, list[Step]]:
    """The images under each op of an augmentation at five strengths, from weak to strong, by the
    op's name. An op without a strength, as hflip, is left out with a warning.

    Raises:
        UserError: the augmentation ends in a mix, or none of its ops has a strength.
    """
    if config.mix != "none":
        raise UserError(f"--sweep shows single ops, and +{config.mix} mixes images; drop it")
    names = dict.fromkeys(map(op_name, members(transform_of(config))))
    texts = {name: strengths(name, config.image_size) for name in names}
    without = [name for name in names if not texts[name]]
    if len(without) == len(names):
        raise UserError(
            f"--sweep needs an operation with a strength, such as rotate; {listed(without)} "
            f"{'has' if len(without) == 1 else 'have'} none"
        )
    if without:
        logger.warning("no strength to sweep, left out: %s", ", ".join(without))
    return {
        name: [Step(text, own_size(replace(config, augment=text), samples)) for text in of_op]
        for name, of_op in texts.items()
        if of_op
    }


def sweep_by_op(
    sweep: dict[str, list[Step]], index: int, epoch: int, original_first: bool = True
) -> list[Section]:
    """For each op the image, and draws of that op at its strengths with the texts to type. All draw
    from one key, so that a direction or a place is the same at each."""
    sections = []
    for name, steps in sweep.items():
        first = original(steps[0].dataset, index)
        cells = [first._replace(title="", caption="original")] if original_first else []
        for number, (text, dataset) in enumerate(steps, 1):
            title = {1: "1 · weak", len(steps): f"{len(steps)} · strong"}.get(number, f"{number}")
            cells.append(Cell(dataset.augmented(first.image, (epoch, index)), title, text))
        sections.append(Section(name, first.caption, cells, about(OPS[name])))
    return sections
