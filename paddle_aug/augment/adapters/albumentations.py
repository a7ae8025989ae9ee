"""Transforms of albumentations as ours: the image and a seed alone decide the pixels."""

import copy
from dataclasses import dataclass
from typing import TYPE_CHECKING

from paddle_aug.augment.adapters.foreign import Foreign, name_of
from paddle_aug.errors import UserError
from paddle_aug.rng import library_generators

if TYPE_CHECKING:
    from albumentations import BaseCompose, BasicTransform


@dataclass(frozen=True)
class Albumentations(Foreign):
    """A transform or a Compose of albumentations 2 as one of ours, for images only.

    albumentations keeps generators in its objects, and a fork copies them: all forked workers would
    draw the same, and so would every epoch unless the workers persist. The adapter gives the op two
    new generators for each image, shared by all parts. (With `set_random_seed` and
    `Compose(seed=…)` all parts make equal draws: two flips with p=0.5 happen both or not at all.)

    The op is copied, so the original keeps its own draws. An op that changes the size needs `size`,
    (height, width).

    Raises:
        UserError: the op is no albumentations transform, or its result is not a uint8 image of the
            right size.
    """

    op: "BasicTransform | BaseCompose"

    def __post_init__(self):
        super().__post_init__()
        if isinstance(self.op, type) or not hasattr(self.op, "set_random_state"):
            raise UserError(
                "Albumentations wants an object of albumentations 2, such as HorizontalFlip(), got "
                f"{name_of(self.op)}; version 1.3 drew from the global generators, so give "
                'PaddleVision a function that returns op(image=image)["image"]'
            )
        object.__setattr__(self, "op", copy.deepcopy(self.op))

    def call(self, image, seed):
        self.op.set_random_state(*library_generators(seed))
        return self.op(image=image)["image"]
