"""Pictures of single ops at five fixed strengths, from weak to strong."""

import logging
import re
from collections.abc import Sequence

from paddle_aug.augment.modes import OPS, augmentation
from paddle_aug.config import TrainConfig
from paddle_aug.data.augmented import Augmented
from paddle_aug.errors import UserError
from paddle_aug.inputs import members, op_name, transform_of
from paddle_aug.preview.listing import about
from paddle_aug.preview.preview import Cell, Section, original
from paddle_aug.preview.strengths import high_draw, strengths
from paddle_aug.results.language import _
from paddle_aug.results.text import listed

logger = logging.getLogger(__name__)


def sweep_of(config: TrainConfig) -> dict[str, list[str]]:
    """The texts of each op of an augmentation at five strengths, from weak to strong, by its name.
    An op without a strength, as hflip, is left out with a warning.

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
    return {name: of_op for name, of_op in texts.items() if of_op}


def sweep_by_op(
    sweep: dict[str, list[str]], dataset: Augmented, index: int, original_first: bool = True
) -> list[Section]:
    """For each op the image, and the op at its strengths, each below the text that makes it. What a
    text leaves open, such as a direction, is the same for all of an op."""
    first = original(dataset, index)
    cells = [first._replace(title="", caption=_("original"))] if original_first else []
    titles = (_("1 · weak"), "2", "3", "4", _("5 · strong"))
    sections = []
    for name, texts in sweep.items():
        drawn = [
            Cell(augmentation(text)(first.image, high_draw()), title, text)
            for title, text in zip(titles, texts, strict=True)
        ]
        sections.append(Section(name, first.caption, [*cells, *drawn], about(OPS[name])))
    return sections


def range_note(sections: Sequence[Section]) -> list[str]:
    """What a range with equal ends means, such as (10, 10), in a line; none if no text has one."""
    texts = " ".join(cell.caption for section in sections for cell in section.cells)
    if equal := re.search(r"\(([\d.]+), \1\)", texts):
        text = _("{range} is a range from {number} to {number}: always {number}")
        return [text.format(range=equal[0], number=equal[1])]
    return []
