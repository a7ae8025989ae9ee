"""paddle.vision's transforms as ours.

They are callables from image to image, so Paddle itself is not needed here. The other way round
needs no adapter: our transforms are such callables, too.
"""

from dataclasses import dataclass

import numpy as np
from PIL import Image

from paddle_aug.augment.adapters.foreign import Foreign, name_of
from paddle_aug.augment.transform import Picture, Transform
from paddle_aug.errors import UserError


@dataclass(frozen=True)
class InCompose:
    """A transform for a Compose; kept for scripts of earlier versions. Today a transform itself is
    called with an image alone, and does the same."""

    transform: Transform

    def __post_init__(self):
        if not isinstance(self.transform, Transform):
            raise UserError(
                f"InCompose wants a Transform, got {self.transform!r}; make one of a text with "
                "paddle_aug.augmentation('hflip|rotate(20)')"
            )

    def __call__(self, image: Picture) -> Picture:
        return self.transform(image)


@dataclass(frozen=True)
class PaddleVision(Foreign):
    """A transform of paddle.vision, or any function from image to image, as one of ours.

    It may draw from Python's `random` and NumPy's global generator, as all of paddle.vision's
    transforms do on arrays and PIL images: both are seeded for the call and restored afterwards.
    Generators that the op keeps itself are out of reach (use the adapters for albumentations and
    imgaug), and other threads must not draw from the same two meanwhile.

    With `pil` the op gets a PIL image, as from paddle.vision's data sets, else an array; it may
    return either. An op that changes the size needs `size`, (height, width).

    Raises:
        UserError: the op is of another kind, or its result is not a uint8 image of the right size.
    """

    pil: bool = False

    def __post_init__(self):
        super().__post_init__()
        reason = None
        if hasattr(self.op, "set_random_state"):
            reason = "keeps its own generator, wrap it in adapters.albumentations.Albumentations"
        elif hasattr(self.op, "augment_image"):
            reason = "keeps its own generator, wrap it in adapters.imgaug.Imgaug"
        elif isinstance(self.op, Transform):
            reason = "is one of ours, and needs no adapter"
        elif not callable(self.op) or isinstance(self.op, type):
            reason = "cannot be called with an image, want an object such as ColorJitter(0.4)"
        if reason:
            raise UserError(f"PaddleVision({name_of(self.op)}): it {reason}")

    def call(self, image, seed):
        result = self.op(Image.fromarray(image) if self.pil else image)
        return np.asarray(result) if isinstance(result, Image.Image) else result
