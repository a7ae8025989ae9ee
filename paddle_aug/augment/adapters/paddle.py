"""Our transforms in `paddle.vision.transforms.Compose`, and paddle.vision's among ours.

Both sides are callables from image to image, so Paddle itself is not needed here.
"""

from dataclasses import dataclass

import numpy as np
from PIL import Image

from paddle_aug.augment.adapters.foreign import Foreign, name_of
from paddle_aug.augment.transform import Transform
from paddle_aug.errors import UserError
from paddle_aug.rng import generator_from_global_state


@dataclass(frozen=True)
class InCompose:
    """Our transform for a Compose of paddle.vision, or any `__getitem__`: image in, image out.

    Takes a uint8 array [H, W, 3] or a PIL image, RGB both, and returns what it got. Each call draws
    anew, from NumPy's global generator, which paddle.io seeds in every worker process: so no two
    workers and no two epochs repeat each other, persistent workers or not.

    After `np.random.seed(n)` in the parent process (`paddle.seed` does not reach NumPy) the same
    draws come again, if the rest is the same too: number of workers and whether they persist, batch
    size, order of the samples, and all else that draws from that generator; distributed ranks want
    a seed each. Draws that depend on none of these come from our own loader only (`train.fit`),
    which names a generator by epoch and index; a Compose knows neither.
    """

    transform: Transform

    def __post_init__(self):
        if not isinstance(self.transform, Transform):
            raise UserError(
                f"InCompose wants a Transform, got {self.transform!r}; make one of a text with "
                "paddle_aug.augment.modes.augmentation('hflip|rotate(20)')"
            )

    def __call__(self, image: np.ndarray | Image.Image) -> np.ndarray | Image.Image:
        array = np.asarray(image) if _is_rgb(image) else image
        if not (
            isinstance(array, np.ndarray)
            and array.dtype == np.uint8
            and array.ndim == 3
            and array.shape[2] == 3
        ):
            raise UserError(
                f"InCompose wants a uint8 array [H, W, 3] or an RGB PIL image, got {_told(image)}; "
                "put it before what makes tensors or floats (ToTensor, Transpose, Normalize), and "
                "convert other PIL images with convert('RGB')"
            )
        made = self.transform(array, generator_from_global_state())
        return made if array is image else Image.fromarray(made)


@dataclass(frozen=True)
class PaddleVision(Foreign):
    """A transform of paddle.vision, or any function from image to image, as one of ours.

    It may draw from Python's `random` and NumPy's global generator, as all of paddle.vision's do on
    arrays and PIL images: both are seeded for the call and put back afterwards. A generator that it
    keeps itself is out of reach: for albumentations and imgaug take their own adapters. So are
    other threads that draw from the same two meanwhile.

    With `pil` the op gets a PIL image, as it does from paddle.vision's data sets, else an array;
    paddle.vision computes the two differently. The result may be either. An op that makes other
    sizes than it gets needs `size`, (height, width); where they vary in between, adapt a whole
    Compose, whose end is of one size.

    Raises:
        UserError: the op is not of that kind, or what it makes is not a uint8 image of the size
            wanted.
    """

    pil: bool = False

    def __post_init__(self):
        super().__post_init__()
        reason = None
        if isinstance(self.op, Transform):
            reason = "is ours already, and needs no adapter"
        elif hasattr(self.op, "set_random_state"):
            reason = "keeps its own generator, wrap it in adapters.albumentations.Albumentations"
        elif hasattr(self.op, "augment_image"):
            reason = "keeps its own generator, wrap it in adapters.imgaug.Imgaug"
        elif not callable(self.op) or isinstance(self.op, type):
            reason = "cannot be called with an image, want an object such as ColorJitter(0.4)"
        if reason:
            raise UserError(f"PaddleVision({name_of(self.op)}): it {reason}")

    def call(self, image, seed):
        made = self.op(Image.fromarray(image) if self.pil else image)
        return np.asarray(made) if isinstance(made, Image.Image) else made


def _is_rgb(image) -> bool:
    return isinstance(image, Image.Image) and image.mode == "RGB"


def _told(image) -> str:
    if isinstance(image, Image.Image):
        return f"a PIL image of mode {image.mode}"
    if isinstance(image, np.ndarray):
        return f"{image.dtype} {image.shape}"
    return type(image).__name__
